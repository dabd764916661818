"""How did it do when the market fell? The lane's own run, cut at the worst weeks and months of its market."""

from __future__ import annotations

from typing import Any

from polyfolio.backtests.referee.windows import day_of, windows
from polyfolio.backtests.slices import slices
from polyfolio.backtests.trial import Trial


def crises(trial: Trial) -> list[dict[str, Any]]:
    """Each window with the market's return, the lane's, and what the lane's came from."""
    found = windows(trial.tape)
    if not found:
        return []
    _, cuts = slices(trial, [(one.start, one.end) for one in found])
    return [
        {
            "name": one.name,
            "start": day_of(trial.tape, one.start),
            "end": day_of(trial.tape, one.end),
            "market": one.market,
            "lane": cut.change,
            "by_asset": dict(cut.by_asset),
            "by_kind": dict(cut.by_kind),
            "rest": cut.rest,
        }
        for one, cut in zip(found, cuts, strict=True)
    ]
