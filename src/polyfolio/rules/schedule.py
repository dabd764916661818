"""Orders worked over several bars: the section `execution.schedule`."""

from __future__ import annotations

from typing import Annotated

from polyfolio.core.codes import Schedule
from polyfolio.rules.fields import BARS, WORD, Section, key


class ScheduleSection(Section):
    """How an order is worked over several bars instead of at once."""

    model: Annotated[Schedule, WORD] = key(
        Schedule.NONE,
        "Equal parts, parts by expected volume, a share of each bar's volume, or the least sum of impact and risk.",
        example="twap",
        record="schedule",
        used="fill, schedule",
    )
    bars: int = key(
        1,
        "Bars an order is worked over; models twap, vwap and almgren_chriss.",
        unit=BARS,
        example=6,
        ge=1,
        le=10_000,
        record="schedule_bars",
        used="fill, schedule",
    )
    rate: float = key(
        0.1,
        "Part of each bar's volume that is taken, model pov.",
        unit="share of the bar's volume",
        example=0.05,
        gt=0.0,
        le=1.0,
        record="schedule_rate",
        used="fill, schedule",
    )
    risk_aversion: float = key(
        1e-6,
        "Weight of the variance of what is still to be traded, model almgren_chriss.",
        unit="per unit of base currency",
        example=1e-5,
        gt=0.0,
        le=1.0,
        record="schedule_risk_aversion",
        used="decide, schedule",
    )
