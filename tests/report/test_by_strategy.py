"""Profit of a lane by strategy: exact sums, and a lane one can follow by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polyfolio.backtests.run import backtest
from polyfolio.errors import ConfigError
from polyfolio.market.demo import demo_tape
from polyfolio.report.by_strategy import by_strategy
from polyfolio.rules import registry
from polyfolio.strategies.base import Strategy
from tests.strategies.aggregate.tools import tape_of


class Rows(Strategy):
    """The same numbers for every symbol."""

    def __init__(self, *, rows: list[float]) -> None:
        self.rows = rows

    def signals(self, tape):
        return np.repeat(np.array(self.rows, dtype=float)[:, None], tape.slots, axis=1)


registry.register("strategy", "rows of the test by strategy")(Rows)
COSTS = {
    "commission": {"model": "percentage", "percentage_fee": 0.001},
    "slippage": {"model": "percentage", "base_slippage": 0.0005},
}


def member(*rows: float, **more: Any) -> dict[str, Any]:
    return {"name": "rows of the test by strategy", "params": {"rows": list(rows)}, **more}


def lane(params: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"name": "p", "strategy": {"name": "portfolio", "params": params}, **more}


def test_a_lane_by_hand():
    # a says 1, b says -.5 with half its weight: (2 - .5) / 3 = .5 of a million at 100 is 5,000 units from row 1 on.
    # The price rises by 10: 50,000, of which a has 2 / 1.5 and b -.5 / 1.5.
    tape = tape_of([100.0, 100.0, 110.0])
    params = {"strategies": {"A": {"a": member(1.0, 1.0, 1.0, weight=2.0), "b": member(-0.5, -0.5, -0.5, weight=1.0)}}}
    run = backtest({"name": "run", "lanes": [lane(params, sizing={"method": "weights"})]}, tape)
    found = by_strategy(run, "p")
    assert found.names == ("a", "b")
    np.testing.assert_allclose(found.profit, [[200_000.0 / 3.0], [-50_000.0 / 3.0]])
    np.testing.assert_allclose(found.path, [[0.0, 0.0, 200_000.0 / 3.0], [0.0, 0.0, -50_000.0 / 3.0]])
    assert found.total("a") == pytest.approx(200_000.0 / 3.0)
    assert [row[:3] for row in found.rows() if abs(row[3]) > 1e-6] == [("p", "a", "A"), ("p", "b", "A")]


@pytest.mark.parametrize("fill", ["next_open", "next_close", "same_close"])
def test_strategies_and_rest_add_up_to_the_account(fill):
    tape = demo_tape(end="2024-02-10")
    members = {
        "fast": {"name": "momentum", "params": {"lookback": 12, "long_short": True}},
        "slow": {"name": "momentum", "params": {"lookback": 72, "long_short": True}},
    }
    strategies = {"BTC/USDT": "fast", "ETH/USDT": ["fast", "slow"], "SOL/USDT": {"slow": {"weight": 2.0}}}
    more = {
        "sizing": {"allow_short": True},
        "execution": {**COSTS, "fill": fill},
        "exits": {"stop_loss": 0.05},
        "rebalance": {"every": 3},
        "account": {"borrow_rate": 0.05, "interest_rate": 0.02},
    }
    run = backtest({"name": "run", "lanes": [lane({"strategies": strategies, "members": members}, **more)]}, tape)
    found, whole = by_strategy(run, 0, signals=run.engine.signals), run.attribution(0)
    equity = run.equity(0)[-1]
    assert np.abs(found.profit.sum(axis=0) + found.rest - whole.slots["profit"]).max() < 1e-9 * equity
    assert abs(found.profit.sum() + found.rest.sum() + whole.rest - whole.change) < 1e-9 * equity
    assert np.abs(found.rest).max() < 1e-6  # everything but the rounding is somebody's
    assert np.abs(found.path[:, -1] - found.profit.sum(axis=1)).max() < 1e-9 * equity
    by_symbol = dict(zip(found.symbols, found.profit.T.tolist(), strict=True))
    assert by_symbol["BTC/USDT"][1] == 0.0
    assert by_symbol["SOL/USDT"][0] == 0.0
    assert min(map(abs, by_symbol["ETH/USDT"])) > 1.0


def test_a_lane_of_one_strategy_is_all_its_own():
    tape = demo_tape(end="2024-01-20")
    momentum = {"name": "momentum", "params": {"lookback": 24}}
    run = backtest({"name": "run", "lanes": [{"name": "m", "strategy": momentum, "execution": COSTS}]}, tape)
    found = by_strategy(run, "m")
    assert found.names == ("momentum",)
    np.testing.assert_allclose(found.profit[0], run.attribution("m").slots["profit"], atol=1e-6)


def test_profit_without_a_signal_is_nobody_s():
    tape = demo_tape(end="2024-01-31")
    momentum = {"name": "momentum", "params": {"lookback": 24}}
    # A slot without an opinion is frozen, a flat one may be hedged with.
    params = {"strategies": {"ETH/USDT": momentum, "BTC/USDT": member(*[0.0] * tape.rows)}}
    hedged = lane(params, hedge={"benchmark": "BTC/USDT", "band": 0.05, "window": 10}, sizing={"allow_short": True})
    run = backtest({"name": "run", "lanes": [hedged]}, tape)
    found = by_strategy(run, "p")
    at = found.symbols.index("BTC/USDT")
    assert abs(found.rest[at]) > 1.0
    assert found.profit[:, at].tolist() == [0.0, 0.0]
    np.testing.assert_allclose(found.profit.sum(axis=0) + found.rest, run.attribution("p").slots["profit"], atol=1e-3)


def test_its_section_shows_the_same_sums_and_what_was_learned():
    tape = demo_tape(end="2024-01-31")
    learned = {"name": "learned", "params": {"first": 200, "refit": 300, "settings": {"n_estimators": 3}}}
    members = {"m": {"name": "momentum", "params": {"lookback": 12}}, "n": {"name": "momentum"}}
    run = backtest({"name": "run", "lanes": [lane({"members": members, "aggregator": learned})]}, tape)
    section = by_strategy(run, "p", signals=run.engine.signals).section("p-strategies")
    table, chart, told = section.parts
    assert [column.title for column in table.columns] == ["strategy", "profit", *tape.symbols]
    *own, last = table.rows
    assert last[0] == "all"
    np.testing.assert_allclose(np.sum([row[1:] for row in own], axis=0), last[1:], atol=1e-6)
    assert last[1] == pytest.approx(run.attribution("p").slots["profit"].sum(), abs=1e-3)
    assert [line.name for line in chart.lines] == ["m", "n"]
    assert {row[0] for row in told.rows} >= {"m", "n form", "volatility"}
    assert sum(row[1] for row in told.rows) == pytest.approx(1.0)
    assert {part.id for part in section.parts} == {
        "p-strategies-table",
        "p-strategies-path",
        "p-strategies-importances-0",
    }


def test_signals_from_outside_and_strange_names_are_refused():
    tape = demo_tape(end="2024-01-05")
    outside = backtest({"name": "run", "lanes": [{"name": "a"}]}, tape, signals=np.zeros((1, 1, tape.slots)))
    with pytest.raises(ConfigError, match="strategy of lane a: got None, must be named"):
        by_strategy(outside, "a")
    run = backtest({"name": "run", "lanes": [{"name": "b", "strategy": {"name": "equal_weight"}}]}, tape)
    with pytest.raises(ConfigError, match="strategy: got 'c', must be one of equal_weight"):
        by_strategy(run, "b").total("c")
