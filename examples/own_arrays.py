"""Prices and weights from arrays: what one rebalancing costs, by the self-financing equation.

A million in cash, target weights 0.4, 0.3, 0.3, a fee of 0.1 % of what is traded. The weights are those of the
equity after the trades, so V' = V - 0.001 V' and V' = 1,000,000 / 1.001.
"""

from __future__ import annotations

import numpy as np

from polyfolio import Engine, compile_spec, single, tape_from_arrays

DAY = 86_400 * 10**9
close = np.array([[100.0, 50.0, 20.0]] * 3 + [[110.0, 50.0, 19.0]])
times = (19_800 + np.arange(4)) * DAY
fields = {"open": close, "high": close, "low": close, "close": close, "volume": np.full(close.shape, 1e6)}
tape = tape_from_arrays(times, ["AAA", "BBB", "CCC"], fields, calendar="24/7", interval="1d")

spec = single(
    {
        "sizing": {"method": "weights"},
        "execution": {"commission": {"model": "percentage", "percentage_fee": 0.001}},
    },
    "mine",
)
signals = np.full((1, tape.rows, tape.slots), np.nan)  # no opinion keeps what is held
signals[0, 0] = [0.4, 0.3, 0.3]
engine = Engine(compile_spec(spec, tape.universe), tape, signals).run()

for mark in engine.journal.marks:
    print(
        f"row {mark['row']}: equity {mark['equity']:.4f}, cash {mark['cash']:z.4f}, commission {mark['commission']:.4f}"
    )
print(f"1,000,000 / 1.001 = {1_000_000 / 1.001:.4f}")
print("held:", dict(zip(tape.symbols, engine.book.held[0].round(4).tolist(), strict=True)))
