"""Who is judged in a benchmark: lanes of several configurations and the baselines, under the same costs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any

from polyfolio.backtests.baselines import BASELINES, INDEX, baseline_lanes
from polyfolio.errors import ConfigError
from polyfolio.rules.arguments import closest
from polyfolio.rules.benchmark import BenchmarkDocument
from polyfolio.rules.spec import Lane, Spec

# What a comparison needs all lanes to have in common.
SHARED = ("account", "execution")
# What one engine has once for all its lanes.
COMMON = ("observation", "sleeves")


@dataclass(frozen=True, eq=False)
class Entrants:
    """The lanes of a benchmark.

    Attributes:
        spec: all of them as one configuration, the judged ones first.
        judged: how many of them are judged; the rest are baselines.
        notes: what was changed or left out on the way, in sentences.
    """

    spec: Spec
    judged: int
    notes: tuple[str, ...] = ()


def entrants_of(document: BenchmarkDocument, index: str | None) -> Entrants:
    """The lanes to judge and those to hold them against.

    Args:
        document: the benchmark.
        index: symbol of the index on the tape; None for none.

    Raises:
        ConfigError: a lane nobody knows, other costs than the first lane's, a baseline's name.
    """
    notes: list[str] = []
    lanes = [lane for name, spec, wanted in sources(document) for lane in chosen(name, spec, wanted, document)]
    lanes = list(renamed(lanes, document))
    lanes = same_costs(lanes, document.section.costs, notes)
    rules = {BASELINES[name]: name for name in BASELINES} | {INDEX: INDEX}
    wanted = [rules[name] for name in document.section.baselines if name != INDEX or index is not None]
    known = dict(baseline_lanes(lanes[0][1], index))
    for _, lane in lanes:
        if lane.name in known:
            remedy = f"Rename the lane: {lane.name} is a baseline here."
            raise ConfigError("lanes.name", lane.name, "none of " + ", ".join(known), remedy)
    base = document.base
    if base.groups:
        notes.append("Groups are left out: each lane is judged on its own account.")
    common = {name: getattr(base, name) for name in (*COMMON, "name", "seed")}
    every = tuple(lane for _, lane in lanes) + tuple(known[name] for name in wanted)
    return Entrants(Spec.model_validate({**common, "journal": "full", "lanes": every}), len(lanes), tuple(notes))


def sources(document: BenchmarkDocument) -> Iterator[tuple[str, Spec, Sequence[str]]]:
    """Each configuration with its name and the lanes asked of it."""
    if document.own:
        yield document.file or document.name, document.base, document.section.lanes
    for run, spec in zip(document.section.runs, document.runs, strict=True):
        yield run.file, spec, run.lanes


def chosen(name: str, spec: Spec, wanted: Sequence[str], document: BenchmarkDocument) -> Iterator[tuple[str, Lane]]:
    """The lanes asked of a configuration, each with the configuration's name."""
    for word in COMMON:
        if getattr(spec, word) != getattr(document.base, word):
            bound = f"as in {document.file or document.name}: it is one engine's for all lanes"
            raise ConfigError(f"{word} of {name}", getattr(spec, word), bound, "Judge such configurations apart.")
    known = [lane.name for lane in spec.lanes]
    for word in wanted:
        if word not in known:
            raise ConfigError(f"lanes of {name}", word, "one of " + ", ".join(known), closest(word, known))
    for lane in spec.lanes:
        if not wanted or lane.name in wanted:
            yield name, lane


def renamed(lanes: Sequence[tuple[str, Lane]], document: BenchmarkDocument) -> Iterator[tuple[str, Lane]]:
    """Lanes of one name in several configurations with the file's name before their own."""
    names = [lane.name for _, lane in lanes]
    for source, lane in lanes:
        own = document.own and source == (document.file or document.name)
        twice = names.count(lane.name) > 1 and not own
        name = f"{PurePath(source).stem}: {lane.name}" if twice else lane.name
        yield source, lane.model_copy(update={"name": name})


def part(lane: Lane, word: str) -> Any:
    """A section of a lane without what is only reported: the benchmark beside which it is shown costs nothing."""
    found = getattr(lane, word)
    return found.model_copy(update={"benchmark": None}) if word == "account" else found


def same_costs(lanes: Sequence[tuple[str, Lane]], costs: str, notes: list[str]) -> list[tuple[str, Lane]]:
    """The lanes with account and execution as `benchmark.costs` says."""
    first, out = lanes[0][1], []
    for source, lane in lanes:
        other = [word for word in SHARED if part(lane, word) != part(first, word)]
        if other and costs == "same":
            bound = f"as of lane {first.name}: who pays other costs cannot be compared"
            remedy = "Write benchmark.costs: first to give it those of the first lane, or own to keep them apart."
            raise ConfigError(f"{other[0]} of lane {lane.name} ({source})", "another one", bound, remedy)
        if other and costs == "first":
            notes.append(f"{lane.name} was given the {' and the '.join(other)} of {first.name}.")
            lane = lane.model_copy(update={word: getattr(first, word) for word in other})  # noqa: PLW2901
        elif other:
            notes.append(f"{lane.name} keeps its own {' and '.join(other)}: differences are those of costs too.")
        out.append((source, lane))
    return out
