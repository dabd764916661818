"""GARCH markets: each slot a GARCH(1,1) of its own, shocks of Student's t, correlated between slots."""

from __future__ import annotations

import numpy as np

from polyfolio.core.types import Floats, Ints
from polyfolio.market.synthetic.bars import Draw
from polyfolio.market.synthetic.base import SyntheticMarket, scale_by_phase
from polyfolio.market.synthetic.calibrate import FOR_GAINS, SEED, calibrated, gain, steady_correlation, trial_rows
from polyfolio.market.synthetic.garch_t import GarchT, fit_garch_t, simulate
from polyfolio.market.synthetic.history import History
from polyfolio.market.synthetic.streams import Streams, correlation_of, student


class GarchMarket(SyntheticMarket):
    """Volatility that clusters, tails of Student's t, constant correlations of the shocks.

    Attributes:
        models_: one per slot that moves, by slot.
        root_: root of the shocks' correlation (1, moving slots, moving slots).
        gain_: factor on the moves, so that a path has the original's deviations (moving slots).
    """

    name = "garch"
    meaning = "GARCH(1,1) with Student's t in each slot, constant correlations of the shocks"

    def learn(self, history: History) -> None:
        """Fit each slot to its own returns, then the correlation of what is left."""
        moving = np.flatnonzero(history.moves)
        self.models_ = {int(slot): fit_garch_t(history.own(int(slot))) for slot in moving}
        shocks = shocks_of(history.calm(), self.models_)
        wanted = steady_correlation(history.filled(history.calm())[:, moving])
        self.gain_ = np.ones(moving.size)
        self.root_ = calibrated(wanted, correlation_of(history.filled(shocks)[:, moving])[None], self._returns)
        trial = self._returns(Streams(SEED), trial_rows(moving.size, FOR_GAINS), self.root_)
        self.gain_ = gain(trial, history.deviation[moving])

    def draw(self, phase: Ints, streams: Streams) -> Draw:
        """Correlated shocks through each slot's recursion."""
        out = np.zeros((phase.size, self.history_.deviation.size))
        out[:, list(self.models_)] = self._returns(streams, phase.size, self.root_)
        return Draw(out * scale_by_phase(self.history_, phase))

    def _returns(self, streams: Streams, rows: int, roots: Floats) -> Floats:
        """Returns of the slots that move."""
        history = self.history_
        models = [model.targeted(0.0, float(history.deviation[slot] ** 2)) for slot, model in self.models_.items()]
        moves = simulate(models, student(streams, rows, roots[0], np.array([model.degrees for model in models])))
        return np.asarray(history.mean[list(self.models_)] + self.gain_ * moves, dtype=np.float64)


def shocks_of(returns: Floats, models: dict[int, GarchT]) -> Floats:
    """Residuals (rows, slots); NaN where there is no return, 0 in slots without a model."""
    out = np.where(np.isnan(returns), np.nan, 0.0)
    for slot, model in models.items():
        known = ~np.isnan(returns[:, slot])
        out[known, slot] = model.residuals(returns[known, slot])
    return out
