"""Pairs: the distance against a plain regression, the sides by hand, the choice by hand."""

from __future__ import annotations

import re

import numpy as np
import pytest

from polyfolio.errors import ConfigError
from polyfolio.strategies.pairing import chosen
from polyfolio.strategies.pairs import Pairs, distance
from tests.strategies.rows import NAN, same, tape_of


def random_legs(rows: int, seed: int = 3) -> np.ndarray:
    """Two names that share a path."""
    random = np.random.default_rng(seed)
    common = np.cumsum(random.normal(0.0, 0.02, rows))
    own = 0.02 * random.standard_normal((2, rows))
    return np.asarray(np.exp(np.array([1.3, 0.8])[:, None] * common + own))


def test_the_distance_is_the_newest_residual_of_a_regression() -> None:
    legs = random_legs(40)
    found = distance(legs, 10)
    assert np.isnan(found[:9]).all()
    for row in range(9, 40):
        y, x = np.log(legs[:, row - 9 : row + 1])
        design = np.column_stack([np.ones(10), x])
        fitted, *_ = np.linalg.lstsq(design, y, rcond=None)
        residuals = y - design @ fitted
        assert found[row] == pytest.approx(residuals[-1] / np.sqrt((residuals**2).sum() / 8.0), rel=1e-9)


def test_the_distance_by_hand() -> None:
    # ln y = 0, 1, 2, 5 on ln x = 0, 1, 2, 3: slope 8 / 5, means 2 and 1.5, newest residual 3 - 2.4 = 0.6;
    # squares 14 - 64 / 5 = 1.2 over 2
    legs = np.exp(np.array([[0.0, 1.0, 2.0, 5.0], [0.0, 1.0, 2.0, 3.0]]))
    assert distance(legs, 4)[3] == pytest.approx(0.6 / 0.6**0.5, rel=1e-12)


def test_two_that_move_as_one_have_no_distance() -> None:
    legs = random_legs(30)
    assert np.isnan(distance(np.array([legs[0], legs[0] ** 2]), 10)).all()
    assert np.isnan(distance(np.array([legs[0], np.ones(30)]), 10)).all()


def test_sides_enter_leave_and_give_up() -> None:
    away = [0.0, -2.5, -1.0, -0.4, 2.5, 4.2, 3.0, 0.3, -2.1, 1.0, NAN, -2.0]
    side = Pairs()._side(np.array([away]))[0]
    # given up at 4.2, 3.0 is not entered again; 1.0 has changed its sign; -2.0 is not beyond -2
    same(side.tolist(), [0, 1, 1, 0, -1, 0, 0, 0, 1, 0, NAN, 0])


def test_the_weights_are_dollar_neutral_and_named_pairs_say_nothing_of_others() -> None:
    legs = random_legs(120)
    rows = tape_of(legs[0].tolist(), [1.0] * 120, legs[1].tolist())  # slots C, A, B
    rule = Pairs(pairs=[["C", "B"]], lookback=20, entry=1.5)
    found = rule.signals(rows)
    assert np.isnan(found[:19]).all()
    assert np.isnan(found[:, 1]).all()
    same(found[19:, 0].tolist(), (-found[19:, 2]).tolist())
    assert set(found[19:, 0].tolist()) == {-0.5, 0.0, 0.5}
    away = distance(legs, 20)
    assert (away[found[:, 0] == 0.5] < 0.0).all()  # the first is bought where it is cheap
    assert (np.abs(away[found[:, 0] == 0.0]) < 1.5).all()
    turned = Pairs(pairs=[["B", "C"]], lookback=20, entry=1.5).signals(rows)
    assert not np.array_equal(turned, found, equal_nan=True)  # the regression has a first and a second name


@pytest.mark.pitfall("DAT-01")
def test_rows_in_which_one_of_the_two_does_not_trade_are_left_out() -> None:
    legs = random_legs(80)
    whole = Pairs(pairs=[["C", "A"]], lookback=20, entry=1.0).signals(tape_of(*legs.tolist()))
    holes = np.insert(legs, 50, NAN, axis=1)
    holes[1, 50] = 2.0  # the second trades alone
    found = Pairs(pairs=[["C", "A"]], lookback=20, entry=1.0).signals(tape_of(*holes.tolist()))
    assert np.isnan(found[50]).all()
    np.testing.assert_array_equal(np.delete(found, 50, axis=0), whole)


def test_the_closest_paths_are_chosen_each_name_once_and_by_symbol() -> None:
    path = np.array([[1.0, 10.0, 1.0, 2.0], [2.0, 20.0, 1.0, 2.0], [3.0, 30.1, 1.0, 2.1]])
    # from 1: W 1, 2, 3; X 1, 2, 3.01; Y 1, 1, 1; Z 1, 1, 1.05: W-X 0.0001, Y-Z 0.0025
    assert chosen(path, ("W", "X", "Y", "Z"), 4) == [(0, 1), (2, 3)]
    assert chosen(path, ("W", "X", "Y", "Z"), 1) == [(0, 1)]
    assert chosen(path, ("X", "W", "Z", "Y"), 2) == [(1, 0), (3, 2)]
    path[1, 0] = NAN
    assert chosen(path, ("W", "X", "Y", "Z"), 4) == [(2, 3)]
    assert chosen(np.ones((3, 3)), ("C", "A", "B"), 1) == [(1, 2)]  # equal distances: A and B


def test_chosen_pairs_change_with_the_formation_and_what_was_held_ends() -> None:
    first, second = random_legs(120, seed=5), random_legs(120, seed=8)
    paths = np.vstack([first, second])  # C with A, B with D
    rows = tape_of(*paths.tolist())
    rule = Pairs(formation=40, lookback=20, entry=1.0, count=2)
    assert rule.warmup == 40
    found = rule.signals(rows)
    assert np.isnan(found[:39]).all()
    held = (found[39:] != 0.0).sum(axis=1)
    assert set(held.tolist()) <= {0, 2, 4}
    assert held.max() == 4
    assert np.abs(found[39:]).sum(axis=1).max() == 1.0
    np.testing.assert_allclose(found[39:].sum(axis=1), 0.0, atol=1e-15)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"pairs": [["A"]]}, "pairs[0]: got ['A'], must be two different symbols."),
        ({"pairs": [["A", "A"]]}, "pairs[0]: got ['A', 'A'], must be two different symbols."),
        ({"pairs": [["A", "X"]]}, "pairs[0]: got 'X', must be of the tape's 3 symbols (C, A, B)."),
        ({"pairs": [["A", "B"], ["B", "C"]]}, "pairs[1]: got ['B', 'C'], must be names of no other pair."),
        ({"pairs": []}, "pairs: got [], must be a list of pairs, or null."),
        ({"pairs": "AB"}, "pairs: got 'AB', must be a list of pairs, or null."),
        ({"lookback": 2}, "lookback: got 2, must be a whole number >= 3."),
        ({"count": 0}, "count: got 0, must be a whole number >= 1."),
        ({"stop": 1.0}, "entry: got 2.0, must be above exit (0.5) and below stop (1)."),
    ],
)
def test_arguments_out_of_bounds_are_refused(arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        Pairs(**arguments).signals(tape_of([1.0] * 5, [1.0] * 5, [1.0] * 5))  # type: ignore[arg-type]
