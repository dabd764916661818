"""The section `environment`: what it does to its lanes, what it refuses, what other documents' keys become in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from polyfolio.core.codes import Act, Reward, Simplex, Sizing, Space
from polyfolio.errors import ConfigError
from polyfolio.rules.environment import EnvironmentSection, ProfilesSection
from polyfolio.rules.explain import explain
from polyfolio.rules.load import load, load_with_history
from polyfolio.rules.spec import Lane, Spec

ENVIRONMENT = Path(__file__).parent / "data" / "multi_ticker_env.yaml"


def run(environment: Any, *lanes: dict[str, Any], **more: Any) -> Spec:
    return load({"name": "run", "environment": environment, "lanes": list(lanes) or [{"name": "a"}], **more})


def block() -> dict[str, Any]:
    data: dict[str, Any] = yaml.safe_load(ENVIRONMENT.read_text(encoding="utf-8"))
    return data


def refused(environment: Any, *lanes: dict[str, Any], **more: Any) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        run(environment, *lanes, **more)
    return caught.value


# Every key of the block's sections for agents, with another value and where it must arrive.
KEYS: list[tuple[str, Any, str, Any]] = [
    ("observation_space.include_portfolio_state", False, "observation.portfolio", False),
    ("observation_space.include_positions", False, "observation.positions", False),
    ("observation_space.include_market_data", False, "observation.market", False),
    ("observation_space.include_technical_features", False, "observation.technical", None),
    ("observation_space.include_risk_metrics", False, "observation.risk", False),
    ("observation_space.normalization.method", "robust", "observation.normalise.method", "robust"),
    ("observation_space.normalization.window", 60, "observation.normalise.window", 60),
    ("action_space.type", "multi_discrete", "action.space", Space.MULTI_DISCRETE),
    ("action_space.action_type", "position_changes", "action.kind", Act.CHANGES),
    ("action_space.action_type", "trade_signals", "action.kind", Act.SIGNALS),
    ("action_space.constraints.sum_to_one", False, "action.simplex", Simplex.RAW),
    ("reward.type", "calmar", "reward.type", Reward.CALMAR),
    ("reward.risk_adjusted", False, "reward.risk_adjusted", False),
    ("reward.transaction_cost_penalty", 0.25, "reward.transaction_cost_penalty", 0.25),
    ("reward.drawdown_penalty", 2.0, "reward.drawdown_penalty", 2.0),
    ("reward.reward_scaling", 10.0, "reward.reward_scaling", 10.0),
]


def at(section: Any, path: str) -> Any:
    for part in path.split("."):
        section = getattr(section, part)
    return section


@pytest.mark.parametrize("theirs, value, ours, expected", KEYS, ids=[f"{row[0]}={row[1]}" for row in KEYS])
def test_each_key_of_the_block_has_an_effect(theirs: str, value: Any, ours: str, expected: Any) -> None:
    before = at(load(block()).environment, ours)
    data = block()
    *parents, leaf = theirs.split(".")
    section = data["multi_ticker_env"]
    for part in parents:
        section = section[part]
    section[leaf] = value
    after = at(load(data).environment, ours)
    assert before != expected
    assert after == expected


def test_the_block_s_own_values_arrive() -> None:
    environment = load(ENVIRONMENT).environment
    assert environment is not None
    seen, paid, acts = environment.observation, environment.reward, environment.action
    assert (seen.portfolio, seen.positions, seen.market, seen.technical, seen.risk) == (True, True, True, "basic", True)
    assert (seen.normalise.method, seen.normalise.window) == ("rolling", 20)
    assert (acts.space, acts.kind, acts.simplex, acts.cash) == (Space.BOX, Act.WEIGHTS, Simplex.SOFTMAX, True)
    assert (paid.type, paid.risk_adjusted) == (Reward.PORTFOLIO_PNL, True)
    assert (paid.transaction_cost_penalty, paid.drawdown_penalty, paid.reward_scaling) == (0.5, 1.0, 1.0)


def test_enabled_false_loads_the_rules_without_an_environment() -> None:
    data = block()
    data["multi_ticker_env"]["enabled"] = False
    loaded = load_with_history(data)
    assert loaded.spec.environment is None
    assert loaded.spec.lanes[0].sizing.method is Sizing.RISK_PARITY
    assert "multi_ticker_env.enabled" in [item.theirs for item in loaded.mapped]
    data["multi_ticker_env"]["enabled"] = "maybe"
    with pytest.raises(ConfigError, match=r"multi_ticker_env\.enabled: got 'maybe'"):
        load(data)


def test_sections_beside_the_block_grow_into_what_it_says() -> None:
    beside = {"tape": {"path": "bars.csv"}, "environment": {"episode": {"length": 20}}, "training": {"steps": 5}}
    spec = load({**block(), **beside})
    assert spec.tape is not None
    assert spec.environment is not None
    assert spec.training is not None
    assert (spec.tape.path, spec.tape.symbols[0]) == ("bars.csv", "AAPL")
    assert (spec.environment.episode.length, spec.environment.reward.drawdown_penalty) == (20, 1.0)


@pytest.mark.parametrize("kind, method", [("weights", Sizing.WEIGHTS), ("changes", Sizing.WEIGHTS)])
def test_an_agent_that_says_weights_is_not_sized_again(kind: str, method: Sizing) -> None:
    lane = {"name": "a", "sizing": {"method": "risk_parity", "allow_short": True}}
    sizing = run({"action": {"kind": kind}}, lane).lanes[0].sizing
    assert (sizing.method, sizing.allow_short) == (method, True)


def test_signals_keep_the_named_method_and_so_does_a_lane_with_a_strategy() -> None:
    lane = {"name": "a", "sizing": {"method": "kelly"}}
    assert run({"action": {"kind": "signals"}}, lane).lanes[0].sizing.method is Sizing.KELLY
    assert run({}, {**lane, "strategy": {"name": "momentum"}}).lanes[0].sizing.method is Sizing.KELLY


def test_sections_given_as_objects_mean_the_same_as_maps() -> None:
    made = Spec(name="run", environment=EnvironmentSection(), lanes=(Lane(name="a"),))
    assert made == run({})


@pytest.mark.parametrize("count", [{}, {"conservative": 0, "balanced": 1, "aggressive": 2}])
def test_profiles_become_lanes(count: dict[str, int]) -> None:
    spec = load({"name": "run", "environment": {"profiles": count}})
    wanted = {"conservative": 2, "balanced": 2, "aggressive": 1, **count}
    names = [f"{name}_{number}" for name, many in wanted.items() for number in range(1, many + 1)]
    assert [lane.name for lane in spec.lanes] == names
    assert [lane.profile for lane in spec.lanes] == [name.split("_")[0] for name in names]
    assert spec.environment is not None
    assert spec.environment.profiles is None


def test_profiles_are_ordered_by_the_risk_they_allow() -> None:
    careful, middle, bold = (run({}, {"name": "a", "profile": p}).lanes[0] for p in ProfilesSection.model_fields)
    for path in ("limits.max_position", "risk.max_volatility", "risk.max_drawdown", "exits.stop_loss"):
        assert at(careful, path) < at(middle, path) < at(bold, path), path
    framework = load({"name": "run", "lanes": [{"name": "a", "limits": {"preset": "framework"}}]}).lanes[0]
    for name in ("limits", "risk", "correlation", "exits"):
        assert getattr(middle, name) == getattr(framework, name)
    assert careful.reward is not None
    assert bold.reward is not None
    assert careful.reward.weights.risk > 0.5 > bold.reward.weights.risk
    assert middle.reward is None


def test_a_lane_s_own_words_hold_over_its_profile_and_the_profile_over_the_defaults() -> None:
    spec = load(
        {
            "name": "run",
            "environment": {"reward": {"type": "composite", "weights": {"profit": 9.0}, "eta": 0.2}},
            "defaults": {"limits": {"max_position": 0.5}, "risk": {"max_volatility": 0.5}, "exits": {"stop_loss": 0.3}},
            "lanes": [
                {
                    "name": "a",
                    "profile": "conservative",
                    "limits": {"max_position": 0.3},
                    "reward": {"weights": {"cost": 7.0}},
                }
            ],
        }
    )
    lane = spec.lanes[0]
    assert (lane.limits.max_position, lane.risk.max_volatility, lane.exits.stop_loss) == (0.3, 0.08, 0.05)
    assert lane.reward is not None
    assert (lane.reward.type, lane.reward.eta) == (Reward.COMPOSITE, 0.2)
    weights = lane.reward.weights
    assert (weights.profit, weights.cost, weights.sharpe) == (1.0, 7.0, 1.5)


def test_a_lane_paid_otherwise_takes_the_rest_from_the_environment() -> None:
    environment = {"reward": {"type": "custom", "custom": "mine:pay", "reward_scaling": 4.0}}
    lanes = run(environment, {"name": "a", "reward": {"type": "sharpe"}}, {"name": "b"}).lanes
    assert lanes[0].reward is not None
    assert (lanes[0].reward.type, lanes[0].reward.custom, lanes[0].reward.reward_scaling) == (Reward.SHARPE, None, 4.0)
    assert lanes[1].reward is None


def test_what_is_written_out_loads_to_the_same() -> None:
    spec = load({"name": "run", "environment": {"profiles": {}}, "training": {"agents": {}}})
    assert load(spec.model_dump(mode="json")) == spec


@pytest.mark.parametrize(
    "environment, field",
    [
        ({"observation": {"tehcnical": None}}, "environment.observation.tehcnical"),
        ({"observation": {"technical": [3]}}, "environment.observation.technical[0]"),
        ({"observation": {"technical": []}}, "environment.observation.technical"),
        ({"observation": {"others": True}}, "environment.observation.others"),
        ({"reward": {"type": "custom"}}, "environment.reward.custom"),
        ({"reward": {"custom": "mine:pay"}}, "environment.reward.custom"),
        ({"episode": {"markets": 4}}, "environment.episode.markets"),
        ({"episode": {"randomise": {"costs": [2.0, 0.5]}}}, "environment.episode.randomise.costs"),
        ({"split": {"train": 0.9}}, "environment.split.train"),
        ({"profiles": {}}, "environment.profiles"),
    ],
)
def test_a_contradiction_is_refused_at_its_key(environment: dict[str, Any], field: str) -> None:
    error = refused(environment)
    assert error.field == field
    assert error.remedy


def test_an_observation_of_nothing_is_refused() -> None:
    off = dict.fromkeys(("portfolio", "positions", "market", "time"), False)
    assert refused({"observation": {**off, "technical": None}}).field == "environment.observation.portfolio"
    assert run({"observation": {**off, "technical": None, "episode": True}}).environment is not None


def test_a_wrong_count_of_a_profile_is_the_only_fault_named() -> None:
    with pytest.raises(ConfigError) as caught:
        load({"name": "run", "environment": {"profiles": {"balanced": -1}}})
    assert caught.value.field == "environment.profiles.balanced"
    assert "\n" not in caught.value.remedy
    with pytest.raises(ConfigError, match="one agent at least"):
        load({"name": "run", "environment": {"profiles": dict.fromkeys(ProfilesSection.model_fields, 0)}})


def test_an_unknown_profile_is_refused_by_name() -> None:
    with pytest.raises(ConfigError, match="Did you mean `balanced`"):
        run({}, {"name": "a", "profile": "balancd"})


def test_a_function_of_a_lane_alone_is_refused() -> None:
    lane = {"name": "a", "reward": {"type": "custom", "custom": "mine:pay"}}
    assert refused({}, lane).field == "lanes[0].reward.custom"
    spec = run({"reward": {"type": "custom", "custom": "mine:pay"}}, {"name": "a", "reward": {"eta": 0.5}})
    assert spec.lanes[0].reward is not None
    assert spec.lanes[0].reward.custom == "mine:pay"


def test_shares_of_the_leverage_need_a_leverage() -> None:
    lane = {"name": "a", "sizing": {"allow_short": True}, "limits": {"max_leverage": None}}
    assert refused({}, lane).field == "lanes[0].limits.max_leverage"
    for action in ({"simplex": "raw"}, {"kind": "signals"}, {"space": "discrete"}):
        assert run({"action": action}, lane).environment is not None
    assert run({}, {**lane, "sizing": {"allow_short": False}}).environment is not None


def test_markets_are_drawn_for_synthetic_tapes() -> None:
    assert run({"episode": {"markets": 4}}, tape={"format": "synthetic"}).environment is not None


@pytest.mark.parametrize(
    "key, part",
    [
        ("include_risk_metrics", "environment.observation.risk"),
        ("sum_to_one", "environment.action.simplex"),
        ("environment.reward.risk_adjusted", "no effect on the types sharpe, differential_sharpe, sortino"),
        ("random_start", "environment.episode.start"),
        ("profile", "Limits, stops and reward weights"),
        ("training.ppo.clip", "> 0, <= 10"),
    ],
)
def test_explain_knows_the_keys_of_environments(key: str, part: str) -> None:
    assert part in "\n".join(item.text() for item in explain(key))
