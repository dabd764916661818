"""What one account would have traded in place of several portfolios, by hand."""

from __future__ import annotations

import numpy as np

from polyfolio.core.records import FILL
from polyfolio.kernels.netting import MEETING, meetings


def test_purchases_and_sales_of_one_moment_meet_and_their_costs_are_saved():
    rows = [  # row, lane, slot, moment, quantity, reference, commission, slippage, impact
        (1, 0, 0, 0, 100.0, 10.0, 2.0, 1.0, 0.0),
        (1, 1, 0, 0, -40.0, 10.0, 1.0, 0.5, 0.5),
        (1, 2, 0, 0, 20.0, 10.0, 0.6, 0.0, 0.0),
        (1, 0, 1, 0, 5.0, 20.0, 1.0, 0.0, 0.0),
        (1, 1, 1, 2, -5.0, 20.0, 1.0, 0.0, 0.0),  # at the close: another moment
        (2, 0, 0, 0, -10.0, 11.0, 0.3, 0.0, 0.0),
    ]
    fills = np.zeros(len(rows), FILL)
    for fill, values in zip(fills, rows, strict=True):
        names = ("row", "lane", "slot", "moment", "quantity", "reference", "commission", "slippage", "impact")
        for name, value in zip(names, values, strict=True):
            fill[name] = value
    account = fills["lane"].astype(np.int64)
    order = np.lexsort((account, fills["slot"], fills["moment"], fills["row"]))
    out = np.zeros(len(rows), MEETING)
    count = meetings(fills, order, account, np.array([[1.0, 3.0]]), out)
    assert count == 4
    first = out[0]
    assert (first["bought"], first["sold"], first["crossed"], first["net"]) == (120.0, 40.0, 40.0, 80.0)
    assert first["crossed_notional"] == 400.0
    assert first["paid"] == 3.6 + 2.0
    # the sellers' 2.0 whole, a third (40 of 120) of the buyers' 3.6
    assert abs(first["saved"] - 3.2) < 1e-12
    assert [float(row["saved"]) for row in out[1:count]] == [0.0, 0.0, 0.0]
    assert [(int(row["row"]), int(row["slot"]), int(row["moment"])) for row in out[:count]] == [
        (1, 0, 0),
        (1, 1, 0),
        (1, 1, 2),
        (2, 0, 0),
    ]
