"""Small markets and strategies whose results are computed by hand."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from polyfolio.core.tape import Calendar, Tape, Universe, instrument_table
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.rules.spec import Spec
from polyfolio.strategies.base import Strategy

DAY = 86_400_000_000_000
FIRST = 19_723  # 2024-01-01
CAPITAL = 10_000.0


def market(close: Any, **arrays: Any) -> Tape:
    """Daily rows of names A, B, ...; opens, highs and lows are the close where they are not given."""
    path = np.array(close, dtype=np.float64)
    path = path[:, None] if path.ndim == 1 else path
    rows, slots = path.shape
    day = np.arange(rows, dtype=np.int64) + FIRST
    opened = np.array(arrays.pop("open", path), dtype=np.float64).reshape(path.shape)
    top, bottom = np.maximum(opened, path), np.minimum(opened, path)
    labels = arrays.pop("labels", {})
    return Tape(
        times=day * DAY + DAY,
        open=opened,
        high=np.array(arrays.pop("high", top), dtype=np.float64).reshape(path.shape),
        low=np.array(arrays.pop("low", bottom), dtype=np.float64).reshape(path.shape),
        close=path,
        volume=np.array(arrays.pop("volume", np.full(path.shape, 1e9))).reshape(path.shape),
        tradable=arrays.pop("tradable", np.ones(path.shape, np.uint8)),
        calendar=Calendar("24/7", 365.25, 365.25, "given", day),
        universe=Universe(tuple("ABCDEFGH"[:slots]), labels),
        instruments=instrument_table(slots),
        **arrays,
    )


def walk(rows: int = 200, slots: int = 3, seed: int = 3) -> Tape:
    """Random prices with opens, shadows and volume."""
    random = np.random.default_rng(seed)
    steps = random.normal(0.0, 0.02, (rows, slots))
    close = 100.0 * np.exp(np.cumsum(steps, axis=0))
    opened = close * np.exp(-steps * random.random((rows, slots)))
    shadow = np.exp(random.random((rows, slots)) * 0.01)
    high, low = np.maximum(opened, close) * shadow, np.minimum(opened, close) / shadow
    return market(close, open=opened, high=high, low=low, volume=random.uniform(1e5, 1e6, (rows, slots)))


def spec(strategy: dict[str, Any] | None = None, **sections: Any) -> Spec:
    """One lane with this capital; it buys half of A at once and keeps it where no strategy is named."""
    named = {"name": "buy_and_hold", "params": {"weights": {"A": 0.5}}} if strategy is None else strategy
    account = {"initial_capital": CAPITAL, **sections.pop("account", {})}
    lane = {"name": "lane", "account": account, "strategy": named, **sections}
    return Spec(name="referee", journal="full", checked=True, lanes=[lane])  # type: ignore[call-arg]


def units(fee: float) -> float:
    """Units of A at a price of 100 that are half of 10,000 after a fee on their value: 5,000 / (1 + fee / 2) / 100."""
    return 50.0 / (1.0 + 0.5 * fee)


def own(name: str, **params: Any) -> dict[str, Any]:
    """A strategy of this module."""
    return {"name": f"tests.backtests.referee.worlds:{name}", "params": params}


class Forgets(Strategy):
    """The row's close over the first of the tape, with a warm-up too short for it."""

    @property
    def warmup(self) -> int:
        """Two rows."""
        return 2

    def signals(self, tape: Tape) -> Floats:
        """Up or down since the first row."""
        return np.sign(tape.close - tape.close[0])


class Between(Strategy):
    """Half of A, held over the closes `start` to `end` - 1 of the tape."""

    sizing: ClassVar[str] = "weights"
    space: ClassVar[dict[str, Any]] = {"start": [2, 4, 8], "end": {"low": 10, "high": 60, "whole": True}}

    def __init__(self, *, start: int = 4, end: int = 30) -> None:
        self.start = start
        self.end = end

    @property
    def warmup(self) -> int:
        """One row."""
        return 1

    def signals(self, tape: Tape) -> Floats:
        """0.5 inside, 0 outside; it counts rows from the first day of the calendar, so a later window agrees."""
        if self.start >= self.end:
            raise ConfigError("start", self.start, f"below end ({self.end})", "Swap them.")
        number = tape.calendar.day - FIRST
        out = np.zeros((tape.rows, tape.slots))
        out[:, 0] = np.where((number >= self.start) & (number < self.end), 0.5, 0.0)
        return out


class Oracle(Strategy):
    """Knows the next bar: holds all of each name that rises from the next open to the close after it."""

    sizing: ClassVar[str] = "weights"

    def signals(self, tape: Tape) -> Floats:
        """The names that rise next, in equal parts."""
        rises = np.zeros((tape.rows, tape.slots))
        rises[:-2] = tape.open[2:] > tape.open[1:-1]
        return np.asarray(rises / tape.slots, dtype=np.float64)


class Silent(Strategy):
    """Never an opinion."""

    sizing: ClassVar[str] = "weights"

    def signals(self, tape: Tape) -> Floats:
        """NaN."""
        return np.full((tape.rows, tape.slots), np.nan)
