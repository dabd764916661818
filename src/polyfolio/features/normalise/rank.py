"""Where a value stands among the training values."""

from __future__ import annotations

from typing import ClassVar, Literal, get_args

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.features.normalise.base import Normaliser, pool, refuse_empty
from polyfolio.features.normalise.quantiles import ordered, quantile
from polyfolio.rules.arguments import at_least

Output = Literal["uniform", "normal"]


class Rank(Normaliser):
    """The share of training values below a value, 0 to 1; equal training values share the middle of their ranks.

    Beyond the training range it stays 0 or 1. Between knots it is interpolated.

    Args:
        pooled: True ranks among all slots of a column; False among the slot's own values.
        knots: quantiles kept of the training values.
        output: "uniform" gives 0 to 1; "normal" the normal quantile of it, at most that of half a knot from the end.
    """

    name: ClassVar[str] = "rank"
    needs: ClassVar[tuple[str, ...]] = ("shape_", "knots_")

    def __init__(self, *, pooled: bool = False, knots: int = 1001, output: Output = "uniform") -> None:
        self.pooled = pooled
        self.knots = knots
        self.output = output

    def _learn(self, part: Floats, columns: tuple[str, ...]) -> None:
        at_least("knots", self.knots, 2)
        if self.output not in get_args(Output):
            raise ConfigError("output", self.output, f"one of {', '.join(get_args(Output))}", "Correct the word.")
        sorted_columns = [ordered(pool(column, self.pooled)) for column in part]
        refuse_empty(np.array([count for _, count in sorted_columns]), columns)
        shares = self._shares()
        self.knots_ = np.array(
            [np.array([quantile(values, count, share) for share in shares]).T for values, count in sorted_columns]
        )

    def _shares(self) -> Floats:
        return np.arange(self.knots) / (self.knots - 1)

    def _reshape(self, grid: Floats, out: Floats) -> None:
        shares = self._shares()
        for column, values in enumerate(grid):
            learned = self.knots_[column]
            for slot in range(values.shape[1]):
                knots = learned[slot if learned.shape[0] > 1 else 0]
                out[column, :, slot] = self._score(_standing(values[:, slot], knots, shares))

    def _score(self, share: Floats) -> Floats:
        if self.output == "uniform":
            return share
        from scipy.special import ndtri  # noqa: PLC0415 - 0.1 s, and only normal scores need it

        edge = 0.5 / self.knots
        score: Floats = ndtri(np.clip(share, edge, 1.0 - edge))
        return score


def _standing(values: Floats, knots: Floats, shares: Floats) -> Floats:
    """Shares by interpolation from both ends: where knots are equal the two differ, and their middle is taken."""
    if np.isnan(knots[0]):
        return np.full(values.shape, np.nan)
    upwards = np.interp(values, knots, shares)
    downwards = np.interp(-values, -knots[::-1], -shares[::-1])
    middle: Floats = 0.5 * (upwards - downwards)
    return middle
