"""Lengths of bars: words for them, the usual step of rows, and whether the two agree."""

from __future__ import annotations

import re

import numpy as np

from polyfolio.core.types import Ints
from polyfolio.errors import DataError

SECOND = 1_000_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
MONTH = 365.25 / 12 * DAY  # the mean month: twelve are a year
UNITS = {"s": SECOND, "min": 60 * SECOND, "m": 60 * SECOND, "h": HOUR, "d": DAY, "w": 7 * DAY}


def nanoseconds(interval: str) -> int:
    """The length a word such as "5min", "1h", "1d" or "month" stands for."""
    text = str(interval).strip()
    if text in ("month", "1mo"):
        return int(MONTH)
    match = re.fullmatch(r"(\d+) ?(s|min|m|h|d|w)", text)
    if match is None or int(match.group(1)) == 0:
        raise DataError("interval", interval, "a number and s, min, h, d or w, or month", "Write it like 5min or 1h.")
    return int(match.group(1)) * UNITS[match.group(2)]


def word(length: int) -> str:
    """The word for a length."""
    if length == int(MONTH):
        return "month"
    for unit in ("w", "d", "h", "min", "s"):
        if length % UNITS[unit] == 0:
            return f"{length // UNITS[unit]}{unit}"
    return f"{length / SECOND:g}s"


def usual_step(steps: Ints) -> int:
    """The most frequent step between rows; steps of 28 to 31 days are a month.

    Args:
        steps: nanoseconds between neighbouring rows of a symbol, all above 0.
    """
    if steps.size == 0:
        raise DataError("interval", None, "given where no symbol has two rows", "Give interval=, such as 1h.")
    lengths, counts = np.unique(steps, return_counts=True)
    most = int(np.argmax(counts))
    if 28 * DAY <= lengths[most] <= 31 * DAY:
        return int(MONTH)
    if counts[most] * 2 < steps.size:
        share = f"{word(int(lengths[most]))} stands in {counts[most] / steps.size:.0%}"
        raise DataError(
            "interval", None, f"given where the steps of the rows vary ({share})", "Give interval=, such as 1h."
        )
    return int(lengths[most])


def agreed(interval: str | None, steps: Ints) -> int:
    """The length of a bar, given or usual. A given one must be the smallest step of the rows.

    A longer one would let bars overlap; with a shorter one, rows stamped at their opening would be known too early.
    """
    if interval is None:
        return usual_step(steps)
    length = nanoseconds(interval)
    # A day is 23 or 25 hours long when clocks change; weeks and months vary by days.
    slack = 0 if length < DAY else HOUR if length == DAY else length // 4
    if steps.size and abs(int(steps.min()) - length) > slack:
        raise DataError(
            "interval",
            interval,
            f"the smallest step of the rows, {word(int(steps.min()))}",
            "Correct it, or leave it out to take the usual step.",
        )
    return length
