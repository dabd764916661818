"""An engine that is walked in stretches, to where somebody watches or listens."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from polyfolio.engine.engine import Engine
from polyfolio.objects.event_stream import EventStream
from polyfolio.objects.events import EventBus
from polyfolio.rules.spec import Spec

Progress = Callable[[int, int, Engine], None]

# Parts a run is cut into where somebody watches it; results do not depend on it.
PARTS = 60


@dataclass(eq=False)
class Walk:
    """The rows of a run.

    Attributes:
        engine: what is walked.
        stream: events for whoever listens; None for nobody.
    """

    engine: Engine
    stream: EventStream | None = None

    def to(self, until: int) -> None:
        """Every row before `until`."""
        self.engine.run(until=until)
        if self.stream is not None:
            self.stream.advance(self.engine.row)

    def watched(self, progress: Progress | None) -> None:
        """Every row that is left, in parts where somebody watches."""
        rows, begun = self.engine.tape.rows, self.engine.row + 1
        if progress is None:
            self.to(rows)
            return
        for part in range(1, PARTS + 1):
            self.to(begun + (rows - begun) * part // PARTS)
            progress(self.engine.row + 1, rows, self.engine)

    def follow(self, engine: Engine, spec: Spec) -> None:
        """Go on with an engine of further lanes."""
        self.engine = engine
        if self.stream is not None:
            self.stream.follow(engine.journal, *facts_of(engine, spec))

    def end(self) -> None:
        """The data have ended."""
        if self.stream is not None:
            self.stream.end()


def walk_of(engine: Engine, spec: Spec, bus: EventBus | None) -> Walk:
    """The walk of an engine under its configuration."""
    return Walk(engine, stream_of(engine, spec, bus) if bus is not None else None)


def stream_of(engine: Engine, spec: Spec, bus: EventBus) -> EventStream:
    """What tells a bus of an engine's rows."""
    return EventStream(bus, engine.tape, engine.journal, *facts_of(engine, spec))


def facts_of(engine: Engine, spec: Spec) -> tuple[dict[str, int], dict[str, tuple[str, ...]]]:
    """The price that orders of each lane meet, and the names of its indicators."""
    fill = dict(zip(engine.plan.names, engine.plan.rules["fill"].tolist(), strict=True))
    return fill, {lane.name: lane.indicators for lane in spec.lanes}
