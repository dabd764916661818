"""Which hyper-parameters are searched, and how: the section `training.search`."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, JsonValue, model_validator

from polyfolio.rules.arguments import closest
from polyfolio.rules.fields import FROZEN_LIST, Section, key
from polyfolio.rules.problems import Problem, field_at, models_in, refuse


class ParameterSection(Section):
    """The values one key may take: a range, or a list."""

    low: float | None = key(None, "Smallest value of a range.", example=1e-4, record="", used="train, search")
    high: float | None = key(None, "Largest value of a range.", example=1e-2, record="", used="train, search")
    log: bool = key(False, "true: drawn on a logarithmic scale.", example=True, record="", used="train, search")
    whole: bool = key(False, "true: whole numbers.", example=True, record="", used="train, search")
    choices: Annotated[tuple[JsonValue, ...] | None, FROZEN_LIST] = key(
        None,
        "The values themselves, in place of a range.",
        example=[32, 64],
        min_length=1,
        record="",
        used="train, search",
    )

    @model_validator(mode="before")
    @classmethod
    def _listed(cls, data: Any) -> Any:
        return {"choices": data} if isinstance(data, list | tuple) else data

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse(self._contradictions())
        return self

    def _contradictions(self) -> Iterator[Problem]:
        if self.choices is not None:
            if self.low is not None or self.high is not None:
                yield Problem(("choices",), list(self.choices), "null beside low and high", "Keep one of the two.")
            return
        if self.low is None or self.high is None:
            yield Problem(("low",), self.low, "given with high, or choices", "Write low and high, or a list.")
        elif self.low >= self.high:
            yield Problem(("low",), self.low, f"below high ({self.high:g})", "Swap them.")
        elif self.log and self.low <= 0.0:
            yield Problem(("low",), self.low, "above 0 with log: true", "Raise low, or write log: false.")
        elif self.whole and not (self.low.is_integer() and self.high.is_integer()):
            yield Problem(("low",), self.low, "a whole number, as high, with whole: true", "Round both ends.")


Space = dict[str, ParameterSection]


class SearchSection(Section):
    """A search of hyper-parameters: each trial is a training, judged by training.validation."""

    trials: int = key(
        20, "Trainings that are tried.", unit="trials", example=100, ge=1, record="", used="train, search"
    )
    space: Space = key(
        {},
        "Path of a key to its values: a list, or low and high. Empty takes the algorithm's own.",
        example={"training.ppo.learning_rate": {"low": 1e-4, "high": 1e-2, "log": True}},
        record="",
        used="train, search",
    )
    steps: int | None = key(
        None,
        "Steps of each trial; null takes training.steps.",
        unit="steps of all environments together",
        example=50_000,
        ge=1,
        record="",
        used="train, search",
    )
    sampler: Literal["tpe", "random"] = key(
        "tpe", "How values are proposed.", example="random", record="", used="train, search"
    )
    prune: bool = key(
        True,
        "true: a trial below the median of the others at the same step is stopped.",
        example=False,
        record="",
        used="train, search",
    )


def in_space(space: Space, run: type[BaseModel], lanes: list[str]) -> Iterator[Problem]:
    """Paths that lead to no single key of a run."""
    for path in space:
        parts = [part for part in re.split(r"[.\[\]]+", path) if part]
        at = ("training", "search", "space", path)
        if parts[:1] == ["lanes"] and len(parts) > 1:
            if parts[1] not in [*lanes, *map(str, range(len(lanes)))]:
                yield Problem(at, parts[1], "the name of a lane: " + ", ".join(lanes[:12]), closest(parts[1], lanes))
                continue
            del parts[1]
        found = field_at(run, tuple(parts))
        if found is None or parts[:2] == ["training", "search"]:
            remedy = "Write it like training.ppo.learning_rate, environment.reward.eta or lanes.NAME.limits.max_gross."
            yield Problem(at, path, "the path of a key that a trial may change", remedy)
        elif models_in(found.annotation):
            yield Problem(at, path, "one key, not a section of them", "Name the keys in it, each with its values.")


def _range(low: float, high: float) -> ParameterSection:
    return ParameterSection(low=low, high=high, log=True)


_NETWORK: Mapping[str, ParameterSection] = {
    "training.gamma": ParameterSection(choices=(0.9, 0.95, 0.99, 0.995)),
    "training.network.layers": ParameterSection(choices=([32], [64], [64, 64], [128, 128])),
}
# What is searched where the configuration names nothing.
SPACES: Mapping[str, Space] = {
    "ppo": {
        "training.ppo.learning_rate": _range(1e-5, 1e-2),
        "training.ppo.entropy": _range(1e-6, 0.1),
        "training.ppo.clip": ParameterSection(choices=(0.1, 0.2, 0.3)),
        "training.ppo.epochs": ParameterSection(choices=(4, 10, 20)),
        **_NETWORK,
    },
    "a2c": {
        "training.a2c.learning_rate": _range(1e-5, 1e-2),
        "training.a2c.entropy": _range(1e-6, 0.1),
        "training.a2c.rollout": ParameterSection(choices=(5, 16, 64)),
        **_NETWORK,
    },
    "sac": {
        "training.sac.learning_rate": _range(1e-5, 1e-2),
        "training.sac.tau": _range(1e-3, 0.1),
        "training.sac.batch": ParameterSection(choices=(64, 256, 512)),
        **_NETWORK,
    },
}


def space_of(algorithm: str, search: SearchSection) -> Space:
    """What is searched: the section's own space, or the algorithm's."""
    return dict(search.space or SPACES[algorithm])
