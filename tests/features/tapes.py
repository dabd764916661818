"""Random tapes for features: gaps, late listings, early ends, unknown volumes."""

from __future__ import annotations

import numpy as np

from polyfolio.core.tape import NANOSECONDS_PER_DAY, Calendar, Tape, Universe, instrument_table

FIRST_DAY = 19_000


def random_tape(
    seed: int = 0,
    rows: int = 160,
    slots: int = 4,
    *,
    missing: float = 0.0,
    late: bool = False,
    unknown_volume: float = 0.0,
    spread: bool = False,
    per_day: int = 1,
) -> Tape:
    """A random walk. With `late`, slot 1 is listed late and slot 2 leaves early; slot 3 has hardly a bar."""
    rng = np.random.default_rng(seed)
    closes = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.015, (rows, slots)), axis=0))
    opens = closes * np.exp(rng.normal(0.0, 0.005, closes.shape))
    highs = np.maximum(opens, closes) * (1.0 + np.abs(rng.normal(0.0, 0.005, closes.shape)))
    lows = np.minimum(opens, closes) * (1.0 - np.abs(rng.normal(0.0, 0.005, closes.shape)))
    volumes = np.exp(rng.normal(10.0, 1.0, closes.shape))
    tradable = rng.random(closes.shape) >= missing
    if late:
        tradable[: rows // 3, 1 % slots] = False
        tradable[-rows // 5 :, 2 % slots] = False
        tradable[10:, 3 % slots] = False
    for array in (opens, highs, lows, closes, volumes):
        array[~tradable] = np.nan
    volumes[rng.random(closes.shape) < unknown_volume] = np.nan
    day = FIRST_DAY + np.arange(rows) // per_day
    minutes = np.arange(rows) % per_day * 30
    times = day * NANOSECONDS_PER_DAY + (16 * 60 + minutes) * 60_000_000_000
    return Tape(
        times=times.astype(np.int64),
        open=opens,
        high=highs,
        low=lows,
        close=closes,
        volume=volumes,
        tradable=tradable.astype(np.uint8),
        calendar=Calendar("24/7", 365.0 * per_day, 365.0, "given", day.astype(np.int64)),
        universe=Universe(tuple(f"S{slot}" for slot in range(slots))),
        instruments=instrument_table(slots),
        spread=np.where(tradable, 0.01, np.nan) if spread else None,
    )


def cut(tape: Tape, stop: int, start: int = 0) -> Tape:
    """The rows from `start` to `stop`."""
    arrays = {
        name: None if getattr(tape, name) is None else getattr(tape, name)[start:stop]
        for name in ("open", "high", "low", "close", "volume", "tradable", "spread")
    }
    calendar = tape.calendar
    return Tape(
        times=tape.times[start:stop],
        calendar=Calendar(
            calendar.name, calendar.bars_per_year, calendar.days_per_year, calendar.source, calendar.day[start:stop]
        ),
        universe=tape.universe,
        instruments=tape.instruments,
        **arrays,
    )
