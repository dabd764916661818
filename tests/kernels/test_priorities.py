"""Which openings a budget lets through where the user ranks the names, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from polyfolio.kernels import selecting
from polyfolio.kernels.compile import callable_kernel
from polyfolio.kernels.priorities import keep_by_priority

OFF = float("inf")


def kept(want, held, *, trades=OFF, turnover=OFF, priority=None, frozen=None):
    size = len(want)
    out = np.array(want, dtype=np.float64)
    marks = np.zeros(size, np.uint8) if frozen is None else np.array(frozen, dtype=np.uint8)
    places = np.array([9] * size if priority is None else priority)
    keep_by_priority(
        out,
        np.array(held, dtype=np.float64),
        marks,
        np.array([trades, turnover]),
        places,
        np.arange(size),
        np.zeros(size, np.int64),
        np.zeros((2, size)),
    )
    return out.tolist()


def test_a_small_name_of_first_priority_opens_before_a_large_one():
    assert kept([0.4, 0.1, 0.3], [0.0] * 3, trades=1, priority=[2, 1, 3]) == [0.0, 0.1, 0.0]
    # 0.1 whole, 0.4 whole, and 0.05 of what is left of a budget of 0.55
    assert kept([0.4, 0.1, 0.3], [0.0] * 3, turnover=0.55, priority=[2, 1, 3]) == pytest.approx([0.4, 0.1, 0.05])


def test_names_of_one_priority_come_by_size():
    assert kept([0.2, 0.4, 0.3], [0.0] * 3, trades=2, priority=[1, 1, 1]) == [0.0, 0.4, 0.3]


def test_reductions_pass_and_use_the_budget_first():
    assert kept([0.1, 0.2], [0.4, 0.0], turnover=0.3, priority=[2, 1]) == [0.1, 0.0]


def test_what_is_frozen_stays():
    assert kept([0.3, 0.3], [0.3, 0.0], trades=0, priority=[1, 1], frozen=[1, 0]) == [0.3, 0.0]


def test_without_priorities_it_is_the_stage_select_and_what_it_leaves_passes_that_stage():
    trades_of, turnover_of = callable_kernel(selecting.keep_trades), callable_kernel(selecting.keep_turnover)
    random = np.random.default_rng(5)
    for _ in range(300):
        size = int(random.integers(1, 40))
        want, held = random.uniform(-1, 1, size), random.uniform(-1, 1, size) * random.integers(0, 2, size)
        frozen = random.integers(0, 2, size).astype(np.uint8) if random.uniform() < 0.3 else np.zeros(size, np.uint8)
        trades, turnover = float(random.integers(0, size + 1)), float(random.uniform(0, 3))
        places = (np.arange(size), np.zeros(size, np.int64), np.zeros(size), np.zeros(size))
        staged = want.copy()
        trades_of(staged, held, frozen, trades, *places)
        turnover_of(staged, held, frozen, turnover, *places)
        equal = kept(want, held, trades=trades, turnover=turnover, frozen=frozen)
        np.testing.assert_allclose(equal, staged, atol=1e-12)
        ranked = np.array(
            kept(want, held, trades=trades, turnover=turnover, frozen=frozen, priority=random.integers(0, 4, size))
        )
        again = ranked.copy()
        trades_of(again, held, frozen, trades, *places)
        turnover_of(again, held, frozen, turnover, *places)
        np.testing.assert_allclose(again, ranked, atol=1e-12)
