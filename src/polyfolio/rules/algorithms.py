"""What the learners may be told: network, PPO, A2C, SAC."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from polyfolio.rules.fields import FROZEN_LIST, Section, key
from polyfolio.rules.problems import Problem, refuse

Rate = Annotated[float, Field(gt=0.0, le=1.0)]
Layers = tuple[Annotated[int, Field(ge=1, le=100_000)], ...]
PER_STEP = "per update"
DECISIONS = "decisions of each environment"


class NetworkSection(Section):
    """A policy and a value network, each of its own."""

    layers: Annotated[Layers, FROZEN_LIST] = key(
        (64, 64), "Units of each hidden layer of the policy.", unit="units", example=[128, 64], record="", used="train"
    )
    critic: Annotated[Layers | None, FROZEN_LIST] = key(
        None,
        "Those of the value network; null takes `layers`.",
        unit="units",
        example=[256, 256],
        record="",
        used="train",
    )
    activation: Literal["tanh", "relu", "elu"] = key(
        "tanh", "Between the layers.", example="relu", record="", used="train"
    )
    deviation: float = key(
        1.0,
        "Standard deviation of a box action's numbers at the start (ppo, a2c).",
        unit="numbers of the action",
        example=0.5,
        gt=0.0,
        le=100.0,
        record="",
        used="train",
    )


class PPOSection(Section):
    """Proximal policy optimisation."""

    learning_rate: float = key(
        3e-4, "Step of Adam.", unit=PER_STEP, example=1e-3, gt=0.0, le=1.0, record="", used="train"
    )
    rollout: int = key(
        128,
        "Collected before each update.",
        unit=DECISIONS,
        example=512,
        ge=2,
        le=10_000_000,
        record="",
        used="train",
    )
    batch: int = key(
        256,
        "Size of a minibatch; divides rollout x envs.",
        unit="decisions",
        example=64,
        ge=2,
        record="",
        used="train",
    )
    epochs: int = key(10, "Passes over what was collected.", example=4, ge=1, le=1000, record="", used="train")
    gae_lambda: float = key(
        0.95, "Bias against variance of the advantage.", example=0.9, ge=0.0, le=1.0, record="", used="train"
    )
    clip: float = key(
        0.2, "Largest change of a probability's ratio.", example=0.1, gt=0.0, le=10.0, record="", used="train"
    )
    entropy: float = key(0.0, "Weight of the entropy.", example=0.01, ge=0.0, le=10.0, record="", used="train")
    value: float = key(0.5, "Weight of the value's loss.", example=1.0, ge=0.0, le=100.0, record="", used="train")
    max_gradient: float = key(0.5, "Norm a gradient is cut to.", example=1.0, gt=0.0, le=1e6, record="", used="train")
    target_kl: float | None = key(
        None,
        "Divergence at which an update's passes end; null never.",
        example=0.02,
        gt=0.0,
        le=100.0,
        record="",
        used="train",
    )


class A2CSection(Section):
    """Advantage actor-critic."""

    learning_rate: float = key(
        7e-4, "Step of RMSprop.", unit=PER_STEP, example=1e-3, gt=0.0, le=1.0, record="", used="train"
    )
    rollout: int = key(
        16, "Collected before each update.", unit=DECISIONS, example=5, ge=1, le=10_000_000, record="", used="train"
    )
    gae_lambda: float = key(
        0.95, "Bias against variance of the advantage.", example=1.0, ge=0.0, le=1.0, record="", used="train"
    )
    entropy: float = key(0.0, "Weight of the entropy.", example=0.01, ge=0.0, le=10.0, record="", used="train")
    value: float = key(0.5, "Weight of the value's loss.", example=1.0, ge=0.0, le=100.0, record="", used="train")
    max_gradient: float = key(0.5, "Norm a gradient is cut to.", example=1.0, gt=0.0, le=1e6, record="", used="train")
    normalise_advantage: bool = key(
        True, "true: advantages of an update have mean 0 and deviation 1.", example=False, record="", used="train"
    )


class SACSection(Section):
    """Soft actor-critic; actions are boxes."""

    learning_rate: float = key(
        3e-4, "Step of Adam.", unit=PER_STEP, example=1e-3, gt=0.0, le=1.0, record="", used="train"
    )
    buffer: int = key(
        200_000, "Decisions that are remembered.", unit="decisions", example=1_000_000, ge=2, record="", used="train"
    )
    batch: int = key(256, "Size of a minibatch.", unit="decisions", example=64, ge=2, record="", used="train")
    learning_starts: int = key(
        1_000,
        "Random decisions before the first update.",
        unit="decisions",
        example=10_000,
        ge=0,
        record="",
        used="train",
    )
    tau: float = key(
        0.005,
        "How fast the target network follows.",
        unit=PER_STEP,
        example=0.01,
        gt=0.0,
        le=1.0,
        record="",
        used="train",
    )
    train_every: int = key(
        1, "Decisions between updates.", unit=DECISIONS, example=8, ge=1, le=1_000_000, record="", used="train"
    )
    # With 16 environments one update for 4 decisions. On the teaching task and 20,000 steps one for 16 reached 11 % of
    # the best growth, one for 4 60 %. One for 2 at a rate of 0.001 fell back, from 94 % to 84 %.
    updates: int = key(
        4,
        "Updates each time; -1 for as many as decisions were made. More learn more from a decision, and take longer.",
        example=8,
        ge=-1,
        le=1_000_000,
        record="",
        used="train",
    )
    entropy: float | Literal["auto"] = key(
        "auto", "Weight of the entropy; `auto` learns it.", example=0.1, record="", used="train"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse(self._contradictions())
        return self

    def _contradictions(self) -> Iterator[Problem]:
        if self.batch > self.buffer:
            yield Problem(
                ("batch",), self.batch, f"at most buffer ({self.buffer})", "Lower batch or remember more decisions."
            )
        if self.updates == 0:
            yield Problem(("updates",), 0, "-1, or 1 or more", "Write -1 for as many as decisions were made.")
        if isinstance(self.entropy, float) and not 0.0 <= self.entropy <= 100.0:
            yield Problem(("entropy",), self.entropy, "`auto`, or a number from 0 to 100", "Correct the value.")
