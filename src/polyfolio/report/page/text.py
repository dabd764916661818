"""How values are printed on a page, and by what they are sorted."""

from __future__ import annotations

import html
import math
import re
from datetime import date, datetime
from typing import Any

import numpy as np

from polyfolio.report.page.parts import Unit

NOTHING = "–"
MINUS = "−"
NARROW = "\u00a0"
WORDS = ("text", "date")
DAY = 86_400_000_000_000
# Money of this size and more is printed without its hundredths in a tile.
ROUNDED = 10_000.0


def escaped(value: object) -> str:
    """Text that is safe inside an element and inside a quoted attribute."""
    return html.escape(str(value), quote=True)


def prose(text: str) -> str:
    """Sentences as HTML: a number and its percent sign stay on one line, its minus is a minus."""
    return re.sub(r"(?<![\w.,-])-(?=\d)", MINUS, escaped(text)).replace(" %", f"{NARROW}%")


def number_of(value: Any) -> float | None:
    """The value as a finite float; None for words, empty cells, NaN and infinities."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, float, np.integer, np.floating)):
        return None
    found = float(value)
    return found if math.isfinite(found) else None


def printed(value: Any, unit: Unit, *, short: bool = False) -> str:
    """A value as words.

    Args:
        value: number, words, a stamp; None and NaN give a dash.
        unit: percent multiplies by 100; a `date` is datetime64, a datetime, nanoseconds since 1970 or words.
        short: in a tile: large money without hundredths, the name of the unit behind days and bars.
    """
    if value is None or (isinstance(value, (float, np.floating)) and math.isnan(value)):
        return NOTHING
    if unit == "date":
        return stamp(value)
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    if not isinstance(value, (int, float, np.integer, np.floating)):
        return str(value)
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    text = _number(float(value), unit, short)
    # A value that is rounded away has no sign.
    return (
        text.replace("-", MINUS, 1)
        if text.startswith("-") and any(one in "123456789" for one in text)
        else (text.removeprefix("-"))
    )


def _number(value: float, unit: Unit, short: bool) -> str:
    if unit == "percent":
        return f"{value:.2%}".replace("%", f"{NARROW}%")
    if unit == "money":
        return f"{value:,.0f}" if short and abs(value) >= ROUNDED else f"{value:,.2f}"
    if unit == "ratio":
        return f"{value:,.2f}"
    if unit == "count":
        return f"{value:,.0f}"
    if unit in ("days", "bars"):
        return f"{value:,.1f}".removesuffix(".0") + (f"{NARROW}{unit}" if short else "")
    return _plain(value)


def _plain(value: float) -> str:
    """At least four digits that matter, without an exponent where it can be read without one."""
    size = abs(value)
    if size and (size < 1e-4 or size >= 1e15):
        return f"{value:.4g}"
    digits = 0 if size == 0.0 or size >= 1e4 else max(0, 3 - math.floor(math.log10(size)))
    text = f"{value:,.{digits}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def stamp(value: Any) -> str:
    """A moment as ISO words, UTC, without its time at midnight."""
    if isinstance(value, (datetime, date)):
        return str(value).removesuffix(" 00:00:00")
    if isinstance(value, np.datetime64):
        value = value.astype("datetime64[ns]").astype(np.int64)
    if not isinstance(value, (int, np.integer)):
        return str(value)
    nanos = int(value)
    if nanos == np.iinfo(np.int64).min:
        return NOTHING
    moment = np.datetime64(nanos, "ns")
    if nanos % DAY == 0:
        return str(moment.astype("datetime64[D]"))
    return str(moment.astype("datetime64[s]")).replace("T", " ").removesuffix(":00")
