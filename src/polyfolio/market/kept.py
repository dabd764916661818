"""Sources of bars that keep what they were given: one in front of a slow source, one behind sources that fail."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime
from typing import ClassVar

import numpy as np

from polyfolio.errors import DataError, RetryError
from polyfolio.market.bars import Bars, BarSource, Moment, identity_of
from polyfolio.market.cache import Cache, key_of
from polyfolio.market.dataset import Dataset
from polyfolio.market.encode import decoded, encoded
from polyfolio.market.intervals import DAY, nanoseconds
from polyfolio.market.stamps import bound, show

log = logging.getLogger("polyfolio.market")


def moment(given: Moment, key: str) -> int:
    """A start or an end as nanoseconds, UTC; a date is the whole day."""
    if isinstance(given, (int, np.integer)) and not isinstance(given, bool):
        return int(given)
    if not isinstance(given, (str, date, datetime)):
        raise DataError(key, given, "a date or time", "Write it like 2024-01-31 or 2024-01-31T14:30:00Z.")
    found = bound(given, key, "UTC")
    assert found is not None
    return found


def kept(cache: Cache, key: str) -> Bars | None:
    """Bars under a key, None where there are none, or where they are damaged: then they are deleted."""
    content = cache.get(key)
    if content is None:
        return None
    try:
        return decoded(content, f"the entry {key[:16]} of the cache {cache.name}")
    except DataError as error:
        log.warning("kept bars are damaged and fetched anew: %s", error)
        cache.delete(key)
        return None


class CachedSource:
    """A source whose answers about the past are kept.

    Bars that may still change, those of a span that ends less than two bars ago, are fetched each time.

    Args:
        source: asked for what the cache does not have.
        cache: best one of `open_cache`, which never fails.
        clock: nanoseconds since 1970; another one serves tests.
    """

    streams: ClassVar[bool] = False

    def __init__(self, source: BarSource, cache: Cache, clock: Callable[[], int] = time.time_ns) -> None:
        self.source = source
        self.cache = cache
        self.name = source.name
        self._clock = clock

    def fetch(self, symbols: Sequence[str], start: Moment, end: Moment, interval: str) -> dict[str, Bars]:
        """The bars whose close lies from start to end, both included."""
        # A date is a day of the source's own calendar, so that it ends up to a day later than in UTC.
        past = moment(end, "end") + DAY < self._clock() - 2 * nanoseconds(interval)
        asked = {"source": identity_of(self.source), "start": str(start), "end": str(end), "interval": interval}
        keys = {symbol: key_of(kind="bars", symbol=symbol, **asked) for symbol in symbols}
        found = {symbol: bars for symbol in symbols if past and (bars := kept(self.cache, keys[symbol])) is not None}
        missing = [symbol for symbol in symbols if symbol not in found]
        if missing:
            for symbol, bars in self.source.fetch(missing, start, end, interval).items():
                found[symbol] = bars
                if past and bars.size:
                    self.cache.put(keys[symbol], encoded(bars))
        return {symbol: found[symbol] for symbol in symbols}

    def stream(self, symbols: Sequence[str], interval: str) -> Iterator[Bars]:  # noqa: ARG002
        """What closes now is not kept: ask the source itself."""
        raise DataError("stream", self.name, "asked of the source itself", "Use its own `stream`.")


class DatasetSource:
    """The bars of a dataset as a source, to stand behind others that may fail. A date is a day in UTC.

    Args:
        dataset: where the bars are.
        reference: its version; None for the newest.
    """

    streams: ClassVar[bool] = False

    def __init__(self, dataset: Dataset, reference: str | None = None) -> None:
        self.dataset = dataset
        self.reference = reference
        self.name = f"dataset {dataset.name}"

    @property
    def identity(self) -> str:
        """The bars of its version, where it has one by now."""
        try:
            return f"dataset {self.dataset.version(self.reference).id}"
        except DataError:
            return f"{self.name}, no version {self.reference or 'yet'}"

    def fetch(self, symbols: Sequence[str], start: Moment, end: Moment, interval: str) -> dict[str, Bars]:
        """The bars whose close lies from start to end, with a finding where the dataset ends before."""
        first, last = moment(start, "start"), moment(end, "end")
        version = self.dataset.version(self.reference)
        if version.interval != interval:
            remedy = f"Ask for {version.interval}, or resample."
            raise DataError(f"interval of {self.name}", interval, f"{version.interval}, as it has", remedy)
        found = {}
        for symbol, bars in self.dataset.bars(str(version.number), symbols).items():
            inside = bars.take((bars.times >= first) & (bars.times <= last))
            told = [f"from {self.name}, version {version.number}, known {show(version.known)}"]
            held = version.contents[symbol]
            if held.last < last - nanoseconds(interval):
                told.append(f"ends {show(held.last)}, before the end asked for")
            if held.first > first + nanoseconds(interval):
                told.append(f"begins {show(held.first)}, after the start asked for")
            found[symbol] = inside.found(*told)
        return found

    def stream(self, symbols: Sequence[str], interval: str) -> Iterator[Bars]:  # noqa: ARG002
        """A dataset has no bars that close now."""
        raise RetryError("stream", self.name, "a source that streams", "Use the source the dataset came from.")
