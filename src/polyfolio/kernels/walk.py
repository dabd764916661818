"""The walk: every lane over every row. One compiled entry serves `run`, `step`, `decide` and `fill`.

Units are single lanes or whole groups. For each unit and row: the open phase, the rest of the fills, the mark, the
decision. A group's lanes meet twice: when they trade at the open and after they have decided. Lanes are slowest and
rows next, so that a lane's state stays in the cache; nothing is allocated.
"""

from __future__ import annotations

from typing import Any

from polyfolio.core.codes import FillAt, Moment, Phase
from polyfolio.kernels.accounting import begin_row, close_row, mark
from polyfolio.kernels.barrier import limit_group, meet
from polyfolio.kernels.compile import entry, kernel
from polyfolio.kernels.decide import decide
from polyfolio.kernels.lanes import bar_at, lane_at, risk_at
from polyfolio.kernels.note import note_mark
from polyfolio.kernels.phases import close_phase, fill_at, intrabar_phase, open_phase, open_row

_FILL = int(Phase.FILL)
_MARK = int(Phase.MARK)
_DECIDE = int(Phase.DECIDE)
_SAME_CLOSE = int(FillAt.SAME_CLOSE)
_CLOSE = int(Moment.CLOSE)

# Upper bounds of what one lane can write in one row: a cut by every stage and a few refusals for every slot.
EVENTS_PER_SLOT = 40
EVENTS_PER_LANE = 64
FILLS_PER_SLOT = 8


@kernel
def room(log: Any, lanes: int, sleeves: int) -> bool:
    """Whether the buffers can take one row of a unit, whatever happens in it."""
    return (
        log.cursor[0] + lanes * (EVENTS_PER_SLOT * sleeves + EVENTS_PER_LANE) <= log.events.size
        and log.cursor[1] + lanes * FILLS_PER_SLOT * sleeves <= log.fills.size
        and log.cursor[2] + lanes <= log.marks.size
    )


@kernel
def start_lane(lane: Any, bar: Any, s: Any, log: Any) -> None:
    """Begin the row: corporate actions, carry, gaps."""
    begin_row(lane, bar, log)
    open_row(lane, bar, s, log)


@kernel
def trade_lane(lane: Any, bar: Any, s: Any, log: Any, meets: int) -> None:
    """Open, intrabar and close phases, each where something may happen."""
    account = lane.account
    if account.working or account.pending:
        open_phase(lane, bar, s, log, meets)
    if account.working or account.guarded or account.pending or bar.last:
        intrabar_phase(lane, bar, s, log)
        close_phase(lane, bar, s, log)


@kernel
def fill_unit(book: Any, bar: Any, s: Any, log: Any, first: int, last: int) -> None:
    """The fill phases of a row: every lane starts the row before the first one trades."""
    for index in range(first, last):
        start_lane(lane_at(book, index, bar.row), bar, s, log)
    meets = meet(book, bar, s, log, first, last) if last - first > 1 else 0
    for index in range(first, last):
        trade_lane(lane_at(book, index, bar.row), bar, s, log, meets)


@kernel
def decide_unit(
    book: Any, shared: Any, market: Any, bar: Any, s: Any, log: Any, first: int, last: int, stages: Any
) -> None:
    """The decisions of a unit and, for a group, its limits; `same_close` fills at once and marks again."""
    for index in range(first, last):
        lane = lane_at(book, index, bar.row)
        risk = risk_at(shared, market, s, lane.rules, bar.row)
        decide(lane, bar, risk, s, log, stages[0], stages[1])
    if last - first > 1:
        limit_group(book, bar, s, log, first, last)
    for index in range(first, last):
        lane = lane_at(book, index, bar.row)
        if lane.rules.fill == _SAME_CLOSE and lane.account.working:
            fill_at(lane, bar, s, log, bar.mark, bar.unit, _CLOSE)
            mark(lane, bar)


@entry
def walk(
    market: Any, shared: Any, book: Any, log: Any, s: Any, units: Any, at: Any, last_row: int, final: int,
    phases: int, stages: Any,
) -> int:
    """Walk the units over rows up to `last_row` (exclusive).

    Args:
        market: the tape's arrays.
        shared: risk inputs of the rows' block.
        book: the lanes' arrays.
        log: journal buffers; when they are nearly full the walk stops early.
        s: scratch memory of this thread.
        units: int64[units, 2], first and last (exclusive) lane of each unit.
        at: int64[3], first row, then the unit and row to go on from; updated.
        last_row: first row not walked.
        final: the row that accepts no order, -1 = none.
        phases: Phase bits.
        stages: int64[2], the stages of the program to run, first and last (exclusive).

    Returns:
        1 when done, 0 when the buffers must be emptied before going on.
    """
    for u in range(at[1], units.shape[0]):
        first = units[u, 0]
        last = units[u, 1]
        for row in range(at[2], last_row):
            if not room(log, last - first, book.slot_of.size):
                at[1] = u
                at[2] = row
                return 0
            bar = bar_at(market, row, final)
            if phases & _FILL:
                fill_unit(book, bar, s, log, first, last)
            if phases & _MARK:
                for index in range(first, last):
                    mark(lane_at(book, index, row), bar)
            if phases & _DECIDE and not bar.last:
                decide_unit(book, shared, market, bar, s, log, first, last, stages)
            if phases & _MARK:
                for index in range(first, last):
                    lane = lane_at(book, index, row)
                    close_row(lane, bar, log)
                    note_mark(lane, bar, log)
        at[2] = at[0]
    return 1
