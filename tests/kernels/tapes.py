"""Tapes of a few bars made by hand, and short ways to run a lane over them in checked mode with a full journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from polyfolio.core.codes import Event, Reason
from polyfolio.core.tape import NANOSECONDS_PER_DAY, Calendar, Tape, Universe, instrument_table
from polyfolio.engine.engine import Engine
from polyfolio.rules.plan import compile_spec
from polyfolio.rules.spec import Spec

FIRST_DAY = 18_628  # 2021-01-01, a Friday

Rows = Sequence[Sequence[float]]


def bars_tape(
    bars: Sequence[Rows],
    *,
    volume: Any = 1e9,
    missing: Sequence[tuple[int, int]] = (),
    days: Sequence[int] | None = None,
    symbols: Sequence[str] | None = None,
    labels: Any = None,
    instruments: dict[str, Any] | None = None,
    currencies: Sequence[str] = (),
    **optional: Any,
) -> Tape:
    """A daily tape from bars[slot][row] = (open, high, low, close).

    Args:
        bars: one sequence of (open, high, low, close) per slot.
        volume: a number, or an array of (row, slot).
        missing: (row, slot) pairs without a price: NaN and not tradable.
        days: session day of each row, counted from the first; default one a day. Rows of a day are an hour apart.
        symbols: names; default A, B, C, ...
        labels: label vectors of the universe.
        instruments: columns of the instrument table.
        currencies: currency of each slot.
        optional: spread, dividends, splits, borrow, funding as (row, slot).
    """
    prices = np.array(bars, dtype=np.float64)  # slot, row, price
    slots, rows = prices.shape[:2]
    day = FIRST_DAY + np.array(range(rows) if days is None else days, dtype=np.int64)
    hour = np.array([int((day[:t] == day[t]).sum()) for t in range(rows)], dtype=np.int64)
    times = day * NANOSECONDS_PER_DAY + (hour + 1) * 3_600_000_000_000
    tradable = np.ones((rows, slots), np.uint8)
    fields = [np.ascontiguousarray(prices[:, :, k].T) for k in range(4)]
    for row, slot in missing:
        tradable[row, slot] = 0
        for field in fields:
            field[row, slot] = np.nan
    given = {name: np.array(values, dtype=np.float64).reshape(rows, slots) for name, values in optional.items()}
    names = tuple(symbols or "ABCDEFGHIJ"[:slots])
    return Tape(
        times,
        *fields,
        np.broadcast_to(np.array(volume, dtype=np.float64), (rows, slots)).copy(),
        tradable,
        Calendar("24/7", 365.0, 365.0, "given", day),
        Universe(names, labels or {}, tuple(currencies)),
        instrument_table(slots, **(instruments or {})),
        **given,
    )


def flat_tape(closes: Sequence[Sequence[float]], **more: Any) -> Tape:
    """A tape whose bars stand still at closes[slot][row]: open = high = low = close."""
    return bars_tape([[(c, c, c, c) for c in column] for column in closes], **more)


def engine_for(
    tape: Tape,
    signals: Any,
    lanes: Sequence[dict[str, Any]] | None = None,
    *,
    threads: int = 1,
    groups: Any = (),
    sleeves: Any = None,
    observation: str = "bar",
    **sections: Any,
) -> Engine:
    """An engine in checked mode with a full journal.

    Args:
        tape: the tape.
        signals: per sleeve, (row, sleeve), or (source, row, sleeve).
        lanes: lanes with names; default one lane `a` made of `sections`.
        threads: see Engine.
        groups: of the spec.
        sleeves: of the spec.
        observation: of the spec.
        sections: sections of the single lane.
    """
    lanes = lanes or [{"name": "a", **sections}]
    spec = Spec(
        name="test", journal="full", checked=True, observation=observation, lanes=lanes, groups=groups, sleeves=sleeves
    )
    plan = compile_spec(spec, tape.universe)
    array = np.array(signals, dtype=np.float64)
    while array.ndim < 3:
        array = array[None]
    return Engine(plan, tape, array, threads=threads)


def weights(**sections: Any) -> dict[str, Any]:
    """Sections of a lane whose signals are its weights and whose volume is unbounded."""
    execution = dict(sections.pop("execution", {}))
    execution.setdefault("market_impact", {"participation_rate_limit": None})
    return {"sizing": {"method": "weights", "allow_short": True}, "execution": execution, **sections}


def orders(**execution: Any) -> dict[str, Any]:
    """Sections of a lane whose signals are quantities to trade; volume unbounded, leverage too."""
    execution.setdefault("market_impact", {"participation_rate_limit": None})
    return {
        "sizing": {"method": "orders", "allow_short": True},
        "execution": execution,
        "account": {"initial_capital": 100_000.0, "maintenance_margin": 0.0},
        "limits": {"max_leverage": None},
    }


def fills(engine: Engine, lane: int = 0) -> list[tuple[int, int, float, float]]:
    """(row, slot, quantity, price) of a lane's fills."""
    rows = engine.journal.fills[engine.journal.fills["lane"] == lane]
    return [(int(f["row"]), int(f["slot"]), float(f["quantity"]), float(f["price"])) for f in rows]


def refusals(engine: Engine, lane: int = 0) -> list[tuple[int, int, Reason]]:
    """(row, slot, reason) of a lane's refused, cut or ended orders."""
    events = engine.journal.events
    chosen = events[(events["lane"] == lane) & (events["event"] == int(Event.REFUSED))]
    return [(int(e["row"]), int(e["slot"]), Reason(int(e["reason"]))) for e in chosen]


def cuts(engine: Engine, lane: int = 0) -> list[tuple[int, int, Reason]]:
    """(row, slot, reason) of a lane's cut wants."""
    events = engine.journal.events
    chosen = events[(events["lane"] == lane) & (events["event"] == int(Event.CUT))]
    return [(int(e["row"]), int(e["slot"]), Reason(int(e["reason"]))) for e in chosen]


def account(engine: Engine, lane: int = 0) -> Any:
    """A lane's account record."""
    return engine.book.account[lane]
