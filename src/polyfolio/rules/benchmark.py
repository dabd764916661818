"""How portfolios are judged beside each other: the section `benchmark` of a document.

The keys beside it are those of a configuration. Without lanes among them, the first of `runs` gives what they leave
out. A configuration without the section is judged with its defaults.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, model_validator

from polyfolio.errors import ConfigError
from polyfolio.rules import aliases, yamlfile
from polyfolio.rules.environment import SplitSection
from polyfolio.rules.fields import BARS, FROZEN_LIST, Section, key
from polyfolio.rules.load import load_with_history, loaded
from polyfolio.rules.observation import RegimeSection
from polyfolio.rules.problems import Origin, Problem, build, refuse
from polyfolio.rules.spec import Spec
from polyfolio.rules.tape import TapeSection

BASELINES = ("buy_and_hold", "equal_weight", "inverse_volatility", "minimum_variance", "index")
TESTS = ("spa", "mcs")
NAME = "benchmark"


def _run(value: object) -> object:
    return {"file": value} if isinstance(value, str) else value


class RunSection(Section):
    """A configuration whose lanes are judged too."""

    file: str = key(
        ..., "The configuration; beside the document.", example="three.yaml", min_length=1, record="", used=NAME
    )
    lanes: Annotated[tuple[str, ...], FROZEN_LIST] = key(
        (), "Which of its lanes; empty for all.", example=["momentum"], record="", used=NAME
    )


class FoldsSection(Section):
    """What is learned from and what is judged."""

    kind: Literal["parts", "walk_forward", "purged"] = key(
        "walk_forward",
        "parts: train, validation and test, one after the other; walk_forward: tests at the end, each after what is "
        "learned from; purged: tests over all rows, learned from what lies around them.",
        example="parts",
        record="",
        used=NAME,
    )
    shares: SplitSection | None = key(
        None,
        "Shares of kind parts; null takes environment.split, or its defaults.",
        example={"train": 0.5, "validation": 0.25, "test": 0.25},
        record="",
        used=NAME,
    )
    folds: int = key(5, "Tests of the other kinds.", unit="folds", example=10, ge=1, le=1000, record="", used=NAME)
    test: int | None = key(
        None,
        "Rows of each test of walk_forward; null: rows / (folds + 1).",
        unit=BARS,
        example=63,
        ge=1,
        record="",
        used=NAME,
    )
    train: int | None = key(
        None,
        "Rows learned from, the latest before each test of walk_forward; null for all.",
        unit=BARS,
        example=504,
        ge=2,
        record="",
        used=NAME,
    )
    horizon: int = key(
        0,
        "Rows that what is learned looks ahead: training rows that reach into a test are left out.",
        unit=BARS,
        example=5,
        ge=0,
        record="",
        used=NAME,
    )
    gap: str | None = key(
        None,
        "Time around each test that is not learned from.",
        unit="time",
        example="5d",
        min_length=1,
        record="",
        used=NAME,
    )
    embargo: int = key(
        0,
        "Rows after each test that are not learned from (kind purged).",
        unit=BARS,
        example=10,
        ge=0,
        record="",
        used=NAME,
    )


class TargetSection(Section):
    """A figure to be held against."""

    low: float | None = key(None, "Least value that meets it.", example=2.0, record="", used=NAME)
    high: float | None = key(None, "Largest value that meets it.", example=0.18, record="", used=NAME)

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse(self._contradictions())
        return self

    def _contradictions(self) -> Iterator[Problem]:
        if self.low is None and self.high is None:
            yield Problem(("low",), None, "given, or high", "Write the least or the largest value.")
        elif self.low is not None and self.high is not None and self.low > self.high:
            yield Problem(("low",), self.low, f"at most high ({self.high:g})", "Swap them.")


class BenchmarkSection(Section):
    """Which portfolios, beside which baselines, on which rows, by which tests."""

    runs: Annotated[tuple[Annotated[RunSection, BeforeValidator(_run)], ...], FROZEN_LIST] = key(
        (),
        "Configurations whose lanes are judged too: files, or maps of file and lanes.",
        example=["three.yaml"],
        record="",
        used=NAME,
    )
    lanes: Annotated[tuple[str, ...], FROZEN_LIST] = key(
        (), "Which of the document's own lanes are judged; empty for all.", example=["momentum"], record="", used=NAME
    )
    baselines: Annotated[tuple[Literal[BASELINES], ...], FROZEN_LIST] = key(  # type: ignore[valid-type]
        BASELINES, "Portfolios that anybody could have held.", example=["equal_weight"], record="", used=NAME
    )
    index: str | None = key(
        None,
        "Symbol of the index; null takes account.benchmark of the first lane.",
        example="SPY",
        record="",
        used=NAME,
    )
    index_tape: TapeSection | None = key(
        None,
        "Where the index is, when it is no symbol of the tape.",
        example={"path": "data/spy.csv"},
        record="",
        used=NAME,
    )
    costs: Literal["same", "first", "own"] = key(
        "same",
        "same: lanes with another account or execution than the first are refused; first: all get those of the first; "
        "own: each keeps its own.",
        example="first",
        record="",
        used=NAME,
    )
    split: FoldsSection = key(
        FoldsSection(), "What is learned from and what is judged.", example={"folds": 10}, record="", used=NAME
    )
    regimes: Annotated[tuple[RegimeSection, ...], FROZEN_LIST] = key(
        (RegimeSection(name="trend"),),
        "Regimes by which the returns are told apart.",
        example=[{"name": "drawdown"}],
        record="",
        used=NAME,
    )
    trials: int | None = key(
        None,
        "Configurations that were tried to find these; null counts the lanes judged.",
        unit="trials",
        example=40,
        ge=1,
        record="",
        used=NAME,
    )
    draws: int = key(2000, "Resampled histories.", example=500, ge=100, le=1_000_000, record="", used=NAME)
    level: float = key(
        0.05,
        "Largest p of a difference, and 1 less the confidence of the set of the best.",
        example=0.1,
        gt=0.0,
        lt=0.5,
        record="",
        used=NAME,
    )
    tests: Annotated[tuple[Literal[TESTS], ...] | None, FROZEN_LIST] = key(  # type: ignore[valid-type]
        None,
        "Tests of many at once: spa, mcs; null takes both where arch is installed.",
        example=["spa"],
        record="",
        used=NAME,
    )
    targets: dict[str, TargetSection] | None = key(
        None,
        "Measures to be held against; null takes those of the design, {} none.",
        example={"sharpe": {"low": 1.0}},
        record="",
        used=NAME,
    )
    multiples: dict[str, float] = key(
        {"SPY": 2.0, "QQQ": 1.5, "IWM": 2.5},
        "How many times the return of a symbol is aimed at, where it is known.",
        example={"SPY": 1.2},
        record="",
        used=NAME,
    )


class _Beside(Section):
    """The one key that is no configuration's: messages name it."""

    benchmark: BenchmarkSection = key(
        BenchmarkSection(), "How portfolios are judged.", example={"draws": 500}, record="", used=NAME
    )


@dataclass(frozen=True, eq=False)
class BenchmarkDocument:
    """A benchmark as it was written.

    Attributes:
        section: its section `benchmark`.
        base: the configuration beside it; where that has no lanes, the first run's with those keys over it.
        own: whether `base` has lanes of its own to judge.
        runs: the configurations of `runs`.
        name: its name.
        file: name of the file, "" for data from code.
    """

    section: BenchmarkSection
    base: Spec
    own: bool
    runs: tuple[Spec, ...]
    name: str
    file: str = ""


def load_benchmark(
    source: str | os.PathLike[str] | Mapping[str, Any], folder: str | os.PathLike[str] = "."
) -> BenchmarkDocument:
    """A benchmark from a YAML file or a dict.

    Args:
        source: a file, beside which the files of `runs` are sought, or its keys.
        folder: where the files of `runs` are sought for keys from code.

    Raises:
        ConfigError: names field, value, bound and remedy of every fault.
    """
    if isinstance(source, Mapping):
        return _document(dict(source), yamlfile.paths_of(dict(source)), "", Path(folder))
    if not isinstance(source, (str, os.PathLike)):
        raise ConfigError(NAME, source, "a file's path or a map of keys", "Give a path or a dict.")
    path = Path(source)
    data, lines = yamlfile.read(path)
    if not isinstance(data, Mapping):
        raise ConfigError(path.name, data, "a map of keys", "Write a section `benchmark`, and lanes or runs to judge.")
    return _document(dict(data), lines, path.name, path.parent)


def _document(
    data: dict[str, Any], lines: dict[tuple[str | int, ...], int], file: str, folder: Path
) -> BenchmarkDocument:
    given = data.pop(NAME, None)
    section = build(_Beside, {} if given is None else {NAME: given}, Origin(file, lines)).benchmark
    own = "lanes" in data or aliases.document_of(data) is not None
    for number, run in enumerate(section.runs):
        if not (folder / run.file).is_file():
            at = f"{NAME}.runs[{number}].file" + (f" ({file})" if file else "")
            raise ConfigError(at, run.file, "a file beside the document", f"There is no {folder / run.file}.")
    runs = tuple(load_with_history(folder / run.file).spec for run in section.runs)
    if own:
        base = loaded(data, lines, file).spec
    elif runs:
        base = _over(folder / section.runs[0].file, data, file)
    else:
        bound = "one or more configurations, where the document has no lanes"
        raise ConfigError(f"{NAME}.runs" + (f" ({file})" if file else ""), (), bound, "Name a file, or write lanes.")
    return BenchmarkDocument(section, base, own, runs, str(data.get("name", base.name)), file)


def _over(first: Path, data: Mapping[str, Any], file: str) -> Spec:
    """The first run's configuration with the document's own keys over it."""
    if not data:
        return load_with_history(first).spec
    beneath, lines = yamlfile.read(first)
    if not isinstance(beneath, Mapping):
        raise ConfigError(first.name, beneath, "a map of keys", "Name a configuration.")
    return loaded({**beneath, **data}, lines, f"{first.name} with the keys of {file}" if file else first.name).spec
