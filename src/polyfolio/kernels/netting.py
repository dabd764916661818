"""What one account would have traded where several portfolios did: purchases and sales of one moment that meet.

Of a slot's purchases B and sales S at one moment, min(B, S) would have changed hands inside the account without cost.
The smaller side would have paid nothing, the larger side the part that is left: saved = costs of the smaller side
+ costs of the larger side * min / max. What met inside an account of its own (the lanes of a group with netting, the
sleeves of a lane) has paid nothing already: costs were paid on the rest, and saved is of what meets beyond it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from polyfolio.core.types import Floats, Ints
from polyfolio.kernels.compile import entry, kernel

# One slot at one moment of one row.
MEETING = np.dtype(
    [
        ("row", "i8"),
        ("slot", "i8"),
        ("moment", "i8"),
        ("bought", "f8"),  # quantity, >= 0
        ("sold", "f8"),
        ("crossed", "f8"),  # min of the two
        ("net", "f8"),  # bought - sold: what one account would have traded
        ("crossed_notional", "f8"),  # at the reference price, in base currency
        ("paid", "f8"),  # commission, slippage and impact of all portfolios
        ("saved", "f8"),
    ]
)


@kernel
def saved_by(bought: float, sold: float, met: float, paid_buying: float, paid_selling: float) -> float:
    """Costs of what meets beyond what met already; of sides that met wholly rounding leaves about 1e-16."""
    crossed = min(bought, sold)
    more = crossed - met
    if not more > 1e-12 * crossed:
        return 0.0
    return paid_buying * (more / (bought - met)) + paid_selling * (more / (sold - met))


@entry
def meetings(fills: Any, order: Ints, account: Ints, unit: Floats, out: Any) -> int:
    """One record for each slot and moment at which something filled; returns how many there are.

    Args:
        fills: FILL records of all portfolios.
        order: int64[fills], their places sorted by row, moment, slot, account.
        account: int64[fills], the same for fills that met each other without cost.
        unit: float64[rows or 1, slots], base currency per price unit.
        out: MEETING[fills].
    """
    count = 0
    at = 0
    while at < order.size:
        first = fills[order[at]]
        found = out[count]
        found.row = first.row
        found.slot = first.slot
        found.moment = first.moment
        bought = 0.0
        sold = 0.0
        paid_buying = 0.0
        paid_selling = 0.0
        reference = first.reference
        met = 0.0
        own = account[order[at]]
        own_bought = 0.0
        own_sold = 0.0
        while at < order.size:
            fill = fills[order[at]]
            if fill.row != first.row or fill.slot != first.slot or fill.moment != first.moment:
                break
            if account[order[at]] != own:
                met += min(own_bought, own_sold)
                own = account[order[at]]
                own_bought = 0.0
                own_sold = 0.0
            paid = fill.commission + fill.slippage + fill.impact
            if fill.quantity > 0.0:
                bought += fill.quantity
                own_bought += fill.quantity
                paid_buying += paid
            else:
                sold -= fill.quantity
                own_sold -= fill.quantity
                paid_selling += paid
            at += 1
        met += min(own_bought, own_sold)
        crossed = min(bought, sold)
        rate = unit[first.row if unit.shape[0] > 1 else 0, first.slot]
        found.bought = bought
        found.sold = sold
        found.crossed = crossed
        found.net = bought - sold
        found.crossed_notional = crossed * reference * rate
        found.paid = paid_buying + paid_selling
        found.saved = saved_by(bought, sold, met, paid_buying, paid_selling)
        count += 1
    return count
