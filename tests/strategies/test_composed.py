"""Strategies around another one: longer bars are heard when they have closed, gates close what is held."""

from __future__ import annotations

import itertools
import re
from typing import Any, ClassVar

import numpy as np
import pytest

from polyfolio.backtests.run import backtest
from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError, DataError
from polyfolio.market.demo import demo_tape
from polyfolio.market.frame import tape_from_arrays
from polyfolio.strategies.base import Strategy
from polyfolio.strategies.check import check_strategy
from polyfolio.strategies.gated import Gated
from polyfolio.strategies.on_timeframe import OnTimeframe
from polyfolio.strategies.run import strategy_of
from polyfolio.testing import find_leaks

DAY = 86_400_000_000_000
NAN = float("nan")
SYMBOLS = ("BTC/USDT", "DOGE/USDT", "ENA/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT")


def tape_of(*closes: list[float], first: int = 5, **fields: Any) -> Tape:
    """A daily tape from Monday, the 5th of January 1970, on; its bar closes as the 6th begins."""
    close = np.array(closes).T
    given = dict.fromkeys(("open", "high", "low", "close"), close) | {"volume": np.ones_like(close)} | fields
    return tape_from_arrays((first + np.arange(len(close))) * DAY, "ABCDEF"[: len(closes)], given, interval="1d")


class Level(Strategy):
    """The close over 100, so that a test reads which bar was heard."""

    sizing = "weights"

    def signals(self, tape: Tape) -> Floats:
        return np.where(tape.tradable != 0, tape.close / 100.0, np.nan)


class FirstRow(Strategy):
    """Speaks once, in the first row."""

    once = True
    remembers = True

    def signals(self, tape: Tape) -> Floats:
        out = np.full((tape.rows, tape.slots), np.nan)
        out[0] = -1.0
        return out


class Looks(Level):
    """Keeps the tapes it was asked about."""

    seen: ClassVar[list[Tape]] = []

    def signals(self, tape: Tape) -> Floats:
        self.seen.append(tape)
        return super().signals(tape)


LEVEL = {"name": f"{__name__}:Level"}


def test_a_bar_of_three_rows_is_heard_with_its_last_row() -> None:
    found = OnTimeframe(strategy=LEVEL, every=3).signals(tape_of([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]))
    np.testing.assert_allclose(found[:, 0], [NAN, NAN, 0.03, NAN, NAN, 0.06, NAN])


def test_a_week_is_heard_on_its_next_ones_first_row() -> None:
    closes = [float(row) for row in range(1, 17)]
    found = OnTimeframe(strategy=LEVEL, every="week").signals(tape_of(closes))  # Mondays are rows 0, 7, 14
    wanted = np.full(16, NAN)
    wanted[[7, 14]] = 0.07, 0.14
    np.testing.assert_allclose(found[:, 0], wanted)


def test_the_stamps_and_the_year_of_longer_bars() -> None:
    seen = Looks.seen
    seen.clear()
    rows = tape_of([float(row) for row in range(1, 17)])
    for every in (5, "week"):
        OnTimeframe(strategy={"name": f"{__name__}:Looks"}, every=every).signals(rows)
    np.testing.assert_array_equal(seen[0].times, rows.times[[4, 9, 14]])
    np.testing.assert_array_equal(seen[1].times, rows.times[[6, 13]])
    assert seen[0].calendar.bars_per_year == pytest.approx(rows.calendar.bars_per_year / 5)
    assert seen[1].calendar.bars_per_year == pytest.approx(365.25 / 7)


def test_longer_bars_see_through_splits_and_dividends() -> None:
    # 8, 10 | split 2 for 1 and 1 paid per new unit: 5 -> 2 x (5 + 1) = 12 of 10, then 6 -> 14.4 | 7 -> 16.8, 16.8
    closes, splits, paid = [8.0, 10.0, 5.0, 6.0, 7.0, 7.0], np.ones((6, 1)), np.full((6, 1), NAN)
    splits[2], paid[2] = 2.0, 1.0
    found = OnTimeframe(strategy=LEVEL, every=2).signals(tape_of(closes, splits=splits, dividends=paid))
    np.testing.assert_allclose(found[[1, 3, 5], 0], [0.10, 0.144, 0.168])


def test_less_than_two_longer_bars_say_nothing_and_teach_nothing() -> None:
    rows = tape_of([1.0, 2.0, 3.0])
    assert np.isnan(OnTimeframe(strategy=LEVEL, every=2).signals(rows)).all()
    with pytest.raises(ConfigError, match="every: got 2, must be short enough for two bars of 3 rows"):
        OnTimeframe(strategy=LEVEL, every=2).fit(rows)


def test_a_lane_that_decides_weekly_hears_what_was_said_in_between() -> None:
    lane = {
        "name": "a",
        "strategy": {"name": "on_timeframe", "params": {"strategy": LEVEL, "every": 4}},
        "sizing": {"method": "weights"},
        "rebalance": {"every": "week"},
        "execution": {"market_impact": {"participation_rate_limit": None}},
    }
    result = backtest({"name": "test", "journal": "full", "lanes": [lane]}, tape_of([50.0] * 20))
    # Said at rows 3, 7, ...; the lane decides on Mondays, rows 0, 7 and 14, and fills a row later.
    fills = result.journal.fills
    assert fills["row"].tolist() == [8]
    np.testing.assert_allclose(fills["quantity"] * 50.0 / result.spec.lanes[0].account.initial_capital, 0.5)


def closes_of(trend: str) -> list[float]:
    """Closes that rise by 1 % where the letter is r and fall by 1 % where it is f."""
    return (100.0 * np.cumprod([1.01 if letter == "r" else 0.99 for letter in trend])).tolist()


TREND = {"name": "trend", "params": {"fast": 1, "slow": 2}}  # bull where the last return is above the last two's mean


def states(rows: Tape) -> list[str]:
    gate = Gated(strategy={"name": "equal_weight"}, regime=TREND, scale={"bull": 1.0, "bear": 0.25}, unknown=0.5)
    names = {1.0: "u", 0.25: "e", 0.5: "-"}
    return [names[float(number)] for number in gate.numbers(rows)]


def test_a_gate_multiplies_by_the_number_of_the_state() -> None:
    rows = tape_of(closes_of("rrfffrrrff"))
    letters = states(rows)
    assert {"u", "e", "-"} == set(letters)
    scale = {"bull": 1.0, "bear": 0.25}
    found = Gated(strategy={"name": "equal_weight"}, regime=TREND, scale=scale, unknown=0.5).signals(rows)
    np.testing.assert_array_equal(found[:, 0], [{"u": 1.0, "e": 0.25, "-": 0.5}[letter] for letter in letters])
    flat = Gated(strategy={"name": "equal_weight"}, regime=TREND, scale={"bull": 1.0}).signals(rows)
    np.testing.assert_array_equal(flat[:, 0], [1.0 if letter == "u" else 0.0 for letter in letters])


def test_a_change_of_state_says_the_last_opinion_again_and_silence_stays_silence() -> None:
    rows = tape_of(closes_of("rrfffrrrff"))
    letters = states(rows)
    found = Gated(
        strategy={"name": f"{__name__}:FirstRow"}, regime=TREND, scale={"bull": 1.0, "bear": 0.25}, unknown=0.5
    ).signals(rows)
    wanted = [-0.5]
    for before, now in itertools.pairwise(letters):
        wanted.append(NAN if now == before else {"u": -1.0, "e": -0.25, "-": -0.5}[now])
    np.testing.assert_array_equal(found[:, 0], wanted)
    assert np.isnan(wanted).any()


def test_by_probability_takes_the_mean_over_the_states() -> None:
    random = np.random.default_rng(0)
    rows = tape_of((100.0 * np.exp(np.cumsum(0.01 * random.standard_normal(120)))).tolist())
    calm = {"name": "volatility", "params": {"window": 5}}
    regime = {"name": "walk_forward", "params": {"regime": calm, "first": 30}}
    scale = {"calm": 1.0, "normal": 0.5, "turbulent": 0.0}
    one, other = (
        Gated(strategy={"name": "equal_weight"}, regime=regime, scale=scale, by=by).numbers(rows)
        for by in ("label", "probability")
    )
    np.testing.assert_array_equal(one, other)  # this regime is certain of its states
    assert set(one[30:]) == {0.0, 0.5, 1.0}
    assert (one[:30] == 0.0).all()


def test_both_let_what_is_inside_learn() -> None:
    closes = (100.0 * np.exp(np.cumsum(0.01 * np.random.default_rng(4).standard_normal(120)))).tolist()
    rows = tape_of(closes)
    calm = {"name": "volatility", "params": {"window": 5}}
    gate = Gated(strategy={"name": "equal_weight"}, regime=calm, scale={"calm": 1.0})
    with pytest.raises((ConfigError, DataError), match="fit"):
        gate.signals(rows)
    assert set(np.unique(gate.fit(rows).signals(rows)[20:])) == {0.0, 1.0}
    learned = {"name": "random_forest", "params": {"horizon": 1, "trees": 5, "features": [{"returns": {"period": 1}}]}}
    fitted = OnTimeframe(strategy=learned, every=2).fit(rows)
    assert not np.isnan(fitted.signals(rows)[3::2]).any()


@pytest.mark.pitfall("LAH-04", "LAH-08")
@pytest.mark.parametrize(
    "strategy",
    [
        OnTimeframe(strategy={"name": "momentum", "params": {"lookback": 5}}, every=6),
        OnTimeframe(strategy={"name": "momentum", "params": {"lookback": 2}}, every="day"),
        OnTimeframe(),
        Gated(regime={"name": "trend", "params": {"fast": 5, "slow": 20}}),
        Gated(strategy={"name": "on_timeframe"}, regime={"name": "trend", "params": {"fast": 5, "slow": 20}}),
    ],
    ids=repr,
)
def test_each_keeps_the_contract_and_does_not_leak(strategy: Strategy) -> None:
    tape = demo_tape(start="2024-03-25", end="2024-04-10", symbols=SYMBOLS)
    check_strategy(strategy, tape)
    found = find_leaks(strategy, tape, trials=1)
    assert not found.leaks, found.text()


def run(lane: dict[str, Any]) -> Any:
    return backtest({"name": "test", "lanes": [{"name": "a", **lane}]}, tape_of([50.0] * 20))


@pytest.mark.pitfall("ACC-18")
@pytest.mark.parametrize(
    ("strategy", "sizing", "message"),
    [
        (
            {"name": "on_timeframe", "params": {"strategy": {"name": "ucrp"}}},
            {},
            "must be one for a lane with sizing.method weights, not equal_weight. Write `sizing: {method: weights}`",
        ),
        (
            {"name": "gated", "params": {"strategy": {"name": "ucrp"}}},
            {"method": "signal_strength"},
            "must be one for a lane with sizing.method weights, not signal_strength",
        ),
        ({"name": "gated", "params": {"scale": {"bull": 0.5}}}, {}, "must be 0 or 1, by label, where sizing.method is"),
        ({"name": "gated", "params": {"by": "probability"}}, {}, "must be 0 or 1, by label, where sizing.method is"),
    ],
)
def test_a_lane_that_would_not_do_what_was_asked_is_refused(
    strategy: dict[str, Any], sizing: dict[str, Any], message: str
) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        run({"strategy": strategy, "sizing": sizing})


def test_lanes_that_read_the_signals_as_they_are_meant_run() -> None:
    weights = {"method": "weights"}
    inside = {"name": "ucrp"}
    run({"strategy": {"name": "on_timeframe", "params": {"strategy": inside}}, "sizing": weights})
    run({"strategy": {"name": "gated", "params": {"strategy": inside, "scale": {"bull": 0.5}}}, "sizing": weights})


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (OnTimeframe(every=1), "every: got 1, must be a whole number >= 2"),
        (OnTimeframe(every="quarter"), "every: got 'quarter', must be rows, or one of day, week, month"),
        (OnTimeframe(strategy={"nam": "momentum"}), "must be a map with the name of a strategy"),
        (OnTimeframe(strategy={"name": "momentun"}), "Did you mean `momentum`?"),
        (Gated(regime={"name": "trent"}), "Did you mean `trend`?"),
        (Gated(scale={"bul": 1.0}), "Did you mean `bull`?"),
        (Gated(scale={"bull": 2.0}), "scale.bull: got 2.0, must be from -1 to 1"),
        (Gated(by="state"), "by: got 'state', must be label or probability"),
        (Gated(scale=["bull"]), "scale: got ['bull'], must be a map of states and numbers"),  # type: ignore[arg-type]
        (Gated(unknown=5.0), "unknown: got 5.0, must be from -1 to 1"),
        (Gated(unknown=NAN), "unknown: got nan, must be a finite number"),
    ],
)
def test_wrong_arguments_are_refused(strategy: Strategy, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        strategy.signals(tape_of([50.0] * 20))


def test_what_is_inside_is_a_map_that_a_configuration_can_say() -> None:
    one = strategy_of("gated", {"strategy": {"name": "on_timeframe", "params": {"every": 2}}, "scale": {"bull": 1.0}})
    assert one.clone().params() == one.params()
