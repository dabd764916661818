"""Why an answer leaks: what reaches back from a later row, how far, and how it fades on the way."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats, Ints
from polyfolio.testing.answers import unequal
from polyfolio.testing.futures import poked
from polyfolio.testing.subjects import Answer

POKES = 6  # rows that are touched one at a time
FADES = 30.0  # the near quarter of a trace over the far one: a statistic of the whole tape stays near 1
MOST = 0.5  # of the way to the first answer: so far reaches a statistic of the whole tape, and no window


class Reason(StrEnum):
    """Why."""

    LOOKS_AHEAD = "looks_ahead"
    WHOLE_SAMPLE = "whole_sample"
    BACKWARD_PASS = "backward_pass"  # noqa: S105 - no password
    FILLED_BACKWARDS = "filled_backwards"
    LATER_ROWS = "later_rows"
    OUTSIDE_TRAINING = "outside_training"
    ACROSS_SLOTS = "across_slots"
    SAME_BAR = "same_bar"
    UNREPEATABLE = "unrepeatable"
    STREAM = "stream"
    WARMUP = "warmup"
    OVERLAP = "overlap"


MEANING: dict[Reason, tuple[str, str]] = {
    Reason.LOOKS_AHEAD: (
        "it reads later rows near by, as a centred window or a negative shift does",
        "Let windows end at their row and shift forwards only.",
    ),
    Reason.WHOLE_SAMPLE: (
        "it uses a statistic of the whole tape, such as its mean, maximum or rank",
        "Learn the statistic on training rows, or take a rolling or expanding one.",
    ),
    Reason.BACKWARD_PASS: (
        "something runs from the end backwards and fades, as smoothed probabilities and two-way filters do",
        "Use filtered probabilities and one-way filters.",
    ),
    Reason.FILLED_BACKWARDS: ("missing bars are filled from later ones", "Fill forwards, or leave them NaN."),
    Reason.LATER_ROWS: ("it depends on later rows", "Let row t use rows up to t."),
    Reason.OUTSIDE_TRAINING: (
        "it learned from rows outside the training rows",
        "Let fit read the training rows alone.",
    ),
    Reason.ACROSS_SLOTS: (
        "a slot's value comes from other slots, or from the order they stand in",
        "Group by symbol before filling, shifting or rolling; set across = True where other slots are meant.",
    ),
    Reason.SAME_BAR: (
        "it trades in the row whose close it decided with",
        "Decide at the close of row t and trade in row t + 1.",
    ),
    Reason.UNREPEATABLE: (
        "asked again, or after another tape, it answers differently",
        "Keep no state between calls; draw random numbers from a seed.",
    ),
    Reason.STREAM: (
        "row by row it says something else than for the whole tape",
        "Let the stream do what compute does, from the same first row.",
    ),
    Reason.WARMUP: (
        "the declared warm-up does not determine its value",
        "Raise warmup to the bars needed, or set remembers = True.",
    ),
    Reason.OVERLAP: ("training rows know labels of test rows", "Purge and embargo: see the split's horizon."),
}


@dataclass(frozen=True)
class Trace:
    """What touching one row did to earlier ones.

    Attributes:
        reach: rows from the touched one to the earliest that changed.
        depth: the reach as a share of the way to the first answer.
        fades: how many times larger the change is near by than far off.
    """

    reach: int
    depth: float
    fades: float


def why(ask: Answer, tape: Tape, answer: Floats, changed: np.ndarray, first: int) -> tuple[Reason, int]:
    """The reason of a leak from later rows, and the rows it reaches back.

    Args:
        ask: what leaks.
        tape: the untouched tape.
        answer: what it says of that tape.
        changed: cells that changed with the future, bool[columns, rows, slots].
        first: the first row that may be touched.
    """
    if changed.shape[2] == tape.slots and not (changed & (tape.tradable[: changed.shape[1]] != 0)).any():
        return Reason.FILLED_BACKWARDS, 0
    rows = np.unique(np.linspace(first + 0.3 * (tape.rows - first), tape.rows - 1, POKES).astype(np.int64))
    traces = [found for row in rows.tolist() if (found := trace(ask, tape, answer, row)) is not None]
    if not traces:
        return Reason.LATER_ROWS, 0
    reach = max(found.reach for found in traces)
    if len(traces) > 1 and len({found.reach for found in traces}) == 1:
        return Reason.LOOKS_AHEAD, reach
    if max(found.fades for found in traces) >= FADES:
        return Reason.BACKWARD_PASS, reach
    deep = max(found.depth for found in traces) >= MOST
    return Reason.WHOLE_SAMPLE if deep else Reason.LOOKS_AHEAD, reach


def trace(ask: Answer, tape: Tape, answer: Floats, row: int) -> Trace | None:
    """The trace of one row, None where no earlier row changes."""
    other = np.ascontiguousarray(ask(poked(tape, row))[:, :row])
    before = np.ascontiguousarray(answer[:, :row])
    differ = unequal(before, other)
    rows = np.flatnonzero(differ.any(axis=(0, 2)))
    if rows.size == 0:
        return None
    size = np.where(differ, np.abs(other - before), 0.0)
    sizes = np.nan_to_num(size, nan=np.inf).max(axis=(0, 2))[rows[::-1]]
    answered = int(np.argmax((~np.isnan(before)).any(axis=(0, 2))))
    reach = row - int(rows[0])
    return Trace(reach, reach / max(row - answered, 1), _fading(sizes))


def _fading(sizes: Floats) -> float:
    """The median of the nearest quarter over that of the farthest."""
    quarter: Ints | int = max(sizes.size // 4, 1)
    near, far = float(np.median(sizes[:quarter])), float(np.median(sizes[-quarter:]))
    return near / far if far > 0.0 and np.isfinite(near) else 1.0
