"""What every lane reads of a row, worked out once per tape: marks, units, returns, volume and volatility, row flags."""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.codes import Period
from polyfolio.core.flags import CLOSED, DAY_END, DIVIDEND, FUNDING, SPLIT
from polyfolio.core.types import Flags, Floats, Ints
from polyfolio.kernels.compile import entry, kernel

_MINUTE = int(Period.MINUTE)
_HOUR = int(Period.HOUR)
_DAY = int(Period.DAY)
_WEEK = int(Period.WEEK)
_MONTH = int(Period.MONTH)


@kernel
def given(value: float) -> bool:
    """Whether an optional value is there: not NaN and not 0."""
    return value == value and value != 0.0


@entry
def last_good(close: Floats, tradable: Flags, splits: Floats, mark: Floats) -> None:
    """mark = the last close of a tradable row, restated at splits; NaN before the first."""
    for i in range(close.shape[1]):
        last = math.nan
        for t in range(close.shape[0]):
            ratio = splits[t if splits.shape[0] > 1 else 0, i]
            if ratio > 0.0 and ratio != 1.0:
                last /= ratio
            if tradable[t, i] != 0:
                last = close[t, i]
            mark[t, i] = last


@entry
def units(instruments: Any, price: Floats, out: Floats) -> None:
    """unit = multiplier * fx: what one price unit of one quantity is worth in the base currency.

    `price` holds the slots' prices of each row; an inverse pair quotes base per foreign the other way round.
    """
    for t in range(out.shape[0]):
        for i in range(out.shape[1]):
            pair = instruments[i].fx_slot
            rate = 1.0
            if pair >= 0:
                rate = price[t, pair]
                if instruments[i].fx_inverse:
                    rate = 1.0 / rate if rate > 0.0 else math.nan
            out[t, i] = instruments[i].multiplier * rate


@entry
def opens_of(open_: Floats, mark: Floats, tradable: Flags, out: Floats) -> None:
    """Prices known at the open: the open where the slot trades, else the last good price, restated at splits."""
    for t in range(open_.shape[0]):
        for i in range(open_.shape[1]):
            out[t, i] = open_[t, i] if tradable[t, i] != 0 else mark[t, i]


@entry
def bar_returns(mark: Floats, unit: Floats, dividends: Floats, splits: Floats, out: Floats) -> None:
    """r = (mark + dividend) * split ratio * unit / (mark before * unit before) - 1, in the base currency."""
    for i in range(mark.shape[1]):
        out[0, i] = math.nan
        for t in range(1, mark.shape[0]):
            paid = dividends[t if dividends.shape[0] > 1 else 0, i]
            ratio = splits[t if splits.shape[0] > 1 else 0, i]
            now = mark[t, i] + (paid if paid == paid else 0.0)
            if ratio > 0.0:
                now *= ratio
            many = unit.shape[0] > 1
            now *= unit[t if many else 0, i]
            before = mark[t - 1, i] * unit[t - 1 if many else 0, i]
            out[t, i] = now / before - 1.0 if before > 0.0 else math.nan


@entry
def period_returns(returns: Floats, ends: Ints, out: Floats) -> None:
    """Compound bar returns into risk observations: out[slot, k] covers the rows after ends[k] up to ends[k + 1]."""
    for i in range(returns.shape[1]):
        for k in range(ends.size - 1):
            growth = 1.0
            for t in range(ends[k] + 1, ends[k + 1] + 1):
                growth *= 1.0 + returns[t, i]
            out[i, k] = growth - 1.0


@kernel
def month_of(day: int) -> int:
    """Months since year 0 of a day counted from 1970-01-01 (proleptic Gregorian; days-from-civil inverted)."""
    shifted = day + 719_468
    era = shifted // 146_097
    of_era = shifted - era * 146_097
    year = (of_era - of_era // 1_460 + of_era // 36_524 - of_era // 146_096) // 365
    of_year = of_era - (365 * year + year // 4 - year // 100)
    month = (5 * of_year + 2) // 153
    return (year + era * 400) * 12 + month


@entry
def row_starts(opened: Ints, day: Ints, out: Ints) -> None:
    """Period bits: this row is the first bar of a minute, hour, day, week (Monday) or month.

    `opened` is when the row's bar opened (nanoseconds): a bar stamped with its close at 10:00 belongs to the hour
    before.
    """
    for t in range(day.size):
        if t == 0:
            out[t] = _MINUTE | _HOUR | _DAY | _WEEK | _MONTH
            continue
        bits = 0
        if opened[t] // 60_000_000_000 != opened[t - 1] // 60_000_000_000:
            bits |= _MINUTE
        if opened[t] // 3_600_000_000_000 != opened[t - 1] // 3_600_000_000_000:
            bits |= _HOUR
        if day[t] != day[t - 1]:
            bits |= _DAY
            if (day[t] + 3) // 7 != (day[t - 1] + 3) // 7:
                bits |= _WEEK
            if month_of(day[t]) != month_of(day[t - 1]):
                bits |= _MONTH
        out[t] = bits


@entry
def row_flags(tradable: Flags, splits: Floats, dividends: Floats, funding: Floats, day: Ints, out: Ints) -> None:
    """What a row brings beyond prices (`core.flags`)."""
    for t in range(tradable.shape[0]):
        bits = 0
        for i in range(tradable.shape[1]):
            ratio = splits[t if splits.shape[0] > 1 else 0, i]
            if given(ratio) and ratio != 1.0:
                bits |= SPLIT
            if given(dividends[t if dividends.shape[0] > 1 else 0, i]):
                bits |= DIVIDEND
            if given(funding[t if funding.shape[0] > 1 else 0, i]):
                bits |= FUNDING
            if tradable[t, i] == 0:
                bits |= CLOSED
        if t == day.size - 1 or day[t + 1] != day[t]:
            bits |= DAY_END
        out[t] = bits


@entry
def days_between(day: Ints, out: Floats) -> None:
    """Calendar days since the session day of the row before; 0 within a day and for the first row."""
    out[0] = 0.0
    for t in range(1, day.size):
        out[t] = float(day[t] - day[t - 1])


@entry
def expected_volumes(volume: Floats, clock: Ints, session: Ints, sessions: int, table: Floats, out: Floats) -> None:
    """Mean volume at the same time of day over so many sessions; NaN before there is one.

    They end with the session before the previous one: an order that is worked into the next day was placed when the
    previous one was over.

    Args:
        volume: float64[rows, slots]; NaN is left out.
        clock: number of the time of day of each row.
        session: number of the session of each row, ascending.
        sessions: how many are averaged.
        table: float64[times of day, sessions], overwritten.
    """
    rows, slots = volume.shape
    for i in range(slots):
        for time in range(table.shape[0]):
            for day in range(table.shape[1]):
                table[time, day] = math.nan
        for t in range(rows):
            table[clock[t], session[t]] = volume[t, i]
        for t in range(rows):
            last = session[t] - 1
            total = 0.0
            found = 0
            for day in range(max(last - sessions, 0), max(last, 0)):
                value = table[clock[t], day]
                if value == value:
                    total += value
                    found += 1
            out[t, i] = total / found if found > 0 else math.nan
