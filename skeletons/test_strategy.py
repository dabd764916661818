"""Copy this file beside the strategy: its numbers by hand, and the proof that it never looks ahead."""

from __future__ import annotations

import numpy as np
from my_module import NewHigh

from polyfolio import check_strategy, demo_tape, tape_from_arrays
from polyfolio.testing import check_leaks

DAY = 86_400_000_000_000  # nanoseconds


def test_it_says_what_a_pencil_says() -> None:
    """Five closes, compared with the two before each."""
    close = np.array([[10.0], [11.0], [12.0], [11.5], [10.5]])
    fields = dict.fromkeys(("open", "high", "low", "close"), close) | {"volume": np.ones_like(close)}
    tape = tape_from_arrays(np.arange(1, 6) * DAY, ("A",), fields, interval="1d")
    # 12 is above 10 and 11; 11.5 is between 11 and 12; 10.5 is below 12 and 11.5
    np.testing.assert_array_equal(NewHigh(lookback=2).signals(tape)[:, 0], [np.nan, np.nan, 1.0, np.nan, 0.0])


def test_it_keeps_the_contract_and_nothing_leaks() -> None:
    """No signal depends on a row after its own."""
    tape = demo_tape(symbols=["BTC/USDT", "ETH/USDT"], end="2024-01-31")
    check_strategy(NewHigh(), tape)
    check_leaks(NewHigh(), tape)
