"""The environments of a training: one to learn in, one to be judged in, and what a checkpoint belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from polyfolio.backtests.run import tape_of
from polyfolio.core.tape import Tape
from polyfolio.core.types import Ints
from polyfolio.envs.adapters.sb3 import SB3VecEnv
from polyfolio.envs.vector import TradingVectorEnv
from polyfolio.errors import ConfigError
from polyfolio.kernels.compile import source_digest
from polyfolio.market.splits import rows_of_split
from polyfolio.policy.manifest import World as SealedWorld
from polyfolio.policy.network import numbers_of
from polyfolio.policy.world import world_of
from polyfolio.report.metrics import Convention
from polyfolio.rules.spec import Spec
from polyfolio.rules.training import TrainingSection
from polyfolio.train.validation import Validation

# Keys of the section `training` that decide what is learned, beside those of the algorithm itself.
DECISIVE = ("algorithm", "envs", "gamma", "schedule", "network", "threads", "device")
# Episodes of an evaluation are the same for every seed of the training, so that seeds are compared on equal terms.
JUDGED_FROM = 0


@dataclass(frozen=True, eq=False)
class World:
    """Where a policy learns.

    Attributes:
        learning: Stable-Baselines3's view of the environments to learn in.
        validate: judges a policy; None where no rows are kept for it.
        belongs: what a checkpoint made here belongs to.
        state: what the observations learned on the training rows.
        sealed: the world as a sealed policy names it; None where none can be sealed.
        order: where observations are no flat vector: the place of each number the policy reads in the flat one.
    """

    learning: Any
    validate: Any
    belongs: Mapping[str, Any]
    state: Mapping[str, Any]
    sealed: SealedWorld | None = None
    order: Ints | None = None


def section_of(spec: Spec) -> TrainingSection:
    """The section `training`, its defaults where there is none."""
    return spec.training or TrainingSection()


def open_tape(spec: Spec, tape: Tape | None = None) -> Tape:
    """The tape given, or the one the configuration names."""
    return tape_of(spec) if tape is None else tape


def open_world(spec: Spec, tape: Tape, seed: int) -> World:
    """The world of one agent.

    Raises:
        ConfigError: no section `environment`, or several lanes.
    """
    refuse_other_than_one(spec)
    section = section_of(spec)
    env = TradingVectorEnv(spec, section.envs, tape=tape, split="train", info="off", copy=False)
    names, panel, numbers = tuple(env.feature_names), env.panel, numbers_of(env.single_action_space)
    return World(
        SB3VecEnv(env),
        judge_of(spec, tape, panel.state),
        belongs_to(spec, tape, seed, names),
        panel.state,
        world_of(spec, tape, panel.digest, names, numbers, rows_of_split(spec, tape, "train")),
        order_of(env),
    )


def order_of(env: TradingVectorEnv) -> Ints | None:
    """Where observations are no flat vector: the place in it of each number the policy reads; None where they are."""
    layout = env.core.layout
    if layout.kind == "flat":
        return None
    shown = layout.view(np.arange(len(layout.names), dtype=np.float32)[None])
    # A dict is read block by block in the order of its space; anything else from its first number to its last.
    parts = [shown[name] for name in layout.space.spaces] if isinstance(shown, dict) else [shown]
    return np.concatenate([np.ravel(part) for part in parts]).astype(np.int64)


def judge_of(spec: Spec, tape: Tape, state: Mapping[str, Any], split: str = "validation") -> Validation | None:
    """What judges policies on a split; None where the split `validation` has no rows."""
    section = section_of(spec)
    if split == "validation" and spec.environment is not None and spec.environment.split.validation == 0.0:
        return None
    own = section.validation
    env = TradingVectorEnv(
        spec, own.episodes, tape=tape, split=split, state=state, autoreset="next_step", info="summary", copy=False
    )
    convention = Convention(bars_per_year=tape.calendar.bars_per_year)
    return Validation(env, convention, own.metric, JUDGED_FROM)


def belongs_to(spec: Spec, tape: Tape, seed: int, names: tuple[str, ...]) -> dict[str, Any]:
    """What a checkpoint belongs to: everything a training's next step depends on, as JSON."""
    section, data = section_of(spec), spec.model_dump(mode="json")
    learner = data["training"] or section.model_dump(mode="json")
    return {
        "learner": {name: learner[name] for name in (*DECISIVE, section.algorithm)},
        "seed": seed,
        "observation": list(names),
        "environment": data["environment"],
        "rules": data["lanes"][0],
        "tape": tape.digest(),
        "kernels": source_digest(),
    }


SEVERAL = (
    "Several agents learn through Ray (pip install 'polyfolio[rl,distributed]'); judge one of them by its own file: "
    "polyfolio evaluate RUN/policies/NAME.policy --config FILE."
)


def refuse_other_than_one(spec: Spec) -> None:
    """Refuse a configuration that is not the world of one agent."""
    if spec.environment is None:
        remedy = "Add `environment: {}` for every default, or describe actions, observations and rewards in it."
        raise ConfigError("environment", None, "a section", remedy)
    if len(spec.lanes) != 1:
        names = [lane.name for lane in spec.lanes]
        raise ConfigError("lanes", names, "one, for one agent", SEVERAL)
