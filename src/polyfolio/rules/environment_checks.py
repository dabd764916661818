"""Settings of an environment and its training that are each in bounds and together cannot hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from polyfolio.core.codes import Act, Simplex, Space
from polyfolio.rules.arguments import closest
from polyfolio.rules.environment import EnvironmentSection
from polyfolio.rules.problems import Problem
from polyfolio.rules.rewards import RewardSection
from polyfolio.rules.sections import Limits, SizingSection
from polyfolio.rules.tape import TapeSection
from polyfolio.rules.training import AgentsSection, TrainingSection


class Steered(Protocol):
    """A lane, as far as it is looked at here."""

    @property
    def reward(self) -> RewardSection | None:
        """What its agent is paid, where it differs."""

    @property
    def sizing(self) -> SizingSection:
        """Whether it may be short."""

    @property
    def limits(self) -> Limits:
        """Its leverage."""


def in_environment(
    environment: EnvironmentSection | None, lanes: Sequence[Steered], tape: TapeSection | None
) -> Iterator[Problem]:
    """What an environment asks of its lanes and its tape."""
    if environment is None:
        return
    if environment.profiles is not None:
        yield Problem(
            ("environment", "profiles"), None, "null beside `lanes`", "Remove one of the two: both name the lanes."
        )
    if environment.observation.others and len(lanes) == 1:
        yield Problem(
            ("environment", "observation", "others"), True, "false with one lane", "There is no other: switch it off."
        )
    for index, lane in enumerate(lanes):
        if lane.reward is not None and lane.reward.custom not in (None, environment.reward.custom):
            yield Problem(
                ("lanes", index, "reward", "custom"),
                lane.reward.custom,
                "the function of environment.reward.custom",
                "One function pays all lanes: name it under environment.reward.",
            )
        yield from _in_shares(environment, index, lane)
    if environment.episode.markets > 1 and (tape is None or tape.format not in ("synthetic", "teaching")):
        yield Problem(
            ("environment", "episode", "markets"),
            environment.episode.markets,
            "1 unless tape.format is synthetic or teaching",
            "Other tapes are what they are: write format: synthetic under tape, or leave markets out.",
        )


def _in_shares(environment: EnvironmentSection, index: int, lane: Steered) -> Iterator[Problem]:
    """With shorts, weights are shares of the leverage."""
    action = environment.action
    shares = action.kind is Act.WEIGHTS and action.simplex is not Simplex.RAW and action.space is not Space.DISCRETE
    if shares and lane.sizing.allow_short and lane.limits.max_leverage is None:
        yield Problem(
            ("lanes", index, "limits", "max_leverage"),
            None,
            f"a number with sizing.allow_short and action.simplex: {action.simplex.name.lower()}",
            "The numbers are shares of the leverage: name it, or write simplex: raw.",
        )


def in_training(
    training: TrainingSection | None, environment: EnvironmentSection | None, lanes: list[str]
) -> Iterator[Problem]:
    """What a training asks of its environment and its lanes."""
    if training is None:
        return
    if environment is None:
        yield Problem(("environment",), None, "given beside training", "Write `environment: {}` for the defaults.")
        return
    action = environment.action
    if training.algorithm == "sac" and action.space is not Space.BOX:
        yield Problem(
            ("training", "algorithm"),
            "sac",
            f"ppo or a2c with environment.action.space: {action.space.name.lower()}",
            "Sac learns boxes alone: write space: box, or choose another algorithm.",
        )
    if environment.observation.layout != "flat":
        yield Problem(
            ("environment", "observation", "layout"),
            environment.observation.layout,
            "flat beside training",
            "The networks take one vector: write layout: flat.",
        )
    if environment.split.validation == 0.0:
        yield Problem(
            ("environment", "split", "validation"), 0.0, "above 0 beside training", "Leave rows to choose by."
        )
    yield from _in_agents(training.agents, environment, lanes)


def _in_agents(agents: AgentsSection | None, environment: EnvironmentSection, lanes: list[str]) -> Iterator[Problem]:
    path = ("training", "agents")
    if agents is None:
        if len(lanes) > 1:
            remedy = "Write `agents: {}` for a policy by profile and lane, or keep one lane."
            yield Problem(path, None, f"given with several lanes, here {len(lanes)}", remedy)
        return
    if len(lanes) == 1:
        yield Problem(path, "given", "null with one lane", "Remove it: one lane has one policy.")
    for name in agents.policies or {}:
        if name not in lanes:
            known = "the name of a lane: " + ", ".join(lanes[:12])
            yield Problem((*path, "policies", name), name, known, closest(name, lanes))
    if agents.regimes is not None and environment.observation.regime is None:
        yield Problem(
            (*path, "regimes"),
            list(agents.regimes),
            "null where environment.observation.regime is null",
            "Name the regime under environment.observation, or map by lane alone.",
        )
