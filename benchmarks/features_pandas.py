"""A long frame, grouped by ticker, indicators written with rolling and ewm: the pipeline of many trading repositories.

What pandas cannot say without a Python loop over rows (SAR, KAMA, linear weights, regressions, Hilbert transforms ...)
is taken from TA-Lib inside the group, which is faster than what such pipelines do.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import talib


def ema(series: pd.Series, period: int) -> pd.Series:
    return series.ewm(span=period, adjust=False, min_periods=period).mean()


def wilder(series: pd.Series, period: int = 14) -> pd.Series:
    return series.ewm(alpha=1.0 / period, adjust=False, min_periods=period).mean()


def sma(series: pd.Series, period: int) -> pd.Series:
    return series.rolling(period).mean()


def true_range(g: pd.DataFrame) -> pd.Series:
    last = g["close"].shift(1)
    spans = (g["high"] - g["low"], (g["high"] - last).abs(), (g["low"] - last).abs())
    return np.maximum(np.maximum(spans[0], spans[1]), spans[2])


def rsi(close: pd.Series, period: int = 14) -> pd.Series:
    change = close.diff()
    up, down = wilder(change.clip(lower=0.0), period), wilder(-change.clip(upper=0.0), period)
    return 100.0 * up / (up + down)


def cmo(g: pd.DataFrame) -> list[pd.Series]:
    return [2.0 * rsi(g["close"]) - 100.0]


def macd(g: pd.DataFrame) -> list[pd.Series]:
    line = ema(g["close"], 12) - ema(g["close"], 26)
    signal = ema(line, 9)
    return [line, signal, line - signal]


def bbands(g: pd.DataFrame) -> list[pd.Series]:
    middle, width = sma(g["close"], 20), g["close"].rolling(20).std(ddof=0)
    return [middle + 2.0 * width, middle, middle - 2.0 * width]


def fast_k(g: pd.DataFrame) -> pd.Series:
    low, high = g["low"].rolling(14).min(), g["high"].rolling(14).max()
    return 100.0 * (g["close"] - low) / (high - low)


def stoch(g: pd.DataFrame) -> list[pd.Series]:
    k = sma(fast_k(g), 3)
    return [k, sma(k, 3)]


def stochf(g: pd.DataFrame) -> list[pd.Series]:
    return [fast_k(g), sma(fast_k(g), 3)]


def stochrsi(g: pd.DataFrame) -> list[pd.Series]:
    x = rsi(g["close"])
    low, high = x.rolling(5).min(), x.rolling(5).max()
    k = 100.0 * (x - low) / (high - low)
    return [k, sma(k, 3)]


def moves(g: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    up, down = g["high"].diff(), -g["low"].diff()
    return up.where((up > down) & (up > 0.0), 0.0), down.where((down > up) & (down > 0.0), 0.0)


def directions(g: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    plus, minus = moves(g)
    atr = wilder(true_range(g))
    return 100.0 * wilder(plus) / atr, 100.0 * wilder(minus) / atr


def dx(g: pd.DataFrame) -> pd.Series:
    plus, minus = directions(g)
    return 100.0 * (plus - minus).abs() / (plus + minus)


def adxr(g: pd.DataFrame) -> list[pd.Series]:
    adx = wilder(dx(g))
    return [(adx + adx.shift(13)) / 2.0]


def dema(g: pd.DataFrame) -> list[pd.Series]:
    one = ema(g["close"], 20)
    return [2.0 * one - ema(one, 20)]


def tema(g: pd.DataFrame) -> list[pd.Series]:
    one = ema(g["close"], 20)
    two = ema(one, 20)
    return [3.0 * one - 3.0 * two + ema(two, 20)]


def trix(g: pd.DataFrame) -> list[pd.Series]:
    return [100.0 * ema(ema(ema(g["close"], 30), 30), 30).pct_change()]


def typical(g: pd.DataFrame) -> pd.Series:
    return (g["high"] + g["low"] + g["close"]) / 3.0


def mfi(g: pd.DataFrame) -> list[pd.Series]:
    price = typical(g)
    flow, change = price * g["volume"], price.diff()
    up, down = flow.where(change > 0.0, 0.0).rolling(14).sum(), flow.where(change < 0.0, 0.0).rolling(14).sum()
    return [100.0 * up / (up + down)]


def accumulation(g: pd.DataFrame) -> pd.Series:
    width = (g["high"] - g["low"]).replace(0.0, np.nan)
    return (((2.0 * g["close"] - g["low"] - g["high"]) / width).fillna(0.0) * g["volume"]).cumsum()


def adosc(g: pd.DataFrame) -> list[pd.Series]:
    line = accumulation(g)
    return [ema(line, 3) - ema(line, 10)]


def ultosc(g: pd.DataFrame) -> list[pd.Series]:
    last = g["close"].shift(1)
    low, high = np.minimum(g["low"], last), np.maximum(g["high"], last)
    parts = [(g["close"] - low).rolling(n).sum() / (high - low).rolling(n).sum() for n in (7, 14, 28)]
    return [100.0 * (4.0 * parts[0] + 2.0 * parts[1] + parts[2]) / 7.0]


def willr(g: pd.DataFrame) -> list[pd.Series]:
    high, low = g["high"].rolling(14).max(), g["low"].rolling(14).min()
    return [-100.0 * (high - g["close"]) / (high - low)]


PANDAS: dict[str, Any] = {
    "sma": lambda g: [sma(g["close"], 20)],
    "ema": lambda g: [ema(g["close"], 20)],
    "dema": dema,
    "tema": tema,
    "trima": lambda g: [sma(sma(g["close"], 10), 11)],
    "bbands": bbands,
    "midpoint": lambda g: [(g["close"].rolling(14).max() + g["close"].rolling(14).min()) / 2.0],
    "midprice": lambda g: [(g["high"].rolling(14).max() + g["low"].rolling(14).min()) / 2.0],
    "rsi": lambda g: [rsi(g["close"])],
    "cmo": cmo,
    "macd": macd,
    "stoch": stoch,
    "stochf": stochf,
    "stochrsi": stochrsi,
    "dx": lambda g: [dx(g)],
    "plus_di": lambda g: [directions(g)[0]],
    "minus_di": lambda g: [directions(g)[1]],
    "plus_dm": lambda g: [wilder(moves(g)[0])],
    "minus_dm": lambda g: [wilder(moves(g)[1])],
    "adx": lambda g: [wilder(dx(g))],
    "adxr": adxr,
    "willr": willr,
    "ultosc": ultosc,
    "roc": lambda g: [100.0 * g["close"].pct_change(10)],
    "mom": lambda g: [g["close"].diff(10)],
    "trix": trix,
    "ppo": lambda g: [100.0 * (ema(g["close"], 12) / ema(g["close"], 26) - 1.0)],
    "apo": lambda g: [ema(g["close"], 12) - ema(g["close"], 26)],
    "bop": lambda g: [(g["close"] - g["open"]) / (g["high"] - g["low"])],
    "atr": lambda g: [wilder(true_range(g))],
    "natr": lambda g: [100.0 * wilder(true_range(g)) / g["close"]],
    "trange": lambda g: [true_range(g)],
    "mfi": mfi,
    "obv": lambda g: [(np.sign(g["close"].diff()).fillna(0.0) * g["volume"]).cumsum()],
    "ad": lambda g: [accumulation(g)],
    "adosc": adosc,
    "stddev": lambda g: [g["close"].rolling(20).std(ddof=0)],
    "var": lambda g: [g["close"].rolling(20).var(ddof=0)],
    "correl": lambda g: [g["close"].rolling(30).corr(g["volume"])],
    "typprice": lambda g: [typical(g)],
}


def by_talib(feature: Any, g: pd.DataFrame) -> list[pd.Series]:
    function = getattr(talib, feature.name.upper() if feature.name.startswith("ht_") else feature.function)
    found = function(*(g[name] for name in feature.inputs), *getattr(feature, "options", ()))
    return list(found) if isinstance(found, tuple) else [found]


def groupby_pipeline(features: Any, tape: Any) -> int:
    """The frame, its groups, a column per output; returns the bytes of the numbers."""
    fields = ("open", "high", "low", "close", "volume")
    frame = pd.DataFrame({name: getattr(tape, name).T.ravel() for name in fields})
    frame["symbol"] = np.repeat(tape.symbols, tape.rows)
    parts = []
    for _, group in frame.groupby("symbol", sort=False):
        columns = {}
        for feature in features:
            found = PANDAS[feature.name](group) if feature.name in PANDAS else by_talib(feature, group)
            columns.update(zip(feature.columns(), found, strict=True))
        parts.append(pd.DataFrame(columns))
    return int(pd.concat(parts).to_numpy().nbytes)
