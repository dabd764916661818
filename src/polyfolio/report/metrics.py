"""Every number of a run under one convention: arrays in, a mapping of names to values out.

The arithmetic is that of `kernels.measures`; here inputs are checked, N is found, and every NaN gets its reason.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from polyfolio.core.types import Floats, Ints
from polyfolio.errors import ConfigError, DataError
from polyfolio.kernels.measures import conventions, growth
from polyfolio.kernels.measures.cards import Card, cards, definitions_version
from polyfolio.report import families
from polyfolio.report.annualise import BarCounter, elapsed_years, periods_per_year, stamps
from polyfolio.report.checked import same_length, series
from polyfolio.rules.arguments import closest

# What a ruined account still has; everything else divides by its wealth or takes the logarithm of it.
_SURVIVES_RUIN = frozenset({"total_return", "max_drawdown"})
_ACTIVITY = ("exposure", "trades")
LISTED = " `list(metrics)` names them all, docs/reference/definitions.md says what they are."
_MISSING = {
    "returns": "",
    "relative": "no benchmark was given",
    "exposure": "no exposures were given",
    "trades": "no fills were given",
}


@dataclass(frozen=True)
class Convention:
    """How numbers are computed.

    Attributes:
        name: polyfolio, or a library whose numbers are wanted: quantstats, empyrical, ffn, lean, qlib, backtesting.
        periods_per_year: N where it is known; else it is found (`annualise.periods_per_year`). A library's own
            default stands in where nothing is given and its name is chosen.
        bars_per_year: bars a year of the calendar, or a function (from, to) -> bars in (from, to], nanoseconds.
        risk_free: yearly effective rate, one number or one per return.
        target: smallest acceptable return per period, for the Sortino ratio.
        threshold: return per period at which omega divides.
        confidence: of VaR, expected shortfall, drawdown at risk and the minimum track record; in (0, 1).
        smallest_sample: fewer returns than this have no tail numbers.
    """

    name: str = "polyfolio"
    periods_per_year: float | None = None
    bars_per_year: float | BarCounter | None = None
    risk_free: float | Floats = 0.0
    target: float = 0.0
    threshold: float = 0.0
    confidence: float = 0.95
    smallest_sample: int = 60

    def __post_init__(self) -> None:
        known = ("polyfolio", *conventions.PERIODS)
        if self.name not in known:
            raise ConfigError("convention", self.name, f"one of {', '.join(known)}", "Choose one of these names.")
        if not 0.0 < self.confidence < 1.0:
            raise ConfigError("confidence", self.confidence, "in (0, 1)", "Use 0.95 for the worst 5 %.")
        given = self.periods_per_year
        if given is not None and not 0.0 < given < math.inf:
            raise ConfigError("periods_per_year", given, "positive", "Leave it out to have it found from the stamps.")
        if not (np.asarray(self.risk_free) > -1.0).all():
            raise ConfigError("risk_free", self.risk_free, "above -1", "Give a yearly rate as a fraction: 0.02 = 2 %.")


@dataclass(frozen=True)
class Benchmark:
    """Benchmark returns and the stamps of their closings."""

    returns: npt.ArrayLike
    times: npt.ArrayLike


@dataclass(frozen=True)
class Activity:
    """What was held and traded, for exposure and closed-trade metrics; a part that is unknown is None.

    Attributes:
        bars: (4, n): equity, sum of abs(value) and sum of value at each close, turnover of the bar.
        closed: TRADE records of `kernels.measures.trades`.
    """

    bars: npt.ArrayLike | None = None
    closed: Any = None


class UnknownMetricError(ConfigError, KeyError):
    """A name that is no metric. It is a KeyError too, so that `in` and `get` answer as for any map."""

    __str__ = Exception.__str__  # that of KeyError would show the quoted text


@dataclass(frozen=True)
class Metrics(Mapping[str, float]):
    """Numbers by name, in the order of their cards.

    Attributes:
        numbers: every metric, NaN where undefined.
        reasons: why, for every NaN.
        periods_per_year: N.
        source: how N was found.
        years: elapsed years Y.
        sample: number of returns.
        common: number of stamps shared with the benchmark.
        convention: name of the convention.
        definitions: digest of the definition cards.
    """

    numbers: Mapping[str, float]
    reasons: Mapping[str, str]
    periods_per_year: float
    source: str
    years: float
    sample: int
    common: int
    convention: str
    definitions: str = field(default_factory=definitions_version)

    def __getitem__(self, name: str) -> float:
        if name not in self.numbers:
            raise UnknownMetricError(
                "metric", name, f"one of the {len(self)} metrics", closest(str(name), self.numbers) + LISTED
            )
        return self.numbers[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.numbers)

    def __len__(self) -> int:
        return len(self.numbers)

    def describe(self, name: str) -> str:
        """One line: the value, N and its source where it is annualised, the reason where it is undefined."""
        text, annualised = f"{name} {self[name]:.6g}", cards()[name].annualised
        if annualised:
            years = f"Y = {self.years:.6g}; " if annualised == "Y" else ""
            text += f" ({years}N = {self.periods_per_year:.6g}, {self.source})"
        return f"{text}: {self.reasons[name]}" if name in self.reasons else text

    def lines(self) -> list[str]:
        """`describe` of every metric."""
        return [self.describe(name) for name in self]

    def record(self) -> dict[str, Any]:
        """The whole as plain values for a JSON file, undefined numbers as None with their reasons."""
        plain: dict[str, Any] = {name: None if math.isnan(value) else value for name, value in self.items()}
        year = None if math.isnan(self.periods_per_year) else self.periods_per_year
        return {
            "convention": self.convention,
            "definitions": self.definitions,
            "periods_per_year": year,
            "periods_per_year_source": self.source,
            "years": self.years,
            "sample": self.sample,
            "common": self.common,
            "metrics": plain,
            "reasons": dict(self.reasons),
        }


def metrics_from_returns(
    returns: npt.ArrayLike,
    times: npt.ArrayLike,
    convention: Convention | None = None,
    benchmark: Benchmark | None = None,
    activity: Activity | None = None,
) -> Metrics:
    """Every metric of n simple returns after all costs.

    Args:
        returns: per period; NaN is refused.
        times: n + 1 closing stamps, the stamp of the starting value first.
        convention: formulas and parameters; ours when left out.
        benchmark: joined on the stamps both have; their number is `common`.
        activity: exposures and closed trades.
    """
    path = series(returns, "returns")
    ruined = growth.wealth_path(path, np.empty(path.size + 1))
    return _measure(path, stamps(times), convention or Convention(), ruined, benchmark, activity)


def metrics_from_equity(
    equity: npt.ArrayLike,
    times: npt.ArrayLike,
    convention: Convention | None = None,
    benchmark: Benchmark | None = None,
    activity: Activity | None = None,
    *,
    flows: npt.ArrayLike | None = None,
) -> Metrics:
    """Every metric of an equity path that begins with the starting value.

    `flows` are deposits (> 0) and withdrawals at the start of their bar, one per stamp; they are no return. The rest
    is as in `metrics_from_returns`. A starting value is never guessed.
    """
    path = series(equity, "equity")
    deposits = series(np.zeros(path.size) if flows is None else flows, "flows")
    same_length("flows", deposits.size, path.size)
    if path.size == 0 or not path[0] > 0.0:
        raise DataError("equity", path[:1].tolist(), "a path that starts above 0", "Pass the starting value first.")
    returns = np.empty(path.size - 1)
    ruined = growth.returns_of(path, deposits, returns)
    return _measure(returns, stamps(times), convention or Convention(), ruined, benchmark, activity)


def metrics_from_marks(
    marks: Any,
    times: npt.ArrayLike,
    convention: Convention | None = None,
    benchmark: Benchmark | None = None,
    closed: Any = None,
    *,
    lane: int = 0,
) -> Metrics:
    """Every metric of one lane of a journal.

    Args:
        marks: MARK records; the lane's first one is the starting value, before which nothing was held.
        times: closing stamps of the tape's rows, which the marks' rows count.
        convention: formulas and parameters.
        benchmark: as in `metrics_from_returns`.
        closed: the TRADE records of this lane.
        lane: which lane.
    """
    own = marks[marks["lane"] == lane]
    if own.size == 0:
        raise DataError(
            "lane", lane, f"one of {np.unique(marks['lane']).tolist()}", "Journal at level summary or full."
        )
    bars = np.stack([own[name] for name in ("equity", "gross", "net", "turnover")])[:, 1:]
    closes = stamps(times)[own["row"]]
    activity = Activity(bars, closed)
    return metrics_from_equity(own["equity"], closes, convention, benchmark, activity, flows=own["flows"])


def _measure(
    returns: Floats,
    times: Ints,
    convention: Convention,
    ruined: int,
    benchmark: Benchmark | None,
    activity: Activity | None,
) -> Metrics:
    same_length("times", times.size, returns.size + 1)
    if ruined > 0:
        returns = returns.copy()
        returns[ruined:] = 0.0  # nothing is earned on nothing; these bars stay in the sample
    n_year, source = _annualisation(times, convention)
    basis = _basis(returns, times, convention, n_year)
    held, library = activity or Activity(), convention.name != "polyfolio"
    values = families.of_growth(returns, basis)
    values |= families.of_drawdowns(returns, basis, values)
    values |= families.of_tails(returns, basis)
    if library:
        values |= families.of_library(returns, basis, values)
    common, missing = 0, dict(_MISSING)
    if benchmark is not None:
        own, other, rates = _joined(returns, times, basis, benchmark)
        common, missing["relative"] = own.size, ""
        values |= families.of_benchmark(own, other, rates, basis, library)
    if held.bars is not None:
        missing["exposure"] = ""
        values |= families.of_bars(_bars(held.bars), n_year)
    if held.closed is not None:
        missing["trades"] = ""
        values |= families.of_trades(held.closed)
    numbers = _chosen(values, convention.name, ruined)
    unknown_year = source if math.isnan(n_year) else ""
    reasons = {
        name: _reason(cards()[name], missing[cards()[name].family], returns.size, unknown_year, ruined)
        for name, value in numbers.items()
        if math.isnan(value)
    }
    return Metrics(numbers, reasons, n_year, source, basis.years, returns.size, common, convention.name)


def _chosen(values: Mapping[str, float], library: str, ruined: int) -> dict[str, float]:
    """Every carded metric, the library's variant in place of ours, NaN for what a ruined account has not."""
    replaced = conventions.REPLACED.get(library, {})
    numbers = {name: values.get(replaced.get(name, name), math.nan) for name in cards()}
    if ruined > 0:
        lost = [name for name, card in cards().items() if card.family not in _ACTIVITY and name not in _SURVIVES_RUIN]
        numbers |= dict.fromkeys(lost, math.nan)
    return numbers


def _reason(card: Card, missing: str, sample: int, unknown_year: str, ruined: int) -> str:
    if missing:
        return missing
    if card.family in _ACTIVITY:
        return unknown_year if unknown_year and card.annualised else card.undefined
    if ruined > 0:
        return f"ruined: equity is not positive after return {ruined}"
    if sample == 0:
        return "there are no returns"
    # A yearly risk-free rate cannot be brought to one period without N.
    if unknown_year and (card.annualised == "N" or "rf" in card.inputs):
        return unknown_year
    return card.undefined


def _annualisation(times: Ints, convention: Convention) -> tuple[float, str]:
    unknown = convention.periods_per_year is None and convention.bars_per_year is None
    if unknown and convention.name in conventions.PERIODS:
        return conventions.PERIODS[convention.name], f"the default of {convention.name}"
    return periods_per_year(times, convention.bars_per_year, convention.periods_per_year)


def _basis(returns: Floats, times: Ints, convention: Convention, n_year: float) -> families.Basis:
    yearly = series(np.atleast_1d(np.asarray(convention.risk_free, dtype=np.float64)), "risk_free")
    if yearly.size != 1:
        same_length("risk_free", yearly.size, returns.size)
    rates = np.empty(returns.size)
    growth.per_period_rates(yearly, n_year, rates)
    return families.Basis(
        n_year,
        elapsed_years(times),
        yearly,
        rates,
        convention.target,
        convention.threshold,
        convention.confidence,
        convention.smallest_sample,
    )


def _joined(returns: Floats, times: Ints, basis: families.Basis, benchmark: Benchmark) -> tuple[Floats, Floats, Floats]:
    """Returns, benchmark returns and rates at the stamps both have."""
    other, closes = series(benchmark.returns, "benchmark"), stamps(benchmark.times, "benchmark times")
    same_length("benchmark times", closes.size, other.size)
    _, mine, theirs = np.intersect1d(times[1:], closes, assume_unique=True, return_indices=True)
    return returns[mine], other[theirs], basis.rates[mine]


def _bars(bars: npt.ArrayLike) -> Floats:
    block = np.ascontiguousarray(bars, dtype=np.float64)
    if block.ndim != 2 or block.shape[0] != 4:
        raise DataError("bars", f"shape {block.shape}", "(4, n)", "Stack equity, gross, net and turnover.")
    for row, name in zip(block, ("equity", "gross", "net", "turnover"), strict=True):
        series(row, name)
    return block
