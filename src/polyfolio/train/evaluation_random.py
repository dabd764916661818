"""Random policies that trade as much as a policy does, when it does, and hold as much as it holds.

At every row where the policy trades, a random policy draws a random portfolio of the policy's gross and net exposure
and moves towards it until it has traded the same share of its equity. So its turnover is the policy's, bar by bar; what
a portfolio too near leaves untraded is traded at the next occasion. What it holds is all that luck decides.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from polyfolio.backtests.baselines import plain_lane
from polyfolio.backtests.periods import Period
from polyfolio.core.types import Floats
from polyfolio.engine.rows import rows_of
from polyfolio.market.synthetic.streams import Streams
from polyfolio.rules.plan import compile_spec
from polyfolio.rules.spec import Lane, Spec
from polyfolio.train.evaluation_contenders import RANDOM, Entry, spec_of
from polyfolio.train.evaluation_runs import Paths, Walked, run

TRIES, EVEN = 10, 6  # portfolios drawn at an occasion; the first one far enough is taken, else the farthest
AT_ONCE = 8_000_000  # signals of one run; 8 million are 64 MB
_NOTHING = 1e-9


@dataclass(frozen=True, eq=False)
class Habit:
    """What random policies copy of a policy, and the market they are in. Row 0 is the first judged one.

    Attributes:
        held: weights at each close, float64[rows, slots].
        moved: share of equity traded in each bar, both sides counted: float64[rows], 0 in row 0.
        changes: return of each slot over each bar, float64[rows, slots]; row 0 is not used.
        tradable: bool[rows, slots].
    """

    held: Floats
    moved: Floats
    changes: Floats
    tradable: npt.NDArray[np.bool_]


def wander(habit: Habit, policies: int, random: np.random.Generator) -> Floats:
    """Signals of random policies, weights to hold: float64[policies, rows, slots]; NaN where they do not trade."""
    rows, slots = habit.held.shape
    out = np.full((policies, rows, slots), np.nan)
    weights, owed = np.zeros((policies, slots)), np.zeros(policies)
    for row in range(rows - 1):
        if row > 0:
            weights = drifted(weights, habit.changes[row])
        if not habit.moved[row + 1] > _NOTHING:
            continue
        free = habit.tradable[row]
        wanted = portfolios(habit.held[row + 1], free, weights, random)
        due = habit.moved[row + 1] + owed
        fresh = moved_towards(weights, wanted, due)
        owed = due - np.abs(fresh - weights).sum(axis=1)
        weights = fresh
        out[:, row] = np.where(free, weights, np.nan)
    return out


def drifted(weights: Floats, changes: Floats) -> Floats:
    """Weights after a bar in which nothing was traded."""
    grown = weights * np.nan_to_num(changes)
    return np.asarray((weights + grown) / np.maximum(1.0 + grown.sum(axis=1, keepdims=True), _NOTHING))


def portfolios(held: Floats, free: npt.NDArray[np.bool_], weights: Floats, random: np.random.Generator) -> Floats:
    """Random portfolios of a policy's exposure, what cannot trade left as it is: float64[tries, policies, slots].

    The first EVEN of the tries have shares even on the simplex, the others one name each, which is farther away. Signs
    fall so that the net exposure is about the policy's.
    """
    exposure = np.abs(held).sum()
    shares = random.exponential(size=(TRIES, *weights.shape)) * free
    shares[EVEN:] *= shares[EVEN:] == shares[EVEN:].max(axis=2, keepdims=True)
    shares /= np.maximum(shares.sum(axis=2, keepdims=True), _NOTHING)
    longs = 0.5 * (1.0 + held.sum() / exposure) if exposure > _NOTHING else 1.0
    signs = np.where(random.random(shares.shape) < longs, 1.0, -1.0)
    fixed = np.where(free, 0.0, weights)
    left = np.maximum(exposure - np.abs(fixed).sum(axis=1), 0.0)
    return np.asarray(shares * signs * left[None, :, None] + fixed)


def moved_towards(weights: Floats, wanted: Floats, due: Floats) -> Floats:
    """Weights after each policy traded what is due on the way to the first portfolio far enough, else the farthest."""
    far = np.abs(wanted - weights).sum(axis=2)
    enough = far >= due
    choice = np.where(enough.any(axis=0), enough.argmax(axis=0), far.argmax(axis=0))
    lanes = np.arange(weights.shape[0])
    target, distance = wanted[choice, lanes], far[choice, lanes]
    step = np.minimum(due / np.maximum(distance, _NOTHING), 1.0)
    return np.asarray(weights + step[:, None] * (target - weights))


def habits(ran: Walked, held: Floats) -> list[Habit]:
    """What there is to copy of each of the first accounts, whose weights are given."""
    period = ran.period
    rows = rows_of(period.tape, "bar")
    changes = np.zeros((period.bars + 1, period.tape.slots))
    changes[1:] = rows.returns.T[period.first : period.first + period.bars]
    tradable = rows.market.tradable[period.first :] != 0
    return [
        Habit(weights, np.concatenate([[0.0], ran.moved[number]]), changes, tradable)
        for number, weights in enumerate(held)
    ]


def random_policies(spec: Spec, lane: Lane, followed: Sequence[Habit], period: Period, count: int) -> Paths:
    """Random policies, shared evenly among the accounts they copy, run under the same costs.

    Args:
        spec: its seed is the random numbers'.
        lane: account and costs.
        followed: what they copy.
        period: what is judged.
        count: how many in all.
    """
    step = max(1, AT_ONCE // (period.tape.rows * period.tape.slots))
    parts = [
        batch(spec, lane, followed, period, range(first, min(first + step, count))) for first in range(0, count, step)
    ]
    return Paths(
        tuple(entry for part in parts for entry in part.entries),
        period,
        np.concatenate([part.returns for part in parts]),
        np.concatenate([part.moved for part in parts]),
        np.concatenate([part.ruined for part in parts]),
    )


def batch(spec: Spec, lane: Lane, followed: Sequence[Habit], period: Period, numbers: range) -> Paths:
    """Some of the random policies; number n copies account n modulo their number."""
    entries = [Entry(RANDOM, number, "random", plain_lane(lane, f"{RANDOM} {number + 1}", None)) for number in numbers]
    whole = spec_of(spec, entries, "summary")
    plan = compile_spec(whole, period.tape.universe)
    signals = np.full((len(entries), period.tape.rows, period.tape.slots), np.nan)
    for number, habit in enumerate(followed):
        mine = [place for place, each in enumerate(numbers) if each % len(followed) == number]
        random = Streams(spec.seed, number).of(f"{RANDOM} from {numbers.start}")
        sources = plan.rules["signal"][mine]
        signals[sources, period.first :] = wander(habit, len(mine), random)
    return run(whole, entries, period, np.ascontiguousarray(signals[:, :, plan.slot_of]))
