"""Are the prices to be trusted? The data check over the tape's own rows."""

from __future__ import annotations

import re
from typing import Any

import numpy as np

from polyfolio.core.tape import OPTIONAL, PRICES, Tape
from polyfolio.errors import DataError
from polyfolio.market.quality import check
from polyfolio.market.quality.report import examples

ROW = re.compile(r" \(row \d+\)")  # of the frame that is checked, which is no row of the tape


def findings(tape: Tape) -> dict[str, Any]:
    """Findings by kind, errors first, and how many symbols still trade at the last row."""
    try:
        report = check(frame_of(tape), calendar=tape.calendar.name)
    except DataError:
        report = check(frame_of(tape))  # a calendar of its own, unknown by name
    kinds = [
        {
            "kind": kind,
            "severity": report.of(kind)[0].severity,
            "count": sum(item.count for item in report.of(kind)),
            "symbols": sorted({item.symbol for item in report.of(kind) if item.symbol}),
            "meaning": report.of(kind)[0].explanation,
            "fix": report.of(kind)[0].fix,
            "example": ROW.sub("", (examples(report.of(kind)) or [""])[0]),
        }
        for kind in report.kinds()
    ]
    return {"ok": report.ok, "kinds": kinds, "symbols": tape.slots, "alive": int((tape.tradable[-1] != 0).sum())}


def frame_of(tape: Tape) -> Any:
    """The tape as a long frame: one row per bar of a name."""
    import pandas as pd  # noqa: PLC0415

    row, slot = np.nonzero((tape.tradable != 0) & np.isfinite(tape.close))
    columns: dict[str, Any] = {
        "timestamp": pd.to_datetime(tape.times[row], utc=True),
        "symbol": np.array(tape.symbols, dtype=object)[slot],
    }
    columns |= {name: getattr(tape, name)[row, slot] for name in (*PRICES, "volume")}
    columns |= {name: getattr(tape, name)[row, slot] for name in OPTIONAL if getattr(tape, name) is not None}
    return pd.DataFrame(columns)
