"""From a source into a dataset, chunk by chunk: what has come is kept, whatever happens to the rest."""

from __future__ import annotations

import logging
import shutil
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from polyfolio.errors import DataError, RetryError
from polyfolio.market.bars import Bars, BarSource, Moment, chained, identity_of
from polyfolio.market.cache import key_of
from polyfolio.market.cache_disk import DiskCache
from polyfolio.market.dataset import Dataset
from polyfolio.market.encode import encoded
from polyfolio.market.intervals import DAY, nanoseconds
from polyfolio.market.kept import kept, moment
from polyfolio.market.merge import refuse_disorder
from polyfolio.market.stamps import show
from polyfolio.market.versions import Held, Version

log = logging.getLogger("polyfolio.market")

CHUNK_BARS = 5_000  # bars of a chunk: what an interruption costs
OVERLAP_BARS = 10  # fetched again when a dataset is continued, so that revised values are seen
FAILURES_AT_START = 3  # symbols that fail before any has come: then the source is at fault, not the symbols
SHORT_DAYS = 5  # a holiday and a weekend; a span that begins or ends further off is told

Progress = Callable[[int, int, str], None]


class Chunk(NamedTuple):
    """A part of a download: one symbol, first and last close (nanoseconds), both included."""

    symbol: str
    start: int
    end: int


@dataclass(frozen=True)
class Download:
    """What a download brought.

    Attributes:
        version: of the dataset after it.
        fetched: chunks that came from the source.
        resumed: chunks that an earlier attempt had left.
        failed: why a symbol has no bars, by symbol.
    """

    version: Version
    fetched: int
    resumed: int
    failed: Mapping[str, str]


def download(  # noqa: PLR0913 - what a source is asked, where it goes, who watches
    source: BarSource,
    symbols: Sequence[str],
    start: Moment | None,
    end: Moment | None,
    interval: str,
    dataset: Dataset,
    *,
    progress: Progress | None = None,
    clock: Callable[[], int] = time.time_ns,
) -> Download:
    """Fetch bars into a dataset as its next version. The same call again goes on where this one stopped.

    A symbol the source refuses is left out and told; the others go on.

    Args:
        source: see `BarSource`.
        symbols: at least one.
        start: first close; None goes on from the last bar of each symbol in the dataset.
        end: last close; None for now.
        interval: length of a bar.
        dataset: where the bars go.
        progress: called with chunks done, all chunks, and the symbol at work.
        clock: nanoseconds since 1970; another one serves tests.

    Raises:
        RetryError: the source did not answer within its deadline, or the disk is full. What came before is kept.
        DataError: no symbol could be fetched.
    """
    spans = spans_of(dataset, symbols, start, clock() if end is None else min(moment(end, "end"), clock()), interval)
    keep = DiskCache(dataset.partial, limit=sys.maxsize)
    chunks = [chunk for symbol in symbols for chunk in chunks_of(symbol, *spans[symbol], interval)]
    come: dict[str, list[Bars]] = {}
    failed: dict[str, str] = {}
    resumed = 0
    for done, chunk in enumerate(chunks):
        if progress is not None:
            progress(done, len(chunks), chunk.symbol)
        if chunk.symbol in failed:
            continue
        try:
            bars, again = _chunk(source, chunk, interval, keep)
            _refuse_mixture(bars, come.get(chunk.symbol))
        except DataError as error:
            failed[chunk.symbol] = str(error)
            come.pop(chunk.symbol, None)
            log.warning("%s is left out: %s", chunk.symbol, error)
            if not come and len(failed) >= min(FAILURES_AT_START, len(symbols)):
                raise
        except RetryError as error:
            raise _stopped(error, done, len(chunks)) from error
        else:
            come.setdefault(chunk.symbol, []).append(bars)
            resumed += again
    if progress is not None:
        progress(len(chunks), len(chunks), "")
    version = _added(dataset, come, spans, failed, source.name)
    fetched = sum(len(parts) for parts in come.values()) - resumed
    shutil.rmtree(dataset.partial, ignore_errors=True)
    return Download(version, fetched, resumed, failed)


def spans_of(
    dataset: Dataset, symbols: Sequence[str], start: Moment | None, last: int, interval: str
) -> dict[str, tuple[int, int]]:
    """First and last close to ask for, by symbol."""
    if not symbols or len(set(symbols)) < len(symbols):
        raise DataError("symbols", list(symbols), "one or more, each once", "Name the symbols to fetch.")
    held: Mapping[str, Held] = {}
    if start is None and (versions := dataset.versions()):
        held = versions[-1].contents
    spans = {}
    for symbol in symbols:
        if start is None and symbol not in held:
            raise DataError("start", None, f"given for {symbol}, which is new", "Say from when on it is wanted.")
        overlap = OVERLAP_BARS * nanoseconds(interval)
        first = held[symbol].last - overlap if start is None else moment(start, "start")
        if first >= last:
            raise DataError("start", show(first), f"before the end, {show(last)}", "Correct the span.")
        spans[symbol] = (first, last)
    return spans


def chunks_of(symbol: str, first: int, last: int, interval: str) -> list[Chunk]:
    """The span of a symbol in chunks. Their bounds stand still when the end of the span moves on."""
    length = max(CHUNK_BARS * nanoseconds(interval), DAY)
    cuts = [first, *range((first // length + 1) * length, last + 1, length)]
    ends = [cut - 1 for cut in cuts[1:]] + [last]
    return [Chunk(symbol, begin, end) for begin, end in zip(cuts, ends, strict=True) if begin <= end]


def _chunk(source: BarSource, chunk: Chunk, interval: str, keep: DiskCache) -> tuple[Bars, int]:
    key = key_of(source=identity_of(source), interval=interval, symbol=chunk.symbol, start=chunk.start, end=chunk.end)
    found = kept(keep, key)
    if found is not None:
        return found, 1
    bars = source.fetch([chunk.symbol], chunk.start, chunk.end, interval)[chunk.symbol]
    refuse_disorder(bars)
    if bars.size and (bars.times[0] < chunk.start or bars.times[-1] > chunk.end):
        outside = [show(int(bars.times[0])), show(int(bars.times[-1]))]
        span = f"from {show(chunk.start)} to {show(chunk.end)}, as asked for"
        raise DataError(f"closes of {chunk.symbol} ({source.name})", outside, span, "Correct the source's stamps.")
    keep.put(key, encoded(bars))
    return bars, 0


def _refuse_mixture(bars: Bars, before: list[Bars] | None) -> None:
    """Refuse a symbol whose chunks come from two sources, as sources behind one another may give them."""
    known = next((part.source for part in before or () if part.size), bars.source)
    if bars.size and bars.source != known:
        remedy = "Prices of two sources are not mixed: fetch the symbol from one of them."
        raise DataError(f"source of {bars.symbol}", bars.source, f"{known}, as its earlier bars", remedy)


def _stopped(error: RetryError, done: int, count: int) -> RetryError:
    remedy = f"{done} of {count} chunks are kept: the same call goes on from there. {error.remedy}"
    return RetryError(error.field, error.value, error.bound, remedy)


def _added(
    dataset: Dataset,
    come: Mapping[str, list[Bars]],
    spans: Mapping[str, tuple[int, int]],
    failed: Mapping[str, str],
    source: str,
) -> Version:
    bars = {symbol: _told(chained(parts), *spans[symbol]) for symbol, parts in come.items()}
    if not any(part.size for part in bars.values()):
        bound = "one bar or more of one symbol"
        raise DataError(f"bars of {source}", 0, bound, "The source gave none: correct the symbols or the span.")
    return dataset.add(bars, spans, [f"{symbol}: left out: {why}" for symbol, why in failed.items()])


def _told(bars: Bars, first: int, last: int) -> Bars:
    """Bars with a finding where they begin or end far from what was asked for, so that no gap is silent."""
    if bars.size == 0:
        return bars.found(f"no bars from {show(first)} to {show(last)}")
    told = []
    for name, gap, stamp in (
        ("begins", int(bars.times[0]) - first, bars.times[0]),
        ("ends", last - int(bars.times[-1]), bars.times[-1]),
    ):
        if gap > max(SHORT_DAYS * DAY, int(3 * np.median(np.diff(bars.times))) if bars.size > 1 else 0):
            told.append(f"{name} {show(int(stamp))}, {gap // DAY} days from what was asked for")
    return bars.found(*told)
