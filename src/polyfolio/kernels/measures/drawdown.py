"""Falls below the running maximum of a wealth path. The start counts as a peak; values are <= 0.

The input is wealth (or equity), by name: returns are compounded by `growth.wealth_path` first, so that a loss in the
first period is a drawdown too. Nothing guesses a starting capital.
"""

from __future__ import annotations

import math

from polyfolio.core.types import Floats, Ints
from polyfolio.kernels.compile import entry, kernel
from polyfolio.kernels.measures.order import sort
from polyfolio.kernels.measures.sums import add, clear, ratio, total
from polyfolio.kernels.tail import historical_tail

NAMES = (
    "max_drawdown",
    "current_drawdown",
    "ulcer_index",
    "pain_index",
    "under_water_rate",
    "longest_drawdown",
)
TAIL_NAMES = ("dar", "cdar")
REWARD_NAMES = ("calmar", "upi", "recovery_factor")

_PEAK, _COUNT, _PEAK_AT, _DEEPEST, _CURRENT, _LONGEST, _UNDER, _SQUARES, _DEPTHS = 0, 1, 2, 3, 4, 5, 6, 7, 9
SIZE = 11


@kernel
def init(state: Floats, start: float) -> None:
    """A path that starts at `start`; `state` has SIZE values."""
    clear(state, SIZE)
    state[_PEAK] = start


@kernel
def update(state: Floats, level: float) -> float:
    """Take the next level; its drawdown level / peak - 1 is returned."""
    state[_COUNT] += 1.0
    depth = 0.0
    if level >= state[_PEAK]:
        if state[_CURRENT] < 0.0:
            state[_LONGEST] = max(state[_LONGEST], state[_COUNT] - state[_PEAK_AT])
        state[_PEAK] = level
        state[_PEAK_AT] = state[_COUNT]
    else:
        depth = level / state[_PEAK] - 1.0
        state[_LONGEST] = max(state[_LONGEST], state[_COUNT] - state[_PEAK_AT])
        state[_UNDER] += 1.0
        state[_DEEPEST] = min(state[_DEEPEST], depth)
        add(state, _SQUARES, depth * depth)
        add(state, _DEPTHS, -depth)
    state[_CURRENT] = depth
    return depth


@kernel
def max_drawdown(state: Floats) -> float:
    """min(W_t / peak_t - 1), NaN before the first update."""
    return float(state[_DEEPEST]) if state[_COUNT] > 0.0 else math.nan


@kernel
def ulcer_index(state: Floats) -> float:
    """sqrt(mean(dd^2)), divisor n."""
    if state[_COUNT] == 0.0:
        return math.nan
    return math.sqrt(total(state, _SQUARES) / state[_COUNT])


@kernel
def finish(state: Floats, out: Floats) -> None:
    """NAMES in order; `longest_drawdown` is in bars, from the peak to the recovery or to the last bar."""
    n = state[_COUNT]
    out[0] = max_drawdown(state)
    out[1] = state[_CURRENT] if n > 0.0 else math.nan
    out[2] = ulcer_index(state)
    out[3] = total(state, _DEPTHS) / n if n > 0.0 else math.nan
    out[4] = state[_UNDER] / n if n > 0.0 else math.nan
    out[5] = state[_LONGEST] if n > 0.0 else math.nan


@entry
def summary(wealth: Floats, state: Floats, depths: Floats, out: Floats) -> None:
    """NAMES of a path of n + 1 levels; `depths` receives the n drawdowns after the start."""
    init(state, wealth[0])
    for i in range(1, wealth.shape[0]):
        depths[i - 1] = update(state, wealth[i])
    finish(state, out)


@entry
def tail(depths: Floats, confidence: float, ordered: Floats, scratch: Floats, out: Floats) -> None:
    """TAIL_NAMES: the worst (1 - c) share of the drawdowns, as positive losses; riskfolio DaR_Rel, CDaR_Rel.

    Sorted first: selection by insertion costs n * k steps on a path that falls steadily, and drawdowns do.
    """
    n = depths.shape[0]
    for i in range(n):
        ordered[i] = depths[i]
    sort(ordered, n)
    historical_tail(ordered, n, confidence, scratch, out)


@entry
def rewards(summary: Floats, cagr: float, annual_excess: float, total_return: float, out: Floats) -> None:
    """REWARD_NAMES from the numbers they divide: cagr / |mdd|, annual excess / ulcer, total return / |mdd|."""
    out[0] = ratio(cagr, -summary[0])
    out[1] = ratio(annual_excess, summary[2])
    out[2] = ratio(total_return, -summary[0])


@entry
def table(wealth: Floats, spans: Ints, depths: Floats) -> int:
    """Every episode in order of time; the number of episodes.

    spans[k] = (peak, first bar under water, trough, recovery or last bar, 1 when still open), indices into `wealth`;
    depths[k] <= 0. The peak is the last bar at the maximum. Both arrays need room for (n + 1) // 2 episodes.
    """
    episodes = 0
    peak = 0
    below = False
    for i in range(1, wealth.shape[0]):
        if wealth[i] >= wealth[peak]:
            if below:
                spans[episodes, 3] = i
                spans[episodes, 4] = 0
                episodes += 1
                below = False
            peak = i
            continue
        depth = wealth[i] / wealth[peak] - 1.0
        if not below:
            below = True
            spans[episodes, 0] = peak
            spans[episodes, 1] = i
            depths[episodes] = 0.0
        if depth < depths[episodes]:
            depths[episodes] = depth
            spans[episodes, 2] = i
    if below:
        spans[episodes, 3] = wealth.shape[0] - 1
        spans[episodes, 4] = 1
        episodes += 1
    return episodes
