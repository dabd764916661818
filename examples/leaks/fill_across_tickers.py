"""Missing closes filled along the table: the last ticker, before its listing, gets the close of the one beside it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from polyfolio import Tape, demo_tape
from polyfolio.testing import find_leaks


def long_frame(tape: Tape) -> pd.DataFrame:
    """The closes in a table sorted by time, then ticker."""
    closes = pd.DataFrame(tape.close, columns=list(tape.symbols))
    return closes.stack(future_stack=True).rename("close").reset_index()


def filled_across(tape: Tape) -> np.ndarray:
    """Filled forwards through the table."""
    return long_frame(tape)["close"].ffill().to_numpy().reshape(tape.close.shape)


def filled_by_ticker(tape: Tape) -> np.ndarray:
    """Filled forwards within each ticker: what was meant."""
    frame = long_frame(tape)
    return frame.groupby("level_1")["close"].ffill().to_numpy().reshape(tape.close.shape)


if __name__ == "__main__":
    tape = demo_tape(start="2024-03-20", end="2024-04-12")
    print(find_leaks(filled_across, tape).text())
    print(find_leaks(filled_by_ticker, tape).text())
