"""Values of single bars: prices, extremes, volume, events and quotes that cannot be."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyfolio.market.columns import BARS, QUOTES
from polyfolio.market.quality.findings import NOTHING, Found, Repair, dropped, emptied, marked
from polyfolio.market.quality.table import Table

PRICES = (*BARS, *QUOTES)
EVENTS = ("dividends", "splits", "spread")


def check_values(table: Table) -> Found:
    """Every check of a bar by itself."""
    found = _partial(table) + _bad_values(table) + _extremes(table) + _events(table) + _crossed(table) + _funding(table)
    return found + _volume(table)


def _partial(table: Table) -> Found:
    if table.shape != "bars" or not table.has(*BARS):
        return NOTHING
    unknown = np.stack([np.isnan(table.column(name)) for name in BARS])
    empty = unknown.all(axis=0)
    part = unknown.any(axis=0) & ~empty

    def lacks(row: int) -> str:
        return "no " + ", ".join(name for name, gone in zip(BARS, unknown[:, row], strict=True) if gone)

    found = marked("partial_bars", table.rows, part, lacks) + emptied("partial_bars", table.rows, part, PRICES)
    return found + marked("empty_bars", table.rows, empty, "no price")


def _bad_values(table: Table) -> Found:
    wrong = np.zeros(table.rows.size, bool)
    worst: dict[int, str] = {}
    for name in (name for name in PRICES if table.has(name)):
        values = table.column(name)
        bad = ~np.isnan(values) & ~((values > 0.0) & np.isfinite(values))
        for row in np.flatnonzero(bad & ~wrong).tolist():
            worst[row] = f"{name} {values[row]:g}"
        wrong |= bad
    found = marked("bad_values", table.rows, wrong, lambda row: worst[row])
    if table.shape != "bars":
        return found + dropped("bad_values", table.rows.origin[wrong])
    return found + emptied("bad_values", table.rows, wrong, PRICES)


def _extremes(table: Table) -> Found:
    if table.shape != "bars" or not table.has(*BARS):
        return NOTHING
    first, high, low, last = (table.column(name) for name in BARS)
    with np.errstate(invalid="ignore"):
        wrong = (low > np.minimum(first, last)) | (high < np.maximum(first, last))
        wrong &= np.all([np.isfinite(part) & (part > 0.0) for part in (first, high, low, last)], axis=0)
    found = marked(
        "bad_extremes",
        table.rows,
        wrong,
        lambda row: f"open {first[row]:g}, high {high[row]:g}, low {low[row]:g}, close {last[row]:g}",
    )
    where = np.flatnonzero(wrong)
    if where.size and "high" in table.columns:
        origin = table.rows.origin[where]
        lowest = np.minimum(np.minimum(first, last), low)[where]
        highest = np.maximum(np.maximum(first, last), high)[where]
        found += Found((), (Repair("bad_extremes", "put", origin, "low", lowest),))
        found += Found((), (Repair("bad_extremes", "put", origin, "high", highest),))
    return found


def _events(table: Table) -> Found:
    found = NOTHING
    for name in (name for name in EVENTS if table.has(name)):
        values = table.column(name)
        wrong = (values < 0.0) | np.isinf(values)
        found += marked("bad_events", table.rows, wrong, _shown(name, values))
        found += emptied("bad_events", table.rows, wrong, (name,))
    return found


def _crossed(table: Table) -> Found:
    if not table.has("bid_close", "ask_close"):
        return NOTHING
    bid, ask = table.column("bid_close"), table.column("ask_close")
    wrong = ask < bid
    found = marked("crossed_quotes", table.rows, wrong, lambda row: f"bid {bid[row]:g}, ask {ask[row]:g}")
    if table.shape != "bars":
        return found + dropped("crossed_quotes", table.rows.origin[wrong])
    return found + emptied("crossed_quotes", table.rows, wrong, PRICES)


def _funding(table: Table) -> Found:
    if not table.has("funding"):
        return NOTHING
    paid = ~np.isnan(table.column("funding"))
    rows = table.rows
    share = np.bincount(rows.codes, paid, len(rows.names)) / np.maximum(np.bincount(rows.codes), 1)
    sparse = paid & (share[rows.codes] < 0.5)
    return marked("sparse_funding", rows, sparse, lambda row: f"paid in {share[rows.codes[row]]:.1%} of the rows")


def _volume(table: Table) -> Found:
    if not table.has("volume"):
        return NOTHING
    volume, rows = table.column("volume"), table.rows
    wrong = (volume < 0.0) | np.isinf(volume)
    found = marked("bad_volume", rows, wrong, _shown("volume", volume))
    found += emptied("bad_volume", rows, wrong, ("volume",))
    known = np.bincount(rows.codes, ~np.isnan(volume), len(rows.names))
    found += marked("unknown_volume", rows, (known == 0)[rows.codes], "no volume")
    if table.shape != "bars" or not table.has(*BARS):
        return found
    zero = volume == 0.0
    filled = zero & _flat(table)
    found += marked("filled_bars", rows, filled, "all prices are the close before, volume 0")
    return found + marked("zero_volume", rows, zero & ~filled, "volume 0")


def _flat(table: Table) -> Any:
    """Bars all of whose prices are the symbol's close before."""
    before = table.before(table.column("close"))
    return np.all([table.column(name) == before for name in BARS], axis=0)


def _shown(name: str, values: Any) -> Any:
    return lambda row: f"{name} {values[row]:g}"
