from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.kernels import frozen
from tests.kernels.limit_tools import seeds, view
from tests.kernels.risk_tools import both, triangle


def sampled(fixed, moving):
    """A risk view whose scratch holds the two parts of a sample."""
    n = len(fixed)
    risk = view(np.zeros((1, 1)), np.zeros((1, n)))
    risk.scratch[:n] = fixed
    risk.scratch[n : 2 * n] = moving
    return risk


@pytest.mark.parametrize(
    ("fixed", "moving", "bound", "expected"),
    [
        (0.2, 0.4, 1.0, (0.0, 1.0)),
        (0.2, 0.4, 0.4, (0.0, 0.5)),
        (0.6, -0.4, 0.4, (0.5, 1.0)),
        (0.4, 0.4, 0.4, (0.0, 0.0)),  # the frozen part is at its bound: nothing may be added
        (0.2, 0.0, 0.4, (0.0, 1.0)),
    ],
)
def test_a_linear_limit_holds_on_one_side_of_its_root(fixed, moving, bound, expected):
    assert both(frozen.linear_range)(fixed, moving, bound, 0.0, 1.0) == pytest.approx(expected, abs=1e-12)


def test_a_linear_limit_that_holds_nowhere_gives_an_empty_range():
    low, high = both(frozen.linear_range)(0.6, 0.1, 0.4, 0.0, 1.0)
    assert high < low


@pytest.mark.parametrize(
    ("square", "cross", "fixed", "bound", "expected"),
    [
        (1.0, 0.0, 0.0, 0.5, (0.0, 0.5)),
        (1.0, -1.0, 0.25, 0.25, (0.25, 0.75)),  # (x - 1/2)^2 <= 1/16: a hedge that is too small and too large
        (1.0, 0.0, 0.25, 0.5, (0.0, 0.0)),
        (0.0, 0.0, 0.25, 0.6, (0.0, 1.0)),
        (0.0, 0.5, 0.0, 0.5, (0.0, 0.5)),
        (4.0, -8.0, 4.25, 0.5, (1.0, 1.0)),  # only the upper end touches: 4 (x - 1)^2 + 1/4 <= 1/4
    ],
)
def test_a_quadratic_limit_holds_between_its_roots(square, cross, fixed, bound, expected):
    assert both(frozen.quadratic_range)(square, cross, fixed, bound, 0.0, 1.0) == pytest.approx(expected, abs=1e-9)


@pytest.mark.parametrize(("square", "cross", "fixed"), [(1.0, 0.5, 1.0), (1.0, -0.2, 1.0), (0.0, 0.0, 1.0)])
def test_a_quadratic_limit_that_holds_nowhere_gives_an_empty_range(square, cross, fixed):
    low, high = both(frozen.quadratic_range)(square, cross, fixed, 0.5, 0.0, 1.0)
    assert high < low


@given(seeds, st.lists(st.booleans(), min_size=5, max_size=5), st.floats(0.0, 1.0))
def test_the_split_variance_is_the_variance_at_every_scale(seed, mask, scale):
    generator = np.random.default_rng(seed)
    loadings = generator.normal(size=(5, 3))
    covariance = loadings @ loadings.T
    want = generator.normal(size=5)
    fixed = np.array(mask)
    square, cross, still = both(frozen.split_variance)(want, fixed.astype(np.uint8), triangle(covariance))
    book = np.where(fixed, want, scale * want)
    assert (square * scale + cross) * scale + still == pytest.approx(book @ covariance @ book, rel=1e-9, abs=1e-9)


losses = st.lists(st.integers(-5, 5), min_size=12, max_size=12).map(lambda values: np.array(values) / 100)


def worst(series, bound, confidence):
    """Whether the VaR of a sample is within its bound, by sorting."""
    k = math.ceil((1 - confidence) * series.size - 1e-9)
    return -np.sort(series)[k - 1] <= bound + 1e-11


@given(losses, losses, st.sampled_from([0.0, 0.01, 0.025]), st.sampled_from([0.95, 0.9, 0.75]))
def test_historical_var_finds_the_largest_scale_among_all_crossings(fixed, moving, bound, confidence):
    top = both(frozen.historical_var_top)(sampled(fixed, moving), confidence, bound, 0.0, 1.0)
    moves = moving != 0.0
    crossings = -(bound + fixed[moves]) / moving[moves]
    candidates = [1.0, *crossings[(crossings >= 0.0) & (crossings <= 1.0)]]
    feasible = [x for x in candidates if worst(fixed + x * moving, bound, confidence)]
    assert top == pytest.approx(max(feasible, default=-1.0), abs=1e-9)


@given(losses, losses, st.sampled_from([0.005, 0.02, 0.04]), st.sampled_from([0.95, 0.9, 0.7]))
def test_historical_es_finds_the_largest_feasible_scale(fixed, moving, bound, confidence):
    def shortfall(scale):
        ordered = np.sort(fixed + scale * moving)
        tail = (1 - confidence) * ordered.size
        whole = math.floor(tail + 1e-9)
        if whole == 0:
            return -ordered[0]
        rest = tail - whole
        return -(ordered[:whole].sum() + (rest * ordered[whole] if rest > 1e-9 else 0.0)) / tail

    top = both(frozen.historical_es_top)(sampled(fixed, moving), confidence, bound, 0.0, 1.0)
    grid = np.linspace(0.0, 1.0, 301)
    feasible = [x for x in grid if shortfall(x) <= bound * (1 + 1e-9)]
    if top < 0.0:
        assert not [x for x in grid if shortfall(x) <= bound * (1 - 1e-6)]
        return
    assert shortfall(top) <= bound * (1 + 1e-8) + 1e-11
    assert top >= max(feasible, default=0.0) - 1e-9
    if top < 1.0:
        assert shortfall(min(top + 1e-4, 1.0)) > bound
