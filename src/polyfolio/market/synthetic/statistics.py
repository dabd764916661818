"""The numbers by which a synthetic market is compared with its original, by slot and for all slots together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import stats

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.market.synthetic.history import FLAT, total_returns
from polyfolio.market.synthetic.streams import correlation_of

TAIL = 0.05  # share of returns that count as tail, for the tail index and for bad rows
SHORTEST = 20
LAGS = 40
PROBABILITIES = np.array([0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.975, 0.99, 0.995, 0.999])


@dataclass(frozen=True, eq=False)
class Figures:
    """One tape in numbers.

    Attributes:
        slots: by name, one value per slot; NaN where it cannot be told.
        market: by name, one value.
        correlation: of slots, over rows in which all have a return.
        squares: autocorrelation of squares, lags 1 to 40 (lags, slots).
        quantiles: of returns over their deviation, at PROBABILITIES (probabilities, slots).
    """

    slots: dict[str, Floats]
    market: dict[str, float]
    correlation: Floats
    squares: Floats
    quantiles: Floats


def figures_of(tape: Tape) -> Figures:
    """Everything that is compared, of one tape. Returns are log total returns of a bar."""
    total = total_returns(tape)
    columns = [column[~np.isnan(column)] for column in total.T]
    slots = {name: np.array([of(column) for column in columns]) for name, (of, _) in OF_RETURNS.items()}
    slots["range"] = np.array([_mean(column) for column in np.log(tape.high / tape.low).T])
    slots["volume_1"] = np.array([_volume_memory(column) for column in tape.volume.T])
    common = total[~np.isnan(total).any(axis=1)]
    return Figures(
        slots,
        market_of_rows(common),
        correlation_of(common) if common.shape[0] else np.full((tape.slots, tape.slots), np.nan),
        np.array([[autocorrelation(column**2, lag) for column in columns] for lag in range(1, LAGS + 1)]),
        np.array([_quantiles(column) for column in columns]).T,
    )


def autocorrelation(values: Floats, lag: int) -> float:
    """Sum of products at a lag over the sum of squares, both about the mean of all values."""
    if values.size <= lag + 2:
        return np.nan
    away = values - values.mean()
    power = float(away @ away)
    return float(away[lag:] @ away[:-lag]) / power if power > FLAT**2 else np.nan


def tail_index(losses: Floats) -> float:
    """Hill's estimator over the largest 5 % of positive values: 3 means that the fourth moment is infinite."""
    positive = np.sort(losses[losses > 0.0])[::-1]
    count = int(TAIL * losses.size)
    if count < 2 or positive.size <= count:
        return np.nan
    return float(1.0 / np.mean(np.log(positive[:count] / positive[count])))


def market_of_rows(rows: Floats) -> dict[str, float]:
    """Correlations of all slots together."""
    out = dict.fromkeys(OF_MARKET, np.nan)
    if rows.shape[0] < SHORTEST or rows.shape[1] < 2:
        return out
    correlation = correlation_of(rows)
    market = rows.mean(axis=1)
    bad = rows[market <= np.quantile(market, TAIL)]
    out["correlation"] = mean_pair(correlation)
    out["correlation_squares"] = mean_pair(correlation_of(rows**2))
    out["first_share"] = float(np.linalg.eigvalsh(correlation)[-1]) / rows.shape[1]
    out["joint_falls"] = float((bad < 0.0).mean())
    return out


def mean_pair(matrix: Floats) -> float:
    """Mean of what stands beside the diagonal."""
    size = matrix.shape[0]
    return float((matrix.sum() - np.trace(matrix)) / (size * (size - 1)))


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else np.nan


def _volume_memory(volume: Floats) -> float:
    known = volume[~np.isnan(volume)]
    return autocorrelation(np.log(known[known > 0.0]), 1)


def _quantiles(returns: Floats) -> Floats:
    spread = float(returns.std()) if returns.size else 0.0
    if spread <= FLAT:
        return np.full(PROBABILITIES.size, np.nan)
    return np.asarray(np.quantile((returns - returns.mean()) / spread, PROBABILITIES), dtype=np.float64)


def _if_moving(of: Callable[[Floats], float]) -> Callable[[Floats], float]:
    """The number, NaN for a series that is too short or does not move."""

    def number(returns: Floats) -> float:
        return float(of(returns)) if returns.size >= SHORTEST and float(returns.std()) > FLAT else np.nan

    return number


# Name -> (number of a slot's returns, meaning).
OF_RETURNS: dict[str, tuple[Callable[[Floats], float], str]] = {
    "mean": (_mean, "mean log return of a bar"),
    "deviation": (_if_moving(np.std), "standard deviation of it"),
    "skewness": (_if_moving(stats.skew), "third moment over deviation cubed"),
    "kurtosis": (_if_moving(stats.kurtosis), "fourth moment over variance squared, less 3"),
    "quantile_1": (_if_moving(lambda r: float(np.quantile(r, 0.01))), "return that 1 % of bars stay below"),
    "quantile_99": (_if_moving(lambda r: float(np.quantile(r, 0.99))), "return that 1 % of bars exceed"),
    "left_tail": (_if_moving(lambda r: tail_index(-r)), "Hill's index of the largest falls, 5 % of bars"),
    "right_tail": (_if_moving(tail_index), "Hill's index of the largest rises, 5 % of bars"),
    "returns_1": (_if_moving(lambda r: autocorrelation(r, 1)), "autocorrelation of returns, lag 1"),
    "squares_1": (_if_moving(lambda r: autocorrelation(r**2, 1)), "autocorrelation of squares, lag 1"),
    "squares_5": (_if_moving(lambda r: autocorrelation(r**2, 5)), "autocorrelation of squares, lag 5"),
    "squares_20": (_if_moving(lambda r: autocorrelation(r**2, 20)), "autocorrelation of squares, lag 20"),
}
OF_BARS = {
    "range": "mean log of high over low",
    "volume_1": "autocorrelation of log volume, lag 1",
}
OF_MARKET = {
    "correlation": "mean correlation of two slots",
    "correlation_squares": "mean correlation of two slots' squares",
    "first_share": "share of variance of the first component",
    "joint_falls": "share of slots that fall in the market's worst 5 % of bars",
}
