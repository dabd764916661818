"""The desk: verbs in their order, one row after the other, and what cannot be driven by objects."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polyfolio.engine.engine import Engine
from polyfolio.errors import ConfigError, DataError
from polyfolio.objects import (
    Desk,
    ExecutionSimulator,
    PortfolioManager,
    PositionSizer,
    RiskManager,
    Trade,
    market_data,
    open_desk,
)
from polyfolio.rules.plan import compile_spec
from polyfolio.rules.spec import Spec
from tests.objects.tools import make_tape

TAPE = make_tape(12, 3)


def desk(**lane: Any) -> Desk:
    return open_desk({"name": "d", "lanes": [{"name": "a", **lane}]}, TAPE)


def test_verbs_out_of_order_are_refused_with_the_verb_that_is_missing() -> None:
    one = desk()
    manager, sizer, risk = PortfolioManager(desk=one), PositionSizer(desk=one), RiskManager(desk=one)
    execution, state = ExecutionSimulator(desk=one), PortfolioManager({}).get_portfolio_state()
    first, second = market_data(TAPE, 0), market_data(TAPE, 1)
    with pytest.raises(DataError, match="row 1"):
        execution.execute_trades([], second)
    with pytest.raises(DataError, match="execute_trades"):
        manager.update_portfolio([], first)
    execution.execute_trades([], first)
    with pytest.raises(DataError, match="update_portfolio"):
        sizer.calculate_position_sizes({"S0": 1.0}, state, first)
    with pytest.raises(DataError, match="update_portfolio"):
        execution.execute_trades([], second)
    manager.update_portfolio([], first)
    with pytest.raises(DataError, match="calculate_position_sizes"):
        risk.adjust_positions_for_risk({}, state, first)
    for no_number in (float("nan"), float("inf")):
        with pytest.raises(DataError, match=r"signals\['S0'\]: got (nan|inf), must be a finite number\. Leave the"):
            sizer.calculate_position_sizes({"S0": no_number}, state, first)
    sizes = sizer.calculate_position_sizes({"S0": 1.0}, state, first)
    with pytest.raises(DataError, match="adjust_positions_for_risk"):
        manager.trade_requests(sizes, first)
    with pytest.raises(DataError, match="S9"):
        risk.adjust_positions_for_risk({"S9": 1.0}, state, first)


def test_market_data_must_be_one_row_of_the_desks_tape() -> None:
    other, mixed = make_tape(12, 3, seed=9), {**market_data(TAPE, 0)}
    mixed["S1"] = market_data(TAPE, 1)["S1"]
    for data in (market_data(other, 0), mixed):
        with pytest.raises(DataError, match="one row of the desk's tape"):
            ExecutionSimulator(desk=desk()).execute_trades([], data)
    with pytest.raises(DataError, match="from 0 to 11"):
        market_data(TAPE, 12)


def test_a_trade_from_elsewhere_is_booked_and_one_of_its_own_cannot_be_left_out() -> None:
    one = desk(execution={"market_impact": {"participation_rate_limit": None}})
    manager, sizer, risk = PortfolioManager(desk=one), PositionSizer(desk=one), RiskManager(desk=one)
    execution = ExecutionSimulator(desk=one)
    data = market_data(TAPE, 0)
    manager.update_portfolio(
        [*execution.execute_trades([], data), Trade("S1", 3.0, 100.0, None, 1.5, 0.0, "elsewhere")], data
    )
    state = manager.get_portfolio_state()
    assert state.cash == pytest.approx(1e6 - 301.5)
    assert state.positions["S1"].trades[0].trade_id == "elsewhere"
    sizes = sizer.calculate_position_sizes({"S0": 1.0, "S1": 0.0, "S2": 0.0}, state, data)
    requests = manager.trade_requests(risk.adjust_positions_for_risk(sizes, state, data), data)
    data = market_data(TAPE, 1)
    assert len(execution.execute_trades(requests, data)) == 2
    with pytest.raises(DataError, match="all trades that execute_trades returned"):
        manager.update_portfolio([], data)


def test_checking_trades_leaves_the_lane_as_it_was() -> None:
    one = desk(limits={"max_position": 0.4})
    manager, risk = PortfolioManager(desk=one), RiskManager(desk=one)
    data = market_data(TAPE, 0)
    manager.update_portfolio(ExecutionSimulator(desk=one).execute_trades([], data), data)
    before = one.book.digest()
    quantity = 0.5 * 1e6 / data["S0"].close
    result = risk.check_risk_constraints(manager.get_portfolio_state(), [Trade("S0", quantity, 1.0, None, 0, 0, "x")])
    assert [line.limit for line in result.violations] == ["max_position"]
    assert result.violations[0].value == pytest.approx(0.5)
    assert one.book.digest() == before


def test_a_desk_may_stand_in_an_engines_book() -> None:
    spec = Spec(name="x", lanes=[{"name": "a"}, {"name": "b"}])
    plan = compile_spec(spec, TAPE.universe)
    engine = Engine(plan, TAPE, np.ones((2, 1, 3)))
    one = Desk(plan, TAPE, "b", book=engine.book)
    ExecutionSimulator(desk=one).execute_trades([], market_data(TAPE, 0))
    assert engine.book.account["row"].tolist() == [-1, 0]


@pytest.mark.parametrize(
    ("lane", "field"),
    [
        ({"execution": {"fill": "same_close"}}, "execution.fill"),
        ({"execution": {"sizing": "fill"}}, "execution.sizing"),
        ({"sizing": {"method": "orders"}}, "sizing.method"),
    ],
)
def test_what_objects_cannot_drive_is_refused(lane: dict[str, Any], field: str) -> None:
    with pytest.raises(ConfigError, match=field.replace(".", r"\.")):
        desk(**lane)


def test_the_objects_show_the_lanes_rules() -> None:
    one = desk(
        sizing={"method": "kelly"},
        limits={"max_position": 0.2},
        account={"initial_capital": 5e4},
        risk={"max_drawdown": 0.25},
    )
    assert PositionSizer(desk=one).sizing_method == "kelly"
    assert PositionSizer(desk=one).max_position_size == 0.2
    assert PortfolioManager(desk=one).initial_capital == 5e4
    assert RiskManager(desk=one).max_drawdown == 0.25
