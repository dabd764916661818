"""Rows joined over a gap: the join shows no return, everything else is as it was."""

from __future__ import annotations

import numpy as np

from polyfolio.backtests.splice import rows_joined
from tests.backtests.benches import DAY, bars, market


def test_rows_without_a_gap_are_a_window() -> None:
    tape = market()
    part = rows_joined(tape, np.arange(10, 30))
    np.testing.assert_array_equal(part.close, tape.close[10:30])
    assert np.shares_memory(part.close, tape.close)


def test_a_join_by_hand() -> None:
    close = np.array([[10.0, 5.0], [20.0, 5.0], [99.0, 99.0], [40.0, 10.0], [60.0, 20.0]])
    part = rows_joined(bars(close, symbols=("A", "B")), np.array([0, 1, 3, 4]))
    # after the gap A is halved, from 40 to 20, and B too, from 10 to 5
    np.testing.assert_allclose(part.close, [[10.0, 5.0], [20.0, 5.0], [20.0, 5.0], [30.0, 10.0]])
    np.testing.assert_array_equal(part.times, np.array([1, 2, 4, 5]) * DAY)
    np.testing.assert_allclose(part.open[3], [20.0, 5.0])


def test_returns_within_the_pieces_stay_and_those_of_the_joins_are_nothing() -> None:
    tape = market()
    rows = np.concatenate([np.arange(0, 50), np.arange(80, 120), np.arange(150, 200)])
    part = rows_joined(tape, rows)
    change = part.close[1:] / part.close[:-1]
    joins = np.flatnonzero(np.diff(rows) > 1)
    assert joins.tolist() == [49, 89]
    np.testing.assert_allclose(change[joins], 1.0, rtol=1e-12)
    inside = np.delete(np.arange(rows.size - 1), joins)
    np.testing.assert_allclose(change[inside], (tape.close[1:] / tape.close[:-1])[rows[inside]], rtol=1e-12)


def test_a_symbol_without_a_price_on_one_side_keeps_its_level() -> None:
    close = np.array([[10.0, np.nan], [20.0, np.nan], [99.0, 99.0], [40.0, 10.0], [60.0, 20.0]])
    part = rows_joined(bars(close, symbols=("A", "B")), np.array([0, 1, 3, 4]))
    np.testing.assert_allclose(part.close[2:, 1], [10.0, 20.0])
