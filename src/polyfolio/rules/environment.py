"""What an agent is told about its world: the section `environment` of a configuration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import model_validator

from polyfolio.core.codes import Act, Simplex, Space, Start
from polyfolio.rules.fields import BARS, FROZEN_LIST, SHARE, WORD, Section, key
from polyfolio.rules.observation import NormaliseSection, ObservationSection, RegimeSection
from polyfolio.rules.problems import Problem, refuse
from polyfolio.rules.rewards import RATE, RewardSection, WeightsSection


class ActionSection(Section):
    """What an action is."""

    kind: Annotated[Act, WORD] = key(
        Act.WEIGHTS, "What its numbers mean.", example="changes", record="", used="actions"
    )
    space: Annotated[Space, WORD] = key(
        Space.BOX, "How it is written.", example="multi_discrete", record="", used="actions"
    )
    cash: bool = key(
        True,
        "true: cash is a number of its own, the last one (kind weights).",
        example=False,
        record="",
        used="actions",
    )
    simplex: Annotated[Simplex, WORD] = key(
        Simplex.SOFTMAX, "How numbers become weights (kind weights).", example="clip", record="", used="actions"
    )
    sharpness: float = key(
        5.0, "Multiplies the numbers before the softmax.", example=2.0, gt=0.0, le=100.0, record="", used="actions"
    )
    max_change: float = key(
        0.1,
        "Largest change of a weight per step (kind changes).",
        unit=SHARE,
        example=0.05,
        gt=0.0,
        le=10.0,
        record="",
        used="actions",
    )
    levels: int = key(
        11,
        "Values a number of a multi_discrete action may take (kinds weights and changes).",
        example=5,
        ge=2,
        le=1001,
        record="",
        used="actions",
    )
    flat: bool = key(
        False, "true: signals have a fourth choice, to hold nothing.", example=True, record="", used="actions"
    )


class RandomiseSection(Section):
    """What an episode draws at its start."""

    costs: Annotated[tuple[float, float] | None, FROZEN_LIST] = key(
        None,
        "Lowest and highest factor on fees, slippage and impact.",
        unit=RATE,
        example=[0.5, 2.0],
        record="",
        used="episodes",
    )
    capital: Annotated[tuple[float, float] | None, FROZEN_LIST] = key(
        None, "Lowest and highest factor on the capital.", unit=RATE, example=[0.1, 10.0], record="", used="episodes"
    )
    positions: float = key(
        0.0,
        "Largest gross exposure of positions held at the start.",
        unit=SHARE,
        example=0.5,
        ge=0.0,
        le=1.0,
        record="",
        used="episodes",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse(self._contradictions())
        return self

    def _contradictions(self) -> Iterator[Problem]:
        for name in ("costs", "capital"):
            pair = getattr(self, name)
            least = 0.0 if name == "costs" else 1e-9
            if pair is not None and not least <= pair[0] <= pair[1] <= 1e6:
                yield Problem((name,), list(pair), "two factors, the lower first, from 0 to 1e6", "Swap them.")


class EpisodeSection(Section):
    """Where an episode begins and ends."""

    length: int | None = key(
        None,
        "Decisions in an episode; null goes to the end of the split.",
        unit=BARS,
        example=252,
        ge=1,
        record="",
        used="episodes",
    )
    start: Annotated[Start, WORD] = key(
        Start.FIRST, "At the split's first row, or at a random one.", example="random", record="", used="episodes"
    )
    randomise: RandomiseSection = key(
        RandomiseSection(), "What an episode draws.", example={"costs": [0.5, 2.0]}, record="", used="episodes"
    )
    markets: int = key(
        1,
        "Synthetic markets drawn beforehand, one taken by each episode (tape.source: synthetic).",
        example=16,
        ge=1,
        le=10_000,
        record="",
        used="envs",
    )


class SplitSection(Section):
    """Shares of the tape's rows, in time: what is learned from, what is validated on, what is judged on once."""

    train: float = key(
        0.6, "Rows to learn from.", unit="share of rows", example=0.7, gt=0.0, le=1.0, record="", used="envs"
    )
    validation: float = key(
        0.2, "Rows to stop and choose by.", unit="share of rows", example=0.15, ge=0.0, lt=1.0, record="", used="train"
    )
    test: float = key(
        0.2, "Rows to judge on, once.", unit="share of rows", example=0.15, ge=0.0, lt=1.0, record="", used="evaluation"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse(self._contradictions())
        return self

    def _contradictions(self) -> Iterator[Problem]:
        total = self.train + self.validation + self.test
        if not total <= 1.0 + 1e-9:
            yield Problem(("train",), total, "at most 1, with validation and test", "Make the shares smaller.")


class ProfilesSection(Section):
    """How many agents of each profile; lanes of their names are made of them."""

    conservative: int = key(
        2, "Small positions, near stops.", unit="lanes", example=1, ge=0, le=1000, record="", used="loading"
    )
    balanced: int = key(
        2, "The limits of the preset framework.", unit="lanes", example=1, ge=0, le=1000, record="", used="loading"
    )
    aggressive: int = key(
        1, "Large positions, far stops.", unit="lanes", example=2, ge=0, le=1000, record="", used="loading"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse(self._contradictions())
        return self

    def _contradictions(self) -> Iterator[Problem]:
        if self.conservative + self.balanced + self.aggressive == 0:
            yield Problem(("balanced",), 0, "1 or more where the others are 0", "Ask for one agent at least.")


class EnvironmentSection(Section):
    """An agent's world over the run's lanes: actions in, observations and rewards out."""

    action: ActionSection = key(
        ActionSection(), "What an action is.", example={"kind": "signals"}, record="", used="envs"
    )
    observation: ObservationSection = key(
        ObservationSection(), "What is seen.", example={"window": 5}, record="", used="envs"
    )
    reward: RewardSection = key(RewardSection(), "What is paid.", example={"type": "sharpe"}, record="", used="envs")
    episode: EpisodeSection = key(
        EpisodeSection(), "Where it begins and ends.", example={"length": 252}, record="", used="envs"
    )
    split: SplitSection = key(
        SplitSection(),
        "Parts of the tape.",
        example={"train": 0.7, "validation": 0.15, "test": 0.15},
        record="",
        used="envs",
    )
    profiles: ProfilesSection | None = key(
        None,
        "Several agents by profile in place of `lanes`, as conservative_1, ...; null once the lanes are written out.",
        example={"conservative": 2, "balanced": 2, "aggressive": 1},
        record="",
        used="loading",
    )


__all__ = [
    "ActionSection",
    "EnvironmentSection",
    "EpisodeSection",
    "NormaliseSection",
    "ObservationSection",
    "ProfilesSection",
    "RandomiseSection",
    "RegimeSection",
    "RewardSection",
    "SplitSection",
    "WeightsSection",
]
