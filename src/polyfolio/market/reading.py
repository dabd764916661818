"""How market rows are to be read: the options every source takes, each checked before a file is opened."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime
from typing import Any

from polyfolio.errors import DataError
from polyfolio.rules.arguments import closest


@dataclass(frozen=True)
class Reading:
    """Options of `read_csv`, `read_parquet`, `tape_from_frame`, `tape_from_arrays` and of every registered source.

    Attributes:
        symbols: symbols to take, in slot order; empty for all with a bar in the span, in order of first appearance.
        start: first time, included; None for the first row. A time without a zone is one of the calendar; a date, or
            a midnight without a zone, means the whole day.
        end: last time, included, in the same way.
        interval: length of a bar, "5min", "1h", "1d", "1w" or "month"; None takes the usual step of the rows.
        stamps: "close" where rows are stamped with the time their bar closed, "open" where with its opening; those
            are moved to the close.
        calendar: "24/7", "24/5" or an exchange code such as "XNYS". Daily stamps at midnight are labels of a session
            there, whichever `stamps` says.
        timezone: zone of stamps written without one; None refuses them.
        instruments: file or frame of the instrument table.
        base_currency: currency of the accounts, and of instruments that name none.
        fx: which symbol converts a currency into the base currency, e.g. {"EUR": "EURUSD", "JPY": "1/USDJPY"}.
        adjusted: True where prices are adjusted for dividends and splits; a column `adj_close` makes them so.
        dividends: False leaves the file's dividends aside.
        splits: False leaves the file's splits aside, as prices adjusted for splits alone need it.
        bars_per_year: closings a year, where the calendar's own number is not wanted.
    """

    symbols: tuple[str, ...] = ()
    start: str | date | datetime | None = None
    end: str | date | datetime | None = None
    interval: str | None = None
    stamps: str = "close"
    calendar: str = "24/7"
    timezone: str | None = None
    instruments: Any = None
    base_currency: str = "USD"
    fx: Mapping[str, str] = field(default_factory=dict)
    adjusted: bool = False
    dividends: bool = True
    splits: bool = True
    bars_per_year: float | None = None

    def __post_init__(self) -> None:
        if isinstance(self.symbols, str):
            raise DataError("symbols", self.symbols, "a list of symbols", f"Write symbols=[{self.symbols!r}].")
        object.__setattr__(self, "symbols", tuple(self.symbols))
        if len(set(self.symbols)) < len(self.symbols):
            raise DataError("symbols", list(self.symbols), "unique", "Name each symbol once.")
        if self.stamps not in ("open", "close"):
            raise DataError("stamps", self.stamps, "open or close", "Say which end of its bar a row is stamped with.")
        if self.bars_per_year is not None and not self.bars_per_year > 0.0:
            raise DataError("bars_per_year", self.bars_per_year, "above 0", "Give the number of closings in a year.")


def reading_of(options: Mapping[str, Any]) -> Reading:
    """The options as one record.

    Raises:
        DataError: an option nobody knows, named with the closest one.
    """
    known = [item.name for item in fields(Reading)]
    for name in options:
        if name not in known:
            raise DataError("option", name, "one of " + ", ".join(known), closest(name, known))
    return Reading(**options)
