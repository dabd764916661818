"""The span a fetch is asked for, and what is missing of it: gaps are counted in the time the exchange was open."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from polyfolio.core.types import Ints
from polyfolio.errors import ConfigError, DataError
from polyfolio.market.bars import Moment
from polyfolio.market.calendar import ALWAYS, Hours, hours_of
from polyfolio.market.exchange import Sessions, sessions_of
from polyfolio.market.intervals import DAY, word
from polyfolio.market.stamps import bound, show

SHOWN = 3  # gaps named in one finding
MARGIN = 7  # days around a span: its edges may fall on holidays


@dataclass(frozen=True)
class Span:
    """First and last closing time asked for, both included.

    Attributes:
        first: nanoseconds, UTC.
        last: nanoseconds, UTC.
        length: of a bar.
        calendar: of the bars.
    """

    first: int
    last: int
    length: int
    calendar: str

    @property
    def opens(self) -> int:
        """Opening of the first bar that may close in the span."""
        return self.first - self.length


def span_of(start: Moment, end: Moment, length: int, calendar: str) -> Span:
    """The closing times a start and an end let in; dates and times without a zone are those of the calendar.

    Raises:
        DataError: the start is after the end.
    """
    zone = hours_of(calendar).timezone
    first, last = (
        given if isinstance(given, int) else int(bound(given, name, zone) or 0)
        for given, name in ((start, "start"), (end, "end"))
    )
    if first > last:
        raise DataError("start", str(start), f"before the end ({end})", "Swap or widen the two times.")
    return Span(first, last, length, calendar)


def gaps(times: Ints, span: Span, now: int) -> tuple[str, ...]:
    """A sentence for each kind of thing that is missing of a span: its beginning, its end, bars between.

    Args:
        times: closes of the bars, rising, inside the span.
        span: asked for.
        now: later closes are not missing yet.
    """
    last = min(span.last, now)
    if last < span.first:
        return ()
    try:
        count = _counter(span, last)
    except (ConfigError, DataError) as error:
        return (f"gaps not checked: {error}",)
    if times.size == 0:
        expected = count.ended(span.first - 1, last)
        return (f"gap: no bar at all from {show(span.first)} to {show(last)}, {expected} were due",) if expected else ()
    between = count.skipped(times)
    late, early = count.begun(span.first, int(times[0])), count.ended(int(times[-1]), last)
    places = np.flatnonzero(between > 0)
    found = []
    if late > 0:
        found.append(f"gap: begins {show(int(times[0]))}, {late} bars after the start {show(span.first)}")
    if places.size:
        named = ", ".join(f"{show(int(times[at]))} to {show(int(times[at + 1]))}" for at in places[:SHOWN])
        more = f" and {places.size - SHOWN} more" if places.size > SHOWN else ""
        total, kind = int(between[places].sum()), word(span.length)
        found.append(f"gap: {total} bars of {kind} missing in {places.size} places: {named}{more}")
    if early > 0:
        found.append(f"gap: ends {show(int(times[-1]))}, {early} bars before the end {show(last)}")
    return tuple(found)


class _Hours:
    """Counts bars in the time an exchange was open.

    Args:
        starts: of uninterrupted trading; empty where it never ends.
        ends: of the same.
        length: of a bar.
    """

    def __init__(self, starts: Ints, ends: Ints, length: int) -> None:
        self.starts, self.ends, self.length = starts, ends, length
        self.slack = length // 2 if length > DAY else 0  # weeks and months vary in length
        self.before = np.concatenate([[0], np.cumsum(ends - starts)])

    def passed(self, times: Ints) -> Ints:
        """Nanoseconds of trading up to a time."""
        if self.ends.size == 0:
            return times
        segment = np.searchsorted(self.ends, times, side="left")
        inside = np.maximum(times - self.starts[np.minimum(segment, self.ends.size - 1)], 0)
        return np.asarray(self.before[segment] + np.where(segment < self.ends.size, inside, 0), dtype=np.int64)

    def skipped(self, times: Ints) -> Ints:
        """Bars missing after each time but the last."""
        # Rounded up: a session's short last bar that is missing counts too.
        steps = np.diff(self.passed(times)) + self.slack
        return np.asarray(np.maximum(-(-steps // self.length) - 1 - (self.slack > 0), 0), dtype=np.int64)

    def begun(self, first: int, close: int) -> int:
        """Bars missing before the first close."""
        early, late = (int(time) for time in self.passed(np.array([first - 1, close])))
        return max(late - early - 1 - self.slack, 0) // self.length

    def ended(self, close: int, last: int) -> int:
        """Bars missing after the last close."""
        early, late = (int(time) for time in self.passed(np.array([close, last])))
        return max(late - early - self.slack, 0) // self.length


class _Days:
    """Counts sessions by their day: a half day's bar may stand at the regular close."""

    def __init__(self, sessions: Sessions, hours: Hours) -> None:
        self.sessions, self.hours = sessions, hours
        self.latest = np.maximum(sessions.closes, hours.closes(sessions.days))

    def number(self, times: Ints) -> Ints:
        """Sessions up to the one a bar belongs to."""
        return np.asarray(np.searchsorted(self.sessions.days, self.hours.days(times), side="right"), dtype=np.int64)

    def skipped(self, times: Ints) -> Ints:
        """Sessions missing after each time but the last."""
        return np.asarray(np.maximum(np.diff(self.number(times)) - 1, 0), dtype=np.int64)

    def begun(self, first: int, close: int) -> int:
        """Sessions missing before the first close."""
        before = int((self.latest < first).sum())
        return max(int(self.number(np.array([close]))[0]) - before - 1, 0)

    def ended(self, close: int, last: int) -> int:
        """Sessions missing after the last close."""
        return max(int((self.latest <= last).sum()) - int(self.number(np.array([close]))[0]), 0)


def _counter(span: Span, last: int) -> _Hours | _Days:
    if span.calendar == ALWAYS or span.length > DAY:
        nothing = np.zeros(0, np.int64)
        return _Hours(nothing, nothing, span.length)
    sessions = sessions_of(span.calendar, span.first // DAY - MARGIN, last // DAY + MARGIN)
    if span.length == DAY:
        return _Days(sessions, hours_of(span.calendar))
    return _Hours(*sessions.segments(), span.length)
