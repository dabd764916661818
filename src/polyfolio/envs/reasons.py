"""What the events of a step say: why a want was cut, which limits bind."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyfolio.core.codes import Event, Reason, Stage

GRADES = ("slack", "binds", "breach")
_CUTS = (int(Event.CUT), int(Event.REFUSED), int(Event.HOLD), int(Event.STATUS))


def reasons_of(events: np.ndarray, symbols: tuple[str, ...]) -> list[dict[str, Any]]:
    """Every cut, refusal and hold: symbol ("" = the whole lane), stage, reason, the numbers before and after."""
    said = []
    for event in events[np.isin(events["event"], _CUTS)]:
        slot, stage = int(event["slot"]), int(event["stage"])
        said.append(
            {
                "symbol": symbols[slot] if slot >= 0 else "",
                "event": Event(int(event["event"])).name.lower(),
                "stage": Stage(stage).name.lower() if stage in _STAGES else "",
                "reason": Reason(int(event["reason"])).name.lower(),
                "before": float(event["before"]),
                "after": float(event["after"]),
            }
        )
    return said


def limits_of(events: np.ndarray) -> list[dict[str, Any]]:
    """Every limit that is on: its value, its bound, and whether it is slack, binds, or is in breach."""
    return [
        {
            "limit": Reason(int(event["reason"])).name.lower(),
            "value": float(event["before"]),
            "bound": float(event["after"]),
            "grade": GRADES[int(event["stage"])],
        }
        for event in events[events["event"] == int(Event.LIMIT)]
    ]


_STAGES = {int(stage) for stage in Stage if stage is not Stage.END}
