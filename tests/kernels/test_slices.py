"""Slices of an order by volume, by hand; those by time are held against the engine's fills in the agents' tests."""

from __future__ import annotations

import numpy as np
import pytest

from polyfolio.kernels.slices import slices_by_volume
from tests.kernels.cost_tools import both

by_volume = both(slices_by_volume)


@pytest.mark.parametrize(
    ("whole", "each", "slices"),
    [
        (10.0, 4.0, [4.0, 4.0, 2.0]),
        (-10.0, 4.0, [-4.0, -4.0, -2.0]),
        (8.0, 4.0, [4.0, 4.0]),
        (3.0, 4.0, [3.0]),
        (3.0, float("nan"), [3.0]),
        (3.0, 0.0, [3.0]),
        (100.0, 4.0, [4.0, 4.0, 4.0, 88.0]),  # no room: the last takes what is left
        (0.0, 4.0, []),
    ],
)
def test_parts_of_at_most_a_share_of_the_volume(whole: float, each: float, slices: list[float]) -> None:
    out = np.zeros(4)
    count = by_volume(whole, each, out)
    assert out[:count].tolist() == slices
