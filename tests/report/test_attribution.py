"""The split of a lane's profit: by hand on two prices, and closing against the account on every kind of event."""

from __future__ import annotations

import csv
import math
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyfolio.backtests.result import Result
from polyfolio.backtests.run import backtest
from polyfolio.errors import ConfigError
from polyfolio.report.attribution import COLUMNS
from tests.laws.tapes import Shape, make_tape
from tests.report import runs

EVENTS = Shape(
    seed=3, rows=300, slots=5, volatility=0.015, missing=0.02, late=True, dividends=True, splits=True, spread=True,
    borrow=True, lots=True, foreign=True, jumps=0.004,
)  # fmt: skip
COSTS = {
    "commission": {"model": "percentage", "percentage_fee": 0.001},
    "slippage": {"model": "percentage", "base_slippage": 0.0005},
    "market_impact": {"model": "square_root", "temporary_impact": 0.05},
}
SHORTS = {
    "strategy": {"name": "momentum", "params": {"lookback": 10, "long_short": True}},
    "sizing": {"allow_short": True},
    "account": {"interest_rate": 0.02, "loan_rate": 0.05, "borrow_rate": 0.01},
    "exits": {"stop_loss": 0.05, "take_profit": 0.1},
}
FILLS: list[dict[str, Any]] = [
    {},
    {"fill": "next_close"},
    {"fill": "next_typical"},
    {"fill": "same_close"},
    {"sizing": "fill"},
    {"order_type": "limit", "time_in_force": "gtc", "price_threshold": 0.003},
    {"order_type": "stop", "time_in_force": "day", "price_threshold": 0.003},
]


@cache
def eventful(level: str = "full") -> Result:
    """Lanes with shorts, dividends, splits, foreign instruments and stops, one for each way to fill."""
    lanes = [{"name": f"lane {at}", **SHORTS, "execution": {**COSTS, **fill}} for at, fill in enumerate(FILLS)]
    return backtest({"name": "eventful", "journal": level, "observation": "bar", "lanes": lanes}, make_tape(EVENTS))


def test_the_profit_of_a_buy_by_hand() -> None:
    split = runs.result().attribution("free")
    fills, close = runs.result().journal.lane("free").fills, runs.result().tape.close
    # Bought at the open of row 1 (its close here), held to the end; decided at the close of row 0.
    bought = {int(fill["slot"]): float(fill["quantity"]) for fill in fills}
    assert split.slots["profit"] == pytest.approx([bought[0] * (close[-1, 0] - close[1, 0]), 0.0], rel=1e-12)
    assert split.slots["timing"] == pytest.approx([bought[0] * (100.0 - 101.0), 0.0], rel=1e-12)
    assert split.slots["costs"].tolist() == [0.0, 0.0]
    assert split.rest == pytest.approx(0.0, abs=1e-8)


def test_costs_of_a_slot_are_those_of_its_fills() -> None:
    split = runs.result().attribution("paying")
    fills = runs.result().journal.lane("paying").fills
    for slot in (0, 1):
        own = fills[fills["slot"] == slot]
        for name in ("commission", "slippage", "impact"):
            assert split.slots[name][slot] == pytest.approx(-math.fsum(own[name]), rel=1e-12, abs=1e-12)
        parts = sum(split.slots[name][slot] for name in ("commission", "slippage", "impact"))
        assert split.slots["costs"][slot] == pytest.approx(parts, rel=1e-9)


@pytest.mark.parametrize("lane", range(len(FILLS)))
def test_slots_and_rest_close_against_the_account(lane: int) -> None:
    result = eventful()
    split, account = result.attribution(lane), result.book.account[lane]
    assert account["fills"] > 20
    assert account["total_dividends"] != 0.0
    assert account["total_borrow"] > 0.0
    whole = math.fsum([*split.slots["profit"], split.rest])
    assert whole == pytest.approx(split.change, rel=1e-15, abs=1e-9)
    assert split.change == pytest.approx(result.equity(lane)[-1] - 1e6, abs=1e-6)
    assert split.rest == pytest.approx(account["total_interest"], abs=1e-6)
    assert math.fsum(split.kinds.values()) == pytest.approx(split.change, abs=1e-6)
    for name in ("commission", "slippage", "impact"):
        assert math.fsum(split.slots[name]) == pytest.approx(-account[f"total_{name}"], rel=1e-9)
    carried = account["total_dividends"] - account["total_borrow"] - account["total_funding"]
    assert math.fsum(split.slots["carry"]) == pytest.approx(carried, rel=1e-9)
    assert math.fsum(split.slots["gain"]) == pytest.approx(account["total_gain"], rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("lane", range(len(FILLS)))
def test_the_waits_of_all_slots_are_the_account_s(lane: int) -> None:
    split = eventful().attribution(lane)
    assert split.timing == -eventful().book.account["total_timing"][lane]
    assert math.fsum(split.slots["timing"]) == pytest.approx(split.timing, rel=1e-9, abs=1e-6)
    assert (split.timing != 0.0) == (FILLS[lane].get("fill") != "same_close" and "sizing" not in FILLS[lane])


def test_without_fills_the_parts_are_unknown_and_the_rest_is_the_same() -> None:
    full, summary = eventful().attribution(0), eventful("summary").attribution(0)
    for name in ("gain", "carry", "costs", "profit"):
        assert (full.slots[name] == summary.slots[name]).all()
    assert all(np.isnan(summary.slots[name]).all() for name in ("commission", "slippage", "impact", "timing"))
    assert (summary.rest, summary.timing) == (full.rest, full.timing)


def test_without_a_journal_it_is_refused() -> None:
    result = backtest(runs.spec(journal="off"), runs.tape())
    with pytest.raises(ConfigError, match="journal: got 'off', must be summary or full"):
        result.attribution("free")


@pytest.mark.parametrize("level", ["full", "summary"])
def test_the_file_s_profits_add_up_to_each_lane_s_change(level: str, tmp_path: Path) -> None:
    result = eventful(level)
    with (result.save(tmp_path / "run") / "attribution.csv").open() as file:
        lines = list(csv.DictReader(file))
    assert tuple(lines[0]) == ("lane", "symbol", *COLUMNS)
    for lane in result.lanes:
        profits = [float(line["profit"]) for line in lines if line["lane"] == lane]
        assert math.fsum(profits) == pytest.approx(result.attribution(lane).change, rel=1e-15, abs=1e-9)
    assert (lines[0]["timing"] == "") is (level == "summary")
    assert {line["symbol"] for line in lines} <= {"", *result.tape.symbols}
