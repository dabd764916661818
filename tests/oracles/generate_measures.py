"""Frozen values of return statistics from independent libraries.

Run once per environment, each part merges its own keys into measures.json:

    python generate_measures.py series      numpy: writes measures.npz, the three series
    python generate_measures.py research    quantstats 0.0.86, skfolio 1.12.2, scipy 1.17.1, pandas 3
    python generate_measures.py peers       empyrical-reloaded 0.7.1, ffn 1.4.1
"""

from __future__ import annotations

import argparse
import json
import math
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).parent
SERIES = HERE / "measures.npz"
VALUES = HERE / "measures.json"
N = 252


def business_days(start: str, n: int) -> np.ndarray:
    days = np.arange(np.datetime64(start, "D"), np.datetime64(start, "D") + 2 * n + 10)
    return days[np.is_busday(days)][:n]


def make_series() -> None:
    """f1 is the reference series; f2 is fat-tailed and skewed and loses; f3 is long, calm and negatively related."""
    rng = np.random.default_rng(7)
    n = 756
    bench = rng.standard_t(4, n) * 0.008 + 0.0003
    r = 0.9 * bench + rng.standard_t(4, n) * 0.006 + 0.0004
    r[0] = -0.05
    out = {"f1_returns": r, "f1_benchmark": bench, "f1_days": business_days("2020-01-02", n), "f1_base": "2020-01-01"}
    rng = np.random.default_rng(11)
    n = 501
    bench = rng.standard_normal(n) * 0.02 - 0.001
    r = 0.4 * bench + np.expm1(0.03 * rng.standard_normal(n)) - 0.002 * rng.exponential(1.0, n)
    r[5] = r[9] = 0.0
    out |= {"f2_returns": r, "f2_benchmark": bench, "f2_days": business_days("2018-06-01", n), "f2_base": "2018-05-31"}
    rng = np.random.default_rng(13)
    n = 1003
    bench = rng.standard_normal(n) * 0.01 + 0.0002
    r = -0.3 * bench + rng.standard_normal(n) * 0.004 + 0.0006
    out |= {"f3_returns": r, "f3_benchmark": bench, "f3_days": business_days("2015-01-05", n), "f3_base": "2015-01-02"}
    arrays = {k: v.astype(np.int64) if k.endswith("days") else v for k, v in out.items() if not k.endswith("base")}
    arrays |= {k: np.array(np.datetime64(v, "D").astype(np.int64)) for k, v in out.items() if k.endswith("base")}
    np.savez_compressed(SERIES, **arrays)


def frames() -> dict[str, tuple[Any, Any, Any]]:
    """Per series: returns and benchmark as pandas series, and prices from the base date on."""
    import pandas as pd

    out = {}
    with np.load(SERIES) as stored:
        for name in ("f1", "f2", "f3"):
            index = pd.DatetimeIndex(stored[f"{name}_days"].astype("datetime64[D]").astype("datetime64[ns]"))
            base = pd.DatetimeIndex([np.datetime64(int(stored[f"{name}_base"]), "D").astype("datetime64[ns]")])
            r = pd.Series(stored[f"{name}_returns"], index=index)
            wealth = pd.Series(np.concatenate([[1.0], np.cumprod(1.0 + r.to_numpy())]), index=base.append(index))
            out[name] = (r, pd.Series(stored[f"{name}_benchmark"], index=index), wealth)
    return out


def quantstats_values(r: Any, b: Any) -> dict[str, float]:
    import quantstats.stats as qs

    return {
        "total_return": qs.comp(r),
        "cagr": qs.cagr(r, periods=N),
        "annual_volatility": qs.volatility(r, periods=N),
        "sharpe": qs.sharpe(r, periods=N),
        "sortino": qs.sortino(r, periods=N),
        "omega": qs.omega(r, periods=N),
        "gain_to_pain": qs.gain_to_pain_ratio(r),
        "period_profit_factor": qs.profit_factor(r),
        "positive_period_rate": qs.win_rate(r),
        "best": qs.best(r),
        "worst": qs.worst(r),
        "max_drawdown": qs.max_drawdown(r),
        "calmar": qs.calmar(r, periods=N),
        "ulcer_index": qs.ulcer_index(r),
        "value_at_risk": -qs.value_at_risk(r),
        "expected_shortfall": -qs.cvar(r),
        "es_historical": -qs.cvar(r, method="historical"),
        "skew": qs.skew(r),
        "kurtosis": qs.kurtosis(r),
        "alpha": qs.greeks(r, b, periods=N)["alpha"],
        "beta": qs.greeks(r, b, periods=N)["beta"],
        "information_ratio": qs.information_ratio(r, b),
        "treynor": qs.treynor_ratio(r, b, periods=N),
        "r_squared": qs.r_squared(r, b),
        "recovery_factor": qs.recovery_factor(r),
        "tail_ratio": qs.tail_ratio(r),
        "psr": qs.probabilistic_sharpe_ratio(r, periods=N, annualize=False),
    }


def research_values(r: Any) -> dict[str, float]:
    """What skfolio, scipy and pandas say about our own definitions."""
    import scipy.stats
    from skfolio import measures as sk

    values = r.to_numpy()
    drawdowns = sk.get_drawdowns(values, compounded=True)
    ewma = math.sqrt((r**2).ewm(alpha=0.06, adjust=False).mean().iloc[-1])
    z = scipy.stats.norm.ppf(0.95)
    return {
        "skew": scipy.stats.skew(values),
        "kurtosis": scipy.stats.kurtosis(values, fisher=False),
        "excess_kurtosis": scipy.stats.kurtosis(values),
        "value_at_risk": sk.value_at_risk(values, beta=0.95),
        "expected_shortfall": sk.cvar(values, beta=0.95),
        "max_drawdown": -sk.max_drawdown(drawdowns),
        "ulcer_index": sk.ulcer_index(drawdowns),
        "pain_index": sk.average_drawdown(drawdowns),
        "dar": sk.drawdown_at_risk(drawdowns, beta=0.95),
        "cdar": sk.cdar(drawdowns, beta=0.95),
        "psr": sk.probabilistic_sharpe_ratio(values),
        "var_ewma": ewma * z,
        "es_ewma": ewma * scipy.stats.norm.pdf(z) / 0.05,
    }


def empyrical_values(r: Any, b: Any) -> dict[str, float]:
    import empyrical as ep

    return {
        "total_return": ep.cum_returns_final(r),
        "cagr": ep.annual_return(r),
        "annual_volatility": ep.annual_volatility(r),
        "sharpe": ep.sharpe_ratio(r),
        "sortino": ep.sortino_ratio(r),
        "omega": ep.omega_ratio(r),
        "max_drawdown": ep.max_drawdown(r),
        "calmar": ep.calmar_ratio(r),
        "value_at_risk": -ep.value_at_risk(r),
        "expected_shortfall": -ep.conditional_value_at_risk(r),
        "tail_ratio": ep.tail_ratio(r),
        "stability": ep.stability_of_timeseries(r),
        "beta": ep.beta(r, b),
        "alpha": ep.alpha(r, b),
        "information_ratio": ep.excess_sharpe(r, b),
        "up_capture": ep.up_capture(r, b),
        "down_capture": ep.down_capture(r, b),
        "batting_average": ep.batting_average(r, b)["batting average"] if hasattr(ep, "batting_average") else None,
    }


def ffn_values(r: Any, b: Any, wealth: Any) -> dict[str, float]:
    import ffn

    stats = ffn.PerformanceStats(wealth, annualization_factor=N)
    return {
        "total_return": ffn.calc_total_return(wealth),
        "cagr": ffn.calc_cagr(wealth),
        "sharpe": ffn.calc_sharpe(r, nperiods=N),
        "sortino": ffn.calc_sortino_ratio(r, nperiods=N),
        "max_drawdown": ffn.calc_max_drawdown(wealth),
        "calmar": ffn.calc_calmar_ratio(wealth),
        "skew": stats.daily_skew,
        "kurtosis": stats.daily_kurt,
        "information_ratio": ffn.core.calc_information_ratio(r, b),
        "monthly_sharpe": stats.monthly_sharpe,
    }


def merge(part: dict[str, dict[str, dict[str, float]]], packages: list[str]) -> None:
    stored = json.loads(VALUES.read_text(encoding="utf-8")) if VALUES.exists() else {"versions": {}, "values": {}}
    stored["versions"] |= {package: version(package) for package in packages}
    for library, series in part.items():
        clean = {name: {k: float(v) for k, v in values.items() if v is not None} for name, values in series.items()}
        stored["values"][library] = clean
    VALUES.write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=("series", "research", "peers"))
    part = parser.parse_args().part
    warnings.simplefilter("ignore")
    if part == "series":
        make_series()
    elif part == "research":
        data = frames()
        merge(
            {
                "quantstats": {k: quantstats_values(r, b) for k, (r, b, _) in data.items()},
                "reference": {k: research_values(r) for k, (r, _, _) in data.items()},
            },
            ["quantstats", "skfolio", "scipy", "pandas", "numpy"],
        )
    else:
        data = frames()
        merge(
            {
                "empyrical": {k: empyrical_values(r, b) for k, (r, b, _) in data.items()},
                "ffn": {k: ffn_values(r, b, w) for k, (r, b, w) in data.items()},
            },
            ["empyrical-reloaded", "ffn"],
        )


if __name__ == "__main__":
    main()
