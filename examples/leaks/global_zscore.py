"""Volumes scaled by the mean and deviation of the whole tape: every row knows how large volumes will be."""

from __future__ import annotations

import numpy as np

from polyfolio import Tape, demo_tape
from polyfolio.features.normalise import Normaliser, Standard
from polyfolio.testing import find_leaks


def global_zscore(tape: Tape) -> np.ndarray:
    """(volume - mean) / deviation, both of all rows."""
    return (tape.volume - np.mean(tape.volume, axis=0)) / np.std(tape.volume, axis=0)


class WholeFrame(Standard):
    """A scaler that is told its training rows and reads all of them."""

    def fit(self, values: np.ndarray, rows: slice, **names: tuple[str, ...]) -> Normaliser:  # noqa: ARG002
        """Learn from every row."""
        return super().fit(values, slice(None), **names)


if __name__ == "__main__":
    tape = demo_tape(symbols=["BTC/USDT", "ETH/USDT", "XRP/USDT"], start="2024-03-20", end="2024-04-12")
    print(find_leaks(global_zscore, tape).text())
    print(find_leaks(WholeFrame(), tape).text())
    print(find_leaks(Standard(), tape).text())
