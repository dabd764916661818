"""Tapes made by hand and by chance, to fit synthetic markets to."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.market.frame import tape_from_arrays

DAY = 86_400 * 10**9
HOUR = DAY // 24
MODELS = ("bootstrap", "regimes", "garch", "jumps", "factors")


def fields_of(rows: int, slots: int, seed: int = 1) -> dict[str, np.ndarray]:
    """Bars with one common factor, clustered variance, gaps, shadows and volume."""
    random = np.random.default_rng(seed)
    calm = np.exp(0.3 * np.cumsum(random.standard_normal(rows)) / np.sqrt(rows) + 0.4 * np.sin(np.arange(rows) / 40.0))
    common = random.standard_t(5, rows)[:, None]
    own = random.standard_t(5, (rows, slots))
    moves = 0.008 * calm[:, None] * (common + own) + 0.0003
    closed = 100.0 * np.exp(np.cumsum(moves, axis=0))
    before = np.vstack([np.full((1, slots), 100.0), closed[:-1]])
    opened = before * np.exp(0.3 * moves)
    up, down = (0.004 * random.random((rows, slots)) for _ in range(2))
    return {
        "open": opened,
        "high": np.maximum(opened, closed) * np.exp(up),
        "low": np.minimum(opened, closed) * np.exp(-down),
        "close": closed,
        "volume": 1e6 * np.exp(0.5 * random.standard_normal((rows, slots))) * calm[:, None],
    }


def tape_of(fields: dict[str, np.ndarray], step: int = DAY, **options: Any) -> Tape:
    """A tape whose rows stand `step` apart."""
    rows, slots = fields["close"].shape
    symbols = [f"S{slot}" for slot in range(slots)]
    options = {"interval": "1d" if step == DAY else "1h", **options}
    return tape_from_arrays(19_000 * DAY + np.arange(rows) * step, symbols, fields, **options)


def plain(rows: int = 400, slots: int = 4, seed: int = 1, **options: Any) -> Tape:
    """A tape without gaps."""
    return tape_of(fields_of(rows, slots, seed), **options)


def without(fields: dict[str, np.ndarray], rows: slice, slot: int) -> dict[str, np.ndarray]:
    """The same bars without some rows of a slot."""
    out = {name: array.copy() for name, array in fields.items()}
    for array in out.values():
        array[rows, slot] = np.nan
    return out


def moves_of(tape: Tape) -> np.ndarray:
    """Log returns from close to close."""
    return np.diff(np.log(tape.close), axis=0)
