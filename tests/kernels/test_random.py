"""Counted random numbers: the published words, evenness, no number of one purpose in another, compiled as plain."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from polyfolio.kernels import random as kernels
from polyfolio.kernels.compile import callable_kernel
from tests.kernels.cost_tools import both

philox = both(kernels.philox)
uniform = both(kernels.uniform)
between = both(kernels.between)
fast_uniform = callable_kernel(kernels.uniform)

words = st.integers(0, 2**32 - 1)


@pytest.mark.parametrize(
    ("counter", "key", "expected"),
    [
        ([0] * 4, [0] * 2, "6627e8d5 e169c58d bc57ac4c 9b00dbd8"),
        ([0xFFFFFFFF] * 4, [0xFFFFFFFF] * 2, "408f276d 41c83b0e a20bc7c6 6d5451fd"),
        (
            [0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344],
            [0xA4093822, 0x299F31D0],
            "d16cfe09 94fdcceb 5001e420 24126ea1",
        ),
    ],
)
def test_the_known_answers_of_the_authors(counter: list[int], key: list[int], expected: str) -> None:
    assert " ".join(f"{word:08x}" for word in philox(*counter, *key)) == expected


@given(st.lists(words, min_size=6, max_size=6))
def test_compiled_and_plain_give_the_same_words(numbers: list[int]) -> None:
    assert all(0 <= word < 2**32 for word in philox(*numbers))


@given(st.integers(0, 2**62), st.integers(0, 2**40), st.integers(0, 20), st.integers(0, 2**20))
def test_a_number_is_from_zero_to_below_one(seed: int, episode: int, purpose: int, number: int) -> None:
    assert 0.0 <= uniform(seed, episode, purpose, number) < 1.0


def test_a_number_has_53_bits() -> None:
    one, two, _, _ = philox(4, 3, 2, 0, 1, 0)
    assert uniform(1, 2, 3, 4) == ((one >> 5) * 2**26 + (two >> 6)) / 2**53


@pytest.mark.parametrize("axis", range(4), ids=("seed", "episode", "purpose", "number"))
def test_numbers_along_every_axis_are_even_and_independent(axis: int) -> None:
    at = [7, 3, 1, 2]
    drawn = np.array([fast_uniform(*at[:axis], at[axis] + k, *at[axis + 1 :]) for k in range(4_000)])
    assert stats.kstest(drawn, "uniform").pvalue > 1e-3
    assert abs(np.corrcoef(drawn[:-1], drawn[1:])[0, 1]) < 0.06
    assert len(set(drawn)) == drawn.size


def test_the_upper_half_of_seed_and_episode_counts() -> None:
    low = uniform(5, 5, 0, 0)
    assert len({low, uniform(5 + 2**32, 5, 0, 0), uniform(5, 5 + 2**32, 0, 0)}) == 3


def test_between_is_even_on_the_logarithmic_scale() -> None:
    assert between(0.5, 2.0, 0.0) == 0.5
    assert between(0.5, 2.0, 0.5) == pytest.approx(1.0, rel=1e-15)
    assert between(0.1, 10.0, 0.75) == pytest.approx(math.sqrt(10.0), rel=1e-14)


def test_between_is_even_on_the_plain_scale_from_zero() -> None:
    assert between(0.0, 3.0, 0.25) == 0.75
    assert between(1.5, 1.5, 0.9) == 1.5
