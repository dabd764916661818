"""A mean of the rows around each row: half of its window lies in the future."""

from __future__ import annotations

import numpy as np

from polyfolio import Tape, demo_tape
from polyfolio.testing import find_leaks

HALF = 5


def centred_mean(tape: Tape) -> np.ndarray:
    """The mean close of row t - 5 to t + 5."""
    out = np.full(tape.close.shape, np.nan)
    windows = np.lib.stride_tricks.sliding_window_view(tape.close, 2 * HALF + 1, axis=0)
    out[HALF:-HALF] = windows.mean(axis=-1)
    return out


def trailing_mean(tape: Tape) -> np.ndarray:
    """The mean close of row t - 10 to t: what was meant."""
    out = np.full(tape.close.shape, np.nan)
    for row in range(2 * HALF, tape.rows):
        out[row] = tape.close[row - 2 * HALF : row + 1].mean(axis=0)
    return out


if __name__ == "__main__":
    tape = demo_tape(start="2024-03-20", end="2024-04-12")
    print(find_leaks(centred_mean, tape).text())
    print(find_leaks(trailing_mean, tape).text())
