from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.kernels import projection
from polyfolio.kernels.compile import callable_kernel
from tests.kernels.limit_tools import covariance_of, free, kinds, no_caps, rules, seeds, view, wants
from tests.kernels.risk_tools import both, full

FROZEN = json.loads((Path(__file__).parents[1] / "oracles" / "limits.json").read_text(encoding="utf-8"))
COMPILED = callable_kernel(projection.project)
BOUNDS = ("max_position", "max_gross", "min_net", "max_net", "max_volatility")


def project(want, risk, record, frozen=None, labels=None, caps=None):
    """The projected book and the rounds taken."""
    book = np.array(want, dtype=float)
    nothing = no_caps()
    labels = nothing[0] if labels is None else labels
    caps = nothing[1] if caps is None else caps
    record.label_caps_end = caps.shape[0]
    work = projection.projection_work(book.size, caps.shape[0])
    mask = free(book.size) if frozen is None else frozen
    return book, COMPILED(book, mask, risk, labels, caps, record, work)


@pytest.mark.parametrize("number", range(len(FROZEN["cases"])))
def test_the_nearest_feasible_book_is_as_near_as_a_reference_solver_finds(number):
    case = FROZEN["cases"][number]
    want = np.array(case["want"])
    covariance = full(np.array(case["covariance"]), want.size)
    record = rules(**{name: float(case[name]) for name in BOUNDS})
    frozen = np.array(case["frozen"], np.uint8)
    book, rounds = project(want, view(covariance), record, frozen, np.array(case["labels"]), np.array(case["caps"]))
    if case["distance"] < 0.0:
        assert rounds == projection.NOT_SOLVED
        np.testing.assert_array_equal(book, want)
        return
    assert rounds > 0
    assert np.linalg.norm(book - want) == pytest.approx(case["distance"], abs=1e-6)
    np.testing.assert_allclose(book, case["nearest"], atol=1e-5)


@given(wants(4), kinds, seeds, st.floats(0.01, 0.5), st.floats(0.1, 2.0), st.floats(0.0, 0.5))
def test_the_projected_book_meets_every_limit(want, kind, seed, volatility, gross, net):
    covariance = covariance_of(kind, 4, seed)
    record = rules(max_volatility=volatility, max_gross=gross, max_net=net, min_net=-net, max_position=0.6)
    book, rounds = project(want, view(covariance), record)
    assert rounds > 0
    slack = 1 + 1e-9
    assert np.abs(book).sum() <= gross * slack + 1e-12
    assert abs(book.sum()) <= net * slack + 1e-12
    assert np.abs(book).max() <= 0.6
    assert math.sqrt(max(book @ covariance @ book, 0.0) * 252) <= volatility * slack + 1e-12
    assert (book * want >= 0.0).all()


def test_compiled_and_plain_solver_take_the_same_steps():
    want = np.array([0.5, -0.3, 0.4])
    risk = view(covariance_of("regular", 3, 1))
    record = rules(max_gross=0.8, max_volatility=0.05)
    labels, caps = no_caps()
    work = projection.projection_work(3, 0)
    # Arrays inside the work tuple are shared by both runs, each of which starts them anew.
    assert both(projection.project)(want, free(3), risk, labels, caps, record, work) > 0
    assert np.abs(want).sum() <= 0.8 + 1e-9


def test_a_net_bound_next_to_zero_is_met():
    record = rules(max_volatility=0.015625, max_gross=1.0, max_net=1e-9, min_net=-1e-9, max_position=0.6)
    book, rounds = project(np.array([0.0, 0.0, 0.0, 1.0]), view(covariance_of("regular", 4, 0)), record)
    assert rounds > 0
    np.testing.assert_allclose(book, 0.0, atol=1e-9)


def test_a_feasible_book_stays_what_it_is():
    want = np.array([0.2, -0.1, 0.0])
    book, _ = project(want, view(covariance_of("regular", 3, 2)), rules(max_gross=1.0, max_volatility=1.0))
    np.testing.assert_allclose(book, want, atol=1e-11)


def test_a_gross_bound_takes_the_same_from_every_name_until_one_is_gone():
    # |x| <= 0.6 nearest to (0.6, 0.3, 0.1): each gives 0.15, but the last has only 0.1 and ends at zero.
    book, _ = project(np.array([0.6, 0.3, 0.1]), view(np.zeros((3, 3))), rules(max_gross=0.6))
    np.testing.assert_allclose(book, [0.45, 0.15, 0.0], atol=1e-9)


def test_a_dollar_neutral_book_is_met_exactly():
    book, _ = project(np.array([0.6, 0.3, -0.1]), view(np.zeros((3, 3))), rules(min_net=0.0, max_net=0.0))
    assert abs(book.sum()) <= 1e-15
    # net 0.8 is taken in thirds: 0.2667 each, the second to 0.0333, the short to -0.3667.
    np.testing.assert_allclose(book, [1 / 3, 1 / 30, -11 / 30], atol=1e-9)


def test_the_bound_on_a_names_risk_is_part_of_the_box():
    covariance = np.diag([0.01**2, 0.02**2])
    record = rules(max_position_risk=0.1)
    book, _ = project(np.array([2.0, 2.0]), view(covariance), record)
    np.testing.assert_allclose(book, [10 / math.sqrt(252), 5 / math.sqrt(252)], rtol=1e-9)


def test_a_normal_tail_bound_is_a_bound_on_volatility():
    covariance = np.diag([0.01**2, 0.01**2])
    record = rules(max_var=0.01)
    book, _ = project(np.array([1.0, 1.0]), view(covariance), record)
    # z sigma = 0.01 with sigma = 0.01 w sqrt 2
    np.testing.assert_allclose(book, 1 / (1.6448536269514722 * math.sqrt(2)), rtol=1e-9)


@pytest.mark.pitfall("VAL-07")
def test_an_unknown_covariance_leaves_the_want_alone_and_says_so():
    covariance = np.eye(2) * 1e-4
    covariance[1, 0] = covariance[0, 1] = np.nan
    book, rounds = project(np.array([0.5, 0.5]), view(covariance), rules(max_volatility=0.01))
    assert rounds == projection.NOT_SOLVED
    np.testing.assert_array_equal(book, [0.5, 0.5])


def test_limits_that_contradict_a_frozen_slot_leave_the_want_alone():
    frozen = np.array([1, 0], np.uint8)
    book, rounds = project(np.array([0.9, 0.5]), view(np.zeros((2, 2))), rules(max_gross=0.5), frozen)
    assert rounds == projection.NOT_SOLVED
    np.testing.assert_array_equal(book, [0.9, 0.5])
