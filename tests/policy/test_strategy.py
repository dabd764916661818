"""A sealed policy in the other doors: as a strategy of a lane, in its environment, beside a rule."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from polyfolio.backtests.run import backtest
from polyfolio.engine.engine import Engine
from polyfolio.envs.vector import TradingVectorEnv
from polyfolio.errors import ConfigError, DataError
from polyfolio.market.window import window
from polyfolio.policy.ensemble import ensemble
from polyfolio.policy.manifest import Rule
from polyfolio.policy.play import play, warmup
from polyfolio.policy.sealed import SealedPolicy, load
from polyfolio.rules.load import load as load_spec
from polyfolio.rules.plan import compile_spec
from polyfolio.rules.spec import Lane
from polyfolio.strategies.check import check_strategy
from polyfolio.strategies.momentum import Momentum
from polyfolio.strategies.policy import Policy, mixed, said_by
from polyfolio.strategies.run import signals_for
from tests.policy.makers import registered, tape_of, trained

TAPE = tape_of(end="2024-01-20")
RULES = {
    "account": {"interest_rate": 0.03, "initial_capital": 50_000.0},
    "limits": {"max_position": 0.6},
    "sizing": {"method": "weights"},
    "execution": {"commission": {"percentage_fee": 0.001}, "slippage": {"base_slippage": 0.0005}},
    "rebalance": {"threshold": 0.02},
}


@pytest.fixture(autouse=True)
def _named(monkeypatch: pytest.MonkeyPatch) -> None:
    registered(monkeypatch)


@pytest.fixture(scope="module")
def policy() -> SealedPolicy:
    return trained(TAPE, RULES)


@pytest.fixture
def path(policy: SealedPolicy, tmp_path: Path) -> Path:
    return policy.save(tmp_path / "a.policy")


def run_of(*lanes: dict, **spec: object) -> dict:
    return {"name": "run", "lanes": list(lanes), **spec}


def test_every_door_decides_byte_equal(policy: SealedPolicy, path: Path) -> None:
    wanted = play(policy, TAPE)
    lanes = ({"name": "first", "strategy": {"name": "equal_weight"}}, load(path).lane())
    backtested = backtest(run_of(*lanes, journal="full"), TAPE)
    np.testing.assert_array_equal(backtested.engine.signals[1], wanted)
    np.testing.assert_array_equal(Policy(path=str(path)).signals(TAPE), wanted)
    given = run_of({**load(path).lane(), "strategy": None})
    plan = compile_spec(load_spec(given), TAPE.universe)
    engine = Engine(plan, TAPE, wanted[None]).run()
    assert engine.book.lane_bytes(0) == backtested.book.lane_bytes(1)
    alone = backtest(run_of(load(path).lane()), TAPE, threads=2)
    assert alone.book.lane_bytes(0) == backtested.book.lane_bytes(1)
    for row in (warmup(policy), 200, 300):
        part = window(TAPE, 0, row)
        np.testing.assert_array_equal(Policy(path=str(path)).signal(part), wanted[row - 1])


@pytest.mark.parametrize("copies", [1, 3])
def test_the_policy_in_its_environment_asks_for_the_same(copies: int) -> None:
    policy = trained(TAPE, {**RULES, "account": {"initial_capital": 50_000.0}})
    wanted, first = play(policy, TAPE), warmup(policy) - 1
    env = TradingVectorEnv(num_envs=copies, **policy.environment(TAPE))
    assert len(env.feature_names) == policy.width
    assert env.panel.digest == policy.manifest.world.panel
    seen, _ = env.reset(seed=0, options={"rows": first})
    for row in range(first, TAPE.rows - 1):
        seen, _, _, truncated, info = env.step(policy.act(seen))
        asked = info["final_info"]["asked"] if truncated.all() else info["asked"]
        for copy in range(copies):
            np.testing.assert_array_equal(asked[copy], wanted[row], err_msg=f"row {row}")
    assert truncated.all()


@pytest.mark.pitfall("LIV-19")
def test_a_policy_trades_on_paper_with_the_scale_it_learned(tmp_path: Path) -> None:
    """Orders of the size the actions meant, from the file alone, bar after bar on a tape that grows."""
    policy = load(trained(TAPE, RULES, seed=3).save(tmp_path / "a.policy"))
    plan = compile_spec(load_spec(run_of(policy.lane())), TAPE.universe)
    strategy = Policy(path=str(tmp_path / "a.policy"))
    engine = Engine(plan, TAPE, np.full((1, TAPE.rows, TAPE.slots), np.nan), live=True)
    for row in range(70):
        if row + 1 >= strategy.warmup:
            engine.signals[0, row] = strategy.signal(window(TAPE, 0, row + 1))
        engine.step()
    account = engine.book.account[0]
    asked = np.clip(strategy.signals(TAPE)[68], None, 0.6)
    assert account["fills"] > 20, "no order was sent: the action's scale is lost"
    np.testing.assert_allclose(engine.book.value[0] / account["equity"], asked, atol=0.05)
    assert 0.2 < account["gross"] / account["equity"] <= 1.0
    backtested = backtest(run_of(policy.lane()), TAPE)
    np.testing.assert_array_equal(engine.signals[0, :70], backtested.engine.signals[0, :70])


def test_it_keeps_the_contract_of_strategies(path: Path) -> None:
    strategy = Policy(path=str(path))
    assert strategy.warmup == 21
    check_strategy(strategy, window(TAPE, 0, 70))
    assert np.isnan(strategy.signals(window(TAPE, 0, 20))).all()
    assert np.isfinite(strategy.signal(window(TAPE, 0, 21))).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"limits": {"max_position": 0.5}}, "max_position 0.5"),
        ({"account": {"initial_capital": 1000.0}}, "initial_capital 1000.0"),
        ({"execution": {"commission": {"percentage_fee": 0.002}}}, "percentage_fee 0.002"),
    ],
)
def test_a_lane_under_other_rules_is_refused_with_what_differs(path: Path, change: dict, said: str) -> None:
    lane = {**load(path).lane(), **change}
    with pytest.raises(ConfigError) as caught:
        backtest(run_of({"name": "first", "strategy": {"name": "equal_weight"}}, lane), TAPE)
    assert caught.value.field.startswith("lanes[1].strategy: ")
    assert said in caught.value.value


def test_every_lane_that_shares_the_policy_is_looked_at(path: Path) -> None:
    lane = load(path).lane()
    wrong = {**lane, "name": "second", "limits": {"max_position": 0.1}}
    with pytest.raises(ConfigError, match="rules of lane second"):
        backtest(run_of(lane, wrong), TAPE)
    right = {**lane, "name": "second"}
    result = backtest(run_of(lane, right), TAPE)
    assert result.book.lane_bytes(0) == result.book.lane_bytes(1)


def test_a_tape_of_another_market_is_refused_with_what_differs(path: Path) -> None:
    with pytest.raises(DataError, match="tape's symbols"):
        backtest(run_of(load(path).lane()), tape_of(symbols=["ETH/USDT"], end="2024-01-20"))


def test_a_policy_on_another_day_book_is_refused(path: Path) -> None:
    with pytest.raises(ConfigError, match="observation bar"):
        backtest(run_of(load(path).lane(), observation="bar"), TAPE)


def test_its_lane_is_a_lane_of_a_configuration(policy: SealedPolicy, path: Path) -> None:
    lane = Lane(**policy.lane(path))
    assert lane.limits.max_position == 0.6
    assert lane.strategy is not None
    assert lane.strategy.params == {"path": str(path)}


def rule(how: str = "blend", share: float = 0.25, name: str = "momentum", **params: object) -> Rule:
    return Rule(name=name, params=params or {"lookback": 24}, how=how, share=share)


NAN = float("nan")


@pytest.mark.parametrize(
    ("how", "wanted"),
    [
        ("blend", [[0.4, 0.8, NAN], [0.3, 0.0, -0.25]]),
        ("agree", [[0.4, 0.8, NAN], [0.0, 0.0, 0.0]]),
    ],
)
def test_policy_and_rule_by_hand(how: str, wanted: list) -> None:
    decided = np.array([[0.4, 0.8, NAN], [0.4, 0.0, 0.0]])
    said = np.array([[0.4, NAN, 0.5], [0.0, 0.0, -1.0]])
    np.testing.assert_allclose(mixed(decided, said, rule(how)), wanted)


def test_a_blend_of_weights_takes_the_rule_as_weights(policy: SealedPolicy) -> None:
    raw = Momentum(lookback=24).signals(TAPE)
    said = said_by(rule(), policy, TAPE)
    assert np.nanmax(np.nansum(np.abs(said), axis=1)) <= 1.0 + 1e-12
    count = np.maximum(np.nansum(raw != 0.0, axis=1, where=np.isfinite(raw)), 1.0)
    np.testing.assert_allclose(said, raw / count[:, None])
    np.testing.assert_array_equal(said_by(rule("agree"), policy, TAPE), raw)
    with pytest.raises(ConfigError, match="min_variance"):
        said_by(rule(name="minimum_variance", lookback=60), policy, TAPE)


@pytest.mark.parametrize("how", ["blend", "agree"])
def test_a_policy_with_a_rule_runs_as_a_strategy(policy: SealedPolicy, how: str, tmp_path: Path) -> None:
    joined = ensemble([policy, trained(TAPE, RULES, seed=1)], rule=rule(how))
    place = joined.save(tmp_path / "joined.policy")
    result = backtest(run_of(load(place).lane()), TAPE)
    signals = result.engine.signals[0]
    without = play(ensemble(joined.members), TAPE)
    said = said_by(rule(how), policy, TAPE)
    np.testing.assert_array_equal(signals, mixed(without, said, rule(how)))
    assert not np.array_equal(signals, without, equal_nan=True)
    part = window(TAPE, 0, 60)
    np.testing.assert_array_equal(Policy(path=str(place)).signals(part), signals[:60])


def test_a_rule_with_a_wrong_argument_is_refused(policy: SealedPolicy) -> None:
    with pytest.raises(ConfigError, match=r"policy\.rule\.params\.lookbak.*Did you mean `lookback`"):
        said_by(rule(lookbak=3), policy, TAPE)


def test_strategies_without_rules_of_their_own_run_as_before() -> None:
    plan = compile_spec(load_spec(run_of({"name": "a", "strategy": {"name": "momentum"}})), TAPE.universe)
    np.testing.assert_array_equal(signals_for(plan, TAPE)[0], Momentum().signals(TAPE))
