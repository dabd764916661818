"""Random tapes: gaps, missing bars, late listings, delistings, dividends, splits, borrow, funding, lots, currencies."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from hypothesis import strategies as st

from polyfolio.core.tape import NANOSECONDS_PER_DAY, PRICES, Calendar, Tape, Universe, instrument_table

FIRST_DAY = 19_000
SYMBOLS = ("ECHO", "ALFA", "HOTEL", "BRAVO", "GOLF", "DELTA", "CHARLIE", "FOXTROT")
SECTORS = ("energy", "tech", "health")


@dataclass(frozen=True)
class Shape:
    """What a random tape is like. The path itself comes from `seed`, so that hypothesis shrinks the shape."""

    seed: int = 0
    rows: int = 40
    slots: int = 3
    per_day: int = 1
    volatility: float = 0.02
    missing: float = 0.0  # share of bars without a price
    late: bool = False  # some slots are listed late, some leave early
    dividends: bool = False
    splits: bool = False
    spread: bool = False
    borrow: bool = False
    funding: bool = False
    thin: bool = False  # volumes of 0, small ones, and unknown ones
    lots: bool = False
    foreign: bool = False  # the last slot converts the currency of the first
    jumps: float = 0.0  # size of gaps at the open
    twins: bool = False  # the first two slots move as one, so that every covariance is singular


shapes = st.builds(
    Shape,
    seed=st.integers(0, 10_000),
    rows=st.sampled_from((12, 25, 40)),
    slots=st.integers(1, 6),
    per_day=st.sampled_from((1, 1, 4)),
    volatility=st.sampled_from((0.0, 0.005, 0.02, 0.08)),
    missing=st.sampled_from((0.0, 0.0, 0.1, 0.4)),
    late=st.booleans(),
    dividends=st.booleans(),
    splits=st.booleans(),
    spread=st.booleans(),
    borrow=st.booleans(),
    funding=st.booleans(),
    thin=st.booleans(),
    lots=st.booleans(),
    foreign=st.booleans(),
    jumps=st.sampled_from((0.0, 0.01, 0.1)),
    twins=st.booleans(),
)


def make_tape(shape: Shape) -> Tape:
    """The tape of a shape."""
    rng = np.random.default_rng(shape.seed)
    rows, slots = shape.rows, shape.slots
    size = (rows, slots)
    moves = shape.volatility * rng.standard_normal(size)
    gaps = shape.jumps * rng.standard_normal(size)
    if shape.twins:
        moves[:, :2], gaps[:, :2] = moves[:, :1], gaps[:, :1]
    start = rng.uniform(5.0, 300.0, slots)
    close = start * np.exp(np.cumsum(moves + gaps, axis=0))
    open_ = np.vstack([start, close[:-1]]) * np.exp(gaps)
    reach = shape.volatility * rng.random(size)
    fields: dict[str, Any] = {
        "open": open_,
        "high": np.maximum(open_, close) * (1.0 + reach),
        "low": np.minimum(open_, close) * (1.0 - 0.5 * reach),
        "close": close,
        "volume": rng.uniform(1e5, 1e6, size),
    }
    optional = _events(shape, rng, fields)
    tradable = _tradable(shape, rng)
    for name in PRICES:
        # A halted bar may still show prices; a missing one shows none.
        fields[name][(tradable == 0) & (rng.random(size) < 0.8)] = np.nan
    return Tape(
        times=_times(shape),
        tradable=tradable,
        calendar=_calendar(shape),
        universe=_universe(slots),
        instruments=_instruments(shape, rng),
        **fields,
        **optional,
    )


def _times(shape: Shape) -> np.ndarray:
    step = NANOSECONDS_PER_DAY // shape.per_day
    return (FIRST_DAY * NANOSECONDS_PER_DAY + np.arange(1, shape.rows + 1) * step).astype(np.int64)


def _calendar(shape: Shape) -> Calendar:
    day = FIRST_DAY + np.arange(shape.rows) // shape.per_day
    return Calendar("24/7", 365.25 * shape.per_day, 365.25, "given", day.astype(np.int64))


def _universe(slots: int) -> Universe:
    sectors = tuple(SECTORS[slot % 3] for slot in range(slots))
    return Universe(SYMBOLS[:slots], {"sector": sectors})


def _events(shape: Shape, rng: np.random.Generator, fields: dict[str, Any]) -> dict[str, Any]:
    """Optional arrays; prices after a split are divided by its ratio."""
    size = (shape.rows, shape.slots)
    optional: dict[str, Any] = {}
    if shape.splits:
        happens = rng.random(size) < min(0.08, 3.0 / shape.rows)
        happens[0] = False
        happens[:, -1] &= not _is_foreign(shape)  # currencies do not split
        ratio = np.where(happens, rng.choice([2.0, 3.0, 0.5, 1.5], size), np.where(rng.random(size) < 0.5, 1.0, np.nan))
        factor = np.cumprod(np.where(happens, ratio, 1.0), axis=0)
        for name in PRICES:
            fields[name] = fields[name] / factor
        optional["splits"] = ratio
    if shape.dividends:
        optional["dividends"] = np.where(rng.random(size) < 0.1, 0.01 * fields["close"], 0.0)
    if shape.spread:
        optional["spread"] = np.where(rng.random(size) < 0.9, 0.001 * fields["close"], np.nan)
    if shape.borrow:
        optional["borrow"] = np.where(rng.random(size) < 0.8, rng.uniform(0.0, 0.3, size), np.nan)
    if shape.funding:
        optional["funding"] = np.where(rng.random(size) < 0.3, 0.001 * rng.standard_normal(size), np.nan)
    if shape.thin:
        scale = rng.choice([0.0, 1e-4, 1.0], size, p=[0.1, 0.3, 0.6])
        fields["volume"] = np.where(rng.random(size) < 0.1, np.nan, np.floor(fields["volume"] * scale))
    return optional


def _tradable(shape: Shape, rng: np.random.Generator) -> np.ndarray:
    tradable = (rng.random((shape.rows, shape.slots)) >= shape.missing).astype(np.uint8)
    if shape.late:
        for slot in range(shape.slots):
            first, last = sorted(rng.integers(0, shape.rows + 1, 2))
            tradable[: first // 2, slot] = 0
            tradable[shape.rows - (shape.rows - last) // 2 :, slot] = 0
    if _is_foreign(shape):
        tradable[0, -1] = 1  # a rate is known from the start
    return tradable


def _is_foreign(shape: Shape) -> bool:
    return shape.foreign and shape.slots > 1


def _instruments(shape: Shape, rng: np.random.Generator) -> np.ndarray:
    table = instrument_table(shape.slots)
    if shape.lots:
        table["lot"] = rng.choice([0.0, 0.1, 1.0, 10.0], shape.slots)
        table["tick"] = rng.choice([0.0, 0.01], shape.slots)
        table["min_notional"] = rng.choice([0.0, 10.0], shape.slots)
        table["multiplier"] = rng.choice([1.0, 5.0], shape.slots)
    if _is_foreign(shape):
        table["fx_slot"][0] = shape.slots - 1
        table["fx_inverse"][0] = int(rng.integers(0, 2))
    return table


def permuted(tape: Tape, order: Any) -> Tape:
    """The same tape with its slots in another order."""
    order = np.asarray(order)
    place = np.argsort(order)
    table = tape.instruments[order].copy()
    table["fx_slot"] = [place[slot] if slot >= 0 else -1 for slot in table["fx_slot"]]
    universe = replace(
        tape.universe,
        symbols=tuple(tape.symbols[slot] for slot in order),
        labels={name: tuple(vector[slot] for slot in order) for name, vector in tape.universe.labels.items()},
    )
    arrays = {
        name: getattr(tape, name)
        for name in (*PRICES, "volume", "spread", "dividends", "splits", "borrow", "funding", "tradable")
    }
    moved = {name: None if array is None else np.ascontiguousarray(array[:, order]) for name, array in arrays.items()}
    return replace(tape, universe=universe, instruments=table, **moved)


def flat_tape(rows: int = 20, price: float = 50.0, slots: int = 2, **optional: Any) -> Tape:
    """A tape whose prices never move."""
    shape = Shape(rows=rows, slots=slots)
    prices = np.full((rows, slots), price)
    return Tape(
        times=_times(shape),
        open=prices,
        high=prices,
        low=prices,
        close=prices,
        volume=np.full((rows, slots), 1e9),
        tradable=np.ones((rows, slots), np.uint8),
        calendar=_calendar(shape),
        universe=_universe(slots),
        instruments=instrument_table(slots),
        **optional,
    )
