"""A backtest of the crossover makes the trades that backtesting.py makes under the same conventions.

The conventions stand in tests/oracles/generate_crossover.py, which wrote the trades down.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyfolio.backtests.run import backtest
from polyfolio.market.demo import demo_tape
from polyfolio.market.window import window
from polyfolio.rules.spec import Spec

STORED = json.loads((Path(__file__).resolve().parents[1] / "oracles" / "crossover.json").read_text(encoding="utf-8"))


def name_of(case: dict[str, Any]) -> str:
    return "{symbol} {kind} {fast}/{slow}".format(**case)


def our_trades(case: dict[str, Any]) -> np.ndarray:
    """Size, entry row, exit row, entry price, exit price, profit of each closed trade."""
    tape = window(demo_tape(symbols=[case["symbol"]]), 0, case["rows"])
    instruments = tape.instruments.copy()
    instruments["lot"] = 0.0  # as there: a unit is a unit
    tape = replace(tape, instruments=instruments)
    params = {key: case[key] for key in ("fast", "slow", "kind", "long_short")}
    lane = {
        "name": "crossover",
        "strategy": {"name": "ma_crossover", "params": {**params, "wait": True}},
        "sizing": {"method": "units", "allow_short": case["long_short"], "resize": False},
        # A target is a share of the equity after costs: of so much, a commission takes less than 1e-10.
        "account": {"initial_capital": 1e12},
        "execution": {"commission": {"model": "percentage", "percentage_fee": case["commission"]}},
    }
    result = backtest(Spec(name="crossover", journal="full", lanes=[lane]), tape)
    at = {int(fill["row"]): float(fill["price"]) for fill in result.journal.fills}
    return np.array(
        [
            (
                trade["side"] * trade["quantity"],
                trade["entry_row"],
                trade["exit_row"],
                trade["entry_notional"] / trade["entry_quantity"],
                at[int(trade["exit_row"])],
                trade["profit"],
            )
            for trade in result.trades("crossover")
        ]
    )


@pytest.mark.parametrize("case", STORED["cases"], ids=name_of)
def test_every_trade_is_the_same(case: dict[str, Any]) -> None:
    theirs = np.array(case["trades"])
    assert len(theirs) >= 35
    ours = our_trades(case)
    np.testing.assert_array_equal(ours[:, 1:3], theirs[:, 1:3])
    np.testing.assert_allclose(ours[:, [0, 3, 4]], theirs[:, [0, 3, 4]], rtol=1e-9)
    scale = np.abs(theirs[:, 3])  # a profit near 0 is the difference of two prices
    assert np.max(np.abs(ours[:, 5] - theirs[:, 5]) / scale) < 1e-9


def test_the_stored_trades_have_both_sides_and_costs() -> None:
    sizes = {size for case in STORED["cases"] for size, *_ in case["trades"]}
    assert sizes == {1, -1}
    for case in STORED["cases"]:
        for size, _, _, entry, leave, profit in case["trades"]:
            paid = case["commission"] * (entry + leave)
            assert profit == pytest.approx(size * (leave - entry) - paid, abs=1e-9)
