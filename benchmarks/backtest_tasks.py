"""The work that backtesters are given: prices, rules, and what comes out of plain loops.

Conventions, the same for everybody:

    decision     at the close of a bar
    fill         whole, at the open of the next bar, no slippage; what the last close decides is never filled
    fee          a share of the traded notional
    crossover    a long position of `UNITS` while the fast average of the closes is above the slow one, flat below;
                 nothing is held before the first cross
    weights      every close all assets are brought to their share of equity, fractional units; `INVESTED` of equity is
                 shared, because some brokers drop a buy that the cash does not cover. A strategy of the portfolio wants
                 an asset while its fast average is above its slow one; a share is the mean over the strategies that
                 know both averages, times INVESTED / N
    final equity at the last close, open positions marked there and no fee for leaving them

Bars of weights open at the close before them: libraries that fill at the close that decides make the same trades.
Bars of a crossover open with a gap, which shows who fills where.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

INVESTED = 0.99
UNITS = 4_000.0
# Distance from the loops below up to which a result agrees. Who sizes on equity after costs, or in whole shares, is off
# by some 1e-6; one fill at another bar or price, or one fee that is missing, by more.
TOLERANCE = 1e-5


@dataclass(frozen=True)
class Task:
    """One piece of work.

    Attributes:
        name: short.
        what: a sentence for the table.
        bars: of each asset.
        assets: that are traded.
        pairs: fast and slow periods: of each system, where `weights` is False, else of the strategies of one system.
        weights: True where shares of equity are held.
        fee: of the traded notional.
        cash: each system begins with.
    """

    name: str
    what: str
    bars: int
    assets: int
    pairs: tuple[tuple[int, int], ...]
    weights: bool
    fee: float
    cash: float

    @property
    def systems(self) -> int:
        """Accounts."""
        return 1 if self.weights else len(self.pairs)

    @property
    def cells(self) -> int:
        """Bars times assets times systems."""
        return self.bars * self.assets * self.systems

    def smaller(self, bars: int | None = None, assets: int | None = None, pairs: int | None = None) -> Task:
        """The same work with at most so much of each."""
        return replace(
            self,
            bars=min(bars or self.bars, self.bars),
            assets=min(assets or self.assets, self.assets),
            pairs=self.pairs[: pairs or len(self.pairs)],
        )

    def facts(self) -> dict[str, Any]:
        """What a script is told."""
        told = {"pairs": self.pairs, "weights": self.weights, "fee": self.fee, "cash": self.cash}
        return {**told, "invested": INVESTED, "units": UNITS}


# Fast 3 to 21, slow 40 to 129: no two alike.
STRATEGIES = tuple((3 + 2 * (k % 10), 40 + 20 * (k // 10) + k % 10) for k in range(50))
SYSTEMS = tuple((5 + k, 30 + 5 * k) for k in range(20))
TASKS = {
    task.name: task
    for task in (
        Task("crossover", "one crossover of averages, one asset", 100_000, 1, ((10, 50),), False, 1e-4, 1e6),
        Task("equal_weight", "1/N every day", 2_520, 100, (), True, 1e-3, 1e8),
        Task("portfolio", "50 strategies on 100 assets, every day", 2_520, 100, STRATEGIES, True, 1e-3, 1e8),
        Task("systems", "20 systems with accounts of their own, one asset", 10_000, 1, SYSTEMS, False, 1e-4, 1e6),
    )
}


def synthetic_prices(bars: int, assets: int, width: float = 0.04) -> Floats:
    """Prices[bars, assets], equal bits everywhere: splitmix64 of the cell number moves each by up to width / 2.

    A shorter matrix of as many assets is the beginning of a longer one.
    """
    mixed = np.arange(1, bars * assets + 1, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    for shift, factor in ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB)):
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    uniform = ((mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    steps = 1.0 + width * (uniform.reshape(bars, assets) - 0.5)
    return np.ascontiguousarray(100.0 * np.cumprod(steps, axis=0))


def prices(task: Task) -> tuple[Floats, Floats]:
    """Opens and closes, float64[bars, assets]."""
    if task.weights:
        closes = synthetic_prices(task.bars, task.assets)
        return np.vstack([closes[:1], closes[:-1]]), closes
    ticks = synthetic_prices(2 * task.bars, task.assets, width=0.002)
    return np.ascontiguousarray(ticks[0::2]), np.ascontiguousarray(ticks[1::2])


# what comes out of plain loops


def final_equities(task: Task, opens: Floats, closes: Floats) -> list[float]:
    """Final equity of every system; a size is fixed on equity before the fees of its trade."""
    if task.weights:
        return [rebalanced(task, opens, closes)]
    return [crossed(task, opens[:, 0], closes[:, 0], *pair) for pair in task.pairs]


def average(closes: Floats, period: int) -> Floats:
    """Mean of the last closes, NaN before there are enough."""
    out = np.full(closes.shape, np.nan)
    if len(closes) >= period:
        out[period - 1 :] = np.lib.stride_tricks.sliding_window_view(closes, period, axis=0).mean(axis=-1)
    return out


def crossed(task: Task, opens: Floats, closes: Floats, fast: int, slow: int) -> float:
    """One system that trades crosses."""
    gap = average(closes, fast) - average(closes, slow)
    cash, units = task.cash, 0.0
    for row in range(2, len(closes)):
        before, now = gap[row - 2], gap[row - 1]
        wanted = UNITS if before < 0.0 < now else 0.0 if before > 0.0 > now else units
        traded = (wanted - units) * opens[row]
        cash -= traded + task.fee * abs(traded)
        units = wanted
    return float(cash + units * closes[-1])


def shares(task: Task, closes: Floats) -> Floats:
    """Wanted shares of equity at every close."""
    if not task.pairs:
        return np.full(closes.shape, INVESTED / task.assets)
    votes, voters = np.zeros(closes.shape), np.zeros(closes.shape)
    for fast, slow in task.pairs:
        gap = average(closes, fast) - average(closes, slow)
        votes += gap > 0.0
        voters += ~np.isnan(gap)
    return INVESTED / task.assets * votes / np.maximum(voters, 1.0)


def rebalanced(task: Task, opens: Floats, closes: Floats) -> float:
    """One account that is brought to its shares at every open."""
    wanted = shares(task, closes)
    cash, units = task.cash, np.zeros(closes.shape[1])
    for row in range(1, len(closes)):
        held = units * opens[row]
        target = wanted[row - 1] * (cash + held.sum())
        cash -= (target - held).sum() + task.fee * np.abs(target - held).sum()
        units = target / opens[row]
    return float(cash + (units * closes[-1]).sum())


def difference(found: list[float], expected: list[float]) -> float:
    """The largest relative distance of final equities."""
    if len(found) != len(expected):
        return sys.float_info.max
    return max(abs(one / other - 1.0) for one, other in zip(found, expected, strict=True))
