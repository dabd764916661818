"""The self-financing equation: what an account is worth after it has paid for its own rebalancing.

    V' = V - cost(w V' - x)

V is equity before the trades, x the value held per slot, w the target weights of equity after the trades. It is solved
to 1e-9 V, from the side that can pay.
"""

from __future__ import annotations

from typing import Any

from polyfolio.core.types import Flags, Floats
from polyfolio.kernels.compile import kernel, loop, routine
from polyfolio.kernels.costs import has_simple_costs, ordered_sum, simple_cost, simple_terms, trade_costs
from polyfolio.kernels.lanes import bar_at, lane_at

_ROUNDS = 40
_TOLERANCE = 1e-10  # of equity; the law asks for 1e-9
DUST = 1e-12  # of equity: a trade this small is rounding, and no fee is due on it
_FLAT = 0.1  # a slope below it is no guide: the plain fixed-point step is taken


@kernel
def cost_to_reach(
    lane: Any, s: Any, after: float, reference: Any, unit: Any, spread: Any, volume: Any, sigma: Any
) -> float:
    """cost(w V' - x): what it costs to hold the weights `s.want` of an equity of `after`.

    `s.worth` is x. Frozen slots trade nothing. `s.trade` is left with the signed quantities.
    """
    dust = DUST * abs(after)
    for i in range(s.trade.size):
        money = s.want[i] * after - s.worth[i]
        trades = s.frozen[i] == 0 and abs(money) > dust
        s.trade[i] = money / (reference[i] * unit[i]) if trades else 0.0
    return trade_costs(
        s.trade,
        reference,
        unit,
        spread,
        volume,
        sigma,
        lane.rules,
        lane.tiers,
        lane.account.period_volume,
        lane.pressure,
        s.costs,
    )


@kernel
def slope_of_cost(weight: float, cost: float, money: float) -> float:
    """w c / (w V' - x): what a cost of c adds to dg/dV' where costs are proportional to trades, as they nearly are."""
    return weight * cost / (money if cost != 0.0 else 1.0)


@kernel
def first_slope(s: Any, after: float) -> float:
    """dg/dV' = 1 + sum of `slope_of_cost`, so that the second round ends the search: the secant alone took a third."""
    slope = 1.0
    for i in range(s.want.size):
        if s.frozen[i] == 0:
            slope += slope_of_cost(s.want[i], s.costs[i], s.want[i] * after - s.worth[i])
    return slope


@loop
def reach_simply(
    want: Floats,
    worth: Floats,
    frozen: Flags,
    after: float,
    price: Floats,
    unit: Floats,
    spread: Floats,
    terms: Any,
    costs: Floats,
    slopes: Floats,
) -> None:
    """What it costs per slot to hold the weights of an equity of `after`, and the slope of that cost."""
    dust = DUST * abs(after)
    for i in range(want.size):
        money = want[i] * after - worth[i]
        quantity = money / (price[i] * unit[i])
        cost = simple_cost(quantity, price[i], unit[i], spread[i], terms)
        trades = frozen[i] == 0 and abs(money) > dust
        costs[i] = cost if trades else 0.0
        slopes[i] = slope_of_cost(want[i], costs[i], money) if trades else 0.0


@kernel
def equity_after(
    lane: Any, bar: Any, s: Any, equity: float, reference: Any, unit: Any, volume: Any, sigma: Any
) -> float:
    """Solve V' = V - cost(w V' - x) for V'.

    g(V') = V' - V + cost(w V' - x) has its root in [0, V] when costs are positive. Simple costs are piecewise linear,
    so Newton's method ends after two rounds unless a trade turns its side.
    """
    if not has_simple_costs(lane.rules):
        return search_equity(lane.at, lane.index, bar.row, equity, reference, unit, volume, sigma)
    terms = simple_terms(lane.rules)
    close = _TOLERANCE * abs(equity)
    guess = equity
    last_guess = equity
    last_rest = 0.0
    for turn in range(_ROUNDS):
        reach_simply(s.want, s.worth, s.frozen, guess, reference, unit, bar.spread, terms, s.costs, s.trial)
        rest = guess - equity + ordered_sum(s.costs)
        if abs(rest) <= close:
            # One plain step more: what is left of the tolerance would be refused when it comes to paying.
            return guess - rest
        slope = 1.0 + ordered_sum(s.trial)
        if turn > 0 and guess != last_guess:
            slope = (rest - last_rest) / (guess - last_guess)
        last_guess = guess
        last_rest = rest
        guess -= rest / slope if slope > _FLAT else rest
        if not (0.0 <= guess <= 2.0 * equity):
            break
    return search_equity(lane.at, lane.index, bar.row, equity, reference, unit, volume, sigma)


@routine
def search_equity(
    at: Any, index: int, row: int, equity: float, reference: Any, unit: Any, volume: Any, sigma: Any
) -> float:
    """The same root whatever the costs are.

    The secant converges in two or three rounds because costs are a small share of what is traded; a step that leaves
    the bracket is halved.
    """
    lane = lane_at(at, index, row)
    bar = bar_at(at, row)
    s = at.s
    close = _TOLERANCE * abs(equity)
    guess = equity
    last_guess = equity
    last_rest = 0.0
    for turn in range(_ROUNDS):
        rest = guess - equity + cost_to_reach(lane, s, guess, reference, unit, bar.spread, volume, sigma)
        if abs(rest) <= close:
            return guess
        slope = (rest - last_rest) / (guess - last_guess) if turn > 0 and guess != last_guess else first_slope(s, guess)
        last_guess = guess
        last_rest = rest
        guess -= rest / slope if slope > _FLAT else rest
        if not (0.0 <= guess <= 2.0 * equity):
            break
    return bisect_equity(at, index, row, equity, reference, unit, volume, sigma)


@routine
def bisect_equity(
    at: Any, index: int, row: int, equity: float, reference: Any, unit: Any, volume: Any, sigma: Any
) -> float:
    """The same root by halving, for schedules that jump (brackets, fixed fees), from the side that can pay."""
    lane = lane_at(at, index, row)
    bar = bar_at(at, row)
    s = at.s
    spread = bar.spread
    low = 0.0
    high = equity
    for _ in range(200):
        middle = 0.5 * (low + high)
        if not (low < middle < high):
            break
        if middle - equity + cost_to_reach(lane, s, middle, reference, unit, spread, volume, sigma) <= 0.0:
            low = middle
        else:
            high = middle
    cost_to_reach(lane, s, low, reference, unit, spread, volume, sigma)
    return low


@loop
def value_held(held: Floats, price: Floats, unit: Floats, out: Floats) -> None:
    """held * price * unit; 0 for nothing, whatever the price."""
    for i in range(held.size):
        out[i] = held[i] * (price[i] if held[i] != 0.0 else 0.0) * (unit[i] if held[i] != 0.0 else 0.0)


@kernel
def value_holdings(lane: Any, s: Any, reference: Any, unit: Any) -> float:
    """x, the value held per slot at the reference prices, into `s.worth`; returns V."""
    total = 0.0
    value_held(lane.held, reference, unit, s.worth)
    for i in range(s.worth.size):
        total += s.worth[i]
    return lane.account.cash + total
