"""Portfolios beside each other on the same bars: measures with intervals, paired differences, many at once, luck.

Every number of a page or a table about a comparison stands in the record that is made here.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from polyfolio.core.types import Floats, Ints
from polyfolio.errors import ConfigError, DataError
from polyfolio.kernels.measures import growth
from polyfolio.report import resampled, superior
from polyfolio.report.bootstrap import SMALLEST
from polyfolio.report.deflated import deflated_sharpe
from polyfolio.report.metrics import Metrics

FORMAT = 1
TESTS = ("spa", "mcs")
POINTS = 600  # of a drawn line
# What a table shows, by the names of the definition cards.
SHOWN = (
    "total_return",
    "cagr",
    "annual_volatility",
    "sharpe",
    "sortino",
    "calmar",
    "max_drawdown",
    "annual_turnover",
    "time_in_market",
    "win_rate",
)


@dataclass(frozen=True, eq=False)
class Compared:
    """What is compared.

    Attributes:
        name: unique.
        returns: simple, per bar, after all costs.
        metrics: every metric over the same bars.
        baseline: True for what the others are held against.
        costs: what was paid, by kind; empty where nobody knows.
    """

    name: str
    returns: Floats
    metrics: Metrics
    baseline: bool = False
    costs: Mapping[str, float] | None = None


@dataclass(frozen=True)
class Settings:
    """How a comparison is made.

    Attributes:
        draws: resampled histories.
        seed: of the random numbers.
        level: largest p of a difference.
        tests: of many at once; None for those that the installed packages allow.
        trials: configurations that were tried to find what is judged; None counts what is judged.
    """

    draws: int = 2000
    seed: int = 0
    level: float = resampled.LEVEL
    tests: tuple[str, ...] | None = None
    trials: int | None = None

    def __post_init__(self) -> None:
        if self.draws < 100:
            raise ConfigError("draws", self.draws, "a whole number >= 100", "Take 2000.")
        if not 0.0 < self.level < 0.5:
            raise ConfigError("level", self.level, "above 0 and below 0.5", "Take 0.05.")
        for test in self.tests or ():
            if test not in TESTS:
                raise ConfigError("tests", test, "one of " + ", ".join(TESTS), "Correct the name.")
        if self.trials is not None and self.trials < 1:
            raise ConfigError("trials", self.trials, "1 or more", "Count every configuration that was tried.")


def compared(
    entries: Sequence[Compared], times: Ints, settings: Settings, index: Floats | None = None
) -> dict[str, Any]:
    """The record of a comparison; numbers that are undefined are NaN.

    Args:
        entries: two or more, of which one at least is a baseline and one is not.
        times: closing stamps, that of the starting value first: one more than returns.
        settings: how it is made.
        index: returns of the index in the same bars, for the information ratio.

    Raises:
        ConfigError: a name twice, nobody to judge or to be held against, fewer trials than portfolios.
        DataError: fewer than 20 returns, or returns that do not fit the stamps.
    """
    refuse_bad(entries, times)
    refuse_few_trials(entries, settings.trials)
    judged = [each.name for each in entries if not each.baseline]
    baselines = [each.name for each in entries if each.baseline]
    one = entries[0].metrics
    year = resampled.Year(one.years, one.periods_per_year, index)
    fields = [resampled.Field(each.name, each.returns[None, :]) for each in entries]
    blocks = resampled.blocks_for(fields, settings.draws, settings.seed)
    drawn = resampled.resample(fields, blocks, year)
    found = {field.name: resampled.value(field, year) for field in fields}
    pairs = resampled.compare(judged, baselines, found, drawn, settings.level)
    trials = of_trials([each for each in entries if not each.baseline], settings.trials)
    return {
        "format": FORMAT,
        "judged": judged,
        "baselines": baselines,
        "period": period_of(times, one),
        "method": {
            "draws": blocks.draws,
            "block": blocks.length,
            "seed": blocks.seed,
            "level": settings.level,
            "coverage": resampled.COVERAGE,
            "correction": "Holm, over all comparisons in a measure",
        },
        "entries": {
            each.name: facts_of(each, found[each.name], drawn[each.name], trials.get(each.name)) for each in entries
        },
        "comparisons": [{**asdict(pair), "word": pair.word} for pair in pairs],
        "many": many(entries, blocks.length, settings),
        "series": series_of(entries, times),
    }


def refuse_bad(entries: Sequence[Compared], times: Ints) -> None:
    """Refuse what cannot stand in one table."""
    names = [each.name for each in entries]
    for number, name in enumerate(names):
        if name in names[:number]:
            raise ConfigError(f"entries[{number}].name", name, "unique", "Give it another name.")
    if not any(each.baseline for each in entries) or all(each.baseline for each in entries):
        bound = "two or more: one to be held against, and others"
        raise ConfigError("entries", names, bound, "Name another run to compare with.")
    for each in entries:
        if each.returns.size != times.size - 1:
            bound = f"{times.size - 1} returns, one for each bar of the others"
            raise DataError(f"returns of {each.name}", int(each.returns.size), bound, "Compare the same rows.")
    if times.size - 1 < SMALLEST:
        bound = f"at least {SMALLEST} returns"
        raise DataError("returns", int(times.size - 1), bound, "Compare over a longer period.")


def refuse_few_trials(entries: Sequence[Compared], trials: int | None) -> None:
    """Refuse fewer tries than portfolios judged: each of these was one."""
    judged = [each.name for each in entries if not each.baseline]
    if trials is not None and trials < len(judged):
        bound = f"at least {len(judged)}, the portfolios judged here"
        raise ConfigError("trials", trials, bound, "Count every configuration that was tried, or leave it out.")


def period_of(times: Ints, one: Metrics) -> dict[str, Any]:
    """What was compared, in times."""
    start, end = (str(np.datetime64(int(stamp), "ns").astype("datetime64[s]")) for stamp in times[[0, -1]])
    return {
        "start": start,
        "end": end,
        "bars": int(times.size - 1),
        "years": one.years,
        "periods_per_year": one.periods_per_year,
        "periods_per_year_source": one.source,
    }


def of_trials(judged: Sequence[Compared], given: int | None) -> dict[str, dict[str, Any]]:
    """The deflated Sharpe ratio of each: how sure it is that the luckiest of all tries is not what one sees.

    Where the number of tries is given, the ratios of the others are unknown, and what they scatter by is the standard
    error of a single one.
    """
    ratios = [float(ratio) for ratio in resampled.per_bar(np.stack([each.returns for each in judged]))]
    known = [0.0 if math.isnan(ratio) else ratio for ratio in ratios]
    out: dict[str, dict[str, Any]] = {}
    for each in judged:
        deflated = deflated_sharpe(
            each.returns, known if given is None else given, "judged here" if given is None else "given"
        )
        out[each.name] = dict(vars(deflated))
    return out


def facts_of(
    each: Compared, found: Mapping[str, float], drawn: resampled.Drawn, deflated: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Measures with their intervals, every metric, costs."""
    measures = {}
    for name, value in found.items():
        low, high = resampled.interval(drawn[name])
        measures[name] = {"value": value, "low": low, "high": high}
    return {
        "kind": "baseline" if each.baseline else "judged",
        "measures": measures,
        "metrics": dict(each.metrics.numbers),
        "reasons": dict(each.metrics.reasons),
        "win_rate": each.metrics["win_rate"],
        "costs": dict(each.costs or {}),
        "deflated": None if deflated is None else dict(deflated),
    }


def many(entries: Sequence[Compared], length: float, settings: Settings) -> dict[str, Any]:
    """SPA against each baseline, and the set of the best among all; what was left out and why."""
    if settings.tests is None and not superior.available():
        return {"left_out": "arch is not installed: pip install 'polyfolio[research]'", "spa": {}, "mcs": None}
    tests = TESTS if settings.tests is None else settings.tests
    judged = {each.name: each.returns for each in entries if not each.baseline}
    held = {each.name: each.returns for each in entries if each.baseline}
    out: dict[str, Any] = {"left_out": "", "spa": {}, "mcs": None, "block": superior.block_of(length)}
    if "spa" in tests:
        for name, returns in held.items():
            out["spa"][name] = superior.superior(judged, returns, length, settings.draws, settings.seed)
    if "mcs" in tests:
        out["mcs"] = superior.best_set(judged | held, settings.level, length, settings.draws, settings.seed)
    return out


def series_of(entries: Sequence[Compared], times: Ints) -> dict[str, Any]:
    """Lines to draw: growth of 1 and the fall from the highest value so far."""
    shown = np.unique(np.linspace(0, times.size - 1, POINTS).round().astype(int))
    stamps = times[shown].astype("datetime64[ns]").astype("datetime64[s]")
    grown, fallen = {}, {}
    for each in entries:
        path = np.empty(times.size)
        growth.wealth_path(np.ascontiguousarray(each.returns), path)
        grown[each.name] = path[shown].tolist()
        fallen[each.name] = (path / np.maximum.accumulate(path) - 1.0)[shown].tolist()
    return {"times": [str(stamp) for stamp in stamps], "growth": grown, "drawdown": fallen}


def plain(value: Any) -> Any:
    """Values for a JSON file: undefined numbers are None."""
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(item) for item in value]
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, np.integer):
        return int(value)
    if isinstance(value, (float, np.floating)):
        return float(value) if math.isfinite(value) else None
    return value
