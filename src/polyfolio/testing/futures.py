"""Other tapes that agree with a tape up to a row: its future cut off, redrawn, shuffled, swapped, scaled or emptied."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from polyfolio.core.tape import NANOSECONDS_PER_DAY, OPTIONAL, PRICES, Tape
from polyfolio.core.types import Floats, Ints
from polyfolio.market.window import window

Random = np.random.Generator
Future = Callable[[Tape, int, Random], Tape]

LONGEST_JUMP = 400  # days that later rows may be moved by


def fields_of(tape: Tape) -> dict[str, Any]:
    """Every array (rows, slots) that the tape has."""
    names = (*PRICES, "volume", "tradable", *OPTIONAL)
    return {name: getattr(tape, name) for name in names if getattr(tape, name) is not None}


def redrawn(tape: Tape, cells: np.ndarray, random: Random) -> Tape:
    """The tape with other bars in these cells, bool[rows, slots]: any level, some missing, other events."""
    shape = (tape.rows, tape.slots)
    on = random.random(shape) < 0.85
    close = np.exp(random.normal(3.0, 1.0, shape))
    start = close * np.exp(random.normal(0.0, 0.05, shape))
    bars = {
        "open": start,
        "close": close,
        "high": np.maximum(start, close) * 1.01,
        "low": np.minimum(start, close) * 0.99,
    }
    drawn: dict[str, Any] = {name: np.where(on, values, np.nan) for name, values in bars.items()}
    drawn["volume"] = random.integers(0, 1_000_000, shape).astype(np.float64)
    drawn["tradable"] = on.astype(np.uint8)
    drawn["spread"] = close * random.uniform(0.0, 0.01, shape)
    drawn["dividends"] = np.where(random.random(shape) < 0.1, 0.01 * close, 0.0)
    drawn["splits"] = np.where(random.random(shape) < 0.1, 2.0, 1.0)
    drawn["borrow"] = random.uniform(0.0, 0.1, shape)
    drawn["funding"] = np.where(random.random(shape) < 0.1, random.normal(0.0, 1e-3, shape), np.nan)
    return replace(tape, **{name: np.where(cells, drawn[name], old) for name, old in fields_of(tape).items()})


def truncated(tape: Tape, cut: int, random: Random) -> Tape:  # noqa: ARG001
    """The rows before the cut alone."""
    return window(tape, 0, cut)


def changed(tape: Tape, cut: int, random: Random) -> Tape:
    """Every bar from the cut on is another one."""
    cells = np.zeros((tape.rows, tape.slots), dtype=bool)
    cells[cut:] = True
    return redrawn(tape, cells, random)


def shuffled(tape: Tape, cut: int, random: Random) -> Tape:
    """The bars from the cut on in another order; the times stay."""
    order = np.concatenate([np.arange(cut), cut + random.permutation(tape.rows - cut)])
    return replace(tape, **{name: array[order] for name, array in fields_of(tape).items()})


def swapped(tape: Tape, cut: int, random: Random) -> Tape:
    """From the cut on every slot has the bars of another one; of one slot alone, the bars of its past."""
    if tape.slots == 1:
        order = np.concatenate([np.arange(cut), random.integers(0, cut, tape.rows - cut)])
        return replace(tape, **{name: array[order] for name, array in fields_of(tape).items()})
    turn = int(random.integers(1, tape.slots))
    turned: dict[str, Any] = {
        name: np.concatenate([array[:cut], np.roll(array[cut:], turn, axis=1)])
        for name, array in fields_of(tape).items()
    }
    return replace(tape, **turned)


def scaled(tape: Tape, cut: int, random: Random) -> Tape:
    """From the cut on everything is many times as large, or as small."""
    factor = np.ones((tape.rows, tape.slots))
    factor[cut:] = np.exp(random.normal(0.0, 3.0, tape.slots))
    money = (*PRICES, "volume", "spread", "dividends")
    larger: dict[str, Any] = {name: array * factor for name, array in fields_of(tape).items() if name in money}
    return replace(tape, **larger)


def emptied(tape: Tape, cut: int, random: Random) -> Tape:  # noqa: ARG001
    """No bar from the cut on."""
    out: dict[str, Any] = {
        name: np.array(array) for name, array in fields_of(tape).items() if name in (*PRICES, "volume", "tradable")
    }
    for name, array in out.items():
        array[cut:] = 0 if name == "tradable" else np.nan
    return replace(tape, **out)


def moved(tape: Tape, cut: int, random: Random) -> Tape:
    """The rows from the cut on happen days later."""
    days = int(random.integers(1, LONGEST_JUMP))
    later = (np.arange(tape.rows) >= cut) * days
    calendar = replace(tape.calendar, day=tape.calendar.day + later)
    return replace(tape, times=tape.times + later * NANOSECONDS_PER_DAY, calendar=calendar)


FUTURES: dict[str, Future] = {
    "truncated": truncated,
    "changed": changed,
    "shuffled": shuffled,
    "swapped": swapped,
    "scaled": scaled,
    "emptied": emptied,
    "moved": moved,
}


def other_close(tape: Tape, row: int, random: Random) -> Tape:
    """The row opens as it did, with the volume it had, and goes elsewhere."""
    arrays: dict[str, Any] = {name: np.array(getattr(tape, name)) for name in ("high", "low", "close")}
    start = tape.open[row]
    arrays["close"][row] = start * np.exp(random.normal(0.0, 0.2, tape.slots))
    arrays["high"][row] = np.maximum(start, arrays["close"][row]) * 1.001
    arrays["low"][row] = np.minimum(start, arrays["close"][row]) * 0.999
    return replace(tape, **arrays)


def poked(tape: Tape, row: int) -> Tape:
    """One row is larger, and nothing else is touched."""
    factor = np.ones((tape.rows, 1))
    factor[row] = 1.37
    larger: dict[str, Any] = {name: getattr(tape, name) * factor for name in (*PRICES, "volume")}
    return replace(tape, **larger)


def reordered(tape: Tape, order: Ints) -> Tape:
    """The slots in another order: slot k is the tape's slot order[k]."""
    old = tape.universe
    universe = replace(
        old,
        symbols=tuple(old.symbols[slot] for slot in order),
        labels={name: tuple(values[slot] for slot in order) for name, values in old.labels.items()},
        currencies=tuple(old.currencies[slot] for slot in order) if old.currencies else (),
    )
    instruments = tape.instruments[order]
    place = np.argsort(order)
    rates = instruments["fx_slot"]
    instruments["fx_slot"] = np.where(rates >= 0, place[np.maximum(rates, 0)], rates)
    arrays = {name: array[:, order] for name, array in fields_of(tape).items()}
    return replace(tape, universe=universe, instruments=instruments, **arrays)


def alone(tape: Tape, slot: int, random: Random) -> Tape:
    """Every other slot has other bars, in every row."""
    cells = np.ones((tape.rows, tape.slots), dtype=bool)
    cells[:, slot] = False
    return redrawn(tape, cells, random)


def outside(tape: Tape, first: int, end: int, random: Random) -> Tape:
    """Other bars before row `first` and from row `end` on."""
    cells = np.ones((tape.rows, tape.slots), dtype=bool)
    cells[first:end] = False
    return redrawn(tape, cells, random)


def values_of(tape: Tape) -> Floats:
    """Columns for a normaliser, each row from itself alone: log close, range, body, volume."""
    on = tape.tradable != 0
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.log(tape.close)
        columns = [level, np.log(tape.high) - np.log(tape.low), level - np.log(tape.open), tape.volume]
    return np.array([np.where(on, column, np.nan) for column in columns])


VALUE_COLUMNS = ("log_close", "range", "body", "volume")
