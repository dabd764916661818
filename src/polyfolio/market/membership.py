"""Which symbols belong to a universe on which day: an index as it was, not as it is today."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from os import PathLike
from typing import Any

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Flags, Floats, Ints
from polyfolio.errors import DataError
from polyfolio.market.columns import canonical, symbols_of
from polyfolio.market.intervals import DAY
from polyfolio.market.stamps import Place, show, utc_nanoseconds
from polyfolio.market.tables import table_of
from polyfolio.rules.arguments import closest

FOREVER = np.iinfo(np.int64).max // DAY
SPELLINGS = {"first_month": "start", "last_month": "end", "from": "start", "until": "end", "added": "start"}


@dataclass(frozen=True, eq=False)
class Membership:
    """Spells of membership.

    Attributes:
        symbols: of each spell; one may come back and have several.
        starts: first day of each spell, days since 1970-01-01.
        ends: last day of each spell.
    """

    symbols: tuple[str, ...]
    starts: Ints
    ends: Ints

    def on(self, day: int) -> tuple[str, ...]:
        """The members of a day, in the order of the spells."""
        now = (self.starts <= day) & (day <= self.ends)
        return tuple(dict.fromkeys(self.symbols[number] for number in np.flatnonzero(now)))

    def mask(self, tape: Tape) -> Flags:
        """1 where a slot is a member on the session day of a row, [rows, slots]."""
        out = np.zeros((tape.rows, tape.slots), np.uint8)
        slots = {symbol: slot for slot, symbol in enumerate(tape.symbols)}
        for symbol, start, end in zip(self.symbols, self.starts, self.ends, strict=True):
            if symbol in slots:
                low = np.searchsorted(tape.calendar.day, start, side="left")
                high = np.searchsorted(tape.calendar.day, end, side="right")
                out[low:high, slots[symbol]] = 1
        return out

    def absent(self, tape: Tape) -> tuple[str, ...]:
        """Symbols that are members on some day of the tape and have no slot in it: what survivorship hides."""
        first, last = int(tape.calendar.day[0]), int(tape.calendar.day[-1])
        during = np.flatnonzero((self.starts <= last) & (self.ends >= first))
        return tuple(sorted({self.symbols[number] for number in during} - set(tape.symbols)))


def only_members(signals: Floats, members: Flags) -> Floats:
    """Signals that go flat where a slot is not a member: what is held of it is sold, and nothing of it is bought."""
    if signals.shape != members.shape:
        raise DataError("signals", signals.shape, f"of shape {members.shape}", "Take the mask of the same tape.")
    return np.where(members != 0, signals, 0.0)


def membership(source: str | PathLike[str] | Any) -> Membership:
    """Membership from a CSV or Parquet file or a frame of spells.

    Args:
        source: columns symbol, start and end (both days are included, an empty end goes on), or symbol, first_month
            and last_month (the whole of both months).

    Example:
        >>> members = membership("index.csv").mask(tape)
    """
    frame, name = table_of(source, "membership", ("symbol", "start", "end"))

    def place(row: int) -> str:
        return f"{name}, row {row}"

    words = [canonical(own) for own in frame.columns]
    monthly = "first_month" in words
    columns = {SPELLINGS.get(word, word): own for word, own in zip(words, frame.columns, strict=True)}
    for key in ("symbol", "start", "end"):
        if key not in columns:
            raise DataError(f"columns of {name}", key, "present", closest(key, columns))
    starts = _days(frame[columns["start"]], place)
    open_ended = _empty(frame[columns["end"]])
    ends = np.full(len(frame), FOREVER, np.int64)
    given = np.flatnonzero(~open_ended)
    ends[given] = _days(frame[columns["end"]].iloc[given], lambda row: place(int(given[row])))
    if monthly:
        ends[given] = _last_of_month(ends[given])
    codes, known = symbols_of(frame[columns["symbol"]], place)
    symbols = tuple(known[code] for code in codes)
    _refuse_reversed(symbols, starts, ends, place)
    return Membership(symbols, starts, ends)


def _empty(column: Any) -> Any:
    """Entries without a date."""
    return (column.isna() | (column.astype("str").str.strip() == "")).to_numpy(dtype=bool)


def _days(column: Any, place: Place) -> Ints:
    if not len(column):
        return np.zeros(0, np.int64)
    return utc_nanoseconds(column, "UTC", place) // DAY


def _last_of_month(days: Ints) -> Ints:
    months = days.astype("datetime64[D]").astype("datetime64[M]")
    return np.asarray((months + 1).astype("datetime64[D]").astype(np.int64) - 1)


def _refuse_reversed(symbols: Iterable[str], starts: Ints, ends: Ints, place: Place) -> None:
    wrong = ends < starts
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"end[{tuple(symbols)[row]}] ({place(row)})",
            show(int(ends[row]) * DAY),
            f"not before its start, {show(int(starts[row]) * DAY)}",
            "Correct the spell.",
        )
