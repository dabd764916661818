"""Many strategies in one lane: who is heard on what, and what comes of it."""

from __future__ import annotations

import re
from typing import Any, ClassVar

import numpy as np
import pytest

from polyfolio.backtests.run import backtest
from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.market.demo import demo_tape
from polyfolio.rules import registry
from polyfolio.strategies.base import Strategy
from polyfolio.strategies.momentum import Momentum
from polyfolio.strategies.portfolio import Portfolio, split
from tests.strategies.aggregate.tools import flat, tape_of

NAN = float("nan")


class Says(Strategy):
    """The same rows of numbers or words for every symbol."""

    calls: ClassVar[list[str]] = []

    def __init__(self, *, rows: list[Any] | None = None, sure: list[float] | None = None) -> None:
        self.rows = rows
        self.sure = sure

    def signals(self, tape: Tape) -> Any:
        Says.calls.append(repr(self.rows))
        return np.repeat(np.array(self.rows, dtype=object)[:, None], tape.slots, axis=1)


class SaysNumbers(Says):
    def signals(self, tape: Tape) -> Floats:
        return np.asarray(super().signals(tape), dtype=np.float64)


class SaysSurely(SaysNumbers):
    def confidences(self, tape: Tape) -> Floats:
        return np.repeat(np.array(self.sure, dtype=float)[:, None], tape.slots, axis=1)


class Learns(Strategy):
    """Learns how many rows it was shown."""

    def fit(self, tape: Tape) -> Learns:
        self.level_ = tape.rows / 1000.0
        return self

    def signals(self, tape: Tape) -> Floats:
        return np.full((tape.rows, tape.slots), getattr(self, "level_", 0.0))


class Fails(Strategy):
    """Breaks in one of several ways."""

    def __init__(self, *, how: str = "raise", lookback: int = 1) -> None:
        self.how = how
        self.lookback = lookback

    def signals(self, tape: Tape) -> Floats:
        out = np.full((tape.rows, tape.slots), 0.5)
        if self.how == "raise":
            raise ValueError("no such row")
        if self.how == "argument":
            raise ConfigError("lookback", self.lookback, "2 or more", "Raise it.")
        if self.how == "shape":
            return out[1:]
        out[-1, 0] = {"infinite": np.inf, "large": 3.0}[self.how]
        return out


for name, cls in (("says", Says), ("numbers", SaysNumbers), ("surely", SaysSurely), ("learns", Learns), ("f", Fails)):
    registry.register("strategy", f"{name} of the portfolio's test")(cls)


def said(*rows: Any, kind: str = "numbers", **more: Any) -> dict[str, Any]:
    return {"name": f"{kind} of the portfolio's test", "params": {"rows": list(rows)}, **more}


def two() -> Tape:
    return tape_of([1.0, 1.0, 1.0], [2.0, 2.0, 2.0])


def test_each_symbol_hears_its_own_team() -> None:
    tape = demo_tape(start="2024-03-20", end="2024-04-10")
    fast, slow = {"lookback": 5, "long_short": True}, {"lookback": 50, "long_short": True}
    members = {"fast": {"name": "momentum", "params": fast}, "slow": {"name": "momentum", "params": slow}}
    teams = {
        "BTC/USDT": "fast",
        "ETH/USDT": ["fast", "slow"],
        "SOL/USDT": {"fast": {"weight": 1.0}, "slow": {"weight": 3.0}},
        "XRP/USDT": {"members": ["fast", "slow"], "aggregator": "majority"},
    }
    found = Portfolio(strategies=teams, members=members, silence="absent").signals(tape)
    one, other = Momentum(**fast).signals(tape), Momentum(**slow).signals(tape)
    slot = {symbol: tape.symbols.index(symbol) for symbol in teams}
    np.testing.assert_array_equal(found[:, slot["BTC/USDT"]], one[:, slot["BTC/USDT"]])
    both = [signals[:, slot["ETH/USDT"]] for signals in (one, other)]
    # Before the slow one speaks, the fast one is heard alone.
    wanted = np.where(np.isnan(both[1]), both[0], (both[0] + both[1]) / 2.0)
    np.testing.assert_array_equal(found[:, slot["ETH/USDT"]], wanted)
    pair = [signals[:, slot["SOL/USDT"]] for signals in (one, other)]
    wanted = np.where(np.isnan(pair[1]), pair[0], (pair[0] + 3.0 * pair[1]) / 4.0)
    np.testing.assert_array_equal(found[:, slot["SOL/USDT"]], wanted)
    votes = [signals[100:, slot["XRP/USDT"]] for signals in (one, other)]
    np.testing.assert_array_equal(found[100:, slot["XRP/USDT"]], np.where(votes[0] == votes[1], votes[0], 0.0))
    others = [at for at, symbol in enumerate(tape.symbols) if symbol not in teams]
    assert np.isnan(found[:, others]).all()


def test_a_strategy_is_computed_once_however_many_symbols_it_speaks_of() -> None:
    Says.calls.clear()
    tape = tape_of(*[[1.0, 1.0]] * 20)
    same = said(0.5, 0.5, kind="numbers")
    teams = {symbol: [{**same, "label": "x"}, said(0.1, 0.2, label="y")] for symbol in tape.symbols}
    found = Portfolio(strategies=teams).signals(tape)
    assert sorted(Says.calls) == ["[0.1, 0.2]", "[0.5, 0.5]"]
    np.testing.assert_allclose(found, np.repeat([[0.3], [0.35]], 20, axis=1))


def test_an_opinion_stands_until_the_next_unless_the_silent_are_left_out() -> None:
    members = {"a": said(NAN, 1.0, NAN, NAN), "b": said(-0.5, NAN, -0.5, NAN)}
    stands = Portfolio(members=members).signals(flat(4))[:, 0]
    np.testing.assert_array_equal(stands, [-0.5, 0.25, 0.25, 0.25])
    absent = Portfolio(members=members, silence="absent").signals(flat(4))[:, 0]
    np.testing.assert_array_equal(absent, [-0.5, 1.0, -0.5, NAN])


def test_words_are_signals_with_a_confidence() -> None:
    # BUY 1 half sure, STRONG_SELL -1 wholly: (.5 - 1) / 1.5; HOLD 0 half sure; no word is silence.
    members = {
        "a": said("BUY", "buy", "HOLD", None, kind="says"),
        "b": said("STRONG_SELL", "", "Strong Sell", None, kind="says"),
    }
    found = Portfolio(members=members, silence="absent").signals(flat(4))[:, 0]
    np.testing.assert_allclose(found, [-1.0 / 3.0, 1.0, -2.0 / 3.0, NAN])


def test_a_strategy_may_say_how_sure_it_is() -> None:
    sure = {"name": "surely of the portfolio's test", "params": {"rows": [1.0, 1.0], "sure": [0.5, 0.0]}}
    found = Portfolio(members={"a": sure, "b": said(-1.0, -1.0)}).signals(flat(2))[:, 0]
    np.testing.assert_allclose(found, [-1.0 / 3.0, -1.0])


def test_an_allocation_scales_the_signals_and_asks_for_the_method_weights() -> None:
    strategies = {"A": said(1.0, -0.5, 0.0), "B": said(0.5, 0.5, 0.5)}
    params = {"strategies": strategies, "allocation": {"A": 0.6, "B": 0.4}}
    np.testing.assert_allclose(Portfolio(**params).signals(two()), [[0.6, 0.2], [-0.3, 0.2], [0.0, 0.2]])
    lane: dict[str, Any] = {"name": "p", "strategy": {"name": "portfolio", "params": params}}
    with pytest.raises(ConfigError) as caught:
        backtest({"name": "run", "lanes": [lane]}, two())
    assert caught.value.field == "lanes[0].strategy.params.allocation"
    assert "absent where sizing.method is signal_strength. Write `sizing: {method: weights}`" in str(caught.value)
    run = backtest({"name": "run", "lanes": [{**lane, "sizing": {"method": "weights"}}]}, two())
    # 60 % of a million at 1 and 20 % at 2; the signal of A turns to -.5, which is flat without shorts.
    assert run.book.held[0].tolist() == [0.0, 100_000.0]


def test_an_overlay_is_one_more_voice_over_all_symbols() -> None:
    strategies = {
        "A": [said(1.0, 1.0, 1.0, label="x"), said(0.0, 0.0, 0.0, label="y")],
        "B": said(-1.0, -1.0, -1.0, label="x"),
    }
    overlay = {
        "members": [said(0.5, 0.0, -0.5, label="market")],
        "aggregator": {"name": "weighted_average", "params": {"weights": {"tickers": 3.0, "market": 1.0}}},
    }
    made = Portfolio(strategies=strategies, overlay=overlay)
    # A: (3 x .5 + market) / 4, B: (-3 + market) / 4
    np.testing.assert_allclose(made.signals(two()), [[0.5, -0.625], [0.375, -0.75], [0.25, -0.875]])
    names, added = made.contributions(two())
    assert names == ("x", "y", "market")
    np.testing.assert_allclose(np.nansum(added, axis=0), made.signals(two()))
    np.testing.assert_allclose(added[:, 0, 0], [0.375, 0.0, 0.125])
    weighed = Portfolio(strategies=strategies, overlay={"m": {**said(0.5, 0.0, -0.5), "weight": 3.0}})
    np.testing.assert_allclose(weighed.signals(two())[0], [(0.5 + 1.5) / 4.0, (-1.0 + 1.5) / 4.0])


def test_a_label_of_a_team_and_of_the_overlay_is_told_apart() -> None:
    names, parts = Portfolio(
        strategies={"A": {"m": said(1.0, 1.0, 1.0)}, "B": {"m": said(1.0, 1.0, 1.0)}},
        overlay={"m": said(0.5, -0.5, 0.0)},
    ).contributions(two())
    assert names == ("m", "overlay m")
    np.testing.assert_allclose(parts[:, :, 0], [[0.5, 0.5, 0.5], [0.25, -0.25, 0.0]])


def test_a_part_is_divided_in_proportion_and_equally_where_it_cancels() -> None:
    parts = np.array([[[3.0, 1.0, NAN]], [[-1.0, -1.0, NAN]]])
    found = split(np.array([[1.0, 0.5, NAN]]), parts)
    np.testing.assert_allclose(found[:, 0], [[1.5, 0.25, NAN], [-0.5, 0.25, NAN]])


def test_members_and_aggregators_learn_from_the_training_rows() -> None:
    learns = {"name": "learns of the portfolio's test"}
    regime = {"name": "volatility", "params": {"window": 5}}
    aggregator = {"name": "regime_weights", "params": {"regime": regime, "states": {}, "otherwise": [1.0]}}
    made = Portfolio(members={"x": learns}, aggregator=aggregator, overlay=learns["name"])
    tape = demo_tape(start="2024-03-20", end="2024-03-24")
    with pytest.raises(ConfigError, match="Call fit on the training rows"):
        made.signals(tape)
    made.fit(tape)
    assert np.nanmax(made.signals(tape)) == pytest.approx(tape.rows / 1000.0)


def test_what_an_aggregator_went_by_is_told() -> None:
    tape = demo_tape(start="2024-03-20", end="2024-03-31")
    schedule = {"first": 100, "refit": 100, "form": 10, "settings": {"n_estimators": 3}}
    members = {"m": {"name": "momentum", "params": {"lookback": 5}}}
    made = Portfolio(members=members, aggregator={"name": "learned", "params": schedule})
    told = made.importances(tape)[", ".join(tape.symbols)]
    assert told.rows == (100, 200)
    assert told.names[:2] == ("m", "m form")
    assert Portfolio(members=members).importances(tape) == {}


@pytest.mark.parametrize(
    ("how", "message"),
    [
        (
            "raise",
            "strategies.A.broken: broken: got 'ValueError: no such row', must be signals. Run f of the portfolio",
        ),
        ("argument", "strategies.A.broken.params.lookback: got 1, must be 2 or more. Raise it."),
        ("shape", "strategies.A.broken: broken: signals: got (2, 2), must be of shape (3, 2)."),
        ("infinite", "strategies.A.broken: broken: signals[2, 0]: got inf, must be finite, or NaN."),
        ("large", "strategies.A.broken: broken: signals[2, A]: got 3.0, must be from -1 to 1."),
    ],
)
def test_a_member_that_breaks_is_named(how: str, message: str) -> None:
    broken = {"name": "f of the portfolio's test", "params": {"how": how}}
    made = Portfolio(strategies={"A": {"good": said(1.0, 1.0, 1.0), "broken": broken}})
    with pytest.raises(ConfigError, match=re.escape(message)):
        made.signals(two())


def test_the_lane_of_a_member_that_breaks_is_named_too() -> None:
    params = {"strategies": {"A": {"name": "f of the portfolio's test"}}}
    with pytest.raises(ConfigError) as caught:
        backtest({"name": "run", "lanes": [{"name": "p", "strategy": {"name": "portfolio", "params": params}}]}, two())
    assert caught.value.field.startswith("lanes[0].strategy.params.strategies.A[0]: f of")


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({}, "strategies: got None, must be given where members are not"),
        ({"strategies": {}}, "strategies: got {}, must be a map of symbol to strategies"),
        ({"strategies": ["momentum"]}, "strategies: got ['momentum'], must be a map of symbol to strategies"),
        ({"strategies": {"AA": "momentum"}}, "strategies.AA: got 'momentum', must be of a symbol of the tape: A, B"),
        ({"strategies": {"A": "momentun"}}, "strategies.A[0].name: got 'momentun', must be one of"),
        ({"strategies": {"A": "momentun"}}, "Did you mean `momentum`?"),
        ({"strategies": {"A": []}}, "strategies.A: got [], must be at least one member"),
        ({"strategies": {"A": 3}}, "strategies.A: got 3, must be a name or a list of members"),
        ({"strategies": {"A": ["momentum", "momentum"]}}, "strategies.A: got 'momentum', must be there once in a team"),
        ({"strategies": {"A": {"momentum": {"parms": {}}}}}, "strategies.A.momentum.parms: got {}, must be one of"),
        ({"strategies": {"A": {"momentum": {"weight": -1}}}}, "strategies.A.momentum.weight: got -1, must be >= 0"),
        (
            {"strategies": {"A": {"momentum": {"params": {"lookbak": 3}}}}},
            "strategies.A.momentum.params.lookbak: got 3, must be an argument of momentum",
        ),
        ({"members": {"m": {"name": "momentum"}}, "aggregator": "averge"}, "aggregator.name: got 'averge'"),
        ({"members": {"m": {"name": "momentum"}}, "aggregator": {"params": {}}}, "aggregator: got {'params': {}}"),
        ({"members": ["momentum"]}, "members: got ['momentum'], must be a map of keys"),
        (
            {"members": {"m": {"name": "momentum"}}, "aggregator": {"name": "majority", "params": {"weights": [1, 2]}}},
            "aggregator.params.weights: got [1, 2], must be one for each of 1 members",
        ),
        (
            {
                "strategies": {"A": {"momentum": {"weight": 1}}},
                "aggregator": {"name": "majority", "params": {"weights": [1]}},
            },
            "aggregator.params.weights: got [1], must be absent beside {'momentum': 1}",
        ),
        (
            {"members": {"m": {"name": "momentum"}}, "silence": "quiet"},
            "silence: got 'quiet', must be stands or absent",
        ),
        (
            {"strategies": {"A": "momentum"}, "allocation": {"B": 0.5}},
            "allocation.B: got 0.5, must be of a symbol with",
        ),
        (
            {"strategies": {"A": "momentum", "B": "momentum"}, "allocation": {"B": 0.5}},
            "allocation.A: got None, must be given for each symbol with strategies",
        ),
        ({"strategies": {"A": "momentum"}, "allocation": {"A": 1.5}}, "allocation.A: got 1.5, must be from 0 to 1"),
        (
            {"strategies": {"A": "momentum", "B": "momentum"}, "allocation": {"A": 0.7, "B": 0.7}},
            "allocation: got 1.4, must be at most 1, the sum of its shares",
        ),
        (
            {"strategies": {"A": "momentum"}, "overlay": {"tickers": {"name": "momentum"}}},
            "overlay: tickers: got 'tickers', must be no member's label",
        ),
    ],
)
def test_what_does_not_fit_is_refused(params: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        Portfolio(**params).signals(two())


def test_a_portfolio_needs_as_many_rows_as_its_slowest_member() -> None:
    members = {f"m{rows}": {"name": "momentum", "params": {"lookback": rows}} for rows in (5, 30, 12)}
    assert Portfolio(members=members).warmup == 31
    assert Portfolio(strategies={"ANY": "m5"}, members=members, overlay="m12").warmup == 13


def test_weights_may_name_members_that_another_symbol_lacks() -> None:
    """Teams with aggregators of their own each hear their own members alone."""
    one = {
        "members": {"a": said(1.0, 1.0, 1.0)},
        "aggregator": {"name": "weighted_average", "params": {"weights": {"a": 2.0}}},
    }
    other = {
        "members": {"b": said(-1.0, 0.5, 0.5)},
        "aggregator": {"name": "weighted_average", "params": {"weights": {"b": 1.0}}},
    }
    made = Portfolio(strategies={"A": one, "B": other})
    np.testing.assert_array_equal(made.signals(two()), [[1.0, -1.0], [1.0, 0.5], [1.0, 0.5]])
    names, added = made.contributions(two())
    assert names == ("a", "b")
    np.testing.assert_array_equal(added[:, 0], [[1.0, NAN], [NAN, -1.0]])
