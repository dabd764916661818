"""The barrier's formulas; what groups do on real runs stands in tests/engine/test_groups.py."""

from __future__ import annotations

import math

import pytest

from polyfolio.kernels.barrier import factor_within
from tests.kernels.cost_tools import both


@pytest.mark.parametrize(
    ("kept", "opened", "bound", "factor"),
    [
        (10.0, 20.0, 40.0, 1.0),
        (10.0, 20.0, 30.0, 1.0),
        (10.0, 20.0, 20.0, 0.5),
        (10.0, 20.0, 10.0, 0.0),
        (30.0, 20.0, 10.0, 0.0),
        (30.0, 0.0, 10.0, 1.0),
        (10.0, 20.0, math.inf, 1.0),
    ],
)
def test_openings_shrink_to_the_room_that_what_stays_has_left(
    kept: float, opened: float, bound: float, factor: float
) -> None:
    assert both(factor_within)(kept, opened, bound) == factor
