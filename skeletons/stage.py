"""A stage of your own. Copy this file, rename it, change the rule.

A stage reshapes the wanted weights of one lane at one bar. Register it and name it in a lane's program:

    program: [size, filter, halve_in_drawdown, cap_position, scale]

Under `kernel` it is compiled with the engine and runs in the same call as the built-in stages: plain loops, no
allocation, no exceptions. Without the decorator it runs as Python, bar by bar, and gets `(want, view)` instead
(`polyfolio.engine.extend.StageView`). What a stage does to the want of a slot that is frozen is undone.
"""

from __future__ import annotations

from typing import Any

from polyfolio.core.types import Floats
from polyfolio.kernels.compile import kernel
from polyfolio.rules.registry import register


@kernel
def halve_in_drawdown(want: Floats, lane: Any, bar: Any, risk: Any) -> None:  # noqa: ARG001  (every stage gets all four)
    """Halve every want while the lane is more than 5 % below its peak."""
    if lane.account.drawdown < -0.05:
        for slot in range(want.size):
            want[slot] *= 0.5


register("stage", "halve_in_drawdown")(halve_in_drawdown)
