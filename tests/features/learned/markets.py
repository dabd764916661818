"""Small tapes and grids of values for normalisers and regimes."""

from __future__ import annotations

import numpy as np

from polyfolio.core.tape import NANOSECONDS_PER_DAY, Calendar, Tape, Universe, instrument_table

FIRST_DAY = 18_628


def tape_of(closes: np.ndarray, symbols: str | tuple[str, ...] = "", splits: np.ndarray | None = None) -> Tape:
    """A daily tape whose bars stand still at closes[row, slot]; NaN is a missing bar."""
    rows, slots = closes.shape
    day = FIRST_DAY + np.arange(rows, dtype=np.int64)
    return Tape(
        (day + 1) * NANOSECONDS_PER_DAY,
        closes,
        closes,
        closes,
        closes,
        np.full(closes.shape, 1e6),
        (~np.isnan(closes)).astype(np.uint8),
        Calendar("24/7", 365.0, 365.0, "given", day),
        Universe(tuple(symbols or "ABCDEFGHIJ"[:slots])),
        instrument_table(slots),
        splits=splits,
    )


def walk_tape(rows: int = 400, slots: int = 3, seed: int = 0) -> Tape:
    """Random walks whose volatility triples in the second half; the last slot is listed late, one misses bars."""
    random = np.random.default_rng(seed)
    sigma = np.where(np.arange(rows) < rows // 2, 0.01, 0.03)[:, None]
    closes = 100.0 * np.exp(np.cumsum(random.normal(0.0, sigma, (rows, slots)), axis=0))
    closes[: rows // 5, -1] = np.nan
    closes[rows // 3 : rows // 3 + 4, 0] = np.nan
    return tape_of(closes)


def grid(columns: int = 3, rows: int = 120, slots: int = 4, seed: int = 0) -> np.ndarray:
    """Values of several scales with holes; the last slot begins at row 20."""
    random = np.random.default_rng(seed)
    scale = np.array([1.0, 1e6, 1e-6, 50.0])[np.arange(columns) % 4][:, None, None]
    values = random.standard_t(4, (columns, rows, slots)) * scale + 3.0 * scale
    values[random.random(values.shape) < 0.05] = np.nan
    values[:, :20, -1] = np.nan
    return values
