"""A benchmark: many portfolios and simple ones beside them, on rows none of them learned from, after the same costs."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from polyfolio.backtests.by_regime import by_regime
from polyfolio.backtests.entrants import entrants_of
from polyfolio.backtests.index import Index, index_of
from polyfolio.backtests.rounds import rounds_of
from polyfolio.backtests.run import tape_of
from polyfolio.backtests.walked_rounds import BARS, Ran, Rounds, walked
from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats, Ints
from polyfolio.errors import ConfigError
from polyfolio.kernels.compile import source_digest
from polyfolio.report import benchmark_page, benchmark_words
from polyfolio.report.benchmark_files import save
from polyfolio.report.comparison import Compared, Settings, compared, plain
from polyfolio.report.metrics import Convention
from polyfolio.report.page.parts import Page
from polyfolio.report.targets import TARGETS, Target, held_against, multiples_of
from polyfolio.rules.arguments import closest
from polyfolio.rules.benchmark import BenchmarkDocument, TargetSection, load_benchmark
from polyfolio.rules.identity import run_id

PER_ROUND = ("total_return", "sharpe", "max_drawdown", "annual_volatility", "turnover", "win_rate")


@dataclass(frozen=True, eq=False)
class Benchmarked:
    """A finished benchmark; `print(benchmarked)` shows its table.

    Attributes:
        record: everything it found, as plain values for a JSON file.
        rounds: the walked rounds.
        returns: judged returns of each account, after all costs.
        times: closing stamps, that of the starting value first.
    """

    record: dict[str, Any]
    rounds: Rounds
    returns: Mapping[str, Floats]
    times: Ints

    def page(self) -> Page:
        """The whole as a page."""
        return benchmark_page.page(self.record)

    def save(self, folder: str | Path, *, page: bool = True) -> Path:
        """Write benchmark.json, table.csv, returns.parquet, meta.json and benchmark.html, whole or not at all.

        Args:
            folder: where.
            page: False leaves the page out, which needs the extra `report`.
        """
        return save(self.record, self.returns, self.times, folder, self.page() if page else None)

    def __repr__(self) -> str:
        return "\n".join(benchmark_words.lines(self.record))


def benchmark(
    source: BenchmarkDocument | str | os.PathLike[str] | Mapping[str, Any],
    tape: Tape | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> Benchmarked:
    """Judge portfolios beside each other.

    Args:
        source: a document with a section `benchmark`, a configuration, or what `load_benchmark` made of one.
        tape: market rows; None reads what the section `tape` describes.
        progress: called as progress(rounds done, rounds).

    Raises:
        ConfigError: a name, rule or setting that does not fit.
        DataError: a split without rows, an index that has none of the rows.

    Example:
        >>> print(benchmark("rules.yaml"))
    """
    document = source if isinstance(source, BenchmarkDocument) else load_benchmark(source)
    section = document.section
    if not section.baselines:
        raise ConfigError("benchmark.baselines", [], "one or more", "Leave the key out for all of them.")
    rows = tape if tape is not None else tape_of(document.base)
    index = index_of(section, document.base, rows)
    entrants = entrants_of(document, index.symbol)
    targets = targets_of(section.targets)
    rounds = walked(entrants, rows, rounds_of(section.split, document.base, rows), progress)
    convention = Convention(bars_per_year=rows.calendar.bars_per_year)
    entries = entries_of(rounds, convention, index)
    settings = Settings(section.draws, document.base.seed, section.level, section.tests, section.trials)
    record = compared(entries, rounds.times, settings, index.matching(rounds.times))
    record["period"]["currency"] = rows.universe.base_currency
    n_year = record["period"]["periods_per_year"]
    record |= {
        "kind": "benchmark",
        "name": document.name,
        "notes": [*entrants.notes, *index.notes(rounds.times), *idle(rounds)],
        "failed": {name: str(error) for name, error in rounds.failed.items()},
        "split": {"kind": section.split.kind, "rounds": [described(one, rows) for one in rounds.ran]},
        "by_round": {one.round.name: in_round(one, rounds, convention, index) for one in rounds.ran},
        "by_regime": by_regime(rounds, section.regimes, n_year),
        "digests": digests_of(rounds, rows),
        "symbols": list(rows.symbols),
    }
    record = plain(record)
    returns = index.totals(rows, rounds.times, section.multiples)
    for name in record["judged"]:
        facts = record["entries"][name]
        facts["targets"] = held_against(facts, targets)
        facts["multiples"] = multiples_of(facts["metrics"]["total_return"], returns, section.multiples)
    return Benchmarked(record, rounds, {each.name: each.returns for each in entries}, rounds.times)


def idle(rounds: Rounds) -> Iterator[str]:
    """What a reader must know of accounts that held nothing: they are no portfolio to be compared with."""
    gross = BARS.index("gross")
    for name in rounds.names:
        if not any(one.bars(name)[gross].any() for one in rounds.judged):
            cause = "its strategy said nothing there, or its rules ask for a longer history (risk.min_history)"
            yield f"{name} held nothing in any judged bar: {cause}."


def entries_of(rounds: Rounds, convention: Convention, index: Index) -> list[Compared]:
    """The accounts of the rounds, the judged ones first."""
    judged = {lane.name for lane in rounds.entrants.spec.lanes[: rounds.entrants.judged]}
    against = index.benchmark(rounds.times)
    return [
        Compared(
            name,
            rounds.returns(name),
            rounds.metrics(name, convention, against),
            baseline=name not in judged,
            costs=rounds.costs(name),
        )
        for name in rounds.names
    ]


def targets_of(given: Mapping[str, TargetSection] | None) -> tuple[Target, ...]:
    """What to hold against: the figures of the design, or those of the section."""
    if given is None:
        return TARGETS
    known = tuple(target.measure for target in TARGETS)
    for measure in given:
        if measure not in known:
            bound = "one of " + ", ".join(known)
            raise ConfigError(f"benchmark.targets.{measure}", measure, bound, closest(measure, known))
    return tuple(
        Target(measure.replace("_", " "), measure, wish.low, wish.high, between=True) for measure, wish in given.items()
    )


def described(one: Ran, tape: Tape) -> dict[str, Any]:
    """A round in rows and times."""
    base = one.round
    start, end = (
        str(np.datetime64(int(tape.times[row]), "ns").astype("datetime64[s]")) for row in (base.first + 1, base.end - 1)
    )
    return {
        "name": base.name,
        "start": start,
        "end": end,
        "first": base.first + 1,
        "last": base.end - 1,
        "bars": base.bars,
        "learned_from": int(base.fold.train.size),
        "judged": base.judged,
        "seen": base.seen,
    }


def in_round(one: Ran, rounds: Rounds, convention: Convention, index: Index) -> dict[str, dict[str, float]]:
    """Measures of every account in one round."""
    against = index.benchmark(rounds.tape.times[one.round.first : one.round.end])
    out = {}
    for name in rounds.names:
        found = one.metrics(name, convention, against)
        out[name] = {measure: found[measure] for measure in PER_ROUND}
    return out


def digests_of(rounds: Rounds, tape: Tape) -> dict[str, str]:
    """What another benchmark must have in common to come to the same numbers."""
    spec = rounds.entrants.spec
    return {"run": run_id(spec, tape.digest(), source_digest()), "tape": tape.digest(), "kernels": source_digest()}
