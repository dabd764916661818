"""Times as nanoseconds since 1970, UTC. A time without a zone is refused unless its zone is given."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np

from polyfolio.core.types import Ints
from polyfolio.errors import DataError
from polyfolio.market.intervals import DAY

Place = Callable[[int], str]

ZONE = r"(?:[Zz]|[+-]\d{2}(?::?\d{2})?)$"
CLOCK = r"\d[T ]\d"
NAIVE_REMEDY = "Give timezone=, the zone the times are written in, or write them with their offset."
FIRST_YEAR, LAST_YEAR = 1678, 2261  # whole years that nanoseconds in 64 bits reach
# Epochs from 1973 to 5138 in seconds; three more digits for each finer unit.
EPOCHS = {"s": 1, "ms": 10**3, "us": 10**6, "ns": 10**9}


def utc_nanoseconds(values: Any, timezone: str | None, place: Place) -> Ints:
    """Any column of times as nanoseconds, UTC.

    Args:
        values: datetimes, ISO 8601 text, or epochs (s, ms, us, ns by their size).
        timezone: zone of times written without one.
        place: where a row stands, for messages.
    """
    import pandas as pd  # noqa: PLC0415

    column = pd.Series(values).reset_index(drop=True)
    if pd.api.types.is_float_dtype(column.dtype) and (column % 1 == 0).all():
        column = column.astype(np.int64)
    if pd.api.types.is_integer_dtype(column.dtype):
        return _epochs(column.to_numpy(np.int64), place)
    if not pd.api.types.is_datetime64_any_dtype(column.dtype):
        column = _parsed(column, place)
    empty = column.isna().to_numpy()
    if empty.any():
        raise DataError(f"timestamp ({place(int(np.argmax(empty)))})", None, "a time in every row", "Drop the row.")
    stamps = pd.DatetimeIndex(column)
    _refuse_far(stamps, place)
    if stamps.tz is None:
        stamps = _localised(stamps, timezone, place)
    return np.asarray(stamps.tz_convert("UTC").as_unit("ns").asi8, dtype=np.int64)


def _refuse_far(stamps: Any, place: Place) -> None:
    """Refuse times that nanoseconds in 64 bits do not reach, such as the year 9999 for "never"."""
    if len(stamps) and not FIRST_YEAR <= stamps.min().year <= stamps.max().year <= LAST_YEAR:
        years = np.asarray(stamps.year)
        row = int(np.argmax((years < FIRST_YEAR) | (years > LAST_YEAR)))
        bound = f"from the year {FIRST_YEAR} to {LAST_YEAR}"
        raise DataError(f"timestamp ({place(row)})", str(stamps[row]), bound, "Correct the time, or drop the row.")


def _epochs(numbers: Ints, place: Place) -> Ints:
    for factor in EPOCHS.values():
        inside = (numbers >= 10**8 * factor) & (numbers < 10**11 * factor)
        if inside.all():
            return np.asarray(numbers * (10**9 // factor), dtype=np.int64)
    row = int(np.argmin(numbers))
    raise DataError(
        f"timestamp ({place(row)})",
        int(numbers[row]),
        "an epoch in s, ms, us or ns, one unit for all",
        "Write the times as ISO 8601 text, such as 2024-01-31T14:30:00Z.",
    )


def _parsed(column: Any, place: Place) -> Any:
    """Text as datetimes: all of them with a zone, or none."""
    import pandas as pd  # noqa: PLC0415

    text = column.astype("str").str.strip()
    zoned = (text.str.contains(ZONE, regex=True) & text.str.contains(CLOCK, regex=True)).to_numpy(dtype=bool)
    parsed = pd.to_datetime(text, format="ISO8601", utc=True, errors="coerce")
    wrong = parsed.isna().to_numpy()
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"timestamp ({place(row)})", column.iloc[row], "a time, ISO 8601", "Write it like 2024-01-31T14:30:00Z."
        )
    if zoned.any() and not zoned.all():
        row = int(np.argmax(zoned != zoned[0]))
        raise DataError(
            f"timestamp ({place(row)})",
            text.iloc[row],
            f"{'with' if zoned[0] else 'without'} a time zone, like the rows before it",
            "Mixed time zones: write every time with its offset, such as +00:00.",
        )
    return parsed if zoned.all() else parsed.dt.tz_localize(None)


def _localised(stamps: Any, timezone: str | None, place: Place) -> Any:
    if timezone is None:
        where, value = (f"timestamp ({place(0)})", str(stamps[0])) if len(stamps) else ("timestamp", None)
        raise DataError(where, value, "a time with its zone", NAIVE_REMEDY)
    zone(timezone)
    localised = stamps.tz_localize(timezone, ambiguous="NaT", nonexistent="NaT")
    wrong = np.asarray(localised.isna())
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"timestamp ({place(row)})",
            str(stamps[row]),
            f"a time that exists once in {timezone}",
            "The clock changes there: write the times with their offset, such as -05:00.",
        )
    return localised


def zone(name: str) -> ZoneInfo:
    """The time zone of a name."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        raise DataError(
            "timezone", name, "a name of the time zone database", "Write it like America/New_York, or UTC."
        ) from None


def bound(given: str | date | datetime | None, key: str, timezone: str) -> int | None:
    """The first (key "start") or last ("end") closing time that a start or end lets in.

    A date, or a midnight without a zone, is a whole session day: a bar that closes at its first instant belongs to
    the day before, one that closes at its last instant belongs to it.
    """
    if given is None:
        return None
    try:
        moment = datetime.fromisoformat(given) if isinstance(given, str) else given
    except ValueError:
        raise DataError(
            key, given, "a date or time, ISO 8601", "Write it like 2024-01-31 or 2024-01-31T14:30:00Z."
        ) from None
    if not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    if moment.tzinfo is not None:
        return epoch(moment)
    whole = moment.time() == time()
    if whole and key == "end":
        moment += timedelta(days=1)
    return epoch(moment.replace(tzinfo=zone(timezone))) + (1 if whole and key == "start" else 0)


def epoch(moment: datetime) -> int:
    """Nanoseconds since 1970 of a time with its zone."""
    return round(moment.timestamp() * 1_000_000) * 1_000


def show(stamp: int) -> str:
    """A time as text, without the clock where it is midnight."""
    text = str(np.datetime64(int(stamp), "ns"))
    return text[:10] if stamp % DAY == 0 else text[:19] + "Z"
