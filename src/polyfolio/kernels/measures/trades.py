"""Closed trades, from flat to flat per portfolio and instrument, and the statistics of their profits.

Cost basis is the average price, as in the book: a fill's `realised` is the profit against it. Slippage, spread and
impact are inside the fill prices, commissions are subtracted here, carry and corporate actions come in as `actions`:
profit is net of every cost. A fill that changes the position's sign is two: the part that closes and the part that
opens, with the commission shared by quantity.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from polyfolio.core.types import Floats, Ints
from polyfolio.kernels.compile import entry, kernel
from polyfolio.kernels.measures.sums import add, clear, ratio, total

TRADE = np.dtype(
    [
        ("lane", "i8"),
        ("slot", "i8"),
        ("entry_row", "i8"),
        ("exit_row", "i8"),
        ("side", "i8"),  # 1 long, -1 short
        ("fills", "i8"),
        ("quantity", "f8"),  # largest abs(position)
        ("entry_quantity", "f8"),  # sum of abs(quantity) of the fills that opened or added
        ("entry_notional", "f8"),  # money paid or received for it, at fill prices
        ("profit", "f8"),  # net of every cost
        ("commission", "f8"),
        ("carry", "f8"),  # dividends, borrow, funding inside the profit, signed
    ],
    align=True,
)

# Money or a split that reached a position between fills: before the fills of its row.
ACTION = np.dtype(
    [
        ("row", "i8"),
        ("lane", "i8"),
        ("slot", "i8"),
        ("money", "f8"),  # signed: dividends received > 0, borrow and funding paid < 0
        ("ratio", "f8"),  # new quantity / old quantity of a split, else 1
    ],
    align=True,
)

NAMES = (
    "closed_trades",
    "win_rate",
    "payoff",
    "profit_factor",
    "expectancy",
    "expectancy_rate",
    "best_trade",
    "worst_trade",
    "holding_bars",
    "longest_losing_run",
    "kelly_trades",
)

_POSITION, _PEAK, _ENTRY, _FILLS, _ENTRY_QUANTITY, _NOTIONAL, _REALISED, _COMMISSION, _CARRY = 0, 1, 2, 3, 4, 5, 6, 7, 8
OPEN_SIZE = 9
# Buying 0.1 and 0.2 and selling 0.3 leaves 5.6e-17: a rest this small a part of the largest position is flat.
_FLAT = 1e-12


@kernel
def _grow(position: Floats, quantity: float, notional: float, row: int) -> None:
    if position[_POSITION] == 0.0:
        position[_ENTRY] = row
    position[_POSITION] += quantity
    position[_PEAK] = max(position[_PEAK], abs(position[_POSITION]))
    position[_ENTRY_QUANTITY] += abs(quantity)
    position[_NOTIONAL] += notional


@kernel
def _close(position: Floats, fill: Any, side: int, trade: Any) -> None:
    trade["lane"] = fill["lane"]
    trade["slot"] = fill["slot"]
    trade["entry_row"] = int(position[_ENTRY])
    trade["exit_row"] = fill["row"]
    trade["side"] = side
    trade["fills"] = int(position[_FILLS])
    trade["quantity"] = position[_PEAK]
    trade["entry_quantity"] = position[_ENTRY_QUANTITY]
    trade["entry_notional"] = position[_NOTIONAL]
    trade["commission"] = position[_COMMISSION]
    trade["carry"] = position[_CARRY]
    trade["profit"] = position[_REALISED] - position[_COMMISSION] + position[_CARRY]
    clear(position, OPEN_SIZE)


@kernel
def _apply(position: Floats, action: Any) -> None:
    if position[_POSITION] == 0.0:
        return
    position[_POSITION] *= action["ratio"]
    position[_PEAK] *= action["ratio"]
    position[_ENTRY_QUANTITY] *= action["ratio"]
    position[_CARRY] += action["money"]


@kernel
def take_fill(position: Floats, fill: Any, multiplier: float, trade: Any) -> int:
    """Take one fill into the open position; 1 when it ends a trade, which is then written to `trade`.

    `position` holds OPEN_SIZE values per portfolio and instrument, zeros while flat.
    """
    quantity = fill["quantity"]
    held = position[_POSITION]
    if quantity == 0.0:
        return 0
    unit = fill["price"] * multiplier
    position[_FILLS] += 1.0
    if held == 0.0 or (held > 0.0) == (quantity > 0.0):
        _grow(position, quantity, abs(quantity) * unit, fill["row"])
        position[_COMMISSION] += fill["commission"]
        return 0
    position[_REALISED] += fill["realised"]
    after = held + quantity
    if abs(after) <= _FLAT * max(position[_PEAK], abs(quantity)):
        after = 0.0
    if after != 0.0 and (after > 0.0) == (held > 0.0):
        position[_POSITION] = after
        position[_COMMISSION] += fill["commission"]
        return 0
    share = abs(after / quantity)  # what opens the next trade
    position[_COMMISSION] += fill["commission"] * (1.0 - share)
    _close(position, fill, 1 if held > 0.0 else -1, trade)
    if after != 0.0:
        position[_FILLS] = 1.0
        _grow(position, after, abs(after) * unit, fill["row"])
        position[_COMMISSION] = fill["commission"] * share
    return 1


@entry
def closed_trades(fills: Any, actions: Any, multipliers: Floats, positions: Floats, trades: Any) -> int:
    """Trades of all lanes in order of their ends; the number of trades.

    Args:
        fills: FILL records, rows ascending within a lane and instrument.
        actions: ACTION records, rows ascending; an empty array when nothing was paid between fills.
        multipliers: contract multiplier per slot.
        positions: zeros, (lanes * slots, OPEN_SIZE); keeps the positions still open at the end.
        trades: TRADE records, room for one per fill.
    """
    slots = multipliers.shape[0]
    closed = 0
    taken = 0
    for i in range(fills.shape[0]):
        fill = fills[i]
        while taken < actions.shape[0] and actions[taken]["row"] <= fill["row"]:
            action = actions[taken]
            _apply(positions[action["lane"] * slots + action["slot"]], action)
            taken += 1
        position = positions[fill["lane"] * slots + fill["slot"]]
        closed += take_fill(position, fill, multipliers[fill["slot"]], trades[closed])
    while taken < actions.shape[0]:
        action = actions[taken]
        _apply(positions[action["lane"] * slots + action["slot"]], action)
        taken += 1
    return closed


@entry
def excursions(
    trades: Any, multipliers: Floats, high: Floats, low: Floats, adverse: Floats, favourable: Floats
) -> None:
    """MAE <= 0 and MFE >= 0 of each trade as fractions of its average entry price.

    Extremes of high and low (rows, slots) over the bars held, entry and exit bar included: a bar does not tell
    which came first, so both bars count whole. Prices must be those of the fills: adjust for splits beforehand.
    """
    for i in range(trades.shape[0]):
        trade = trades[i]
        slot = trade["slot"]
        price = trade["entry_notional"] / (trade["entry_quantity"] * multipliers[slot])
        top, bottom = -math.inf, math.inf
        for row in range(trade["entry_row"], trade["exit_row"] + 1):
            # A missing bar (NaN) compares false and is passed over.
            if high[row, slot] > top:
                top = high[row, slot]
            if low[row, slot] < bottom:
                bottom = low[row, slot]
        if not (price > 0.0 and top >= bottom):
            adverse[i] = math.nan
            favourable[i] = math.nan
            continue
        up = max(top / price - 1.0, 0.0)
        down = min(bottom / price - 1.0, 0.0)
        adverse[i] = down if trade["side"] > 0 else -up
        favourable[i] = up if trade["side"] > 0 else -down


@entry
def holding_days(trades: Any, closes: Ints, out: Floats) -> None:
    """Days by the clock from the close of a trade's entry bar to that of its exit bar; `closes` in nanoseconds."""
    for i in range(trades.shape[0]):
        trade = trades[i]
        out[i] = float(closes[trade["exit_row"]] - closes[trade["entry_row"]]) / 86_400_000_000_000.0


_COUNT, _WINS, _LOSSES, _RUN, _LONGEST, _BEST, _WORST = 0, 1, 2, 3, 4, 5, 6
_GAINS, _PAINS, _PROFITS, _RATES, _BARS = 7, 9, 11, 13, 15
SIZE = 17


@kernel
def init(state: Floats) -> None:
    """No trades yet; `state` has SIZE values."""
    clear(state, SIZE)
    state[_BEST] = -math.inf
    state[_WORST] = math.inf


@kernel
def update(state: Floats, profit: float, notional: float, bars: float) -> None:
    """One more closed trade: net profit, entry notional, bars from entry to exit."""
    state[_COUNT] += 1.0
    state[_RUN] = state[_RUN] + 1.0 if profit < 0.0 else 0.0
    state[_LONGEST] = max(state[_LONGEST], state[_RUN])
    state[_BEST] = max(state[_BEST], profit)
    state[_WORST] = min(state[_WORST], profit)
    if profit > 0.0:
        state[_WINS] += 1.0
        add(state, _GAINS, profit)
    elif profit < 0.0:
        state[_LOSSES] += 1.0
        add(state, _PAINS, -profit)
    add(state, _PROFITS, profit)
    add(state, _RATES, ratio(profit, notional))
    add(state, _BARS, bars)


@kernel
def finish(state: Floats, out: Floats) -> None:
    """NAMES in order. A profit of exactly 0 is a closed trade that was neither won nor lost."""
    n = state[_COUNT]
    for i in range(1, 11):
        out[i] = math.nan
    out[0] = n
    if n == 0.0:
        return
    out[1] = state[_WINS] / n
    out[2] = ratio(ratio(total(state, _GAINS), state[_WINS]), ratio(total(state, _PAINS), state[_LOSSES]))
    out[3] = ratio(total(state, _GAINS), total(state, _PAINS))
    out[4] = total(state, _PROFITS) / n
    out[5] = total(state, _RATES) / n
    out[6] = state[_BEST]
    out[7] = state[_WORST]
    out[8] = total(state, _BARS) / n
    out[9] = state[_LONGEST]
    out[10] = out[1] - ratio(1.0 - out[1], out[2])


@entry
def summary(trades: Any, state: Floats, out: Floats) -> None:
    """NAMES of TRADE records; `state` is scratch of SIZE values."""
    init(state)
    for i in range(trades.shape[0]):
        trade = trades[i]
        update(state, trade["profit"], trade["entry_notional"], float(trade["exit_row"] - trade["entry_row"]))
    finish(state, out)
