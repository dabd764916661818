"""Wants, what each stage cut from them, and the certificate of the orders.

Four names of one sector and one of another. The sizing wants a fifth in each; the limits allow less.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from polyfolio import Engine, compile_spec, load, tape_from_arrays
from polyfolio.core.codes import Event, Reason, Stage

SYMBOLS = ["A", "B", "C", "D", "E"]
GRADES = ("slack", "binds", "breach")
rows = np.arange(130)
# Waves of different length instead of random numbers: the same on every machine.
waves = [0.02 * np.sin(rows / (2.0 + slot)) + 0.015 * np.sin(rows * rows / 40.0) for slot in range(5)]
close = 100.0 * np.exp(np.array(waves).T)
bars = {"open": close, "high": close, "low": close, "close": close, "volume": np.full(close.shape, 1e6)}
table = pd.DataFrame({"symbol": SYMBOLS, "sector": ["tech"] * 4 + ["energy"]})
tape = tape_from_arrays((19_000 + rows) * 86_400 * 10**9, SYMBOLS, bars, interval="1d", instruments=table)

spec = load(
    {
        "name": "limits",
        "journal": "full",
        "lanes": [
            {
                "name": "lane",
                "sizing": {"method": "equal_weight"},
                "limits": {"max_position": 0.18, "labels": [{"by": "sector", "cap": {"tech": 0.5}}]},
                "risk": {"max_volatility": 0.10, "max_var": 0.02, "min_history": 60, "var_window": 100},
            }
        ],
    }
)
plan = compile_spec(spec, tape.universe)
engine = Engine(plan, tape, np.ones((1, 1, 5))).run()

events = engine.journal.events
row = 120
for event in events[events["row"] == row]:
    kind, reason = Event(int(event["event"])), Reason(int(event["reason"]))
    symbol = tape.symbols[event["slot"]] if event["slot"] >= 0 else ""
    numbers = f"{event['before']:.6f} -> {event['after']:.6f}"
    if kind is Event.SIGNAL:
        print(f"signal {symbol}: {numbers}")
    elif kind is Event.CUT:
        print(f"cut {symbol} by {reason.name.lower()} (stage {Stage(int(event['stage'])).name.lower()}): {numbers}")
    elif kind is Event.LIMIT:
        grade = GRADES[event["stage"]]
        print(f"certificate {reason.name.lower()}: {event['before']:.6f} of {event['after']:.6f}, {grade}")
