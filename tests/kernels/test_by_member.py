"""Profit divided among members, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.core.codes import FillAt
from polyfolio.kernels import by_member

NAN = math.nan


def column(*values):
    return np.array(values, dtype=float)[:, None]


def behind(held, signals, fill=FillAt.NEXT_OPEN, heard=None):
    flags = np.ones(len(held), dtype=np.uint8) if heard is None else np.array(heard, dtype=np.uint8)
    out = np.empty((len(held), 1), dtype=np.int64)
    by_member.behind(column(*held), column(*signals), flags[:, None], int(fill), out)
    return out[:, 0].tolist()


def test_running_totals_become_what_each_bar_earned():
    gain, carry, cost = column(5.0, 5.0, 2.0), column(0.0, 1.0, 1.0), column(1.0, 1.0, 3.0)
    out = np.empty((3, 1))
    by_member.earned_by_bar(gain, carry, cost, out)
    assert out[:, 0].tolist() == [4.0, 1.0, -5.0]


@pytest.mark.parametrize(
    ("fill", "held", "signals", "wanted"),
    [
        # Long from row 1 on, by the signal of row 0; each later bar by the signal of the row before.
        (FillAt.NEXT_OPEN, [0, 10, 10, 10], [1.0, 0.5, 0.4, 0.3], [-1, 0, 1, 2]),
        # No opinion keeps what is held: the signal of row 0 stays behind it.
        (FillAt.NEXT_OPEN, [0, 10, 10, 10], [1.0, NAN, NAN, 0.3], [-1, 0, 0, 0]),
        # Flat at row 2: the exit, and the night before it, belong to the signals that were long.
        (FillAt.NEXT_OPEN, [0, 10, 10, 0], [1.0, 0.5, 0.0, 0.0], [-1, 0, 1, 1]),
        # Turned short at the open of row 2: that bar belongs to the short signal.
        (FillAt.NEXT_OPEN, [0, 10, -10, -10], [1.0, -1.0, -0.5, -0.5], [-1, 0, 1, 2]),
        # Filled at the close, the bar of the turn still belongs to the long signal.
        (FillAt.NEXT_CLOSE, [0, 10, -10, -10], [1.0, -1.0, -0.5, -0.5], [-1, 0, 0, 2]),
        # At the close of the decision itself, an entry is its own row.
        (FillAt.SAME_CLOSE, [10, 10, -10, -10], [1.0, 0.5, -0.5, -0.5], [0, 0, 1, 2]),
        # Against its signal (a hedge): the latest signal on any side.
        (FillAt.NEXT_OPEN, [0, -5, -5, -5], [1.0, 0.5, 0.4, 0.3], [-1, 0, 1, 2]),
        # Nobody ever spoke.
        (FillAt.NEXT_OPEN, [0, 5, 5, 5], [NAN, NAN, 0.0, 0.0], [-1, -1, -1, -1]),
    ],
)
def test_the_signal_behind_a_bar_by_hand(fill, held, signals, wanted):
    assert behind(held, signals, fill) == wanted


def test_a_row_at_which_the_lane_does_not_decide_is_not_heard():
    assert behind([0, 10, 10, 10], [1.0, 0.5, 0.4, 0.3], heard=[1, 0, 1, 0]) == [-1, 0, 0, 2]


def divided(earned, contributions, rows_behind):
    earned, contributions = np.array(earned, dtype=float), np.array(contributions, dtype=float)
    members = len(contributions)
    by_slot, by_row = np.ones((members, earned.shape[1])), np.ones((members, len(earned)))
    rest = np.ones(earned.shape[1])
    by_member.divide(earned, contributions, np.array(rows_behind, dtype=np.int64), by_slot, by_row, rest)
    return by_slot, by_row, rest


def test_a_bar_is_divided_by_what_members_added_to_the_signal():
    # Row 0: .6 and -.2 add up to .4, so 8 are 12 and -4. Row 1: they cancel, so 8 are 4 and 4. Row 2: the second is
    # silent, so all 8 are the first's. Row 3: nobody was behind it.
    contributions = [[[0.6], [0.3], [0.5], [0.1]], [[-0.2], [-0.3], [NAN], [0.1]]]
    by_slot, by_row, rest = divided([[8.0]] * 4, contributions, [[0], [1], [2], [-1]])
    np.testing.assert_allclose(by_row, [[12.0, 4.0, 8.0, 0.0], [-4.0, 4.0, 0.0, 0.0]])
    np.testing.assert_allclose(by_slot, [[24.0], [0.0]], atol=1e-12)
    np.testing.assert_allclose(rest, [8.0])


@given(st.integers(0, 10_000), st.integers(1, 5), st.integers(1, 40), st.integers(1, 4))
def test_members_and_rest_add_up_to_each_slot_s_profit(seed, members, rows, slots):
    random = np.random.default_rng(seed)
    earned = random.normal(0.0, 1e5, (rows, slots))
    contributions = random.normal(0.0, 0.5, (members, rows, slots))
    contributions[random.random(contributions.shape) < 0.3] = NAN
    rows_behind = np.where(np.isnan(contributions).all(axis=0), -1, np.arange(rows)[:, None])
    by_slot, by_row, rest = divided(earned, contributions, rows_behind)
    np.testing.assert_allclose(by_slot.sum(axis=0) + rest, earned.sum(axis=0), atol=1e-9 * np.abs(by_slot).sum() + 1e-9)
    np.testing.assert_allclose(by_slot.sum(axis=1), by_row.sum(axis=1), rtol=1e-9, atol=1e-6)
