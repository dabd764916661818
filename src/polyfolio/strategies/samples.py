"""What a learned strategy learns from: features of each name at each row, and what the name did afterwards."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats, Ints
from polyfolio.features.catalogue import features_of
from polyfolio.features.compute import compute
from polyfolio.strategies.growth import by_symbol, holding

# Without a unit, so that names can be learned from side by side.
HANDFUL: tuple[Any, ...] = (
    {"returns": {"period": 1}},
    {"returns": {"period": 5}},
    {"returns": {"period": 20}},
    {"zscore": {"period": 20}},
    {"range_position": {"period": 20}},
    {"close_volatility": {"period": 20}},
    {"rise_share": {"period": 20}},
)


@dataclass(frozen=True, eq=False)
class Samples:
    """Features and forward returns of a tape, names in the order of their symbols.

    Attributes:
        names: of the features.
        features: float64[rows, names of the market, features].
        forward: total return from a row to `horizon` rows later, float64[rows, names of the market]; NaN where the
            name does not trade at both ends.
        order: slot of each name.
        horizon: rows.
    """

    names: tuple[str, ...]
    features: Floats
    forward: Floats
    order: Ints
    horizon: int

    def before(self, row: int, window: int | None, embargo: int) -> tuple[Floats, Floats]:
        """Features and forward returns that may be learned from at a row: all that was over `embargo` rows before it.

        A return that begins at t is known at t + horizon, so the last one begins at row - embargo - horizon. They
        begin `horizon` rows apart: those between share their days and say nothing of their own.

        Args:
            row: the row learned at; it may be used itself.
            window: rows back from it; None takes all.
            embargo: rows left out.
        """
        last = row - embargo - self.horizon
        first = 0 if window is None else max(0, row - window)
        starts = np.arange(last, first - 1, -self.horizon)[::-1]
        features, forward = self.features[starts], self.forward[starts]
        known = np.isfinite(features).all(axis=2) & np.isfinite(forward)
        return features[known], forward[known]


def samples_of(tape: Tape, written: Sequence[Any] | None, horizon: int) -> Samples:
    """The samples of a tape.

    Args:
        tape: the market rows.
        written: features as a configuration writes them; None takes HANDFUL.
        horizon: rows of the forward return.
    """
    columns = compute(features_of(HANDFUL if written is None else written), tape, threads=1)
    order = by_symbol(tape)
    values = np.asarray(columns.values, dtype=np.float64)[:, :, order].transpose(1, 2, 0)
    held = np.where(tape.tradable != 0, holding(tape), np.nan)[:, order]
    forward = np.full(held.shape, np.nan)
    if horizon < tape.rows:
        forward[:-horizon] = held[horizon:] / held[:-horizon] - 1.0
    return Samples(tuple(columns), np.ascontiguousarray(values), forward, order, horizon)
