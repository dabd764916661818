"""Under convention="quantstats" every number it has too is its own, on ordinary series and on odd ones.

The library itself is called here. Where it prints infinity, 0 or a number for what is undefined, we have NaN with a
reason; each such place is listed.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyfolio.kernels.measures.conventions import REPLACED
from polyfolio.report.metrics import Benchmark, Convention, Metrics, metrics_from_returns

DAY = 86_400_000_000_000
N = 252.0
Series = tuple[np.ndarray, np.ndarray]
Call = Callable[[Any, pd.Series, pd.Series], float]

ONE: dict[str, Call] = {
    "total_return": lambda qs, r, b: qs.comp(r),
    "cagr": lambda qs, r, b: qs.cagr(r, periods=N),
    "annual_volatility": lambda qs, r, b: qs.volatility(r, periods=N),
    "sharpe": lambda qs, r, b: qs.sharpe(r, periods=N),
    "sortino": lambda qs, r, b: qs.sortino(r, periods=N),
    "omega": lambda qs, r, b: qs.omega(r, periods=N),
    "gain_to_pain": lambda qs, r, b: qs.gain_to_pain_ratio(r),
    "period_profit_factor": lambda qs, r, b: qs.profit_factor(r),
    "positive_period_rate": lambda qs, r, b: qs.win_rate(r),
    "best": lambda qs, r, b: qs.best(r),
    "worst": lambda qs, r, b: qs.worst(r),
    "max_drawdown": lambda qs, r, b: qs.max_drawdown(r),
    "calmar": lambda qs, r, b: qs.calmar(r, periods=N),
    "ulcer_index": lambda qs, r, b: qs.ulcer_index(r),
    "value_at_risk": lambda qs, r, b: -qs.value_at_risk(r),
    "expected_shortfall": lambda qs, r, b: -qs.cvar(r),
    "es_historical": lambda qs, r, b: -qs.cvar(r, method="historical"),
    "skew": lambda qs, r, b: qs.skew(r),
    "kurtosis": lambda qs, r, b: qs.kurtosis(r),
    "tail_ratio": lambda qs, r, b: qs.tail_ratio(r),
    "recovery_factor": lambda qs, r, b: qs.recovery_factor(r),
    "psr": lambda qs, r, b: qs.probabilistic_sharpe_ratio(r, periods=N, annualize=False),
}
TWO: dict[str, Call] = {
    "alpha": lambda qs, r, b: qs.greeks(r, b, periods=N)["alpha"],
    "beta": lambda qs, r, b: qs.greeks(r, b, periods=N)["beta"],
    "r_squared": lambda qs, r, b: qs.r_squared(r, b),
    "information_ratio": lambda qs, r, b: qs.information_ratio(r, b),
    "treynor": lambda qs, r, b: qs.treynor_ratio(r, b, periods=N),
}
EVERY = {**ONE, **TWO}


def made(kind: str) -> Series:
    random = np.random.default_rng(29)
    n = 65 if kind == "short" else 600
    b = random.standard_t(4, n) * 0.007 + 0.0002
    r = 0.7 * b + random.standard_t(4, n) * 0.006 + 0.0003
    if kind == "loss first":
        r[0] = -0.2
    if kind == "mostly still":
        r[random.random(n) < 0.8] = 0.0
    if kind == "ends below water":
        r[-50:] = -np.abs(r[-50:])
    if kind == "large":
        r *= 6.0
    if kind == "rises only":
        r = np.abs(r) + 1e-4
    if kind == "falls only":
        r = -np.abs(r) - 1e-4
    if kind == "still":
        r[:] = 0.0
    if kind == "against itself":
        b = r.copy()
    return r, b


ORDINARY = ("plain", "short", "loss first", "mostly still", "ends below water", "large")
# Series on which numbers are undefined, and what the library prints there though we have none.
ODD: dict[str, dict[str, float]] = {
    "rises only": {"period_profit_factor": math.inf, "calmar": math.inf},
    "falls only": {},
    "still": {"period_profit_factor": 0.0, "positive_period_rate": 0.0, "expected_shortfall": 0.0, "treynor": 0.0},
    "against itself": {"information_ratio": 0.0},
}


@cache
def ours(kind: str) -> Metrics:
    r, b = made(kind)
    times = np.arange(r.size + 1) * DAY
    return metrics_from_returns(r, times, Convention("quantstats", N), Benchmark(b, times[1:]))


def theirs(name: str, kind: str) -> float:
    qs = pytest.importorskip("quantstats.stats")
    r, b = (pd.Series(one, index=pd.date_range("2020-01-01", periods=one.size)) for one in made(kind))
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")  # those of another library
        try:
            return float(EVERY[name](qs, r, b))
        except ValueError:  # scipy refuses a line through one point
            return math.nan


@pytest.mark.pitfall("MET-03")
@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("kind", ORDINARY)
def test_an_ordinary_series_has_the_librarys_numbers(name: str, kind: str) -> None:
    assert ours(kind)[name] == pytest.approx(theirs(name, kind), rel=1e-11)


@pytest.mark.parametrize("name", EVERY)
@pytest.mark.parametrize("kind", ODD)
def test_an_odd_series_has_the_librarys_numbers_where_they_are_defined(name: str, kind: str) -> None:
    found, other = ours(kind), theirs(name, kind)
    if name in ODD[kind]:
        assert math.isnan(found[name])
        assert other == pytest.approx(ODD[kind][name], abs=0.0)
    elif math.isnan(other):
        assert math.isnan(found[name])
        assert found.reasons[name]
    else:
        assert found[name] == pytest.approx(other, rel=1e-11, abs=1e-15)


def test_every_number_that_the_convention_replaces_is_compared() -> None:
    assert set(REPLACED["quantstats"]) - {"excess_kurtosis"} <= set(EVERY)
