"""What an agent is paid for a bar, after costs. V is equity, r = V' / V - 1.

    portfolio_pnl         r
    log_return            ln(V' / V), V' / V counted as at least 1e-6
    sharpe                change of the episode's Sharpe ratio, annualised, risk-free rate 0
    sortino               change of the episode's Sortino ratio, target 0
    calmar                change of growth a year by count of bars / abs(largest drawdown) of the episode
    differential_sharpe   (B dA - A dB / 2) / (B - A^2)^(3/2), dA = r - A, dB = r^2 - B, then A += eta dA, B += eta dB
                          (Moody and Saffell, 2001)
    composite             sum of seven weighted terms, see `terms`

A statistic counts as 0 before 20 returns and where it is undefined, so every reward is finite and the changes sum to
the episode's value. Then, for what is not a ratio already, minus risk_aversion / 2 x EWMA variance (decay 0.94); for
all, minus cost_penalty x costs / V, minus drawdown_penalty x increase of the drawdown; times reward_scaling.
"""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.codes import Reward
from polyfolio.core.types import Floats
from polyfolio.kernels.compile import entry, kernel, routine
from polyfolio.kernels.lanes import lane_at, seat_at
from polyfolio.kernels.measures import drawdown, growth, moments, partial, ratios
from polyfolio.kernels.measures.sums import over_deviation, ratio

_PNL = int(Reward.PORTFOLIO_PNL)
_LOG = int(Reward.LOG_RETURN)
_SHARPE = int(Reward.SHARPE)
_DIFFERENTIAL = int(Reward.DIFFERENTIAL_SHARPE)
_SORTINO = int(Reward.SORTINO)
_CALMAR = int(Reward.CALMAR)
_COMPOSITE = int(Reward.COMPOSITE)

WINDOW = 60  # returns of the composite's deviations
TREND = 20
RUNNING = moments.SIZE + partial.SIZE + drawdown.SIZE
_LEAST = 20  # returns before a statistic counts
_FLOOR = 1e-6  # V' / V of a ruin
_DECAY = 0.94
_STILL = 1e-12  # variance of a differential Sharpe ratio that counts as none
_COST_UNIT = 0.001
_SHARPE_UNIT = 3.0


@kernel
def defined(value: float) -> float:
    """An undefined term counts 0."""
    return value if abs(value) < math.inf else 0.0


@kernel
def running_statistic(seat: Any, change: float, wealth: float) -> float:
    """The episode's ratio so far, 0 where it is undefined; `wealth` is equity over the episode's capital."""
    kind = seat.agent.reward
    count = seat.episode.decisions
    value = math.nan
    if kind == _SHARPE:
        moments.update(seat.running, change)
        value = ratios.sharpe(seat.running, seat.agent.bars_per_year)
    elif kind == _SORTINO:
        below = seat.running[moments.SIZE : moments.SIZE + partial.SIZE]
        partial.update(below, change, 0.0)
        value = ratios.sortino(below, seat.agent.bars_per_year)
    else:
        path = seat.running[moments.SIZE + partial.SIZE : RUNNING]
        drawdown.update(path, wealth)
        yearly = growth.cagr(wealth, count / seat.agent.bars_per_year)
        value = ratio(yearly, -drawdown.max_drawdown(path))
    return defined(value) if count >= _LEAST else 0.0


@kernel
def differential_sharpe(episode: Any, eta: float, change: float) -> float:
    """Moody and Saffell's differential Sharpe ratio; moves A and B."""
    first = change - episode.first_moment
    second = change * change - episode.second_moment
    variance = episode.second_moment - episode.first_moment * episode.first_moment
    value = 0.0
    if episode.decisions > _LEAST and variance > _STILL:
        numerator = episode.second_moment * first - 0.5 * episode.first_moment * second
        value = numerator / (variance * math.sqrt(variance))
    episode.first_moment += eta * first
    episode.second_moment += eta * second
    return value


@kernel
def deviation_of(returns: Floats, count: int) -> float:
    """Standard deviation (ddof 1) of the last returns, two passes; NaN before 20."""
    n = min(count, returns.size)
    if n < _LEAST:
        return math.nan
    mean = mean_of(returns, n)
    total = 0.0
    for i in range(n):
        total += (returns[i] - mean) * (returns[i] - mean)
    return math.sqrt(total / (n - 1))


@kernel
def mean_of(returns: Floats, n: int) -> float:
    """Mean of the first n."""
    total = 0.0
    for i in range(n):
        total += returns[i]
    return total / n


@kernel
def evenness(value: Floats, equity: float) -> float:
    """gross x (1 / sum(share_i^2) - 1) / (N - 1), share = abs(w) / gross; 0 in cash and with one name."""
    gross = 0.0
    squares = 0.0
    for i in range(value.size):
        gross += abs(value[i])
        squares += value[i] * value[i]
    if not (squares > 0.0) or value.size < 2:
        return 0.0
    return gross / equity * (gross * gross / squares - 1.0) / (value.size - 1)


@kernel
def going_with(value: Floats, trend: Floats, equity: float) -> float:
    """sum w_i sign(20-bar return_i) / max(1, gross)."""
    total = 0.0
    gross = 0.0
    for i in range(value.size):
        gross += abs(value[i]) / equity
        if trend[i] > 0.0:
            total += value[i] / equity
        elif trend[i] < 0.0:
            total -= value[i] / equity
    return total / max(1.0, gross)


@routine
def terms(here: Any, world: Any, index: int, row: int, change: float) -> float:
    """The composite's seven terms into the step, and their weighted sum.

    Scaled terms lie in -1..1; `raw` gives the values before the division by their units and the cut. Profit: the
    return over the deviation of the market's equal-weight return of 60 bars, through tanh. Risk: minus half the
    volatility over its limit, minus half the drawdown over its limit. Cost: minus costs / V / 0.1 %. Stability: minus
    turnover. Sharpe: of 60 bars, annualised, / 3. Momentum: `going_with`. Diversification: `evenness`.
    """
    seat = seat_at(world, index, row)
    lane = lane_at(here, index, row)
    agent, step, episode = seat.agent, seat.step, seat.episode
    raw = agent.raw != 0
    root = math.sqrt(agent.bars_per_year)
    count = episode.decisions
    own = deviation_of(seat.returns, count)
    spread = world.spread[row]
    size = change / spread if spread > 0.0 else 0.0
    step.profit = change if raw else math.tanh(size)
    volatility = defined(own * root)
    risk = min(1.0, volatility / lane.rules.max_volatility) + min(1.0, -step.drawdown / lane.rules.max_drawdown)
    step.risk = -0.5 * (volatility - step.drawdown) if raw else -0.5 * risk
    costs = (step.commission + step.slippage + step.impact) / step.equity_before
    step.cost = -costs if raw else -min(1.0, max(-1.0, costs / _COST_UNIT))
    step.stability = -step.turnover if raw else -min(1.0, step.turnover)
    sharpe = defined(over_deviation(mean_of(seat.returns, min(count, seat.returns.size)), own) * root)
    step.sharpe = sharpe if raw else min(1.0, max(-1.0, sharpe / _SHARPE_UNIT))
    alive = step.equity > 0.0
    step.momentum = going_with(lane.value, seat.trend, step.equity) if alive else 0.0
    even = evenness(lane.value, step.equity) if alive else 0.0
    step.diversification = even if raw else min(1.0, even)
    return (
        agent.profit * step.profit
        + agent.risk * step.risk
        + agent.cost * step.cost
        + agent.stability * step.stability
        + agent.sharpe * step.sharpe
        + agent.momentum * step.momentum
        + agent.diversification * step.diversification
    )


@kernel
def pay(here: Any, world: Any, index: int, row: int) -> float:
    """The reward of the step that ended at this row; moves the episode's running statistics."""
    seat = seat_at(world, index, row)
    agent, episode, step = seat.agent, seat.episode, seat.step
    growth_of = step.equity / step.equity_before if step.equity_before > 0.0 else 1.0
    change = max(growth_of, 0.0) - 1.0
    kind = agent.reward
    base = 0.0
    if kind == _LOG:
        base = math.log(max(growth_of, _FLOOR))
    elif kind == _PNL:
        base = change
    elif kind == _SHARPE or kind == _SORTINO or kind == _CALMAR:
        now = running_statistic(seat, change, max(step.equity, 0.0) / episode.capital)
        base = now - episode.running
        episode.running = now
    elif kind == _DIFFERENTIAL:
        base = differential_sharpe(episode, agent.eta, change)
    elif kind == _COMPOSITE:
        seat.returns[(episode.decisions - 1) % WINDOW] = change
        base = terms(here, world, index, row, change)
    if agent.risk_adjusted:
        episode.variance = _DECAY * episode.variance + (1.0 - _DECAY) * change * change
        if kind <= _LOG or kind >= _COMPOSITE:
            base -= 0.5 * agent.risk_aversion * episode.variance
    if agent.transaction_cost_penalty > 0.0 and step.equity_before > 0.0:
        paid = step.commission + step.slippage + step.impact
        base -= agent.transaction_cost_penalty * paid / step.equity_before
    base -= agent.drawdown_penalty * max(0.0, episode.drawdown - step.drawdown)
    return agent.reward_scaling * base


@kernel
def start_running(running: Floats) -> None:
    """Empty statistics of a new episode; its wealth starts at 1."""
    moments.init(running)
    partial.init(running[moments.SIZE : moments.SIZE + partial.SIZE])
    drawdown.init(running[moments.SIZE + partial.SIZE : RUNNING], 1.0)


@entry
def market_terms(returns: Any, mark: Any, spread: Any, trend: Any, market: Any) -> None:
    """What the composite asks of the tape: deviation of the equal-weight return over 60 rows, 20-row price returns.

    NaN where there is too little history; `market` is scratch of a value per row. A slot without a return in a row is
    no part of that row's market.
    """
    for row in range(returns.shape[0]):
        total = 0.0
        known = 0
        for i in range(returns.shape[1]):
            if returns[row, i] == returns[row, i]:
                total += returns[row, i]
                known += 1
            before = mark[row - TREND, i] if row >= TREND else math.nan
            trend[row, i] = mark[row, i] / before - 1.0 if before > 0.0 else math.nan
        market[row] = total / known if known > 0 else math.nan
        spread[row] = math.nan
        if row >= WINDOW:
            mean = 0.0
            for t in range(row - WINDOW + 1, row + 1):
                mean += market[t]
            mean /= WINDOW
            squares = 0.0
            for t in range(row - WINDOW + 1, row + 1):
                squares += (market[t] - mean) * (market[t] - mean)
            spread[row] = math.sqrt(squares / (WINDOW - 1))
