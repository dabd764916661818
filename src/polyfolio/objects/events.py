"""Events of a run by namespace and type, for whoever listens. A namespace is a lane's name.

Events are taps on the journal: a run that nobody listens to builds none. `event_stream` builds them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from polyfolio.errors import ConfigError
from polyfolio.rules.arguments import closest

log = logging.getLogger("polyfolio")

ALL = "*"


class EventType(StrEnum):
    """What an event tells, in the order of a bar."""

    BAR = "bar"
    INDICATORS = "indicators"
    SIGNAL = "signal"
    RISK = "risk"
    ORDER = "order"
    REJECTED = "rejected"
    FILL = "fill"
    STATUS = "status"
    PORTFOLIO = "portfolio"
    END_OF_DATA = "end_of_data"


@dataclass(frozen=True, eq=False)
class Event:
    """Something that happened in one lane.

    Attributes:
        type: what.
        namespace: the lane's name; "*" for the end of the data of all lanes.
        timestamp: closing time of the row it happened in, UTC.
        payload: what is known of it. Read-only; lanes share the payload of a bar.
        row: row of the tape.
    """

    type: EventType
    namespace: str
    timestamp: np.datetime64
    payload: Mapping[str, Any]
    row: int


Callback = Callable[[Event], object]


@dataclass(eq=False)
class Subscription:
    """A callback and what it hears; `cancel` ends it."""

    namespace: str
    type: EventType | str
    callback: Callback
    active: bool = True

    def cancel(self) -> None:
        """Hear nothing from now on."""
        self.active = False

    def hears(self, namespace: str, kind: EventType) -> bool:
        """Whether an event reaches it. What concerns all namespaces reaches those who listen to all."""
        return self.active and self.namespace in (ALL, namespace) and self.type in (ALL, kind)


@dataclass(frozen=True, eq=False)
class Failure:
    """What a callback raised."""

    event: Event
    error: Exception


@dataclass(eq=False)
class EventBus:
    """Who listens to what.

    Attributes:
        strict: True stops the run where a callback raises; False reports it, and the run goes on.
        failures: what callbacks raised.

    Example:
        >>> bus, heard = EventBus(), []
        >>> one = bus.subscribe("momentum", "fill", heard.append)  # then: backtest(..., bus=bus)
        >>> bus.hears("momentum", EventType.FILL), bus.hears("momentum", EventType.BAR)
        (True, False)
    """

    strict: bool = False
    failures: list[Failure] = field(default_factory=list)
    subscriptions: list[Subscription] = field(default_factory=list)

    def subscribe(self, namespace: str, type: EventType | str, callback: Callback) -> Subscription:  # noqa: A002
        """Call a function with each event of a namespace and type; "*" stands for every one."""
        kinds = [*EventType, ALL]
        if type not in kinds:
            raise ConfigError("type", type, "one of " + ", ".join(kinds), closest(type, kinds))
        if not callable(callback):
            raise ConfigError("callback", callback, "a function of one event", "Pass a function.")
        made = Subscription(namespace, ALL if type == ALL else EventType(type), callback)
        self.subscriptions.append(made)
        return made

    def hears(self, namespace: str, kind: EventType) -> bool:
        """Whether anybody listens."""
        return any(one.hears(namespace, kind) for one in self.subscriptions)

    def publish(self, event: Event) -> None:
        """Call everybody who listens to an event, in the order in which they subscribed."""
        for one in tuple(self.subscriptions):
            if one.hears(event.namespace, event.type):
                self._call(one, event)

    def _call(self, one: Subscription, event: Event) -> None:
        try:
            one.callback(event)
        except Exception as error:
            self.failures.append(Failure(event, error))
            if self.strict:
                raise
            log.warning(
                "a subscriber to %s events of %s raised at row %d: %r", event.type, event.namespace, event.row, error
            )

    def refuse_unknown(self, namespaces: tuple[str, ...]) -> None:
        """Refuse subscriptions to a namespace that a run does not have."""
        for one in self.subscriptions:
            if one.active and one.namespace not in (*namespaces, ALL):
                near = closest(one.namespace, namespaces, "Namespaces are the names of lanes.")
                raise ConfigError("namespace", one.namespace, "one of " + ", ".join((*namespaces[:12], ALL)), near)
