"""What a network or file source gives: the bars of one symbol, and the contract of whatever fetches them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import KW_ONLY, dataclass, fields, replace
from datetime import date, datetime
from typing import Any, Protocol

import numpy as np

from polyfolio.core.tape import PRICES
from polyfolio.core.types import Floats, Ints
from polyfolio.errors import DataError
from polyfolio.market.columns import NOTHING

Moment = str | date | datetime | int  # an int is nanoseconds since 1970, UTC
EXTRAS = ("bid", "ask", "dividends", "splits", "adj_close")


@dataclass(frozen=True, eq=False)
class Bars:
    """The bars of one symbol, as a source answered; nothing is filled, sorted or corrected here.

    Attributes:
        symbol: as it was asked for, whatever the venue calls it.
        times: closes of the bars, int64 nanoseconds, UTC.
        open: first price.
        high: highest price.
        low: lowest price.
        close: last price.
        volume: NaN where unknown.
        bid: at the close; None where the source has no quotes.
        ask: at the close.
        dividends: per share, gone ex on the bar; 0 where none.
        splits: new shares for one old; 1 where none.
        adj_close: close adjusted for dividends and splits.
        interval: length of a bar, such as "5min", "1h", "1d".
        source: name of the source.
        findings: what a reader must know, a sentence each: gaps, bars left out, a span the source does not reach.
    """

    symbol: str
    times: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    _: KW_ONLY
    bid: Floats | None = None
    ask: Floats | None = None
    dividends: Floats | None = None
    splits: Floats | None = None
    adj_close: Floats | None = None
    interval: str
    source: str
    findings: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "times", np.ascontiguousarray(self.times, dtype=np.int64))
        for name in (*PRICES, "volume", *EXTRAS):
            if getattr(self, name) is not None:
                object.__setattr__(self, name, np.ascontiguousarray(getattr(self, name), dtype=np.float64))
        for name, array in self.columns().items():
            if array.shape != self.times.shape or array.ndim != 1:
                bound = f"one per time, {self.times.size}"
                raise DataError(f"{name}[{self.symbol}]", array.shape, bound, "Give one value per bar.")

    @property
    def size(self) -> int:
        """Number of bars."""
        return int(self.times.size)

    def columns(self) -> dict[str, Floats]:
        """The fields the bars have, by name; open, high, low, close and volume come first."""
        named = {name: getattr(self, name) for name in (*PRICES, "volume", *EXTRAS)}
        return {name: array for name, array in named.items() if array is not None}

    def take(self, rows: Any) -> Bars:
        """The bars of a mask, a slice or an order of rows; everything else stays."""
        return replace(self, times=self.times[rows], **{name: array[rows] for name, array in self.columns().items()})

    def found(self, *findings: str) -> Bars:
        """The same bars with further findings."""
        return replace(self, findings=tuple(dict.fromkeys((*self.findings, *findings))))


class BarSource(Protocol):
    """What fetches bars.

    `fetch` gives one entry per symbol asked for, in that order, times rising, every close in the span. It raises
    DataError or ConfigError for what asking again cannot mend (a symbol nobody knows, credentials refused), RetryError
    for the rest. What is missing of the span is a finding that begins with "gap"; `gaps` in `market/span.py` finds it.

    A source whose settings change its answers has a text `identity` that tells them apart; see `identity_of`.
    """

    @property
    def name(self) -> str:
        """What findings and errors call it."""
        ...

    @property
    def streams(self) -> bool:
        """Whether it has `stream`."""
        ...

    def fetch(self, symbols: Sequence[str], start: Moment, end: Moment, interval: str) -> dict[str, Bars]:
        """The bars whose close lies from start to end, both included; a date is the whole day."""
        ...

    def stream(self, symbols: Sequence[str], interval: str) -> Iterator[Bars]:
        """One closed bar of one symbol at a time, as they close, for sources with `streams = True`."""
        ...


def identity_of(source: BarSource) -> str:
    """What the answers of a source depend on besides the question; its name where it says nothing else."""
    return str(getattr(source, "identity", source.name))


def chained(parts: Sequence[Bars]) -> Bars:
    """Parts of one symbol in the order of time as one; a time that two parts have is taken from the later part.

    Raises:
        DataError: parts of several symbols or intervals.
    """
    first = parts[0]
    for part in parts:
        for name in ("symbol", "interval"):
            if getattr(part, name) != getattr(first, name):
                bound = f"{getattr(first, name)}, as the first part"
                raise DataError(f"{name} of a part", getattr(part, name), bound, "Chain the parts of one symbol.")
    times = np.concatenate([part.times for part in parts])
    order = np.argsort(times, kind="stable")
    last = np.append(times[order][1:] != times[order][:-1], True) if times.size else np.zeros(0, bool)
    keep = order[last]
    columns: dict[str, Any] = {}
    for name in (item.name for item in fields(Bars)):
        if name in (*PRICES, "volume") or (name in EXTRAS and any(getattr(part, name) is not None for part in parts)):
            columns[name] = np.concatenate([_filled(part, name) for part in parts])[keep]
    findings = tuple(dict.fromkeys(finding for part in parts for finding in part.findings))
    return replace(first, times=times[keep], findings=findings, **columns)


def _filled(part: Bars, name: str) -> Floats:
    array: Floats | None = getattr(part, name)
    return np.full(part.size, NOTHING.get(name, np.nan)) if array is None else array
