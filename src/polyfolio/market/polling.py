"""Streaming by asking: every bar once, after it has closed, in order, also those that closed while nobody answered."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from polyfolio.errors import RetryError
from polyfolio.market.bars import Bars, BarSource
from polyfolio.market.intervals import SECOND, nanoseconds, word
from polyfolio.market.retry import Clock
from polyfolio.market.stamps import show

log = logging.getLogger("polyfolio.market")


def polled(
    source: BarSource,
    symbols: Sequence[str],
    interval: str,
    *,
    clock: Clock,
    delay: float = 0.0,
    silence: int = 5,
) -> Iterator[Bars]:
    """One bar of one symbol at a time, from the first close after now on.

    Each round aims at a close plus the delay on the clock of the wall, so that waits do not add up. A round that fails
    is made up for by the next: it asks from the last bar that came.

    Args:
        source: asked for the bars since the last one.
        symbols: to watch.
        interval: length of a bar.
        clock: time and sleep.
        delay: seconds after a close until the source has the bar.
        silence: rounds in a row in which all symbols may fail or miss the bar that was due.

    Raises:
        RetryError: the silence lasted too long.
    """
    length = nanoseconds(interval)
    lag = round(delay * SECOND)
    begun = clock.utc() - lag
    seen = dict.fromkeys(symbols, begun)
    quiet = 0
    while True:
        due = ((clock.utc() - lag) // length + 1) * length
        clock.sleep(max(due + lag - clock.utc(), 0) / SECOND)
        found, heard = _round(source, seen, due, interval)
        quiet = 0 if heard else quiet + 1
        if quiet > silence:
            bound = f"a bar within {silence} lengths of {word(length)}"
            raise RetryError(
                f"stream of {source.name}", f"nothing since {show(max(seen.values()))}", bound, "Restart it."
            )
        yield from found


def _round(source: BarSource, seen: dict[str, int], due: int, interval: str) -> tuple[list[Bars], bool]:
    """The bars since those seen, oldest first, and whether any symbol had what was due; one that fails is left."""
    found: list[Bars] = []
    heard = False
    for symbol, last in seen.items():
        try:
            bars = source.fetch([symbol], last + 1, due, interval)[symbol]
        except RetryError as error:
            log.warning("stream of %s, %s: %s", source.name, symbol, error)
            continue
        heard = heard or bars.size > 0 or not any(finding.startswith("gap") for finding in bars.findings)
        found += [bars.take(slice(row, row + 1)) for row in range(bars.size)]
        if bars.size:
            seen[symbol] = int(bars.times[-1])
    return sorted(found, key=lambda bars: int(bars.times[0])), heard
