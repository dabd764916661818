"""Sources of bars by name, and the tapes of their answers: what a `tape` section with a network format opens."""

from __future__ import annotations

import functools
import logging
import os
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from polyfolio.core.tape import Tape
from polyfolio.errors import DataError
from polyfolio.market.bars import BarSource
from polyfolio.market.cache import Cache
from polyfolio.market.caches import open_cache
from polyfolio.market.calendar import ALWAYS
from polyfolio.market.chain import Chain
from polyfolio.market.crypto import Ccxt
from polyfolio.market.dataset import Dataset
from polyfolio.market.from_bars import tape_from_bars
from polyfolio.market.kept import CachedSource, DatasetSource
from polyfolio.market.reading import reading_of
from polyfolio.market.stored import folder_and_version
from polyfolio.market.vendor import Vendor
from polyfolio.market.yahoo import Yahoo

log = logging.getLogger("polyfolio.market")

CACHE = "POLYFOLIO_CACHE"  # environment variable: the cache of what tapes are fetched from, as `open_cache` reads it
WRITTEN = "yahoo, ccxt:EXCHANGE, vendor:FILE, dataset:FOLDER[@VERSION], or several with commas between them"


def chain_of(words: str, *, calendar: str = ALWAYS) -> BarSource:
    """The source that words name, several as a chain.

    Args:
        words: "yahoo", "ccxt:kraken", "vendor:sys1.yaml", "dataset:data/us"; or "vendor:sys1.yaml, yahoo".
        calendar: of the bars, for Yahoo.

    Example:
        >>> chain_of("ccxt:kraken").name
        'ccxt:kraken'
    """
    sources = [_source(word.strip(), calendar) for word in words.split(",")]
    return sources[0] if len(sources) == 1 else Chain(*sources)


def _source(word: str, calendar: str) -> BarSource:
    kind, _, rest = word.partition(":")
    if word == "yahoo":
        return Yahoo(calendar=calendar)
    makers: dict[str, Callable[[str], BarSource]] = {
        "ccxt": Ccxt,
        "vendor": Vendor,
        "dataset": _dataset,
    }
    if kind not in makers or not rest:
        raise DataError("source", word, WRITTEN, "Correct its spelling.")
    return makers[kind](rest)


def _dataset(place: str) -> BarSource:
    folder, reference = folder_and_version(place)
    return DatasetSource(Dataset(folder), reference)


def read_yahoo(path: None = None, **options: Any) -> Tape:  # noqa: ARG001 - a source takes one
    """A tape of Yahoo's bars, adjusted for splits; with `adjusted`, for dividends too.

    Args:
        path: unused.
        **options: see `Reading`; symbols, start and interval are needed, calendar "24/7" is for coins.
    """
    return _tape(chain_of("yahoo", calendar=options.get("calendar", ALWAYS)), options)


def read_ccxt(path: str, **options: Any) -> Tape:
    """A tape of an exchange's bars.

    Args:
        path: CCXT's name of the exchange, such as "binance".
        **options: see `Reading`; symbols, start and interval are needed.
    """
    return _tape(Ccxt(path), options)


def read_vendor(path: str, **options: Any) -> Tape:
    """A tape of a vendor's bars.

    Args:
        path: YAML file of its settings; its calendar is the tape's.
        **options: see `Reading`; symbols, start and interval are needed.
    """
    vendor = Vendor(path)
    own, given = vendor.settings.calendar, options.get("calendar", ALWAYS)
    if given not in (ALWAYS, own):
        raise DataError("calendar", given, f"{own}, as the vendor's settings say", "Correct one of the two.")
    return _tape(vendor, {**options, "calendar": own})


def read_chain(path: str, **options: Any) -> Tape:
    """A tape of the first source that has the bars.

    Args:
        path: words as `chain_of` reads them, such as "vendor:sys1.yaml, yahoo".
        **options: see `Reading`; symbols, start and interval are needed.
    """
    return _tape(chain_of(path, calendar=options.get("calendar", ALWAYS)), options)


def _tape(source: BarSource, options: dict[str, Any]) -> Tape:
    reading = reading_of(options)
    for name in ("symbols", "start", "interval"):
        if not getattr(reading, name):
            raise DataError(name, getattr(reading, name), f"given for {source.name}", "Say what to fetch.")
    assert reading.start is not None
    assert reading.interval is not None
    end = reading.end if reading.end is not None else datetime.now(UTC)
    cache = _cache(os.environ.get(CACHE) or "disk")
    bars = behind(source, cache).fetch(reading.symbols, reading.start, end, reading.interval)
    for symbol, found in bars.items():
        for finding in found.findings:
            log.warning("%s from %s: %s", symbol, found.source, finding)
    return tape_from_bars(bars, **options)


_cache = functools.cache(open_cache)  # one in a process, so that runs share what is in memory


def behind(source: BarSource, cache: Cache) -> BarSource:
    """A source whose answers about the past are kept, each source of a chain by itself.

    A chain as a whole is not: what a fallback gave while the first was down would stand for the first from then on.
    """
    if isinstance(source, Chain):
        return Chain(*(behind(own, cache) for own in source.sources))
    return source if isinstance(source, DatasetSource) else CachedSource(source, cache)
