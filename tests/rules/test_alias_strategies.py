"""The portfolio trading document's blocks load unchanged, and say what is wrong with them where something is."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from polyfolio.core.codes import Sizing
from polyfolio.errors import ConfigError
from polyfolio.rules import alias_strategies, aliases
from polyfolio.rules.load import load, parse

REGISTRY = """
strategies:
  ma_crossover:
    type: "MACrossoverStrategy"
    params:
      short_window: 10
      long_window: 50
  random_forest:
    type: "RandomForestStrategy"
    params:
      n_estimators: 100
      max_depth: 5
"""
PORTFOLIOS = """
portfolio_strategies:
  ma_portfolio:
    type: "MACrossoverPortfolio"
    stocks: ["AAPL", "MSFT", "GOOGL"]
    strategies:
      AAPL: "ma_crossover"
      MSFT: "ma_crossover"
      GOOGL: "ma_crossover"
    allocation:
      AAPL: 0.4
      MSFT: 0.3
      GOOGL: 0.3

  hybrid_portfolio:
    type: "HybridPortfolio"
    stocks: ["AAPL", "MSFT", "GOOGL"]
    strategies:
      AAPL: "random_forest"
      MSFT: "ma_crossover"
      GOOGL: "ma_crossover"
    allocation:
      AAPL: 0.4
      MSFT: 0.3
      GOOGL: 0.3
    aggregation:
      type: "weighted"
      weights:
        random_forest: 0.6
        ma_crossover: 0.4
"""
CROSSOVER = {"name": "ma_crossover", "params": {"long_short": True, "fast": 10, "slow": 50}}


def data() -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load(REGISTRY + PORTFOLIOS)
    return found


def test_the_document_s_blocks_load_unchanged() -> None:
    loaded = parse(REGISTRY + PORTFOLIOS, "portfolios.yaml")
    first, second = loaded.spec.lanes
    assert loaded.spec.name == "portfolio strategies"
    assert (first.name, second.name) == ("ma_portfolio", "hybrid_portfolio")
    assert first.strategy is not None
    assert second.strategy is not None
    assert first.strategy.name == second.strategy.name == "portfolio"
    assert first.strategy.params == {
        "strategies": {"AAPL": "ma_crossover", "MSFT": "ma_crossover", "GOOGL": "ma_crossover"},
        "members": {"ma_crossover": CROSSOVER},
        "allocation": {"AAPL": 0.4, "MSFT": 0.3, "GOOGL": 0.3},
    }
    assert second.strategy.params["members"] == {
        "random_forest": {"name": "random_forest", "params": {"trees": 100, "depth": 5}},
        "ma_crossover": CROSSOVER,
    }
    assert second.strategy.params["aggregator"] == {
        "name": "weighted_average",
        "params": {"weights": {"random_forest": 0.6, "ma_crossover": 0.4}},
    }
    assert first.sizing.method is second.sizing.method is Sizing.WEIGHTS
    assert loaded.unused == ()


def test_the_translation_says_what_became_of_each_key() -> None:
    lines = [aliases.arrow(item) for item in parse(REGISTRY + PORTFOLIOS).mapped]
    assert (
        "portfolio_strategies.ma_portfolio.allocation -> lanes.0.sizing.method: weights "
        "(a signal of 1 asks for so much of the equity)"
    ) in lines
    assert any(
        line.startswith("strategies.random_forest -> lanes.1.strategy.params.members.random_f") for line in lines
    )
    assert any("aggregation -> lanes.1.strategy.params.aggregator" in line and "one alone" in line for line in lines)


def test_the_second_block_alone_takes_strategies_by_their_own_names() -> None:
    lane = parse(PORTFOLIOS).spec.lanes[0]
    assert lane.strategy is not None
    member = {"name": "ma_crossover", "params": {"long_short": True}}
    assert lane.strategy.params["members"] == {"ma_crossover": member}


def test_keys_of_our_own_hold_beside_the_document_s() -> None:
    given = {**data(), "name": "mine", "seed": 7, "journal": "full", "lanes": [{"name": "base"}]}
    given["defaults"] = {"account": {"initial_capital": 5_000.0}}
    given["portfolio_strategies"]["ma_portfolio"]["limits"] = {"max_position": 0.2}
    given["portfolio_strategies"]["ma_portfolio"]["sizing"] = {"allow_short": True}
    spec = load(given)
    assert (spec.name, spec.seed, [lane.name for lane in spec.lanes]) == (
        "mine",
        7,
        ["ma_portfolio", "hybrid_portfolio", "base"],
    )
    assert {lane.account.initial_capital for lane in spec.lanes} == {5_000.0}
    assert spec.lanes[0].limits.max_position == 0.2
    assert (spec.lanes[0].sizing.method, spec.lanes[0].sizing.allow_short) == (Sizing.WEIGHTS, True)


def test_a_portfolio_without_an_allocation_leaves_sizes_to_the_lane() -> None:
    given = data()
    del given["portfolio_strategies"]["ma_portfolio"]["allocation"]
    lane = load(given).lanes[0]
    assert lane.strategy is not None
    assert "allocation" not in lane.strategy.params
    assert "method" not in lane.sizing.model_fields_set


def test_a_crossover_portfolio_needs_no_strategies() -> None:
    given = data()
    del given["portfolio_strategies"]["ma_portfolio"]["strategies"]
    lane = load(given).lanes[0]
    assert lane.strategy is not None
    assert lane.strategy.params["members"] == {"ma_crossover": CROSSOVER}


def test_several_strategies_of_a_stock_have_weights_and_parameters() -> None:
    given = data()
    given["portfolio_strategies"] = {
        "tech": {
            "type": "MultiStrategyPortfolio",
            "stocks": ["AAPL", "MSFT"],
            "strategies": {
                "AAPL": {
                    "ma_crossover": {"weight": 0.6, "params": {"long_window": 100}},
                    "random_forest": {"weight": 0.4, "params": {"n_estimators": 20}},
                },
                "MSFT": ["ma_crossover", "RSIStrategy"],
            },
            "aggregation": {"type": "voting", "quorum": 0.6},
        }
    }
    lane = load(given).lanes[0]
    assert lane.strategy is not None
    assert lane.strategy.params["strategies"] == {
        "AAPL": {
            "ma_crossover": {
                "name": "ma_crossover",
                "params": {"long_short": True, "fast": 10, "slow": 100},
                "weight": 0.6,
            },
            "random_forest": {"name": "random_forest", "params": {"trees": 20, "depth": 5}, "weight": 0.4},
        },
        "MSFT": ["ma_crossover", "RSIStrategy"],
    }
    assert lane.strategy.params["members"]["RSIStrategy"] == {"name": "rsi", "params": {"long_short": True}}
    assert lane.strategy.params["aggregator"] == {"name": "majority", "params": {"quorum": 0.6}}


def test_what_a_stock_leaves_out_is_what_was_defined_not_what_the_type_implies() -> None:
    given = data()
    given["strategies"]["ma_crossover"]["params"]["long_short"] = False
    given["portfolio_strategies"] = {
        "one": {"stocks": ["AAPL"], "strategies": {"AAPL": {"ma_crossover": {"weight": 1.0}}}}
    }
    lane = load(given).lanes[0]
    assert lane.strategy is not None
    team = lane.strategy.params["strategies"]["AAPL"]
    assert team["ma_crossover"]["params"] == {"long_short": False, "fast": 10, "slow": 50}


def test_a_type_of_its_own_takes_nothing_from_another_type_of_the_same_label() -> None:
    given = data()
    own = {"ma_crossover": {"type": "RSIStrategy", "params": {"window": 9}}}
    given["portfolio_strategies"] = {"one": {"stocks": ["AAPL"], "strategies": {"AAPL": own}}}
    lane = load(given).lanes[0]
    assert lane.strategy is not None
    assert lane.strategy.params["strategies"]["AAPL"]["ma_crossover"]["params"] == {"long_short": True, "period": 9}


def test_a_parameter_of_our_own_keeps_its_name_where_another_type_has_a_word_for_it() -> None:
    """trend_following has a lookback and a window; the document's word for a lookback may be window."""
    given = data()
    given["strategies"]["trend"] = {"type": "TrendFollowingStrategy", "params": {"lookback_period": 100, "window": 30}}
    given["portfolio_strategies"] = {"one": {"stocks": ["AAPL"], "strategies": {"AAPL": "trend"}}}
    lane = load(given).lanes[0]
    assert lane.strategy is not None
    params = lane.strategy.params["members"]["trend"]["params"]
    assert params == {"long_short": True, "lookback": 100, "window": 30}


def changed(path: str, value: Any) -> dict[str, Any]:
    """The document with one key changed; None removes it."""
    found = data()
    *parents, leaf = path.split(".")
    target = found
    for parent in parents:
        target = target[parent]
    if value is None:
        del target[leaf]
    else:
        target[leaf] = value
    return found


HYBRID = "portfolio_strategies.hybrid_portfolio"


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (
            "strategies.ma_crossover.type",
            "MACrosoverStrategy",
            "strategies.ma_crossover.type: got 'MACrosoverStrategy'",
        ),
        ("strategies.ma_crossover.type", "MACrosoverStrategy", "Did you mean `MACrossoverStrategy`?"),
        ("strategies.ma_crossover.type", None, "strategies.ma_crossover.type: got None, must be given"),
        (
            "strategies.ma_crossover.parms",
            {},
            "strategies.ma_crossover.parms: got {}, must be a known key. Did you mean",
        ),
        (
            "strategies.ma_crossover.params.short_windw",
            5,
            "strategies.ma_crossover.params.short_windw: got 5, must be a parameter of ma_crossover: short_window",
        ),
        ("strategies.ma_crossover.params", 5, "strategies.ma_crossover.params: got 5, must be a section of keys"),
        (f"{HYBRID}.type", "HybridPortfolo", "Did you mean `HybridPortfolio`?"),
        (f"{HYBRID}.stocks", [], f"{HYBRID}.stocks: got [], must be a list of symbols"),
        (f"{HYBRID}.stocks", ["AAPL", "AAPL"], f"{HYBRID}.stocks.1: got 'AAPL', must be named once"),
        (
            f"{HYBRID}.strategies.APPL",
            "ma_crossover",
            f"{HYBRID}.strategies.APPL: got 'APPL', must be one of the stocks",
        ),
        (
            f"{HYBRID}.strategies.AAPL",
            None,
            f"{HYBRID}.strategies.AAPL: got None, must be given for each of the stocks",
        ),
        (f"{HYBRID}.strategies.AAPL", "random_forst", "must be one of ma_crossover, random_forest. Did you mean"),
        (f"{HYBRID}.strategies.AAPL", [], f"{HYBRID}.strategies.AAPL: got [], must be the name of a strategy"),
        (f"{HYBRID}.strategies", None, f"{HYBRID}.strategies: got None, must be a map of stock to strategies"),
        (f"{HYBRID}.allocation.AAPL", 0.9, f"{HYBRID}.allocation: got 1.5, must be at most 1, the sum of its shares"),
        (f"{HYBRID}.allocation.AAPL", "half", f"{HYBRID}.allocation.AAPL: got 'half', must be from 0 to 1"),
        (
            f"{HYBRID}.allocation.AAPL",
            None,
            f"{HYBRID}.allocation.AAPL: got None, must be given for each of the stocks",
        ),
        (f"{HYBRID}.aggregation.type", "wieghted", "Did you mean `weighted`?"),
        (
            f"{HYBRID}.aggregation.wieghts",
            {},
            f"{HYBRID}.aggregation.wieghts: got {{}}, must be a parameter of weighted",
        ),
        (f"{HYBRID}.alocation", {}, f"{HYBRID}.alocation: got {{}}, must be a known key. Did you mean `allocation`?"),
        ("portfolio_strategies.x", 3, "portfolio_strategies.x: got 3, must be a section of keys"),
        ("strategys", {}, "strategys: got {}, must be a known key. Did you mean `strategies`?"),
        (
            "portfolio_strategies.ma_portfolio.strategies.AAPL",
            "random_forest",
            "got 'random_forest', must be a moving-average crossover in a MACrossoverPortfolio",
        ),
    ],
)
def test_what_is_wrong_is_named_where_it_is_written(path: str, value: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        load(changed(path, value))


def test_a_fault_in_a_section_of_our_own_is_named_in_the_document_s_words() -> None:
    text = REGISTRY + PORTFOLIOS + "    limits:\n      max_position: -1\n"
    with pytest.raises(ConfigError, match=r"written portfolio_strategies\.hybrid_portfolio\.limits\.max_position"):
        parse(text, "portfolios.yaml")


def test_no_portfolio_at_all_is_refused() -> None:
    with pytest.raises(ConfigError, match=re.escape("portfolio_strategies: got {}, must be at least one")):
        alias_strategies.translate({"portfolio_strategies": {}})


def test_several_crossovers_must_be_chosen_between() -> None:
    given = data()
    given["strategies"]["other"] = {"type": "MACrossoverStrategy"}
    del given["portfolio_strategies"]["ma_portfolio"]["strategies"]
    with pytest.raises(ConfigError, match=re.escape("given where there are several crossovers (ma_crossover, other)")):
        load(given)
