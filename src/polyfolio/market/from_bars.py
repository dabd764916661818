"""From the bars of several symbols to a tape, whatever source or builder they come from."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from polyfolio.core.tape import Calendar, Tape
from polyfolio.core.types import Ints
from polyfolio.errors import DataError
from polyfolio.market.bars import Bars
from polyfolio.market.calendar import DAYS_A_YEAR, SHORTEST_DAYS, hours_of
from polyfolio.market.columns import OPTIONAL, REQUIRED
from polyfolio.market.fields import quoted
from polyfolio.market.frame import aligned, assemble
from polyfolio.market.instruments import instruments_of
from polyfolio.market.intervals import DAY
from polyfolio.market.reading import Reading, reading_of
from polyfolio.market.rows import Rows, checked, joined, ordered
from polyfolio.market.tables import instrument_frame

log = logging.getLogger("polyfolio.market")
QUOTES = {"bid": "bid_close", "ask": "ask_close"}


def tape_from_bars(bars: Mapping[str, Bars] | Iterable[Bars], **options: Any) -> Tape:
    """A tape of the bars of several symbols, on the union of their times.

    Bars that do not end by the clock (volume, dollar and tick bars) stand where they closed; their closings in a year
    are counted from the rows.

    Args:
        bars: by symbol, as a source or a builder gives them; bid and ask become the spread.
        **options: see `Reading`; the bars stand at their closes already.

    Example:
        >>> tape_from_bars(volume_bars(trades, 1000.0), calendar="24/7")
    """
    parts = list(bars.values() if isinstance(bars, Mapping) else bars)
    reading = reading_of(options)
    intervals = list(dict.fromkeys(part.interval for part in parts))
    if not parts or len(intervals) > 1:
        raise DataError("interval of the bars", intervals, "one for all symbols", "Resample them to one interval.")
    if reading.stamps != "close":
        raise DataError("stamps", reading.stamps, "close for bars", "Leave it out: bars stand at their closes.")
    for part in parts:
        if not part.size and part.symbol not in reading.symbols:
            log.warning("%s has no bar and no slot: %s", part.symbol, "; ".join(part.findings) or part.source)
    rows = joined([_rows(part) for part in parts])
    return _irregular(rows, reading) if ":" in intervals[0] else assemble(rows, reading)


def _rows(bars: Bars) -> Rows:
    fields = {QUOTES.get(name, name): array for name, array in bars.columns().items()}
    size, source, symbol = bars.size, bars.source, bars.symbol
    return Rows(
        stamps=bars.times,
        codes=np.zeros(size, np.int64),
        names=(symbol,),
        fields=fields,
        origin=np.arange(size, dtype=np.int64),
        place=lambda row: f"{source}, bar {row} of {symbol}",
    )


def _irregular(rows: Rows, reading: Reading) -> Tape:
    """A tape of bars whose lengths vary."""
    for name in ("symbols", "start", "end", "interval"):
        if getattr(reading, name):
            raise DataError(name, getattr(reading, name), "left out for bars of varying length", "Select the trades.")
    rows, _ = ordered(rows)
    rows = checked(quoted(rows))
    times, row_of = np.unique(rows.stamps, return_inverse=True)
    if times.size < 2:
        raise DataError("times", int(times.size), "at least 2 rows", "Make smaller bars, or give more trades.")
    arrays = {
        name: aligned(rows.fields[name], row_of, rows.codes, (times.size, len(rows.names)), name)
        for name in (*REQUIRED, *OPTIONAL, "crossed")
        if name in rows.fields
    }
    crossed = arrays.pop("crossed", np.zeros_like(arrays["close"]))
    tradable = (~np.isnan(arrays["close"]) & (crossed != 1.0)).astype(np.uint8)
    table, universe = instruments_of(rows.names, reading, *instrument_frame(reading.instruments))
    return Tape(
        times=times,
        tradable=tradable,
        calendar=_calendar(times, reading),
        universe=universe,
        instruments=table,
        **arrays,
    )


def _calendar(times: Ints, reading: Reading) -> Calendar:
    day = hours_of(reading.calendar).days(times)
    years = float(times[-1] - times[0]) / DAY / DAYS_A_YEAR
    sessions = int((np.diff(day) != 0).sum())
    known = years * DAYS_A_YEAR >= SHORTEST_DAYS
    counted = (times.size - 1) / years if known else float("nan")
    source = f"{reading.calendar}: {times.size - 1} closings of bars of varying length in {years:.4g} years"
    if reading.bars_per_year is not None:
        counted, source = reading.bars_per_year, "given"
    return Calendar(reading.calendar, counted, sessions / years if known else float("nan"), source, day)
