"""How many bars an answer needs: the same row asked with ever shorter pasts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError, PolyfolioError
from polyfolio.market.window import window
from polyfolio.testing.subjects import Answer, Subject

TOLERANCES = (1e-12, 1e-9, 1e-6, 1e-3)
GROWTH = 1.25  # of the lengths tried, before the boundary is searched


@dataclass(frozen=True)
class Stability:
    """Bars a value needs, itself included, to be what it is with every row since the first.

    Attributes:
        bars: tolerance (relative, absolute below 1) -> bars; None where the tape is too short to say.
        declared: bars it declares to need; None where it declares nothing.
        remembers: whether it declares that every row since the first counts.
    """

    bars: dict[float, int | None]
    declared: int | None
    remembers: bool

    def text(self) -> str:
        """One line."""
        found = ", ".join(
            f"{count if count is not None else 'more'} to {slack:g}" for slack, count in self.bars.items()
        )
        declared = "none" if self.declared is None else f"{self.declared}"
        return f"bars needed: {found}; declared: {declared}{', and every row before' if self.remembers else ''}"


def recursive_stability(subject: Subject, tape: Tape, rows: tuple[int, ...] = ()) -> Stability:
    """Ask for the last row of windows of every length.

    Args:
        subject: what is asked; it learns once, on the training rows of the whole tape.
        tape: the longer, the more bars can be told apart.
        rows: rows that are asked about; the last one and two before it where none is given.
    """
    answer = subject.learn(tape)
    whole = answer(tape)
    asked = rows or tuple(sorted({tape.rows - 1, int(0.93 * tape.rows), int(0.87 * tape.rows)}))
    if min(asked) < 2:
        raise ConfigError("rows", asked, "2 or more each", "Give a longer tape.")
    errors: dict[int, float] = {}

    def error(length: int) -> float:
        if length not in errors:
            errors[length] = max(_error(answer, tape, whole, row, length) for row in asked)
        return errors[length]

    longest = min(asked)
    lengths = sorted(
        {min(longest, round(2 * GROWTH**power)) for power in range(200) if 2 * GROWTH**power < 2 * longest}
    )
    bars = {slack: _least(error, lengths, slack) for slack in TOLERANCES}
    declared = None if subject.warmup is None else subject.warmup + 1
    return Stability(bars, declared, subject.remembers)


def _least(error: Callable[[int], float], lengths: list[int], slack: float) -> int | None:
    """The shortest length from which on every error is within the slack."""
    good = len(lengths)
    while good > 0 and error(lengths[good - 1]) <= slack:
        good -= 1
    if good == len(lengths):
        return None
    if good == 0:
        return lengths[0]
    low, high = lengths[good - 1], lengths[good]
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if error(middle) <= slack else (middle, high)
    return high


def _error(answer: Answer, tape: Tape, whole: Floats, row: int, length: int) -> float:
    """The largest difference at a row between a window's answer and the whole one's, over slots with all bars."""
    first = row + 1 - length
    try:
        value, wanted = answer(window(tape, first, row + 1))[:, -1], whole[:, row]
    except (ValueError, IndexError, PolyfolioError):
        return np.inf  # it cannot answer for so few rows: it needs more
    if value.shape[1] == tape.slots:
        full = (tape.tradable[first : row + 1] != 0).all(axis=0)
        value, wanted = value[:, full], wanted[:, full]
    known = ~(np.isnan(value) & np.isnan(wanted))
    if not known.any():
        return 0.0
    away = np.abs(value - wanted)[known] / np.maximum(1.0, np.abs(wanted[known]))
    return float(np.nan_to_num(away, nan=np.inf).max())
