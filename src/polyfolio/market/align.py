"""Tapes of several markets as one: other calendars, other intervals, and exchange rates as slots."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from polyfolio.core.tape import OPTIONAL, PRICES, Tape, Universe
from polyfolio.core.types import Ints
from polyfolio.errors import DataError
from polyfolio.market.aggregate import aggregated
from polyfolio.market.calendar import calendar_of
from polyfolio.market.columns import NOTHING
from polyfolio.market.instruments import convert
from polyfolio.market.stamps import show


def align(main: Tape, *others: Tape, base_currency: str | None = None, fx: Mapping[str, str] | None = None) -> Tape:
    """One tape with the rows of `main` and the slots of all.

    Where another tape has several rows since the last row of `main` they become one bar, as when coins that trade at
    the weekend stand beside shares. Where it has none the slot is not tradable in that row: nothing is filled.

    Args:
        main: gives the rows and the calendar.
        *others: further slots; a row counts from its own close on.
        base_currency: of the accounts; None keeps that of `main`, which the others must share.
        fx: which symbol converts a currency into the base currency, such as {"EUR": "EURUSD"}.

    Example:
        >>> align(shares, rates, base_currency="USD", fx={"EUR": "EURUSD"})
    """
    return stacked((main, *(_onto(other, main.times) for other in others)), base_currency, fx or {})


def union(*tapes: Tape, calendar: str, interval: int, base_currency: str | None = None, **options: Any) -> Tape:
    """One tape with the rows and slots of all; where a slot has no bar in a row it is not tradable.

    Args:
        *tapes: market rows.
        calendar: name of the calendar of the rows together.
        interval: length of a bar, nanoseconds.
        base_currency: as for `align`.
        **options: `fx` as for `align`, `bars_per_year` as for `Reading`.
    """
    times = np.unique(np.concatenate([tape.times for tape in tapes]))
    joint = calendar_of(times, interval, calendar, options.get("bars_per_year"))
    parts = tuple(_spread_out(tape, times) for tape in tapes)
    return replace(stacked(parts, base_currency, options.get("fx") or {}), calendar=joint)


def _onto(tape: Tape, times: Ints) -> Tape:
    """A tape whose bars close at other times: each holds the rows since the time before it.

    The first bar holds the rows of the step after it. The calendar's name stays; rows after the last time are lost.
    """
    first = np.searchsorted(tape.times, times[0] - (times[1] - times[0]), side="right")
    after = np.searchsorted(tape.times, times[-1], side="right")
    rows = np.arange(first, after, dtype=np.int64)
    if rows.size == 0:
        span = f"with rows from {show(int(times[0]))} to {show(int(times[-1]))}"
        value = f"{show(int(tape.times[0]))} to {show(int(tape.times[-1]))}"
        raise DataError(f"rows of {', '.join(tape.symbols[:3])}", value, span, "Give a tape of the same time.")
    bucket = np.searchsorted(times, tape.times[rows], side="left")
    starts = np.flatnonzero(np.diff(bucket, prepend=-1))
    return _scattered(tape, aggregated(tape, rows, starts), bucket[starts], times)


def _spread_out(tape: Tape, times: Ints) -> Tape:
    fields = {name: getattr(tape, name) for name in (*PRICES, "volume", "tradable", *OPTIONAL)}
    own = {name: array for name, array in fields.items() if array is not None}
    return _scattered(tape, own, np.searchsorted(times, tape.times), times)


def _scattered(tape: Tape, fields: Mapping[str, Any], place: Ints, times: Ints) -> Tape:
    """Rows at their places among other times."""
    made: dict[str, Any] = {}
    for name, array in fields.items():
        nothing = 0 if name == "tradable" else NOTHING.get(name, np.nan)
        made[name] = np.full((times.size, tape.slots), nothing, dtype=array.dtype)
        made[name][place] = array
    day = np.zeros(times.size, np.int64)  # the caller's calendar takes its place
    return replace(tape, times=times, calendar=replace(tape.calendar, day=day), **made)


def stacked(tapes: tuple[Tape, ...], base_currency: str | None, fx: Mapping[str, str]) -> Tape:
    """Tapes with the same times side by side; rows and calendar are those of the first."""
    first = tapes[0]
    symbols = tuple(symbol for tape in tapes for symbol in tape.symbols)
    twice = next((symbol for symbol in symbols if symbols.count(symbol) > 1), None)
    if twice is not None:
        raise DataError("symbols", twice, "in one of the tapes", "Leave it out of the other ones.")
    base = base_currency or first.universe.base_currency
    currencies = tuple(word for tape in tapes for word in _currencies(tape))
    table = np.concatenate([tape.instruments for tape in tapes])
    _move_conversions(table, tapes, base)
    convert(table, symbols, *_unconverted(table, currencies, base), base, fx)
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(tape, name) for tape in tapes], axis=1)
        for name in (*PRICES, "volume", "tradable")
    }
    for name in OPTIONAL:
        if any(getattr(tape, name) is not None for tape in tapes):
            arrays[name] = np.concatenate([_given(tape, name) for tape in tapes], axis=1)
    universe = Universe(symbols, _labels(tapes), currencies, base)
    return replace(first, universe=universe, instruments=table, **arrays)


def _given(tape: Tape, name: str) -> Any:
    array = getattr(tape, name)
    return np.full((tape.rows, tape.slots), NOTHING.get(name, np.nan)) if array is None else array


def _currencies(tape: Tape) -> tuple[str, ...]:
    return tape.universe.currencies or (tape.universe.base_currency,) * tape.slots


def _labels(tapes: tuple[Tape, ...]) -> dict[str, tuple[str, ...]]:
    names = dict.fromkeys(name for tape in tapes for name in tape.universe.labels)
    return {
        name: tuple(word for tape in tapes for word in tape.universe.labels.get(name, ("",) * tape.slots))
        for name in names
    }


def _move_conversions(table: np.ndarray, tapes: tuple[Tape, ...], base: str) -> None:
    """Conversions that a tape brought along point at its slots in the new order; those to another base are dropped."""
    start = 0
    for tape in tapes:
        own = table[start : start + tape.slots]
        kept = (own["fx_slot"] >= 0) & (tape.universe.base_currency == base)
        own["fx_slot"] = np.where(kept, own["fx_slot"] + start, -1)
        own["fx_inverse"] = np.where(kept, own["fx_inverse"], 0)
        start += tape.slots


def _unconverted(table: np.ndarray, currencies: tuple[str, ...], base: str) -> tuple[tuple[str, ...]]:
    """Currencies that still need a conversion; those that have one count as the base currency."""
    return (tuple(base if slot >= 0 else word for word, slot in zip(currencies, table["fx_slot"], strict=True)),)
