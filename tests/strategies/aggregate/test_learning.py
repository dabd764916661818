"""Aggregators that learn as time goes on: schedules, coefficients and weights by hand or by another library."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

from polyfolio.errors import ConfigError
from polyfolio.strategies.aggregate import linear, models
from polyfolio.strategies.aggregate.adaptive import Adaptive
from polyfolio.strategies.aggregate.learned import MARKET, LearnedAggregator
from polyfolio.strategies.aggregate.stacking import Stacking
from polyfolio.strategies.aggregate.walk_forward import Fit, WalkForward, forward_returns, training_rows
from tests.strategies.aggregate.tools import flat, rising, said, tape_of

NAN = math.nan


def test_form_moves_weight_to_the_member_that_was_right():
    # Returns .03, -.01, .04: mean .02, deviation sqrt(.0007). One member is always long, the other always short, so
    # their forms are x and -x and the average of their signals (e^rx - e^-rx) / (e^rx + e^-rx) = tanh(rate x form).
    tape = tape_of(rising([0.03, -0.01, 0.04]))
    voices = said([1.0] * 4, [-1.0] * 4)
    form = 0.02 / math.sqrt(0.0007) * math.sqrt(3.0)
    found = Adaptive(window=3, rate=0.5).combine(voices, None, tape)[:, 0]
    np.testing.assert_allclose(found, [0.0, 0.0, 0.0, math.tanh(0.5 * form)], atol=1e-12)
    assert Adaptive(window=3, rate=0.0).combine(voices, None, tape)[3, 0] == 0.0


def test_form_is_bounded_and_counts_all_slots_a_member_speaks_of():
    # .01, .02, .03: mean .02, deviation .01, form 2 sqrt(3), which is cut at 3.
    steady = rising([0.01, 0.02, 0.03])
    voices = said([1.0] * 4, [-1.0] * 4)
    assert Adaptive(window=3, rate=0.5).combine(voices, None, tape_of(steady))[3, 0] == pytest.approx(math.tanh(1.5))
    # Beside a second slot with the returns -.01, -.02, -.03 the means are 0: nobody was right.
    both = tape_of(steady, rising([-0.01, -0.02, -0.03]))
    assert Adaptive(window=3).combine(np.repeat(voices, 2, axis=2), None, both)[3].tolist() == pytest.approx([0.0, 0.0])
    # Where both are silent on it, it does not count.
    half = np.repeat(voices, 2, axis=2)
    half[:, :, 1] = NAN
    assert Adaptive(window=3, rate=0.5).combine(half, None, both)[3, 0] == pytest.approx(math.tanh(1.5))


def test_a_fit_ends_where_labels_are_known():
    schedule = WalkForward(first=10, every=5, window=4, horizon=2, embargo=1)
    # The label of row 7 reaches row 9; row 8 is the embargo, and the label of row 9 is not known at row 10.
    assert list(schedule.fits(18)) == [Fit(10, 4, 8, 15), Fit(15, 9, 13, 18)]
    assert next(WalkForward(first=10, window=None, horizon=2).fits(18)) == Fit(10, 0, 9, 18)
    assert list(schedule.fits(10)) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"horizon": 0}, "horizon: got 0"),
        ({"every": 0}, "every: got 0"),
        ({"embargo": -1}, "embargo: got -1"),
        ({"first": 5, "horizon": 5}, "first: got 5, must be a whole number >= 6"),
        ({"window": 1}, "window: got 1"),
    ],
)
def test_a_schedule_that_cannot_be_is_refused(settings, message):
    with pytest.raises(ConfigError, match=re.escape(message)):
        WalkForward(**settings)


def test_labels_are_the_returns_after_a_row():
    tape = tape_of([100.0, 110.0, 99.0, 99.0], [NAN, 50.0, 55.0, 44.0])
    found = forward_returns(tape, 2)
    np.testing.assert_allclose(found, [[-0.01, NAN], [-0.1, -0.12], [NAN, NAN], [NAN, NAN]])


def test_pairs_do_not_depend_on_the_order_of_slots():
    one, other = tape_of([1.0] * 3, [2.0] * 3), tape_of([2.0] * 3, [1.0] * 3)
    features, labels = np.arange(6.0).reshape(1, 3, 2), np.array([[1.0, NAN], [3.0, 4.0], [5.0, 6.0]])
    pairs = training_rows(features, labels, Fit(2, 0, 2, 3), one)
    assert [part.ravel().tolist() for part in pairs] == [[0.0, 2.0, 3.0], [1.0, 3.0, 4.0]]
    object.__setattr__(other.universe, "symbols", ("B", "A"))
    swapped = training_rows(features[:, :, ::-1], labels[:, ::-1], Fit(2, 0, 2, 3), other)
    assert [part.tolist() for part in swapped] == [part.tolist() for part in pairs]


def data(rows=80, columns=3):
    random = np.random.default_rng(5)
    features = random.normal(size=(rows, columns))
    return features, features @ np.arange(1.0, columns + 1.0) + random.normal(size=rows)


@pytest.mark.parametrize("penalty", [0.0, 0.01, 1.0])
def test_ridge_is_that_of_another_library(penalty):
    from sklearn.linear_model import Ridge

    features, labels = data()
    theirs = Ridge(alpha=penalty * len(labels)).fit(features, labels)
    np.testing.assert_allclose(linear.ridge(features, labels, penalty), [theirs.intercept_, *theirs.coef_], rtol=1e-9)


@pytest.mark.parametrize("penalty", [0.001, 0.1])
def test_logistic_regression_is_that_of_another_library(penalty):
    from sklearn.linear_model import LogisticRegression

    features, labels = data()
    rises = (labels > 0.5).astype(float)
    theirs = LogisticRegression(C=1.0 / (penalty * len(labels)), tol=1e-12, max_iter=10_000).fit(features, rises)
    wanted = [theirs.intercept_[0], *theirs.coef_[0]]
    np.testing.assert_allclose(linear.logistic(features, rises, penalty), wanted, rtol=1e-5)


def test_ridge_of_a_line_by_hand():
    # y = 1 + 2 x on x = -1, 1: centred squares add up to 2, so a penalty of 1 x 2 rows halves the slope.
    features, labels = np.array([[-1.0], [1.0]]), np.array([-1.0, 3.0])
    np.testing.assert_allclose(linear.ridge(features, labels, 0.0), [1.0, 2.0])
    np.testing.assert_allclose(linear.ridge(features, labels, 1.0), [1.0, 1.0])


def test_the_logistic_function_has_no_overflow():
    np.testing.assert_allclose(linear.sigmoid(np.array([-1e3, 0.0, 1e3])), [0.0, 0.5, 1.0])


def foretold(rows=120, sign=1.0):
    """A member that says the sign of the next return (times `sign`), and the tape: +1 % and -1 % by turns of two."""
    steps = np.tile([1.0, 1.0, -1.0, -1.0], rows // 4)
    tape = tape_of(rising((0.01 * steps[: rows - 1]).tolist()))
    return tape, said((sign * steps).tolist())


@pytest.mark.parametrize("model", ["ridge", "logistic"])
@pytest.mark.parametrize("sign", [1.0, -1.0])
def test_stacking_reads_a_member_the_way_it_was_right(model, sign):
    tape, voices = foretold(sign=sign)
    rule = Stacking(model=model, first=40, refit=10, window=None, horizon=1, penalty=1e-4)
    found = rule.combine(voices, None, tape)[:, 0]
    assert np.isnan(found[:40]).all()
    said_right = np.sign(voices[0, 40:, 0]) * sign
    np.testing.assert_array_equal(np.sign(found[40:]), said_right)
    if model == "ridge":
        # The member tells the return to the last digit: predictions are two numbers one deviation from their mean.
        np.testing.assert_allclose(np.abs(found[40:]), 1.0, atol=0.03)
    weights = rule.weigh(voices, None, tape)[0, 40:, 0]
    assert (np.sign(weights) == sign).all()


def test_stacking_is_silent_where_its_members_are_or_nothing_was_learned():
    tape, voices = foretold()
    voices[0, 60:70] = NAN
    rule = Stacking(first=40, refit=10, window=None, horizon=1)
    found = rule.combine(voices, None, tape)[:, 0]
    assert np.isnan(found[60:70]).all()
    assert not np.isnan(found[70:]).any()
    assert rule.weigh(voices, None, tape)[0, 60:70].max() == 0.0
    still = Stacking(first=40, horizon=1).combine(said([1.0] * 60), None, flat(60))
    assert np.isnan(still).all()  # labels without a spread teach nothing
    with pytest.raises(ConfigError, match=re.escape("model: got 'lasso', must be one of ridge, logistic")):
        Stacking(model="lasso").combine(voices, None, tape)


@pytest.mark.parametrize("model", ["random_forest", "gradient_boosting"])
def test_the_learned_aggregator_finds_the_member_that_knows(model):
    tape, voices = foretold(160)
    noise = np.sign(np.random.default_rng(1).normal(size=voices.shape))
    both = np.concatenate([voices, noise])
    settings = {"n_estimators": 20, "max_depth": 3, "min_samples_leaf": 2}
    rule = LearnedAggregator(model=model, settings=settings, first=100, refit=30, window=None, horizon=1, form=5)
    found = rule.combine(both, None, tape, ("knows", "guesses"))[:, 0]
    assert np.isnan(found[:100]).all()
    assert (np.sign(found[100:]) == voices[0, 100:, 0]).mean() > 0.9
    told = rule.importances_
    assert told.rows == (100, 130)
    assert told.names == ("knows", "guesses", "knows form", "guesses form", *MARKET)
    np.testing.assert_allclose(told.values.sum(axis=1), 1.0)
    last = dict(zip(told.names, told.values[-1], strict=True))
    assert last["knows"] > last["guesses"]
    weights = rule.weigh(both, None, tape)[:, 100:, 0]
    np.testing.assert_allclose(weights.sum(axis=0), 1.0)
    assert (weights[0] > weights[1]).all()
    np.testing.assert_array_equal(weights[:, 0], weights[:, 29])  # the model in force until the next fit


def test_a_model_or_setting_nobody_knows_is_refused():
    with pytest.raises(ConfigError, match=re.escape("model: got 'forest', must be one of random_forest, gradient_b")):
        models.classifier("forest", None, 0)
    with pytest.raises(ConfigError, match=re.escape("settings: got {'trees': 5}, must be arguments of RandomForest")):
        models.classifier("random_forest", {"trees": 5}, 0)


def test_the_missing_library_is_named_with_its_extra(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ConfigError, match=re.escape("pip install 'polyfolio[search]'")):
        models.classifier("random_forest", None, 0)
