"""Regime switching: a hidden Markov chain on the market's return decides means, spreads and correlations of the rows.

The market's return is the mean of the slots' returns, each over its own deviation. States are told from the whole tape,
later rows included: right for a market that is to be imitated, wrong for a signal.
"""

from __future__ import annotations

import numpy as np

from polyfolio.core.types import Floats, Ints
from polyfolio.market.synthetic.bars import Draw
from polyfolio.market.synthetic.base import SyntheticMarket, scale_by_phase
from polyfolio.market.synthetic.calibrate import calibrated, steady_correlation
from polyfolio.market.synthetic.chain import Chain, fit_chain
from polyfolio.market.synthetic.degrees import degrees_of
from polyfolio.market.synthetic.history import FLAT, History
from polyfolio.market.synthetic.streams import Streams, correlated, correlation_of, mixing, whole


class RegimeSwitching(SyntheticMarket):
    """States with means, spreads and correlations of their own, Student's t within.

    Args:
        states: number of regimes, at least 2. With three, ten years of daily shares give calm, lively and crisis rows.

    Attributes:
        chain_: of the market's return.
        mean_: log return by state (states, slots).
        spread_: standard deviation by state (states, slots).
        roots_: root of the correlation by state (states, slots, slots).
        degrees_: degrees of freedom of each slot.
    """

    name = "regimes"
    meaning = "a hidden Markov chain of calm and wilder states, fat tails in each"

    def __init__(self, *, states: int = 3) -> None:
        whole("states", states, 2)
        self.states = states

    def learn(self, history: History) -> None:
        """Fit the chain, then each state's moments by the probabilities of its rows."""
        calm = history.filled(history.calm())
        self.chain_ = fit_chain(_market(calm, history.deviation), self.states)
        weight = self.chain_.weight
        share = weight / np.maximum(weight.sum(axis=0), 1e-300)
        self.mean_ = share.T @ calm
        self.spread_ = np.sqrt(np.maximum(share.T @ calm**2 - self.mean_**2, 0.0))
        unit = _standardised(calm, weight, self.mean_, self.spread_)
        self._level(history)
        self.degrees_ = np.array([degrees_of(column) for column in unit.T])
        self.roots_ = calibrated(steady_correlation(calm), _correlations(unit, weight), self._returns)

    def draw(self, phase: Ints, streams: Streams) -> Draw:
        """States first, then returns within them."""
        return Draw(self._returns(streams, phase.size, self.roots_) * scale_by_phase(self.history_, phase))

    def _returns(self, streams: Streams, rows: int, roots: Floats) -> Floats:
        states = visited(self.chain_, rows, streams.of("states").random(rows))
        normals = streams.of("normals").standard_normal((rows, self.degrees_.size))
        mixed = mixing(streams.of("scale").random(rows), self.degrees_)
        out = np.empty(normals.shape)
        for state in range(self.states):
            where = states == state
            shock = correlated(normals[where], roots[state]) * mixed[where]
            out[where] = self.mean_[state] + self.spread_[state] * shock
        return out

    def _level(self, history: History) -> None:
        """Move means and spreads so that the long run has the original's.

        Where a tape shows few changes of state, its own shares of the states are not those of the long run.
        """
        share = self.chain_.stationary()
        level = share @ self.mean_
        variance = share @ (self.spread_**2 + (self.mean_ - level) ** 2)
        factor = np.divide(history.deviation**2, variance, out=np.zeros_like(variance), where=variance > FLAT**2)
        self.mean_ = history.mean + np.sqrt(factor) * (self.mean_ - level)
        self.spread_ = np.sqrt(factor) * self.spread_


def visited(chain: Chain, rows: int, uniform: Floats) -> Ints:
    """A path of states from the long-run distribution."""
    limits = np.cumsum(chain.transition, axis=1).tolist()
    out = np.empty(rows, dtype=np.int64)
    last = chain.start.size - 1
    bound = np.cumsum(chain.stationary()).tolist()
    for row, number in enumerate(uniform.tolist()):
        state = 0
        while state < last and number >= bound[state]:
            state += 1
        out[row] = state
        bound = limits[state]
    return out


def _market(calm: Floats, deviation: Floats) -> Floats:
    moving = deviation > FLAT
    if not moving.any():
        return np.zeros(calm.shape[0])
    market = (calm[:, moving] / deviation[moving]).mean(axis=1)
    return np.asarray(market, dtype=np.float64)


def _standardised(calm: Floats, weight: Floats, mean: Floats, spread: Floats) -> Floats:
    """Returns over the mean and variance expected in their rows, rescaled to variance 1; 0 where nothing moves."""
    expected = np.sqrt(weight @ spread**2)
    away = calm - weight @ mean
    unit = np.divide(away, expected, out=np.zeros_like(away), where=expected > FLAT)
    scale = unit.std(axis=0)
    return np.asarray(np.divide(unit, scale, out=unit, where=scale > 0.0), dtype=np.float64)


def _correlations(unit: Floats, weight: Floats) -> Floats:
    """Correlation within each state, drawn towards that of all rows as far as the state has few rows for its slots."""
    every = correlation_of(unit)
    out = []
    for state in range(weight.shape[1]):
        rows = float(weight[:, state].sum())
        own = correlation_of(unit * np.sqrt(weight[:, state])[:, None])
        trust = rows / (rows + unit.shape[1])
        out.append(trust * own + (1.0 - trust) * every)
    return np.stack(out)
