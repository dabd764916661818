"""The walk: every lane over every row. One compiled entry serves `run`, `step`, `decide` and `fill`.

Units are single lanes or whole groups. For each unit and row: the open phase, the rest of the fills, the mark, the
decision. A group's lanes meet twice: when they trade at the open and after they have decided. Lanes are slowest and
rows next, so that a lane's state stays in the cache; nothing is allocated.
"""

from __future__ import annotations

from typing import Any

from polyfolio.core.codes import FillAt, Moment, Phase
from polyfolio.core.views import Here
from polyfolio.kernels.accounting import begin_row, close_row, judge, mark
from polyfolio.kernels.barrier import limit_group, meet
from polyfolio.kernels.compile import entry, kernel, routine
from polyfolio.kernels.decide import decide
from polyfolio.kernels.lanes import bar_at, lane_at
from polyfolio.kernels.note import note_mark
from polyfolio.kernels.phases import close_phase, fill_at, intrabar_phase, open_phase, open_row
from polyfolio.kernels.pointers import place

_FILL = int(Phase.FILL)
_MARK = int(Phase.MARK)
_DECIDE = int(Phase.DECIDE)
_CLOSE_ROW = int(Phase.CLOSE)
_SAME_CLOSE = int(FillAt.SAME_CLOSE)
_CLOSE = int(Moment.CLOSE)

# Upper bounds of what one lane can write in one row: a cut by every stage and a few refusals for every slot.
EVENTS_PER_SLOT = 64
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


@routine
def start_lane(at: Any, index: int, row: int) -> int:
    """Begin the row: corporate actions, carry, gaps. Returns whether anything may trade in it."""
    lane = lane_at(at, index, row)
    bar = bar_at(at, row)
    opened = lane.account.row < 0
    begin_row(lane, bar, at.log)
    open_row(lane, bar, opened)
    account = lane.account
    return account.working | account.pending | account.guarded | bar.last


@routine
def trade_lane(at: Any, index: int, row: int, meets: int) -> None:
    """Open, intrabar and close phases, each where something may happen."""
    lane = lane_at(at, index, row)
    bar = bar_at(at, row)
    account = lane.account
    if account.working or account.pending:
        open_phase(lane, bar, at.s, meets)
    if account.working or account.guarded or account.pending or bar.last:
        intrabar_phase(lane, bar)
    if account.working or account.pending or bar.last:
        close_phase(lane, bar, at.s, at.log)


@routine
def decide_lane(at: Any, index: int, row: int, phases: int, stages: Any) -> None:
    """Mark the lane and let it decide."""
    lane = lane_at(at, index, row)
    bar = bar_at(at, row)
    if phases & _MARK:
        mark(lane, bar, at.s)
        judge(lane, bar, at.log)
    if phases & _DECIDE and not bar.last:
        decide(lane, bar, at.s, at.log, stages[0], stages[1])


@routine
def close_lane(at: Any, index: int, row: int, phases: int) -> None:
    """`same_close` orders fill at once and the lane is marked again; then the row's books are closed."""
    lane = lane_at(at, index, row)
    bar = bar_at(at, row)
    if phases & _DECIDE and lane.rules.fill == _SAME_CLOSE and lane.account.working:
        fill_at(at, index, row, bar.mark, bar.unit, _CLOSE)
        mark(lane, bar, at.s)
        judge(lane, bar, at.log)
    if phases & _CLOSE_ROW:
        close_row(lane)
        note_mark(lane, bar, at.log)


@kernel
def walk_row(at: Any, first: int, last: int, row: int, phases: int, stages: Any) -> None:
    """One row of one unit. The lanes of a group meet twice: at the open, and after they have decided."""
    if phases & _FILL:
        active = 0
        for index in range(first, last):
            active |= start_lane(at, index, row)
        if active:
            meets = meet(at, first, last, row) if at.book.group_of[first] >= 0 else 0
            for index in range(first, last):
                trade_lane(at, index, row, meets)
    for index in range(first, last):
        decide_lane(at, index, row, phases, stages)
    if phases & _DECIDE and at.book.group_of[first] >= 0:
        limit_group(at, first, last, row)
    for index in range(first, last):
        close_lane(at, index, row, phases)


@entry
def walk(
    market: Any,
    shared: Any,
    book: Any,
    log: Any,
    s: Any,
    units: Any,
    at: Any,
    last_row: int,
    final: int,
    phases: int,
    stages: Any,
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
    here = place(Here(place(market), place(shared), place(book), place(log), place(s), final))
    for u in range(at[1], units.shape[0]):
        first = units[u, 0]
        last = units[u, 1]
        for row in range(at[2], last_row):
            if not room(log, last - first, book.slot_of.size):
                at[1] = u
                at[2] = row
                return 0
            walk_row(here, first, last, row, phases, stages)
        at[2] = at[0]
    return 1
