"""From the rows of a journal to events, in the order in which they happened: by time, then by phase of the bar.

A row's events follow one another so: what its fill phases did, the bar that closed, its indicators, the decision made
at its close (signal, risk, order), fills at that same close, the portfolio's mark.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np

from polyfolio.core.codes import Event as Code
from polyfolio.core.codes import FillAt, Level, Moment, Reason, Status
from polyfolio.core.journal import Journal
from polyfolio.core.tape import PRICES, Tape
from polyfolio.core.timeline import Timeline
from polyfolio.errors import ConfigError
from polyfolio.features.columns import Columns
from polyfolio.objects.events import ALL, Event, EventBus, EventType
from polyfolio.objects.indicators import columns_of

# Phases of a row.
FILLED, CLOSED, SHOWN, DECIDED, FILLED_AT_CLOSE, MARKED = range(6)

TYPES = {
    Code.SIGNAL: EventType.SIGNAL,
    Code.CUT: EventType.RISK,
    Code.LIMIT: EventType.RISK,
    Code.HOLD: EventType.RISK,
    Code.ORDER: EventType.ORDER,
    Code.REFUSED: EventType.REJECTED,
    Code.STATUS: EventType.STATUS,
    Code.CARRY: EventType.PORTFOLIO,
    Code.FLOW: EventType.PORTFOLIO,
}
# What `before` and `after` of a journal's event mean, by its code.
NAMES = {
    Code.SIGNAL: ("signal", "want"),
    Code.ORDER: ("held", "quantity"),
    Code.REFUSED: ("wanted", "left"),
    Code.LIMIT: ("value", "bound"),
    Code.CARRY: ("before", "after"),
}
NEED_EVERYTHING = {EventType.FILL, *TYPES.values()} - {EventType.PORTFOLIO}


class Told(NamedTuple):
    """Where an event stands in the order of a run, and what builds it."""

    row: int
    phase: int
    lane: int
    sequence: int
    type: EventType
    payload: Callable[[], Mapping[str, Any]]


class EventStream:
    """The events of a run for a bus, rows at a time.

    Args:
        bus: who listens.
        tape: the market rows.
        journal: the run's journal; it may grow between two calls.
        fill: price an order of each lane meets (`FillAt`).
        indicators: names of each lane's indicators.
    """

    def __init__(
        self, bus: EventBus, tape: Tape, journal: Journal, fill: Mapping[str, int], indicators: Mapping[str, Any]
    ) -> None:
        bus.refuse_unknown(journal.lanes)
        refuse_level(bus, journal.level)
        self.bus, self.tape, self.journal, self.fill, self.indicators = bus, tape, journal, fill, indicators
        self.row = -1
        self._ended: set[str] = set()
        self._columns: Columns | None = None
        self._bar: tuple[int, Mapping[str, Any]] = (-1, {})

    def advance(self, row: int) -> None:
        """Tell what happened after the rows told so far, up to a row."""
        first, self.row = self.row + 1, max(row, self.row)
        if not self.bus.subscriptions:
            return
        told = [item for lane in range(len(self.journal.lanes)) for item in self._of_lane(lane, first, self.row)]
        for item in sorted(told, key=lambda item: item[:4]):
            self._publish(item.type, self.journal.lanes[item.lane], item.row, item.payload())

    def end(self, namespace: str | None = None) -> None:
        """The data have ended: once for a namespace that is removed, or once for each and then for all."""
        for name in self.journal.lanes if namespace is None else (namespace,):
            if name not in self._ended:
                self._ended.add(name)
                self._publish(EventType.END_OF_DATA, name, max(self.row, 0), {})
        if namespace is None and ALL not in self._ended:
            self._ended.add(ALL)
            self._publish(EventType.END_OF_DATA, ALL, max(self.row, 0), {})

    def follow(self, journal: Journal, fill: Mapping[str, int], indicators: Mapping[str, Any]) -> None:
        """Go on with a run that has further lanes."""
        self.journal, self.fill, self.indicators, self._columns = journal, fill, indicators, None

    def _publish(self, kind: EventType, namespace: str, row: int, payload: Mapping[str, Any]) -> None:
        stamp = np.datetime64(int(self.tape.times[row]), "ns")
        self.bus.publish(Event(kind, namespace, stamp, MappingProxyType(dict(payload)), row))

    def _of_lane(self, lane: int, first: int, last: int) -> Iterator[Told]:
        name = self.journal.lanes[lane]
        if name in self._ended:
            return
        wanted = {kind for kind in EventType if self.bus.hears(name, kind)}
        rows = range(first, last + 1)
        if EventType.BAR in wanted:
            yield from (Told(row, CLOSED, lane, 0, EventType.BAR, self._bar_of(row)) for row in rows)
        if EventType.INDICATORS in wanted and self.indicators.get(name):
            shown = self._shown(self.indicators[name])
            yield from (Told(row, SHOWN, lane, 0, EventType.INDICATORS, shown(row)) for row in rows)
        yield from self._decisions(lane, first, last, wanted)
        if EventType.FILL in wanted:
            yield from self._fills(lane, first, last)
        if EventType.PORTFOLIO in wanted:
            marks = within(self.journal.marks, lane, first, last)
            yield from (Told(int(m["row"]), MARKED, lane, 0, EventType.PORTFOLIO, mark_of(m)) for m in marks)

    def _decisions(self, lane: int, first: int, last: int, wanted: set[EventType]) -> Iterator[Told]:
        if not wanted & set(TYPES.values()) or self.journal.level < Level.FULL:
            return
        events = self.journal.events
        mine = events[events["lane"] == lane]
        none = mine[:0]
        deciding = Timeline(self.journal.lanes[lane], "", -1, mine, none, none, None).deciding
        for sequence in np.flatnonzero((mine["row"] >= first) & (mine["row"] <= last)).tolist():
            event = mine[sequence]
            kind = TYPES[Code(int(event["event"]))]
            if kind in wanted:
                phase = DECIDED if deciding[sequence] else FILLED
                yield Told(int(event["row"]), phase, lane, sequence, kind, event_of(event, self.tape.symbols))

    def _fills(self, lane: int, first: int, last: int) -> Iterator[Told]:
        at_close = self.fill[self.journal.lanes[lane]] == FillAt.SAME_CLOSE
        for sequence, fill in enumerate(within(self.journal.fills, lane, first, last)):
            phase = FILLED_AT_CLOSE if at_close and fill["moment"] == Moment.CLOSE else FILLED
            # After the events of its phase: an order that is cut at the fill is rejected before the rest fills.
            place = sequence + self.journal.events.size
            yield Told(int(fill["row"]), phase, lane, place, EventType.FILL, fill_of(fill, self.tape.symbols))

    def _bar_of(self, row: int) -> Callable[[], Mapping[str, Any]]:
        def build() -> Mapping[str, Any]:
            if self._bar[0] != row:
                fields = {name: getattr(self.tape, name)[row].tolist() for name in (*PRICES, "volume")}
                cells = zip(*fields.values(), strict=True)
                bars = {s: dict(zip(fields, c, strict=True)) for s, c in zip(self.tape.symbols, cells, strict=True)}
                self._bar = (row, bars)
            return self._bar[1]

        return build

    def _shown(self, names: Any) -> Callable[[int], Callable[[], Mapping[str, Any]]]:
        columns = self._computed()
        mine = columns_of_lane(columns, names)

        def at(row: int) -> Callable[[], Mapping[str, Any]]:
            symbols = self.tape.symbols
            return lambda: {n: dict(zip(symbols, columns.column(n)[row].tolist(), strict=True)) for n in mine}

        return at

    def _computed(self) -> Columns:
        if self._columns is None:
            self._columns = columns_of(self.indicators.values(), self.tape)
        return self._columns


def columns_of_lane(columns: Columns, names: Any) -> tuple[str, ...]:
    """The columns of a lane's indicators: their own name, or several that begin with it."""
    return tuple(c for c in columns if any(c == name or c.startswith(f"{name}_") for name in names))


def within(rows: np.ndarray, lane: int, first: int, last: int) -> np.ndarray:
    """Rows first..last of a lane."""
    part: np.ndarray = rows[(rows["lane"] == lane) & (rows["row"] >= first) & (rows["row"] <= last)]
    return part


def refuse_level(bus: EventBus, level: Level) -> None:
    """Refuse what the journal does not keep; "*" takes what there is."""
    for one in bus.subscriptions:
        needed = Level.FULL if one.type in NEED_EVERYTHING else Level.SUMMARY
        if one.active and one.type in {*NEED_EVERYTHING, EventType.PORTFOLIO} and level < needed:
            word = needed.name.lower()
            raise ConfigError("journal", level.name.lower(), f"{word} for events of type {one.type}", f"Keep {word}.")


def event_of(event: Any, symbols: tuple[str, ...]) -> Callable[[], Mapping[str, Any]]:
    """The payload of a row of the journal's events."""

    def build() -> Mapping[str, Any]:
        code, slot = Code(int(event["event"])), int(event["slot"])
        whose = {"symbol": symbols[slot] if slot >= 0 else None, "reason": Reason(int(event["reason"])).name.lower()}
        if code is Code.STATUS:
            return {**whose, "status": Status(int(event["after"])).name.lower()}
        before, after = NAMES.get(code, ("before", "after"))
        values = {before: float(event["before"]), after: float(event["after"])}
        return {**whose, "kind": code.name.lower(), **values}

    return build


def fill_of(fill: Any, symbols: tuple[str, ...]) -> Callable[[], Mapping[str, Any]]:
    """The payload of a fill."""
    names = ("quantity", "price", "reference", "commission", "slippage", "impact", "realised")

    def build() -> Mapping[str, Any]:
        said = {"moment": Moment(int(fill["moment"])).name.lower(), "reason": Reason(int(fill["reason"])).name.lower()}
        return {"symbol": symbols[int(fill["slot"])], **{name: float(fill[name]) + 0.0 for name in names}, **said}

    return build


def mark_of(mark: Any) -> Callable[[], Mapping[str, Any]]:
    """The payload of a lane's mark: its levels at the close and the terms of the bar."""
    names = tuple(name for name in mark.dtype.names if name not in ("row", "lane", "status"))

    def build() -> Mapping[str, Any]:
        levels = {name: float(mark[name]) for name in names}
        return {"kind": "mark", "status": Status(int(mark["status"])).name.lower(), **levels}

    return build
