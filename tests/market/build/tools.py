"""Small tapes made by hand for the builders."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from polyfolio.core.tape import Tape
from polyfolio.market.frame import tape_from_arrays


def stamps(*texts: str) -> np.ndarray:
    """Nanoseconds of times written in UTC."""
    return np.array([pd.Timestamp(text, tz="UTC").as_unit("ns").value for text in texts], np.int64)


def shown(times: Any) -> list[str]:
    """Times as text, to the minute."""
    return [str(stamp)[:16] for stamp in np.asarray(times).astype("datetime64[ns]")]


def minutes(first: str, count: int, step: str = "1min") -> np.ndarray:
    """Closing times of bars that follow each other."""
    return np.asarray(pd.date_range(first, periods=count, freq=step, tz="UTC").as_unit("ns").asi8, np.int64)


def tape_of(times: np.ndarray, *closes: Any, symbols: tuple[str, ...] = (), **options: Any) -> Tape:
    """A tape whose open is the close before, high and low one apart from both, volume 1 to n."""
    columns = [np.asarray(column, float) for column in closes]
    names = symbols or tuple(f"S{number}" for number in range(len(columns)))
    close = np.stack(columns, axis=1)
    before = np.concatenate([close[:1], close[:-1]])
    open_ = np.where(np.isnan(before), close, before)
    fields = {
        "open": np.where(np.isnan(close), np.nan, open_),
        "high": np.maximum(open_, close) + 1.0,
        "low": np.minimum(open_, close) - 1.0,
        "close": close,
        "volume": np.where(np.isnan(close), np.nan, np.arange(1.0, len(times) + 1)[:, None]),
    }
    extra = {
        name: options.pop(name) for name in ("dividends", "splits", "funding", "borrow", "spread") if name in options
    }
    fields |= {name: np.asarray(values, float) for name, values in extra.items()}
    switches = {"dividends": "dividends" in extra, "splits": "splits" in extra}
    return tape_from_arrays(times, names, fields, **switches, **options)


def same(one: Tape, other: Tape, rows: int | None = None) -> None:
    """The first rows of two tapes are equal, bit by bit."""
    count = rows if rows is not None else one.rows
    for name in ("times", "open", "high", "low", "close", "volume", "tradable", "spread", "dividends", "splits"):
        a, b = getattr(one, name), getattr(other, name)
        assert (a is None) == (b is None), name
        if a is not None:
            np.testing.assert_array_equal(a[:count], b[:count], err_msg=name)
