"""Aggregators without a memory: numbers by hand."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from polyfolio.errors import ConfigError, DataError
from polyfolio.strategies.aggregate.base import aggregator_of, weights_of
from polyfolio.strategies.aggregate.majority import Majority
from polyfolio.strategies.aggregate.regime_weights import RegimeWeights, regime_of
from polyfolio.strategies.aggregate.volatility_adjusted import VolatilityAdjusted
from polyfolio.strategies.aggregate.weighted_average import WeightedAverage
from tests.strategies.aggregate.tools import flat, rising, said, tape_of

NAN = math.nan
ABC = ("a", "b", "c")
SHARES = {"a": 0.5, "b": 0.3, "c": 0.2}


@pytest.mark.parametrize(
    ("signals", "weights", "wanted"),
    [
        ([1.0, -0.5, 0.0], SHARES, 0.35),
        ([1.0, -0.5, 0.0], {"a": 5.0, "b": 3.0, "c": 2.0}, 0.35),  # weights need not add up to 1
        ([1.0, -0.5, NAN], SHARES, 0.4375),  # (.5 - .15) / .8
        ([NAN, NAN, -0.4], SHARES, -0.4),  # alone, a member is heard whole
        ([1.0, -0.5, 0.25], None, 0.25),  # equal weights: .75 / 3
        ([1.0, -0.5, 0.25], [0.0, 0.0, 2.0], 0.25),
        ([NAN, NAN, NAN], SHARES, NAN),
        ([1.0, NAN, NAN], {"a": 0.0, "b": 1.0, "c": 1.0}, NAN),  # the one that speaks weighs nothing
        ([1.0, 1.0, 1.0], {"a": 0.1, "b": 0.2, "c": 0.7}, 1.0),
    ],
)
def test_the_weighted_average_by_hand(signals, weights, wanted):
    rule, voices = WeightedAverage(weights=weights), said(*[[value, value] for value in signals])
    found = rule.combine(voices, None, flat(2), ABC)
    assert found[0, 0] == pytest.approx(wanted, abs=1e-15, nan_ok=True)
    added = rule.contributions(voices, None, flat(2), ABC)[:, 0, 0]
    if not math.isnan(wanted):
        assert np.nansum(added) == pytest.approx(wanted, abs=1e-15)
        np.testing.assert_array_equal(np.isnan(added), np.isnan(signals))


def test_confidence_multiplies_the_weight():
    voices = said([1.0, 1.0], [-0.5, -0.5], [0.0, NAN])
    sure = said([0.8, 0.0], [0.6, 0.0], [1.0, 0.5])
    rule = WeightedAverage(weights=SHARES)
    found = rule.combine(voices, sure, flat(2), ABC)[:, 0]
    # (.5 x .8 x 1 - .3 x .6 x .5) / (.5 x .8 + .3 x .6 + .2 x 1) = .31 / .78; then nobody is sure of anything
    assert found[0] == pytest.approx(0.31 / 0.78, rel=1e-15)
    assert math.isnan(found[1])
    deaf = WeightedAverage(weights=SHARES, by_confidence=False).combine(voices, sure, flat(2), ABC)[0, 0]
    assert deaf == pytest.approx(0.35, rel=1e-15)
    np.testing.assert_allclose(rule.weigh(voices, sure, flat(2), ABC)[:, 0, 0], np.array([0.4, 0.18, 0.2]) / 0.78)


def test_a_last_bit_beyond_one_is_clamped():
    voices = said(*[[1.0, -1.0]] * 3)
    for weights in ([0.1, 0.2, 0.3], [0.7, 0.1, 0.1], [1.1, 2.2, 3.3]):
        found = WeightedAverage(weights=weights).combine(voices, None, flat(2))
        assert np.abs(found).max() <= 1.0
        np.testing.assert_allclose(found[:, 0], [1.0, -1.0], rtol=1e-15)


def test_weights_may_differ_by_symbol():
    tape = tape_of([1.0, 1.0], [2.0, 2.0])
    voices = np.array([[[1.0, 1.0]] * 2, [[-1.0, -1.0]] * 2])
    rule = WeightedAverage(weights={"B": {"x": 3.0, "y": 1.0}})
    np.testing.assert_array_equal(rule.combine(voices, None, tape, ("x", "y")), [[0.0, 0.5]] * 2)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"a": 1.0}, "weights.b: got None, must be given for each member (a, b, c)"),
        ({**SHARES, "d": 1.0}, "weights.d: got 1.0, must be of a member: a, b, c"),
        ({**SHARES, "a": -1.0}, "weights.a: got -1.0, must be a finite number >= 0"),
        ({**SHARES, "a": True}, "weights.a: got True, must be a finite number >= 0"),
        ({**SHARES, "a": math.inf}, "weights.a: got inf, must be a finite number >= 0"),
        ([1.0, 2.0], "weights: got [1.0, 2.0], must be one for each of 3 members"),
        (0.5, "weights: got 0.5, must be one for each of 3 members"),
        ({"AAPL": {"a": 1.0}}, "weights.AAPL: got {'a': 1.0}, must be of a symbol of the tape: A"),
        ({"A": {"aa": 1.0}}, "weights.A.aa: got 1.0, must be of a member: a, b, c"),
    ],
)
def test_weights_that_do_not_fit_are_refused(weights, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        weights_of(weights, ABC, flat(2), 3)


@pytest.mark.parametrize(
    ("votes", "settings", "wanted"),
    [
        ([1.0, -1.0, 0.2], {}, 1.0),  # .4 + .2 for long
        ([0.1, -1.0, 0.0], {}, 0.0),  # .4, .4, and .2 for flat
        ([0.1, -1.0, 0.0], {"otherwise": "hold"}, NAN),
        ([-0.1, NAN, NAN], {}, -1.0),
        ([1.0, -1.0, NAN], {}, 0.0),  # a tie is no majority
        ([1.0, -1.0, 1.0], {"quorum": 0.6}, 0.0),  # .6 does not pass .6
        ([1.0, -1.0, 1.0], {"quorum": 0.59}, 1.0),
        ([NAN, NAN, NAN], {}, NAN),
    ],
)
def test_a_vote_by_hand(votes, settings, wanted):
    rule, voices = Majority(weights=[0.4, 0.4, 0.2], **settings), said(*[[vote, vote] for vote in votes])
    assert rule.combine(voices, None, flat(2), ABC)[0, 0] == pytest.approx(wanted, nan_ok=True)


def test_votes_are_what_members_add_to_a_majority():
    voices = said([0.1, 0.1], [-1.0, -1.0], [0.5, 0.5])
    added = Majority(weights=[0.4, 0.4, 0.2]).contributions(voices, None, flat(2))[:, 0, 0]
    np.testing.assert_allclose(added, [0.4, -0.4, 0.2], rtol=1e-15)


@pytest.mark.parametrize("settings", [{"quorum": 0.4}, {"quorum": 1.0}, {"otherwise": "short"}])
def test_a_vote_with_other_rules_is_refused(settings):
    with pytest.raises(ConfigError, match=next(iter(settings))):
        Majority(**settings).combine(said([1.0, 1.0]), None, flat(2))


def test_the_volatility_adjusted_average_by_hand():
    # Returns of 3 % up and down: mean 0, deviation of four sqrt(4 x .03^2 / 3) = .03 x 2 / sqrt(3).
    tape = tape_of(rising([0.03, -0.03] * 3))
    sigma = 0.06 / math.sqrt(3.0) * math.sqrt(tape.calendar.bars_per_year)
    rule = VolatilityAdjusted(target=0.2, window=4)
    found = rule.combine(said([0.8] * 7), None, tape)[:, 0]
    assert np.isnan(found[:4]).all()  # four returns are known from row 4 on
    np.testing.assert_allclose(found[4:], 0.8 * 0.2 / sigma, rtol=1e-12)
    np.testing.assert_allclose(rule.contributions(said([0.8] * 7), None, tape)[0, 4:, 0], found[4:], rtol=1e-12)
    calm = VolatilityAdjusted(target=10.0, window=4).combine(said([0.8] * 7), None, tape)[:, 0]
    assert calm[4:].tolist() == [0.8] * 3  # never more than the average
    still = VolatilityAdjusted(window=4).combine(said([0.8] * 7), None, flat(7))[:, 0]
    assert still[4:].tolist() == [0.8] * 3


def test_a_volatility_a_year_needs_the_bars_of_a_year():
    from dataclasses import replace

    tape = flat(7)
    unknown = replace(tape, calendar=replace(tape.calendar, bars_per_year=math.nan))
    with pytest.raises(DataError, match=r"bars_per_year: got nan, must be known\. Set tape\.bars_per_year"):
        VolatilityAdjusted(window=4).combine(said([0.8] * 7), None, unknown)


TREND = {"name": "trend", "params": {"fast": 1, "slow": 2, "band": 0.0}}


def test_weights_by_regime_by_hand():
    # A fast mean of one level against a slow one of two: bull where the last return was above 0.
    tape = tape_of(rising([0.01, -0.01, 0.01]))
    voices = said([1.0] * 4, [-0.5] * 4)
    states = {"bull": {"a": 1.0, "b": 0.0}, "bear": {"a": 1.0, "b": 3.0}}
    rule = RegimeWeights(regime=TREND, states=states)
    found = rule.combine(voices, None, tape, ("a", "b"))[:, 0]
    np.testing.assert_allclose(found, [NAN, 1.0, -0.125, 1.0])  # bear: (1 - 1.5) / 4
    np.testing.assert_allclose(np.nansum(rule.contributions(voices, None, tape, ("a", "b")), axis=0)[1:, 0], found[1:])
    other = RegimeWeights(regime=TREND, states={"bull": {"a": 1.0, "b": 0.0}}, otherwise=[1.0, 1.0])
    np.testing.assert_allclose(other.combine(voices, None, tape, ("a", "b"))[:, 0], [0.25, 1.0, 0.25, 1.0])


def test_a_regime_that_learns_is_fitted_with_its_aggregator_or_refused():
    tape = tape_of(rising([0.01, -0.02] * 40))
    learning = {"name": "volatility", "params": {"window": 5}}
    rule, voices = RegimeWeights(regime=learning, states={"calm": [1.0]}, otherwise=[1.0]), said([1.0] * 81)
    with pytest.raises(ConfigError, match="Call fit on the training rows"):
        rule.combine(voices, None, tape)
    assert np.nanmax(rule.fit(voices, None, tape).combine(voices, None, tape)) == 1.0


@pytest.mark.parametrize(
    ("described", "states", "message"),
    [
        ("trend", {}, "regime: got 'trend', must be a map with the name of a regime"),
        ({"name": "trnd"}, {}, "regime.name: got 'trnd', must be one of"),
        ({"name": "trend", "params": {"fats": 1}}, {}, "regime.params: got {'fats': 1}, must be arguments of Trend"),
        (TREND, {"bul": [1.0]}, "states.bul: got [1.0], must be of a state of trend: bear, bull. Did you mean `bull`?"),
    ],
)
def test_a_regime_nobody_knows_is_refused(described, states, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        RegimeWeights(regime=described, states=states).combine(said([1.0, 1.0]), None, flat(2))


def test_a_regime_may_hold_another():
    described = {"name": "walk_forward", "params": {"regime": {"name": "volatility", "params": {"window": 9}}}}
    assert regime_of(described).regime.window == 9


@pytest.mark.parametrize(
    ("signals", "confidences", "names", "message"),
    [
        (said([1.5, 0.0]), None, ("a",), "signals[a, row 0, A]: got 1.5, must be from -1 to 1, or NaN"),
        (said([0.0, np.inf]), None, (), "signals[0, row 1, A]: got inf"),
        (said([0.0]), None, (), "signals: got (1, 1, 1), must be of shape (members, 2, 1)"),
        (said([0.0, 0.0]), None, ("a", "b"), "a name for each member"),
        (said([0.0, 0.0]), said([0.5, 1.5]), (), "confidences[0, row 1, A]: got 1.5, must be from 0 to 1"),
        (said([0.0, 0.0]), said([0.5, NAN]), (), "confidences[0, row 1, A]: got nan"),
        (said([0.0, 0.0]), said([0.5]), (), "confidences: got (1, 1, 1), must be of shape (1, 2, 1)"),
    ],
)
def test_voices_of_another_shape_or_size_are_refused(signals, confidences, names, message):
    for rule in (WeightedAverage(), Majority()):
        with pytest.raises(ConfigError, match=re.escape(message)):
            rule.combine(signals, confidences, flat(2), names)


@pytest.mark.parametrize(
    ("name", "params", "message"),
    [
        ("weighted_averge", {}, "aggregator.name: got 'weighted_averge', must be one of adaptive, learned, majority"),
        ("weighted_averge", {}, "Did you mean `weighted_average`?"),
        ("majority", {"qorum": 1}, "aggregator.params.qorum: got 1, must be an argument of majority: weights, quorum"),
        ("regime_weights", {}, "It is used like RegimeWeights("),
    ],
)
def test_an_aggregator_or_argument_nobody_knows_is_refused(name, params, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        aggregator_of(name, params)


def test_an_aggregator_says_how_it_was_made():
    rule = aggregator_of("majority", {"quorum": 0.6})
    assert repr(rule) == "Majority(weights=None, quorum=0.6, otherwise='flat')"
    assert rule.clone().params() == rule.params() == {"weights": None, "quorum": 0.6, "otherwise": "flat"}
