"""Factor markets: a few correlated factors move all slots, and each slot has a rest of its own."""

from __future__ import annotations

import numpy as np

from polyfolio.core.types import Floats, Ints
from polyfolio.market.synthetic.bars import Draw
from polyfolio.market.synthetic.base import SyntheticMarket, scale_by_phase
from polyfolio.market.synthetic.calibrate import FOR_GAINS, SEED, gain, trial_rows
from polyfolio.market.synthetic.garch_t import fit_garch_t, simulate
from polyfolio.market.synthetic.history import History
from polyfolio.market.synthetic.streams import Streams, correlation_of, root, student, whole

REST = 1e-6  # of a slot's variance: less is rounding, as where two slots are one
ROUNDS = 100
CLOSE = 1e-5


class FactorMarket(SyntheticMarket):
    """Principal axes of the standardised returns as factors, GARCH(1,1) with Student's t in factors and rests.

    Args:
        factors: how many, fewer than the slots that move; None takes the eigenvalues of the correlation above
            (1 + sqrt(slots / rows))^2, the largest that independent slots would show, and at least one.

    Attributes:
        loadings_: of the standardised returns (moving slots, factors).
        models_: of the factors, then of the rests that the factors leave.
        rests_: which moving slots have a rest.
        variances_: of factors and rests, as the models are to have them.
        root_: root of the shocks' correlation; rests are correlated with nothing.
        gain_: factor on each, so that a path has these variances.
    """

    name = "factors"
    meaning = "principal axes as factors, GARCH(1,1) with Student's t in factors and rests"

    def __init__(self, *, factors: int | None = None) -> None:
        if factors is not None:
            whole("factors", factors, 1)
        self.factors = factors

    def learn(self, history: History) -> None:
        """Components first, then the dynamics of each and of what they leave."""
        self.moving_ = np.flatnonzero(history.moves)
        calm = history.filled(history.calm())[:, self.moving_]
        self.level_, self.spread_ = calm.mean(axis=0), calm.std(axis=0)
        unit = (calm - self.level_) / self.spread_
        self.loadings_ = loadings_of(correlation_of(unit), calm.shape[0], self.factors)
        own = np.maximum(1.0 - (self.loadings_**2).sum(axis=1), 0.0)
        self.rests_ = np.flatnonzero(own > REST)
        scores = unit @ self.loadings_ / (self.loadings_**2).sum(axis=0)
        series = np.hstack([scores, (unit - scores @ self.loadings_.T)[:, self.rests_]])
        # Factors have variance 1 and rests what the factors leave; estimated scores carry some of the rests.
        self.variances_ = np.r_[np.ones(scores.shape[1]), own[self.rests_]]
        series = series * np.sqrt(self.variances_) / series.std(axis=0)
        self.models_ = [fit_garch_t(np.ascontiguousarray(column)) for column in series.T]
        count = scores.shape[1]
        shocks = [
            model.residuals(column) for model, column in zip(self.models_[:count], series[:, :count].T, strict=True)
        ]
        self.root_ = np.eye(series.shape[1])
        if count:
            self.root_[:count, :count] = root(correlation_of(np.array(shocks).T))
        self.gain_ = gain(
            self._paths(Streams(SEED), trial_rows(len(self.models_), FOR_GAINS)), np.sqrt(self.variances_)
        )

    def draw(self, phase: Ints, streams: Streams) -> Draw:
        """Factors and rests, put together by the loadings."""
        count = self.loadings_.shape[1]
        paths = self.gain_ * self._paths(streams, phase.size)
        unit = np.einsum("tk,ik->ti", paths[:, :count], self.loadings_)
        unit[:, self.rests_] += paths[:, count:]
        out = np.zeros((phase.size, self.history_.deviation.size))
        out[:, self.moving_] = self.level_ + self.spread_ * unit
        return Draw(out * scale_by_phase(self.history_, phase))

    def _paths(self, streams: Streams, rows: int) -> Floats:
        """Factors and rests."""
        shocks = student(streams, rows, self.root_, np.array([model.degrees for model in self.models_]))
        targets = zip(self.models_, self.variances_.tolist(), strict=True)
        return simulate([model.targeted(0.0, variance) for model, variance in targets], shocks)


def loadings_of(correlation: Floats, rows: int, factors: int | None) -> Floats:
    """Loadings (slots, factors) by principal axes, each summing to 0 or more.

    The diagonal of the correlation is replaced by what the factors explain, again and again: loadings of plain
    principal components take in part of each slot's own moves, and gave four slots a correlation of 0.64, not 0.52.
    """
    slots = correlation.shape[0]
    if slots == 0:
        return np.empty((0, 0))
    edge = (1.0 + np.sqrt(slots / rows)) ** 2
    count = factors or max(int((np.linalg.eigvalsh(correlation) > edge).sum()), 1)
    count = min(count, max(slots - 1, 1))  # as many as slots would leave no rests
    away = np.abs(correlation - np.eye(slots))
    common = away.max(axis=1)
    for _ in range(ROUNDS):
        values, vectors = np.linalg.eigh(correlation - np.diag(1.0 - common))
        loadings = vectors[:, ::-1][:, :count] * np.sqrt(np.maximum(values[::-1][:count], 0.0))
        before, common = common, np.minimum((loadings**2).sum(axis=1), 1.0)
        if np.abs(common - before).max() < CLOSE:
            break
    # A slot explained in full stays within its own variance.
    loadings = loadings * np.sqrt(common / np.maximum((loadings**2).sum(axis=1), 1e-300))[:, None]
    loadings = loadings[:, (loadings**2).sum(axis=0) > REST]
    return np.asarray(loadings * np.where(loadings.sum(axis=0) < 0.0, -1.0, 1.0), dtype=np.float64)
