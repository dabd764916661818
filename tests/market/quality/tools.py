"""Clean market rows made by hand, so that each test spoils what it is about."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd

from polyfolio.market.exchange import sessions_of
from polyfolio.market.intervals import DAY, nanoseconds
from polyfolio.market.quality import Report, check

FIELDS = ("open", "high", "low", "close", "volume")


def bars(stamps: Any, symbol: str = "AAA", seed: int = 1) -> pd.DataFrame:
    """Bars without a fault at given times: steps of about 1 %, whole volumes, no close twice."""
    stamps = pd.DatetimeIndex(stamps)
    random = np.random.default_rng(seed)
    closes = 100.0 * np.exp(
        np.cumsum(0.01 * random.choice([-1.0, 1.0], len(stamps)) * random.uniform(0.5, 1.5, len(stamps)))
    )
    opens = np.concatenate([[100.0], closes])[: len(stamps)]
    frame = pd.DataFrame({"timestamp": stamps, "symbol": symbol, "open": opens})
    frame["high"] = np.maximum(opens, closes) * 1.002
    frame["low"] = np.minimum(opens, closes) * 0.998
    frame["close"] = closes
    frame["volume"] = random.integers(1_000, 9_999, len(stamps)).astype(np.float64)
    return frame


def coins(count: int = 400, symbol: str = "AAA", start: str = "2024-01-01", freq: str = "h") -> pd.DataFrame:
    """Bars of a market that never closes."""
    return bars(pd.date_range(start, periods=count, freq=freq, tz="UTC"), symbol)


def days(first: str = "2024-01-02", last: str = "2024-12-31", name: str = "XNYS", symbol: str = "AAA") -> pd.DataFrame:
    """Daily bars of an exchange, labelled by midnight."""
    low, high = (int(np.datetime64(day, "D").astype(int)) for day in (first, last))
    stamps = sessions_of(name, low, high).days * DAY
    return bars(pd.DatetimeIndex(stamps.astype("datetime64[ns]"), tz="UTC"), symbol)


def minutes(
    first: str, last: str, interval: str = "5min", name: str = "XNYS", stamps: str = "open", symbol: str = "AAA"
) -> pd.DataFrame:
    """Bars inside the sessions of an exchange, each day written out bar by bar."""
    low, high = (int(np.datetime64(day, "D").astype(int)) for day in (first, last))
    sessions, length = sessions_of(name, low, high), nanoseconds(interval)
    times = []
    for begin, pause, resume, end in zip(
        sessions.opens, sessions.pauses, sessions.resumes, sessions.closes, strict=True
    ):
        for a, b in ((begin, pause), (resume, end)):
            opened = list(range(int(a), int(b), length))
            times += opened if stamps == "open" else [min(stamp + length, int(b)) for stamp in opened]
    return bars(pd.DatetimeIndex(np.array(times, np.int64).astype("datetime64[ns]"), tz="UTC"), symbol)


def several(make: Callable[..., pd.DataFrame], symbols: int, **options: Any) -> pd.DataFrame:
    """The same times for several symbols: S0, S1, ..."""
    return pd.concat([make(symbol=f"S{number}", **options) for number in range(symbols)], ignore_index=True)


def put(frame: pd.DataFrame, row: int, **cells: object) -> pd.DataFrame:
    """The frame with other cells in one row."""
    frame = frame.copy()
    for name, value in cells.items():
        if name not in frame:
            frame[name] = np.nan if name not in ("split", "dividend") else 0.0
        if isinstance(value, str):
            frame[name] = frame[name].astype(object)
        frame.loc[row, name] = value
    return frame


def found(report: Report, kind: str) -> tuple[str, int, tuple[str, ...]]:
    """Symbol, count and examples of the only finding of a kind."""
    (finding,) = report.of(kind)
    return finding.symbol, finding.count, finding.examples


def serious(report: Report) -> set[str]:
    """The kinds that are no notes."""
    return {finding.kind for finding in report.findings if finding.severity != "note"}


def fixed(source: Any, **options: Any) -> pd.DataFrame:
    """The cleaned copy alone."""
    frame, _ = check(source, **options).fixed()
    return frame
