"""Jump diffusion markets: normal moves with jumps between them, both correlated between slots."""

from __future__ import annotations

import numpy as np
from scipy import special

from polyfolio.core.types import Floats, Ints
from polyfolio.market.synthetic.bars import Draw
from polyfolio.market.synthetic.base import SyntheticMarket, scale_by_phase
from polyfolio.market.synthetic.calibrate import calibrated, steady_correlation
from polyfolio.market.synthetic.history import History
from polyfolio.market.synthetic.jump_fit import MOST_JUMPS, fit_jumps
from polyfolio.market.synthetic.streams import Streams, correlated, correlation_of


class JumpMarket(SyntheticMarket):
    """Merton's jump diffusion in each slot; volatility does not cluster.

    Moves, numbers of jumps and their sizes are three draws with one correlation, so slots that move together also jump
    together, and more often than not the same way.

    Attributes:
        models_: one per slot that moves, by slot.
        root_: root of the draws' correlation (1, moving slots, moving slots).
    """

    name = "jumps"
    meaning = "Merton's jump diffusion in each slot, moves and jumps correlated"

    def learn(self, history: History) -> None:
        """Fit each slot to its own returns, then the correlation of the draws."""
        moving = np.flatnonzero(history.moves)
        self.models_ = {int(slot): fit_jumps(history.own(int(slot))) for slot in moving}
        calm = history.filled(history.calm())[:, moving]
        self.root_ = calibrated(steady_correlation(calm), correlation_of(calm)[None], self._returns)

    def draw(self, phase: Ints, streams: Streams) -> Draw:
        """Independent rows."""
        out = np.zeros((phase.size, self.history_.deviation.size))
        out[:, list(self.models_)] = self._returns(streams, phase.size, self.root_)
        return Draw(out * scale_by_phase(self.history_, phase))

    def _returns(self, streams: Streams, rows: int, roots: Floats) -> Floats:
        """Returns of the slots that move."""
        models = list(self.models_.values())
        normals = {
            purpose: correlated(streams.of(purpose).standard_normal((rows, len(models))), roots[0])
            for purpose in ("moves", "arrivals", "sizes")
        }
        sigma, rate, size, spread = (
            np.array([getattr(model, name) for model in models]) for name in ("sigma", "rate", "size", "spread")
        )
        level = self.history_.mean[list(self.models_)] - rate * size
        count = poisson(normals["arrivals"], rate)
        jump = count * size + np.sqrt(count) * spread * normals["sizes"]
        return np.asarray(level + sigma * normals["moves"] + jump, dtype=np.float64)


def poisson(normals: Floats, rate: Floats) -> Floats:
    """Poisson numbers by the inverse of their distribution: large normals make many."""
    above = special.ndtr(-normals)  # the upper tail, exact where it is small
    out = np.zeros(normals.shape)
    for number in range(MOST_JUMPS):
        out += above < special.pdtrc(number, rate)
    return out
