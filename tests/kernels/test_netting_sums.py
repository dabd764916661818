"""Sums over meetings, by hand."""

from __future__ import annotations

import numpy as np

from polyfolio.core.records import FILL
from polyfolio.kernels.netting import MEETING
from polyfolio.kernels.netting_sums import COLUMNS, left, tally


def test_fills_and_meetings_are_added_by_slot_and_over_time():
    """Slot 0: 100 and 40 at 10; slot 1 at 20 in a currency worth 3: 5; then 10 at 11 on slot 0."""
    fills = np.zeros(4, FILL)
    fills["row"], fills["slot"] = [1, 1, 1, 2], [0, 0, 1, 0]
    fills["quantity"], fills["reference"] = [100.0, -40.0, 5.0, -10.0], [10.0, 10.0, 20.0, 11.0]
    met = np.zeros(3, MEETING)
    met["row"], met["slot"] = [1, 1, 2], [0, 1, 0]
    met["crossed_notional"], met["paid"], met["saved"] = [400.0, 0.0, 0.0], [5.6, 1.0, 0.3], [3.2, 0.0, 0.5]
    by_slot, whole, saved = np.full((2, COLUMNS), np.nan), np.full(COLUMNS, np.nan), np.full(4, np.nan)
    tally(fills, met, np.array([[1.0, 3.0]]), by_slot, whole, saved)
    np.testing.assert_allclose(by_slot, [[1510.0, 400.0, 5.9, 3.7], [300.0, 0.0, 1.0, 0.0]], rtol=1e-14)
    np.testing.assert_allclose(whole, [1810.0, 400.0, 6.9, 3.7], rtol=1e-14)
    np.testing.assert_allclose(saved, [0.0, 3.2, 3.7, 3.7], rtol=1e-14)
    assert left(whole[0], whole[1]) == 1010.0


def test_the_rate_of_a_row_is_taken_where_rates_move():
    fills = np.zeros(2, FILL)
    fills["row"], fills["quantity"], fills["reference"] = [0, 1], [1.0, -1.0], [10.0, 10.0]
    by_slot, whole, saved = np.empty((1, COLUMNS)), np.empty(COLUMNS), np.empty(2)
    tally(fills, np.zeros(0, MEETING), np.array([[2.0], [5.0]]), by_slot, whole, saved)
    assert whole.tolist() == [70.0, 0.0, 0.0, 0.0]
