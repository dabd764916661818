"""The tape: market rows in arrays of (row, slot), with their calendar, universe and instrument table."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from polyfolio.core.records import INSTRUMENT
from polyfolio.core.types import Flags, Floats, Ints
from polyfolio.errors import DataError

PRICES = ("open", "high", "low", "close")
OPTIONAL = ("spread", "dividends", "splits", "borrow", "funding")
NANOSECONDS_PER_DAY = 86_400_000_000_000


@dataclass(frozen=True)
class Calendar:
    """When bars close.

    Attributes:
        name: exchange code, or "24/7".
        bars_per_year: closings in one year of this calendar, NaN when unknown.
        days_per_year: session days in one year.
        source: how the two were found; printed beside every annualised number.
        day: the session day of each row (days since 1970-01-01), in the calendar's own time zone.
    """

    name: str
    bars_per_year: float
    days_per_year: float
    source: str
    day: Ints


@dataclass(frozen=True)
class Universe:
    """What the slots are.

    Attributes:
        symbols: one per slot, unique.
        labels: label vectors, e.g. {"sector": ("tech", "energy")}, one value per slot.
        currencies: the currency of each slot.
        base_currency: the currency of the accounts.
    """

    symbols: tuple[str, ...]
    labels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    currencies: tuple[str, ...] = ()
    base_currency: str = "USD"

    def slot(self, symbol: str) -> int:
        """Slot of a symbol."""
        try:
            return self.symbols.index(symbol)
        except ValueError:
            known = ", ".join(self.symbols[:12])
            raise DataError(
                "symbol",
                symbol,
                f"one of the tape's {len(self.symbols)} symbols ({known})",
                "Add it to the tape or correct its spelling.",
            ) from None


@dataclass(frozen=True, eq=False)
class Tape:
    """Market rows. A row is stamped with the time its bar closed (nanoseconds since 1970, UTC).

    Arrays are float64 (rows, slots), C-contiguous and read-only. A missing price is NaN in `close` and 0 in
    `tradable`. `volume` may be NaN (unknown). Optional arrays are None where the tape has none: `spread` in price
    units, `dividends` in money per unit on the ex-date, `splits` as new units per old (1 or NaN = none), `borrow`
    as a yearly rate, `funding` as a rate at the stamps where it is paid (NaN = none).
    """

    times: Ints
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    volume: Floats
    tradable: Flags
    calendar: Calendar
    universe: Universe
    instruments: np.ndarray  # INSTRUMENT[slots]
    spread: Floats | None = None
    dividends: Floats | None = None
    splits: Floats | None = None
    borrow: Floats | None = None
    funding: Floats | None = None

    def __post_init__(self) -> None:
        for name in (*PRICES, "volume", *OPTIONAL):
            array = getattr(self, name)
            if array is None:
                continue
            array = np.ascontiguousarray(array, dtype=np.float64)
            if array.shape != (self.times.size, len(self.universe.symbols)):
                raise DataError(
                    name,
                    array.shape,
                    f"of shape {(self.times.size, len(self.universe.symbols))}",
                    "Give one row per time and one column per symbol.",
                )
            array.flags.writeable = False
            object.__setattr__(self, name, array)
        check_times(self.times)
        check_prices(self)

    @property
    def rows(self) -> int:
        """Number of rows."""
        return int(self.times.size)

    @property
    def slots(self) -> int:
        """Number of slots."""
        return len(self.universe.symbols)

    @property
    def symbols(self) -> tuple[str, ...]:
        """One symbol per slot."""
        return self.universe.symbols

    def digest(self) -> str:
        """Digest (hex) of everything a result depends on; computed once, since nothing of a tape changes."""
        known: str | None = self.__dict__.get("_digest")
        if known is None:
            known = self._computed_digest()
            object.__setattr__(self, "_digest", known)
        return known

    def _computed_digest(self) -> str:
        digest = hashlib.sha256()
        for array in (
            self.times,
            self.open,
            self.high,
            self.low,
            self.close,
            self.volume,
            self.tradable,
            self.instruments,
            self.calendar.day,
        ):
            digest.update(np.ascontiguousarray(array).tobytes())
        for name in OPTIONAL:
            array = getattr(self, name)
            digest.update(name.encode() + (b"" if array is None else array.tobytes()))
        digest.update(
            repr(
                (
                    self.universe.symbols,
                    sorted(self.universe.labels.items()),
                    self.universe.currencies,
                    self.universe.base_currency,
                    self.calendar.name,
                    self.calendar.bars_per_year,
                    self.calendar.days_per_year,
                )
            ).encode()
        )
        return digest.hexdigest()


def instrument_table(slots: int, **columns: Sequence[float] | float) -> np.ndarray:
    """An instrument table; what is not given is multiplier 1, any lot, any tick, no minimum, base currency."""
    table = np.zeros(slots, INSTRUMENT)
    table["multiplier"] = 1.0
    table["fx_slot"] = -1
    for name, values in columns.items():
        table[name] = values
    return table


def check_times(times: Ints) -> None:
    """Refuse times that do not grow."""
    if times.size < 2:
        raise DataError("times", int(times.size), "at least 2 rows", "Give a longer tape.")
    steps = np.diff(times)
    if (steps <= 0).any():
        row = int(np.argmax(steps <= 0)) + 1
        kind = "duplicated" if times[row] == times[row - 1] else "unsorted"
        stamp = np.datetime64(int(times[row]), "ns")
        raise DataError(
            f"times[{row}]",
            str(stamp),
            "later than the row before it",
            f"The times are {kind}: sort the rows and keep one row per time.",
        )


def check_prices(tape: Tape) -> None:
    """Refuse prices that are not positive where the slot is tradable, and bars whose extremes do not hold."""
    on = tape.tradable != 0
    for name in PRICES:
        array = getattr(tape, name)
        bad = on & ~(np.isfinite(array) & (array > 0.0))
        if bad.any():
            row, slot = (int(i) for i in np.argwhere(bad)[0])
            raise DataError(
                f"{name}[{tape.symbols[slot]}] at {np.datetime64(int(tape.times[row]), 'ns')} (row {row})",
                float(array[row, slot]),
                "finite and above 0 in a tradable row",
                "Correct the value, drop the bar, or mark the row as not tradable.",
            )
    bad = on & ((tape.low > np.minimum(tape.open, tape.close)) | (tape.high < np.maximum(tape.open, tape.close)))
    if bad.any():
        row, slot = (int(i) for i in np.argwhere(bad)[0])
        values = tuple(float(getattr(tape, name)[row, slot]) for name in PRICES)
        raise DataError(
            f"bar[{tape.symbols[slot]}] at {np.datetime64(int(tape.times[row]), 'ns')} (row {row})",
            values,
            "low <= open, close <= high",
            "Correct the bar or mark the row as not tradable.",
        )
    if (tape.volume < 0.0).any():
        row, slot = (int(i) for i in np.argwhere(tape.volume < 0.0)[0])
        raise DataError(
            f"volume[{tape.symbols[slot]}] (row {row})",
            float(tape.volume[row, slot]),
            "0 or more, or NaN where unknown",
            "Correct the value.",
        )
