"""Would it have earned this at another price of the bar, and at other costs?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from polyfolio.backtests.referee.costs import filled_at, times
from polyfolio.backtests.trial import SAME, Trial, Variant
from polyfolio.core.codes import FillAt

MULTIPLES = (0.0, 1.0, 2.0, 5.0)
FILLS = (FillAt.NEXT_OPEN, FillAt.NEXT_CLOSE, FillAt.NEXT_TYPICAL, FillAt.SAME_CLOSE)


def fills_of(trial: Trial) -> tuple[FillAt, ...]:
    """The fills that can be asked for: where a stage is plain Python, none at the close that decides."""
    python = bool(trial.engine([SAME]).python_stages)
    return tuple(fill for fill in FILLS if not (python and fill is FillAt.SAME_CLOSE))


def variants(fills: Sequence[FillAt]) -> list[Variant]:
    """A lane for each fill and each multiple, fills outside."""
    return [(filled_at(fill), times(factor)) for fill in fills for factor in MULTIPLES]


def timing(trial: Trial) -> dict[str, Any]:
    """Measures by fill (rows) and multiple of the costs (columns), and which cell is the lane's own."""
    fills = fills_of(trial)
    found = iter(trial.outcomes(variants(fills)))
    grid = [[next(found) for _ in MULTIPLES] for _ in fills]
    return {
        "fills": [fill.name.lower() for fill in fills],
        "multiples": list(MULTIPLES),
        "own_fill": trial.lane.execution.fill.name.lower(),
        "total_return": [[one.total_return for one in row] for row in grid],
        "sharpe": [[one.sharpe for one in row] for row in grid],
        "max_drawdown": [[one.max_drawdown for one in row] for row in grid],
    }
