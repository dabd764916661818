"""Small market rows made by hand, and files of them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from polyfolio.core.tape import Tape
from polyfolio.market.files import read_csv

HEADER = "timestamp,symbol,open,high,low,close,volume\n"


def line(stamp: str, symbol: str = "AAA", close: object = 10.0, volume: object = 100) -> str:
    """One CSV line whose four prices are equal."""
    return f"{stamp},{symbol},{close},{close},{close},{close},{volume}\n"


def days(count: int, symbol: str = "AAA", start: str = "2024-01-01", first: float = 10.0) -> pd.DataFrame:
    """Daily rows, UTC; the close grows by 1 a day."""
    stamps = pd.date_range(start, periods=count, freq="D", tz="UTC")
    closes = [first + number for number in range(count)]
    return pd.DataFrame(
        {
            "timestamp": stamps,
            "symbol": symbol,
            "open": closes,
            "high": closes,
            "low": closes,
            "close": closes,
            "volume": 100.0,
        }
    )


def csv_tape(folder: Path, text: str, **options: object) -> Tape:
    """The tape of a CSV text."""
    (folder / "bars.csv").write_text(text)
    return read_csv(folder / "bars.csv", **options)
