"""Asking again: waits that grow, what the other side asks for, and one deadline over all of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from polyfolio.errors import ConfigError, RetryError

log = logging.getLogger("polyfolio.market")

Found = TypeVar("Found")


@dataclass(frozen=True)
class Clock:
    """What time it is and how to wait; tests give another one.

    Attributes:
        now: seconds that never go back.
        sleep: waits that many seconds.
        utc: nanoseconds since 1970.
    """

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep
    utc: Callable[[], int] = time.time_ns


@dataclass(frozen=True)
class Patience:
    """How long a source is asked before it counts as down.

    Attributes:
        tries: how often one question is asked.
        wait: seconds before the second try; doubled before each further one, and varied by up to a half.
        longest: most seconds between two tries, unless the other side asks for more.
        timeout: seconds without a byte after which a try has failed.
        deadline: seconds for one fetch of one symbol, with all its pages, tries and waits.
    """

    tries: int = 5
    wait: float = 0.5
    longest: float = 30.0
    timeout: float = 20.0
    deadline: float = 600.0

    def __post_init__(self) -> None:
        for name in ("tries", "wait", "longest", "timeout", "deadline"):
            if not getattr(self, name) > 0:
                raise ConfigError(f"patience.{name}", getattr(self, name), "above 0", "Give a positive number.")


class Transient(Exception):  # noqa: N818 - what it says is that nothing final happened
    """A try failed in a way that another one may not.

    Args:
        found: what happened, in words that go into the final error.
        wait: seconds the other side asks for; None where it says nothing.
    """

    def __init__(self, found: str, wait: float | None = None) -> None:
        self.found, self.wait = found, wait
        super().__init__(found)


class Watch:
    """A deadline that has begun to run."""

    def __init__(self, patience: Patience, clock: Clock) -> None:
        self.patience, self.clock = patience, clock
        self._end = clock.now() + patience.deadline

    @property
    def left(self) -> float:
        """Seconds until the deadline; below 0 after it."""
        return self._end - self.clock.now()

    @property
    def timeout(self) -> float:
        """Seconds one try may wait for a byte."""
        return max(min(self.patience.timeout, self.left), 0.001)


def patiently(ask: Callable[[], Found], what: str, watch: Watch) -> Found:
    """What `ask` returns, asked again after each Transient.

    Args:
        ask: one try.
        what: whom is asked for what, for messages.
        watch: the deadline and the waits.

    Raises:
        RetryError: the tries or the time are used up, or the wait asked for ends after the deadline.
    """
    patience = watch.patience
    wait = patience.wait
    for attempt in range(1, patience.tries + 1):
        try:
            return ask()
        except Transient as failure:
            jitter = float(np.random.default_rng().uniform(0.5, 1.0))
            pause = failure.wait if failure.wait is not None else wait * jitter
            bound = f"an answer within {patience.tries} tries and {patience.deadline:g} seconds"
            if attempt == patience.tries:
                raise RetryError(what, failure.found, bound, "Ask again later.") from None
            if pause >= watch.left:
                remedy = f"The next try is due in {pause:.3g} s: ask again then, or give patience a longer deadline."
                raise RetryError(what, failure.found, bound, remedy) from None
            log.warning("%s: %s; try %d of %d in %.3g s", what, failure.found, attempt + 1, patience.tries, pause)
            watch.clock.sleep(pause)
            wait = min(2.0 * wait, patience.longest)
    raise AssertionError("patience has one try or more")
