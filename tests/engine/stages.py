"""Stages of a third party: one rule, once compiled and once in plain Python."""

from __future__ import annotations

from typing import Any

from polyfolio.core.types import Floats
from polyfolio.engine.extend import StageView
from polyfolio.kernels.compile import kernel


@kernel
def halve_first(want: Floats, lane: Any, bar: Any, risk: Any) -> None:
    """Half the want of the first slot, on odd rows."""
    if bar.row % 2 == 1:
        want[0] *= 0.5


def halve_first_slowly(want: Floats, view: StageView) -> None:
    """The same rule, bar by bar."""
    if view.row % 2 == 1:
        want[0] *= 0.5


@kernel
def ruin_first(want: Floats, lane: Any, bar: Any, risk: Any) -> None:
    """A stage with a mistake: 0 / 0 in the first slot."""
    nothing = want[0] - want[0]
    want[0] = nothing / nothing if nothing == nothing else 1.0


def ruin_slowly(want: Floats, view: StageView) -> None:
    """The same mistake in plain Python."""
    want[0] = float("nan")
