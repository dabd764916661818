"""Trades at the close that made the decision: no later row is read, and still nobody could have had that price."""

from __future__ import annotations

import numpy as np

from polyfolio import Tape, demo_tape
from polyfolio.testing import find_leaks

ROWS = 24


class SameBar:
    """Holds one unit of what closed above its close of a day ago, bought and sold in that very row."""

    def trades(self, tape: Tape) -> np.ndarray:
        """Units traded in each row."""
        return np.diff(wanted(tape), axis=0, prepend=0.0)


class NextBar:
    """The same decisions, traded one row later: what was meant."""

    def trades(self, tape: Tape) -> np.ndarray:
        """Units traded in each row."""
        held = np.vstack([np.zeros((1, tape.slots)), wanted(tape)[:-1]])
        return np.diff(held, axis=0, prepend=0.0)


def wanted(tape: Tape) -> np.ndarray:
    """Units wanted at each close."""
    out = np.zeros(tape.close.shape)
    out[ROWS:] = tape.close[ROWS:] > tape.close[:-ROWS]
    return out


if __name__ == "__main__":
    tape = demo_tape(start="2024-03-20", end="2024-04-12")
    print(find_leaks(SameBar(), tape).text())
    print(find_leaks(NextBar(), tape).text())
