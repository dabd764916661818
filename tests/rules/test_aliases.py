"""Other documents' configurations load unchanged, and each key says what it became."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest
import yaml

from polyfolio.core.codes import Commission, Impact, OrderType, Sizing, Slippage, TimeInForce, VarMethod
from polyfolio.core.tape import Universe
from polyfolio.errors import ConfigError
from polyfolio.rules.aliases import section
from polyfolio.rules.load import load, load_with_history, single
from polyfolio.rules.plan import compile_spec
from tests.rules.agent_configs import (
    CorrelationConfig,
    ExecutionRulesConfig,
    PositionSizingConfig,
    RiskFeedbackConfig,
    RiskManagementConfig,
)

DATA = Path(__file__).parent / "data"
ENVIRONMENT = DATA / "multi_ticker_env.yaml"


def environment() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(ENVIRONMENT.read_text(encoding="utf-8"))
    return data


def risk_limits() -> dict[str, Any]:
    text = (DATA / "risk_limits.txt").read_text(encoding="utf-8")
    limits: dict[str, Any] = ast.literal_eval(text.partition("=")[2].strip())
    return limits


def test_the_environment_block_loads_unchanged() -> None:
    spec = load(ENVIRONMENT)
    lane = spec.lanes[0]
    assert spec.tape is not None
    assert spec.tape.symbols == ("AAPL", "MSFT", "GOOGL", "AMZN", "META")
    assert (lane.account.initial_capital, lane.account.base_currency, lane.account.benchmark) == (1e6, "USD", "SPY")
    assert lane.rebalance.every == "1min"
    assert (lane.sizing.method, lane.sizing.target_risk, lane.sizing.risk_budget) == (Sizing.WEIGHTS, 0.02, "equal")
    assert (lane.sizing.kelly_fraction, lane.sizing.min_kelly, lane.sizing.allow_short) == (0.25, 0.01, True)
    assert (lane.limits.max_position, lane.limits.min_position, lane.limits.max_leverage) == (0.2, 0.01, 1.0)
    assert (lane.limits.max_long_positions, lane.limits.max_short_positions) == (5, 2)
    assert (lane.risk.max_drawdown, lane.correlation.limit) == (0.1, 0.7)
    assert (lane.exits.stop_loss, lane.exits.take_profit) == (0.05, 0.1)


def test_the_environment_s_execution_section_keeps_every_number() -> None:
    execution = load(ENVIRONMENT).lanes[0].execution
    fee, slip, impact = execution.commission, execution.slippage, execution.market_impact
    assert (fee.model, fee.fixed_fee, fee.percentage_fee) == (Commission.TIERED, 1.0, 0.001)
    assert [(t.min_volume, t.max_volume, t.rate) for t in fee.tiered_rates] == [
        (0.0, 1000.0, 0.001),
        (1000.0, 10000.0, 0.0008),
        (10000.0, None, 0.0005),
    ]
    assert (slip.model, slip.base_slippage, slip.volume_impact) == (Slippage.LINEAR, 0.0001, 0.00000001)
    assert (impact.model, impact.permanent_impact, impact.temporary_impact) == (Impact.SQUARE_ROOT, 0.1, 0.05)
    assert impact.participation_rate_limit == 0.1


def test_portfolio_risk_is_a_value_at_risk_in_the_environment_and_a_volatility_for_the_agents() -> None:
    spec = load(ENVIRONMENT)
    risk = spec.lanes[0].risk
    assert (risk.max_var, risk.max_volatility) == (0.02, None)
    assert (risk.var_method, risk.var_confidence, spec.observation) == (VarMethod.HISTORICAL, 0.95, "day")
    agents = load({"risk_config": RiskManagementConfig()}).lanes[0].risk
    assert (agents.max_var, agents.max_volatility) == (0.02, 0.15)


def test_every_key_of_the_environment_block_is_translated() -> None:
    loaded = load_with_history(ENVIRONMENT)
    assert loaded.unused == ()
    told = [item.theirs for item in loaded.mapped]

    def leaves(data: Any, path: str) -> list[str]:
        if not isinstance(data, dict):
            return [path]
        return [leaf for key, value in data.items() for leaf in leaves(value, f"{path}.{key}")]

    for leaf in leaves(environment()["multi_ticker_env"], "multi_ticker_env"):
        assert leaf.endswith(".enabled") or any(leaf == key or leaf.startswith(key + ".") for key in told), leaf


def test_a_translation_records_their_key_our_key_the_value_and_a_remark() -> None:
    item = next(item for item in load_with_history(ENVIRONMENT).mapped if item.ours == "risk.max_var")
    assert item.theirs == "multi_ticker_env.risk_management.max_portfolio_risk"
    assert item.value == 0.02
    assert "historical value at risk" in item.remark


def test_an_unknown_key_of_the_block_names_their_closest_key() -> None:
    data = environment()
    data["multi_ticker_env"]["position_sizing"]["max_postion_size"] = 0.3
    with pytest.raises(ConfigError) as caught:
        load(data)
    assert caught.value.field == "multi_ticker_env.position_sizing.max_postion_size"
    assert "`max_position_size`" in caught.value.remedy


def test_a_bad_value_of_the_block_is_shown_at_their_key_and_line(tmp_path: Path) -> None:
    path = tmp_path / "env.yaml"
    path.write_text(ENVIRONMENT.read_text(encoding="utf-8").replace("max_drawdown: 0.1 ", "max_drawdown: 10 "))
    with pytest.raises(ConfigError) as caught:
        load(path)
    assert "written multi_ticker_env.risk_management.max_drawdown, env.yaml, line 36" in caught.value.field
    assert (caught.value.value, caught.value.bound) == (10, "< 1")


def test_a_stop_that_is_not_enabled_is_off_and_an_enabled_one_needs_its_threshold() -> None:
    data = environment()
    data["multi_ticker_env"]["risk_management"]["stop_loss"]["enabled"] = False
    assert load(data).lanes[0].exits.stop_loss is None
    data["multi_ticker_env"]["risk_management"]["stop_loss"] = {"enabled": True}
    with pytest.raises(ConfigError, match="enabled: false"):
        load(data)


def test_the_classes_sections_take_the_document_s_defaults() -> None:
    lane = single(section("position_sizing", {}).sections).lanes[0]
    assert (lane.sizing.method, lane.limits.max_position, lane.limits.min_position) == (Sizing.RISK_PARITY, 0.2, 0.01)
    lane = single(section("risk_management", None).sections).lanes[0]
    assert (lane.risk.max_var, lane.risk.max_drawdown, lane.correlation.limit) == (0.02, 0.1, 0.7)
    assert single(section("portfolio", {"initial_capital": 5.0}).sections).lanes[0].account.initial_capital == 5.0
    fee = single(section("commission", {"model": "fixed+percentage", "fixed_fee": 2}).sections).lanes[0]
    assert fee.execution.commission.model is Commission.FIXED_PERCENTAGE


def test_a_section_that_is_no_map_is_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        section("position_sizing", "risk_parity")
    assert (caught.value.field, caught.value.value) == ("position_sizing", "risk_parity")


def test_the_agents_classes_load_as_they_are() -> None:
    loaded = load_with_history(
        {
            "position_config": PositionSizingConfig(method="risk_parity"),
            "risk_config": RiskManagementConfig(),
            "correlation_config": CorrelationConfig(),
            "execution_config": ExecutionRulesConfig(),
            "feedback_config": RiskFeedbackConfig(),
        }
    )
    lane = loaded.spec.lanes[0]
    assert (lane.sizing.method, lane.limits.max_position, lane.limits.min_position) == (Sizing.RISK_PARITY, 0.1, 0.01)
    assert (lane.risk.max_volatility, lane.risk.max_position_risk, lane.risk.max_var) == (0.15, 0.05, 0.02)
    assert (lane.risk.risk_adjustment_speed, lane.risk.covariance.window) == (0.1, 252)
    assert (lane.correlation.limit, lane.correlation.adjustment_factor) == (0.7, 0.5)
    assert (lane.execution.order_type, lane.execution.time_in_force) == (OrderType.LIMIT, TimeInForce.DAY)
    assert (lane.execution.price_threshold, lane.execution.market_impact_limit) == (0.01, 0.005)
    assert (lane.feedback.iterations, lane.feedback.resize_threshold) == (3, 0.5)
    assert loaded.unused == ("position_config.learning_rate", "position_config.adaptation_period")


@pytest.mark.parametrize("first, second", [(0.02, 0.03), (0.03, 0.02)])
def test_of_two_keys_for_one_limit_the_tighter_holds(first: float, second: float) -> None:
    lane = load({"risk_config": {"var_limit": first}, "feedback_config": {"risk_tolerance": {"var": second}}}).lanes[0]
    assert lane.risk.max_var == 0.02


@pytest.mark.parametrize("word, observation", [("daily", "day"), ("weekly", "day"), ("bar", "bar")])
def test_the_update_frequency_of_correlations_chooses_the_risk_returns(word: str, observation: str) -> None:
    assert load({"correlation_config": {"update_frequency": word}}).observation == observation


def test_the_risk_limits_load_as_they_are() -> None:
    lane = load({"RISK_LIMITS": risk_limits()}).lanes[0]
    assert lane.limits == single({"limits": {"preset": "lifecycle"}}).lanes[0].limits


def test_the_risk_limits_compile_to_caps_by_stage_and_asset() -> None:
    universe = Universe(
        ("BTC/USDT", "ETH/USDT", "BTC/USD"),
        {"stage": ("MATURE", "DISCOVERY", "MATURE"), "asset": ("BTC", "ETH", "BTC")},
    )
    plan = compile_spec(load({"RISK_LIMITS": risk_limits()}), universe)
    stage, asset = plan.label_names.index("stage"), plan.label_names.index("asset")
    caps = {(plan.label_names[int(v)], plan.label_values[int(v)][int(code)]): cap for v, code, cap in plan.caps}
    assert caps == {
        ("stage", "MATURE"): 0.30,
        ("stage", "DISCOVERY"): 0.05,
        ("asset", "BTC"): 0.20,
        ("asset", "ETH"): 0.20,
    }
    assert list(plan.labels[asset]) == [0, 1, 0]
    assert list(plan.labels[stage]) == [1, 0, 1]
    assert [note.split(":")[0] for note in plan.notes] == [
        "lanes[0].limits.labels[0].cap.VALIDATION",
        "lanes[0].limits.labels[0].cap.DECAY",
    ]


def test_a_run_s_own_keys_may_stand_beside_a_document() -> None:
    spec = load({**environment(), "name": "mine", "seed": 3})
    assert (spec.name, spec.seed) == ("mine", 3)
    with pytest.raises(ConfigError, match="seed"):
        load({**environment(), "sed": 3})
