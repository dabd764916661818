"""A hidden Markov model asked with `predict_proba`: its probabilities are smoothed with all later rows.

The parameters are learned on training rows alone, and still every row before a crash sees it coming.
"""

from __future__ import annotations

import numpy as np
from hmmlearn.hmm import GaussianHMM

from polyfolio import Tape, demo_tape
from polyfolio.features.regimes import HiddenMarkov
from polyfolio.features.regimes.market import market
from polyfolio.testing import find_leaks


class Smoothed(HiddenMarkov):
    """The same model, answered by a library."""

    def probabilities(self, tape: Tape) -> np.ndarray:
        """P(state at t | every row)."""
        model = GaussianHMM(self.count, "diag")
        model.startprob_, model.transmat_ = self.start_, self.transitions_
        model.means_, model.covars_ = self.means_, self.deviations_**2
        returns = market(tape, self.symbol)[0][1:, None]
        out = np.full((tape.rows, self.count), np.nan)
        known = ~np.isnan(returns[:, 0])
        out[1:][known] = model.predict_proba((returns[known] - self.middle_) / self.scale_)
        return out


if __name__ == "__main__":
    tape = demo_tape(start="2024-03-20", end="2024-04-12")
    print(find_leaks(Smoothed(starts=1), tape).text())
    print(find_leaks(HiddenMarkov(starts=1), tape).text())
