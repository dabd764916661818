"""What an agent sees at a row's close: frames of float32, the newest last.

A frame holds the blocks that are switched on, in this order; what the tape shows (`panel`) stands behind them:

    portfolio  cash, gross, net (shares of equity), wealth ln(V / V_0), drawdown, return and cost of the last bar in
               percent, room 1 - gross / max_leverage
    risk       of the book held: volatility (annualised) and value at risk (parametric, one observation), the largest
               absolute correlation of two names held, undefined
    episode    part done, part left
    positions  per slot: weight, profit on the average price (signed by the side), barred, working order as a weight
    others     per slot: what all lanes hold together, a share of their equity

A number is cut to -clip..clip; what is undefined is 0.
"""

from __future__ import annotations

import math
from typing import Any

from polyfolio.core.types import Floats
from polyfolio.kernels.compile import kernel, loop, routine
from polyfolio.kernels.lanes import bar_at, lane_at, risk_at, seat_at
from polyfolio.kernels.quadratic import portfolio_variance
from polyfolio.kernels.risk import root_of_variance

# Places in `World.seen`.
PORTFOLIO, RISK, EPISODE, POSITIONS, OTHERS, WINDOW, DYNAMIC, FRAME, AT_POSITIONS, AT_OTHERS = range(10)
SEEN = 10
PORTFOLIO_COLUMNS = ("cash", "gross", "net", "wealth", "drawdown", "return", "cost", "room")
RISK_COLUMNS = ("volatility", "var", "correlation", "undefined")
EPISODE_COLUMNS = ("done", "left")
POSITION_COLUMNS = ("weight", "profit", "barred", "working")
OTHER_COLUMNS = ("exposure",)
_PERCENT = 100.0


@kernel
def cut(value: float, clip: float) -> float:
    """Within -clip..clip; NaN is 0."""
    known = value if value == value else 0.0
    return min(max(known, -clip), clip)


@loop
def copy_frame(shown: Any, out: Any) -> None:
    """The panel's row."""
    for i in range(shown.size):
        out[i] = shown[i]


@loop
def see_positions(
    value: Floats, held: Floats, average: Floats, order: Floats, mark: Floats, unit: Floats, weight: Floats, s_b: Floats
) -> None:
    """Money held and working per slot, and the profit on the average price; where nothing is held, nothing is known."""
    for i in range(value.size):
        side = 1.0 if held[i] > 0.0 else -1.0
        has = held[i] != 0.0
        base = average[i] if has and average[i] > 0.0 else 1.0
        s_b[i] = side * (mark[i] / base - 1.0) if has else 0.0
        weight[i] = order[i] * (mark[i] * unit[i] if order[i] != 0.0 else 0.0)


@loop
def write_positions(value: Floats, profit: Floats, working: Floats, share: float, clip: float, out: Any) -> None:
    """The block `positions` with nothing barred."""
    for i in range(value.size):
        out[4 * i] = cut(value[i] * share, clip)
        out[4 * i + 1] = cut(profit[i], clip)
        out[4 * i + 2] = 0.0
        out[4 * i + 3] = cut(working[i] * share, clip)


@kernel
def largest_correlation(value: Floats, correlation: Floats) -> float:
    """Largest absolute correlation of two names held; 0 with fewer than two."""
    found = 0.0
    row = 0
    for i in range(value.size):
        if value[i] != 0.0:
            for j in range(i):
                if value[j] != 0.0 and abs(correlation[row + j]) > found:
                    found = abs(correlation[row + j])
        row += i + 1
    return found


@routine
def see_risk(here: Any, index: int, row: int, out: Any, clip: float) -> None:
    """The block `risk`."""
    lane = lane_at(here, index, row)
    risk = risk_at(here, index, row)
    s = here.s
    equity = lane.account.equity
    for i in range(s.want.size):
        s.want[i] = lane.value[i] / equity if equity > 0.0 else 0.0
    sigma = root_of_variance(portfolio_variance(s.want, risk.covariance))
    out[0] = cut(sigma * math.sqrt(lane.rules.periods_per_year), clip)
    out[1] = cut(sigma * lane.rules.normal_var, clip)
    out[2] = cut(largest_correlation(lane.value, risk.correlation), clip)
    out[3] = cut(1.0 if sigma != sigma else 0.0, clip)


@kernel
def see_portfolio(lane: Any, seat: Any, out: Any, clip: float) -> None:
    """The block `portfolio`."""
    account = lane.account
    equity = account.equity
    step = seat.step
    if not (equity > 0.0):
        for i in range(8):
            out[i] = 0.0
        out[3] = -clip
        out[4] = cut(-1.0, clip)
        return
    costs = step.commission + step.slippage + step.impact
    before = step.equity_before
    share = 1.0 / equity
    gross = account.gross * share
    percent = _PERCENT / before if before > 0.0 else 0.0
    out[0] = cut(account.cash * share, clip)
    out[1] = cut(gross, clip)
    out[2] = cut(account.net * share, clip)
    out[3] = cut(math.log(equity / seat.episode.capital), clip)
    out[4] = cut(account.drawdown, clip)
    out[5] = cut((equity - before) * percent, clip)
    out[6] = cut(costs * percent, clip)
    bound = lane.rules.max_leverage
    out[7] = cut(1.0 - gross / bound if bound < math.inf else 0.0, clip)


@kernel
def see_lane(here: Any, world: Any, index: int, row: int, out: Any) -> None:
    """The blocks that depend on the lane, into the front of a frame."""
    lane = lane_at(here, index, row)
    bar = bar_at(here, row)
    seat = seat_at(world, index, row)
    seen = seat.seen
    clip = seat.agent.clip
    at = 0
    if seen[PORTFOLIO]:
        see_portfolio(lane, seat, out, clip)
        at += 8
    if seen[RISK]:
        see_risk(here, index, row, out[at : at + 4], clip)
        at += 4
    if seen[EPISODE]:
        episode = seat.episode
        whole = episode.end - episode.start
        done = (row - episode.start) / whole if whole > 0 else 1.0
        out[at] = cut(done, clip)
        out[at + 1] = cut(1.0 - done, clip)
    if seen[POSITIONS]:
        s = here.s
        see_positions(lane.value, lane.held, lane.average_price, lane.order_quantity, bar.mark, bar.unit, s.a, s.b)
        place = seen[AT_POSITIONS]
        equity = lane.account.equity
        share = 1.0 / equity if equity > 0.0 else 0.0
        write_positions(lane.value, s.b, s.a, share, clip, out[place : place + 4 * lane.value.size])
        if lane.account.barred:
            for i in range(lane.value.size):
                out[place + 4 * i + 2] = cut(1.0 if lane.exits[i].barred_row >= 0 else 0.0, clip)
    if seen[OTHERS]:
        place = seen[AT_OTHERS]
        for i in range(lane.value.size):
            out[place + i] = cut(seat.exposure[i], clip)


@kernel
def observe(here: Any, world: Any, index: int, row: int, anew: int) -> None:
    """The lane's observation at a row; later ones of an episode move the frames up by one.

    `anew`: the first one, whose older frames show the tape's older rows and the book as it is now.
    """
    seat = seat_at(world, index, row)
    seen = seat.seen
    out = seat.observation
    frame = seen[FRAME]
    last = (seen[WINDOW] - 1) * frame
    if last > 0 and not anew:
        for i in range(last):
            out[i] = out[i + frame]
    see_lane(here, world, index, row, out[last : last + frame])
    copy_frame(seat.shown, out[last + seen[DYNAMIC] : last + frame])
    if last > 0 and anew:
        for back in range(1, seen[WINDOW]):
            at = last - back * frame
            older = seat_at(world, index, max(row - back, 0))
            for i in range(seen[DYNAMIC]):
                out[at + i] = out[last + i]
            copy_frame(older.shown, out[at + seen[DYNAMIC] : at + frame])
