"""The bare loop: mark, target, two rounds of the self-financing equation, costs, fills, funding check, nothing else.

It is what a careful person would write by hand for percentage costs, without rules, reasons, orders that wait, exits,
journal, missing prices, lots, currencies or carry. The engine is measured against it.
"""

from __future__ import annotations

import numba
import numpy as np


@numba.njit(nogil=True, error_model="numpy")
def affordable(order, opens, row, missing, rate):  # noqa: ANN001, ANN201
    """Part of the openings that can be paid where this much money is missing."""
    opening = 0.0
    for i in range(order.size):
        if order[i] > 0.0:
            opening += order[i] * opens[row, i]
    return max(0.0, 1.0 - missing / (opening * (1.0 + rate))) if opening > 0.0 else 1.0


@numba.njit(nogil=True, error_model="numpy")
def bare_loop(opens, closes, weights, fees, slippage):  # noqa: ANN001, ANN201
    """Final equity of each lane; weights are float64[sources, rows, slots], fees one per lane."""
    rows, slots = closes.shape
    result = np.empty(fees.size)
    for lane in range(fees.size):
        rate = fees[lane] + slippage
        held = np.zeros(slots)
        average = np.zeros(slots)
        gains = np.zeros(slots)
        costs = np.zeros(slots)
        value = np.zeros(slots)
        order = np.zeros(slots)
        cash, peak, residual = 1_000_000.0, 1_000_000.0, 0.0
        equity = cash
        source = lane % weights.shape[0]
        for row in range(rows):
            before = equity
            worth, gross, cost = cash, 0.0, 0.0
            for i in range(slots):
                worth += held[i] * opens[row, i]
                cost += abs(order[i]) * opens[row, i] * rate
                gross += abs(held[i] + order[i]) * opens[row, i]
            factor = 1.0
            if gross > worth - cost:
                factor = affordable(order, opens, row, gross - worth + cost, rate)
            paid, moved = 0.0, 0.0
            for i in range(slots):
                quantity = order[i] * factor if order[i] > 0.0 else order[i]
                notional = quantity * opens[row, i]
                fee = abs(notional) * rate
                after = held[i] + quantity
                if quantity > 0.0:
                    average[i] = (held[i] * average[i] + notional) / after
                held[i] = after
                costs[i] += fee
                gains[i] -= notional
                moved += notional
                paid += fee
            cash -= moved + paid
            equity = cash
            gain = 0.0
            for i in range(slots):
                now = held[i] * closes[row, i]
                gains[i] += now - value[i]
                gain += now - value[i]
                value[i] = now
                equity += now
            peak = max(peak, equity)
            residual = max(residual, abs(equity - before - (gain - moved) + paid) / equity)
            guess = equity
            for _ in range(2):
                cost = 0.0
                for i in range(slots):
                    cost += abs(weights[source, row, i] * guess - value[i])
                guess = equity - cost * rate
            for i in range(slots):
                order[i] = weights[source, row, i] * guess / closes[row, i] - held[i]
        result[lane] = equity
    return result
