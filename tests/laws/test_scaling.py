"""Money has no absolute size: with costs in proportion, a thousand times the capital earns a thousand times as much."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.report.metrics import metrics_from_marks
from tests.laws.tapes import Shape, shapes
from tests.laws.worlds import CAPITAL, World, changed, of, run, single, worlds

FACTOR = 1000.0
MONEY = (
    "equity",
    "cash",
    "gross",
    "net",
    "gain",
    "dividends",
    "interest",
    "commission",
    "slippage",
    "impact",
    "borrow",
    "funding",
)
in_proportion = st.fixed_dictionaries(
    {
        "commission": st.fixed_dictionaries({"model": of("percentage"), "percentage_fee": of(0.0, 0.002)}),
        "slippage": st.fixed_dictionaries({"model": of("percentage"), "base_slippage": of(0.0, 0.001)}),
        "market_impact": st.just({"participation_rate_limit": None}),
    },
    optional={
        "fill": of("next_open", "next_close"),
        "sizing": of("decision", "fill"),
        "order_type": of("market", "limit"),
        "time_in_force": of("day", "gtc"),
        "sell_out": st.booleans(),
    },
)
smooth = st.builds(lambda shape: dataclasses.replace(shape, lots=False, thin=False), shapes)


def with_capital(world: World, capital: float, execution: dict[str, Any]) -> World:
    def sized(keys: dict[str, Any]) -> dict[str, Any]:
        limits = {key: value for key, value in keys["limits"].items() if key != "min_notional"}
        return {**changed(keys, account={"initial_capital": capital}), "limits": limits, "execution": execution}

    return dataclasses.replace(world, lanes=tuple(sized(keys) for keys in world.lanes))


@given(worlds(smooth, lanes=2), in_proportion)
@pytest.mark.pitfall("MET-12")
def test_a_thousand_times_the_capital_earns_a_thousand_times_as_much(world: World, execution: dict[str, Any]) -> None:
    small = run(with_capital(world, CAPITAL, execution)).journal
    large = run(with_capital(world, CAPITAL * FACTOR, execution)).journal
    stake = FACTOR * (CAPITAL + small.marks["gross"].max())
    for name in MONEY:
        assert abs(large.marks[name] - FACTOR * small.marks[name]).max() <= 1e-9 * stake, name
    assert abs(large.marks["turnover"] - small.marks["turnover"]).max() <= 1e-8


def rotating(capital: float, **execution: Any) -> World:
    return single(
        Shape(rows=40, slots=3),
        account={"initial_capital": capital},
        sizing={"method": "weights"},
        limits={"max_position": 0.3},
        execution=execution,
    )


@pytest.mark.pitfall("MET-12")
def test_ratios_do_not_see_the_size_of_the_account() -> None:
    execution = {
        "commission": {"model": "percentage", "percentage_fee": 0.001},
        "market_impact": {"participation_rate_limit": None},
    }
    runs = [run(rotating(capital, **execution)) for capital in (CAPITAL, CAPITAL * FACTOR)]
    small, large = (metrics_from_marks(engine.journal.marks, engine.tape.times) for engine in runs)
    compared = [name for name in small if np.isfinite(small[name])]
    assert len(compared) > 20
    for name in compared:
        assert large[name] == pytest.approx(small[name], rel=1e-7, abs=1e-10), name


def test_a_fixed_fee_does_see_it() -> None:
    execution = {
        "commission": {"model": "fixed", "fixed_fee": 20.0},
        "market_impact": {"participation_rate_limit": None},
    }
    small, large = (
        run(rotating(capital, **execution)).journal.marks["equity"] for capital in (CAPITAL, CAPITAL * FACTOR)
    )
    assert abs(large - FACTOR * small).max() > 1e-4 * FACTOR * CAPITAL
