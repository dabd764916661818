"""How a policy is learned: the section `training` of a configuration."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import model_validator

from polyfolio.rules.algorithms import A2CSection, NetworkSection, PPOSection, SACSection
from polyfolio.rules.fields import FROZEN_LIST, Section, key
from polyfolio.rules.problems import Problem, refuse
from polyfolio.rules.search import SearchSection

STEPS = "steps of all environments together"

# What may follow the name of an MLflow store; a bare folder is left out because MLflow reads no folders any more.
STORES = ("sqlite:///", "postgresql", "mysql", "http://", "https://", "databricks")


class ValidationSection(Section):
    """How the policy is judged while it learns, on the rows of the split `validation`."""

    every: int = key(
        10_000, "Distance between two evaluations.", unit=STEPS, example=5_000, ge=1, record="", used="train"
    )
    episodes: int = key(
        1,
        "Episodes of one evaluation; with episode.start: first and no length one is the whole split.",
        example=8,
        ge=1,
        le=10_000,
        record="",
        used="train",
    )
    metric: Literal["reward", "log_return", "sharpe"] = key(
        "reward",
        "What the best policy has most of, averaged over the episodes.",
        example="sharpe",
        record="",
        used="train",
    )
    patience: int | None = key(
        10,
        "Evaluations without a better one after which training stops; null never stops.",
        unit="evaluations",
        example=5,
        ge=1,
        record="",
        used="train",
    )


class CheckpointsSection(Section):
    """What is kept to go on from."""

    every: int = key(
        50_000,
        "Distance between two checkpoints; the last step has one anyway.",
        unit=STEPS,
        example=10_000,
        ge=1,
        record="",
        used="train",
    )
    keep: int = key(
        3,
        "Newest checkpoints that stay; the best stays beside them.",
        example=10,
        ge=1,
        le=10_000,
        record="",
        used="train",
    )


class TrackingSection(Section):
    """Where curves and results go beside the run's folder; a tracker that fails never stops a training."""

    experiment: str | None = key(
        None,
        "Name of the experiment; null takes the run's name.",
        example="momentum",
        min_length=1,
        record="",
        used="train",
    )
    mlflow: str | None = key(
        "sqlite",
        "MLflow's store: `sqlite` for a file in the run's folder, an address, or null for none.",
        example="sqlite:////data/mlflow.db",
        record="",
        used="train",
    )
    wandb: Literal["offline", "online"] | None = key(
        None, "Weights & Biases; `online` needs an account.", example="offline", record="", used="train"
    )
    tensorboard: bool = key(
        False, "true: TensorBoard's files in the run's folder.", example=True, record="", used="train"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse(self._contradictions())
        return self

    def _contradictions(self) -> Iterator[Problem]:
        if self.mlflow is not None and self.mlflow != "sqlite" and not self.mlflow.startswith(STORES):
            yield Problem(
                ("mlflow",),
                self.mlflow,
                "`sqlite`, null, or an address that begins with one of " + ", ".join(STORES),
                "MLflow writes to no folder: write sqlite:///PATH.db for a file of your choice.",
            )


class AgentsSection(Section):
    """Which policy steers which lane, where there are several."""

    policies: dict[str, str] | None = key(
        None,
        "Lane to policy. null: the lanes of one profile share a policy of its name, any other lane has its own.",
        example={"careful one": "careful", "careful two": "careful"},
        record="",
        used="train, several agents",
    )
    regimes: dict[str, str] | None = key(
        None,
        "Label of environment.observation.regime to policy: at the start of an episode each lane that `policies` "
        "does not name takes the policy of the regime then; null: whatever the regime.",
        example={"bull": "growth", "bear": "defence"},
        record="",
        used="train, several agents",
    )


class TrainingSection(Section):
    """How a policy is learned in the run's environment."""

    algorithm: Literal["ppo", "a2c", "sac"] = key("ppo", "The learner.", example="sac", record="", used="train")
    steps: int = key(200_000, "How long it learns.", unit=STEPS, example=1_000_000, ge=1, record="", used="train")
    envs: int = key(
        16, "Environments that collect side by side.", example=64, ge=1, le=100_000, record="", used="train"
    )
    seeds: Annotated[tuple[int, ...] | None, FROZEN_LIST] = key(
        None,
        "Seeds, one training for each; null takes the run's seed.",
        example=[0, 1, 2],
        min_length=1,
        record="",
        used="train",
    )
    # Paid bar by bar, a decision shows its worth while what it bought is held; what comes later is the market's noise,
    # and of 100 bars at 0.99 there is a lot of it. On the teaching task PPO's worst of three seeds was at 83 % of the
    # best growth after 40,000 steps with 0.99, at 92 % with 0.95, at 95 % with 0.9; after 200,000 all were at 98 %.
    # 0.95, 20 bars, leaves room for positions that are held longer than there. Where the reward comes at the end of an
    # episode, or grows with a drawdown, more is right.
    gamma: float = key(
        0.95,
        "Discount of rewards per decision; what comes n decisions later counts gamma to the n. Nearer 1 where a "
        "decision's worth shows late.",
        unit="per decision",
        example=0.99,
        ge=0.0,
        le=1.0,
        record="",
        used="train",
    )
    schedule: Literal["constant", "linear"] = key(
        "constant",
        "Learning rate over the steps: as it is, or falling to 0.",
        example="linear",
        record="",
        used="train",
    )
    network: NetworkSection = key(
        NetworkSection(), "Layers of policy and value.", example={"layers": [32]}, record="", used="train"
    )
    ppo: PPOSection = key(PPOSection(), "Algorithm ppo.", example={"epochs": 4}, record="", used="train")
    a2c: A2CSection = key(A2CSection(), "Algorithm a2c.", example={"rollout": 5}, record="", used="train")
    sac: SACSection = key(SACSection(), "Algorithm sac.", example={"batch": 128}, record="", used="train")
    validation: ValidationSection = key(
        ValidationSection(), "Judged while it learns.", example={"patience": 5}, record="", used="train"
    )
    checkpoints: CheckpointsSection = key(
        CheckpointsSection(), "Kept to go on from.", example={"keep": 10}, record="", used="train"
    )
    tracking: TrackingSection = key(
        TrackingSection(), "Curves beside the run's folder.", example={"wandb": "offline"}, record="", used="train"
    )
    search: SearchSection = key(
        SearchSection(),
        "Search of hyper-parameters, where it is asked for.",
        example={"trials": 50},
        record="",
        used="train",
    )
    agents: AgentsSection | None = key(
        None,
        "Policies of several lanes; needed where there are several.",
        example={},
        record="",
        used="train, several agents",
    )
    workers: int = key(
        2,
        "Processes that collect when Ray trains; 0 collects in the learner's own.",
        unit="processes",
        example=8,
        ge=0,
        le=10_000,
        record="",
        used="train, Ray",
    )
    threads: int = key(
        1,
        "Threads of the learner; another number may change last bits.",
        unit="threads",
        example=2,
        ge=1,
        le=1024,
        record="",
        used="train",
    )
    device: str = key(
        "cpu",
        "Where the learner computes: cpu, cuda, cuda:1, ...; resuming is exact on cpu with one thread.",
        example="cuda",
        min_length=1,
        record="",
        used="train",
    )
    folder: str = key(
        "runs", "Folder of the experiments' folders.", example="/data/runs", min_length=1, record="", used="train"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse(self._contradictions())
        return self

    def _contradictions(self) -> Iterator[Problem]:
        if self.seeds is not None and len(set(self.seeds)) < len(self.seeds):
            yield Problem(("seeds",), list(self.seeds), "unique", "Name each seed once.")
        if any(not 0 <= seed < 2**32 for seed in self.seeds or ()):
            yield Problem(("seeds",), list(self.seeds or ()), "whole numbers from 0 to 2**32 - 1", "Correct the seed.")
        frames = self.ppo.rollout * self.envs
        if self.algorithm == "ppo" and frames % self.ppo.batch:
            yield Problem(
                ("ppo", "batch"),
                self.ppo.batch,
                f"a divisor of rollout x envs ({self.ppo.rollout} x {self.envs} = {frames})",
                f"Write batch: {_divisor(frames, self.ppo.batch)}, the largest divisor below it.",
            )
        if self.algorithm == "sac" and self.sac.learning_starts >= self.steps:
            yield Problem(
                ("sac", "learning_starts"),
                self.sac.learning_starts,
                f"below steps ({self.steps})",
                "Nothing would be learned: lower learning_starts or raise steps.",
            )


def _divisor(number: int, most: int) -> int:
    return next(candidate for candidate in range(min(most, number), 0, -1) if number % candidate == 0)
