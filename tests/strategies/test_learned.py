"""Learned strategies: what they may learn from, the same numbers as scikit-learn's by hand, what they find and keep."""

from __future__ import annotations

import re
import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError, DataError
from polyfolio.market.demo import demo_tape
from polyfolio.market.frame import tape_from_arrays
from polyfolio.strategies.check import check_strategy
from polyfolio.strategies.gradient_boosting import GradientBoosting
from polyfolio.strategies.learned import LearnedStrategy
from polyfolio.strategies.random_forest import RandomForest
from polyfolio.strategies.samples import Samples, samples_of
from polyfolio.testing import find_leaks

DAY = 86_400_000_000_000
SYMBOLS = ("BTC/USDT", "DOGE/USDT", "ENA/USDT", "ETH/USDT", "SOL/USDT", "XRP/USDT")
SMALL: dict[str, Any] = {"first": 60, "refit": 40, "horizon": 3}
FOREST = RandomForest(**SMALL, trees=8)
BOOSTED = GradientBoosting(**SMALL, rounds=8)
FEATURES = [{"returns": {"period": 1}}, {"returns": {"period": 4}}]


def tape_of(closes: Floats, **fields: Any) -> Tape:
    given = dict.fromkeys(("open", "high", "low", "close"), closes) | {"volume": np.ones_like(closes)} | fields
    names = [f"N{slot:02d}" for slot in range(closes.shape[1])]
    return tape_from_arrays(np.arange(1, len(closes) + 1) * DAY, names, given, interval="1d")


def wandering(rows: int, slots: int, seed: int = 0) -> Floats:
    steps = 0.01 * np.random.default_rng(seed).standard_normal((rows, slots))
    return 100.0 * np.exp(np.cumsum(steps, axis=0))


@pytest.mark.pitfall("VAL-03")
@settings(max_examples=50, deadline=None)
@given(
    row=st.integers(0, 80),
    horizon=st.integers(1, 9),
    embargo=st.integers(0, 7),
    window=st.none() | st.integers(10, 60),
)
def test_every_return_learned_from_had_ended_before_the_embargo(
    row: int, horizon: int, embargo: int, window: int | None
) -> None:
    rows = np.arange(81, dtype=np.float64)
    samples = Samples(("row",), rows[:, None, None], np.ones((81, 1)), np.zeros(1, dtype=np.int64), horizon)
    starts = samples.before(row, window, embargo)[0][:, 0].astype(int)
    assert (starts + horizon + embargo <= row).all()
    assert (np.diff(starts) == horizon).all()  # no two returns share a day
    assert (starts >= (0 if window is None else row - window)).all()
    if row >= horizon + embargo:
        assert starts[-1] == row - horizon - embargo  # and nothing that had ended is left out


def test_forward_returns_are_total_and_need_a_bar_at_both_ends() -> None:
    nan = np.nan
    # 10 -> 5 with two for one and 1 paid per new unit: (5 + 1) * 2 / 10 = 1.2
    closes = np.array([[10.0, 4.0], [5.0, nan], [5.0, 8.0], [6.0, 8.0]])
    splits, paid = np.ones((4, 2)), np.full((4, 2), nan)
    splits[1, 0], paid[1, 0] = 2.0, 1.0
    found = samples_of(tape_of(closes, splits=splits, dividends=paid), FEATURES, 1).forward
    np.testing.assert_allclose(found, [[0.2, nan], [0.0, nan], [0.2, 0.0], [nan, nan]], atol=1e-12)


def by_hand(closes: Floats, row: int, horizon: int) -> tuple[Floats, Floats, Floats]:
    """Training features and returns at a row, and the features of the row, with pandas."""
    frame = pd.DataFrame(closes)
    features = np.stack([frame.pct_change(1).to_numpy(), frame.pct_change(4).to_numpy()], axis=2)
    forward = (frame.shift(-horizon) / frame - 1.0).to_numpy()
    starts = np.array(range(row - horizon, -1, -horizon))[::-1]
    rows = [(t, slot) for t in starts for slot in range(closes.shape[1]) if t >= 4]
    return (
        np.array([features[t, slot] for t, slot in rows]),
        np.array([forward[t, slot] for t, slot in rows]),
        features[row],
    )


@pytest.mark.parametrize("row", [60, 100])
def test_the_forest_is_scikit_learns_on_the_rows_before(row: int) -> None:
    closes = wandering(130, 3)
    strategy = RandomForest(**SMALL, features=FEATURES, trees=12, threshold=0.0, seed=5)
    found = strategy.signals(tape_of(closes))
    assert np.isnan(found[:60]).all()
    features, forward, now = by_hand(closes, row, 3)
    model = RandomForestClassifier(
        n_estimators=12, max_depth=4, min_samples_leaf=5, max_features="sqrt", random_state=5, n_jobs=1
    ).fit(features, forward > 0.0)
    np.testing.assert_allclose(found[row], 2.0 * model.predict_proba(now)[:, 1] - 1.0, atol=1e-9)


def test_boosting_of_sizes_is_scikit_learns_over_the_deviation() -> None:
    closes = wandering(130, 3)
    found = GradientBoosting(**SMALL, features=FEATURES, target="size", rounds=12, threshold=0.0).signals(
        tape_of(closes)
    )
    features, forward, now = by_hand(closes, 100, 3)
    model = GradientBoostingRegressor(
        n_estimators=12, learning_rate=0.1, max_depth=2, subsample=0.7, random_state=0
    ).fit(features, forward)
    np.testing.assert_allclose(found[100], np.clip(model.predict(now) / forward.std(), -1.0, 1.0), atol=1e-9)


def reverting(rows: int, slots: int) -> Floats:
    """Closes whose return turns round in every row: +1 % after -1 %, with some noise."""
    random = np.random.default_rng(2)
    steps = 0.01 * np.where(np.arange(rows) % 2, 1.0, -1.0)[:, None] * np.where(np.arange(slots) % 2, 1.0, -1.0)
    return 100.0 * np.exp(np.cumsum(steps + 0.001 * random.standard_normal((rows, slots)), axis=0))


@pytest.mark.parametrize("kind", [RandomForest, GradientBoosting])
@pytest.mark.parametrize("target", ["sign", "size"])
def test_what_can_be_learned_is_learned_and_its_feature_is_named(kind: type[LearnedStrategy], target: str) -> None:
    closes = reverting(200, 4)
    strategy = kind(target=target, horizon=1, first=80, refit=60, features=["day_of_week", *FEATURES])
    found = strategy.signals(tape_of(closes))
    ahead = np.sign(closes[1:] / closes[:-1] - 1.0)
    assert (found[80:-1] * ahead[80:] > 0.3).mean() > 0.99
    assert strategy.refits_ == ((80, 4 * 76), (140, 4 * 136))
    assert max(strategy.importances_, key=strategy.importances_.__getitem__) == "returns_1"
    assert sum(strategy.importances_.values()) == pytest.approx(1.0)


def test_a_threshold_silences_weak_signals_and_long_only_leaves_out_shorts() -> None:
    tape = tape_of(wandering(130, 3))
    plain = RandomForest(**SMALL, features=FEATURES, trees=8, threshold=0.0).signals(tape)[60:]
    quiet = RandomForest(**SMALL, features=FEATURES, trees=8, threshold=0.2).signals(tape)[60:]
    np.testing.assert_array_equal(quiet, np.where(np.abs(plain) < 0.2, 0.0, plain))
    longs = RandomForest(**SMALL, features=FEATURES, trees=8, threshold=0.0, long_short=False).signals(tape)[60:]
    np.testing.assert_array_equal(longs, np.maximum(plain, 0.0))
    assert (plain < 0.0).any()
    assert (quiet == 0.0).any()


def test_without_falls_nothing_is_learned_and_the_model_before_goes_on() -> None:
    closes = wandering(180, 2)
    closes[100:] = closes[99] * 1.01 ** np.arange(1, 81)[:, None]
    strategy = RandomForest(features=FEATURES, first=60, refit=40, horizon=3, window=36, trees=8)
    found = strategy.signals(tape_of(closes))
    assert [row for row, _ in strategy.refits_] == [60, 100]  # at 140 every return of the window is a rise
    assert not np.isnan(found[140:]).any()
    rising = RandomForest(features=FEATURES, **SMALL)
    assert np.isnan(rising.signals(tape_of(100.0 * 1.01 ** np.arange(120.0)[:, None]))).all()
    assert rising.refits_ == ()
    assert all(np.isnan(value) for value in rising.importances_.values())


def test_a_fitted_model_answers_every_row_and_is_not_refitted() -> None:
    train, later = tape_of(wandering(150, 3)), tape_of(wandering(60, 3, seed=9))
    strategy = RandomForest(**SMALL, features=FEATURES, trees=8).fit(train)
    found = strategy.signals(later)
    assert np.isnan(found[:4]).all()
    assert not np.isnan(found[4:]).any()
    np.testing.assert_array_equal(strategy.signals(later), found)
    assert not hasattr(strategy.clone(), "model_")
    with pytest.raises(DataError, match="training rows: got 20, must be at least 20 samples"):
        RandomForest(**SMALL, features=FEATURES).fit(tape_of(wandering(20, 1)))


@pytest.mark.parametrize("strategy", [FOREST, BOOSTED], ids=["forest", "boosted"])
@pytest.mark.pitfall("LAH-04", "LAH-06")
def test_each_keeps_the_contract_and_does_not_leak(strategy: LearnedStrategy) -> None:
    tape = demo_tape(start="2024-03-29", end="2024-04-07", symbols=SYMBOLS)
    check_strategy(strategy, tape)
    found = find_leaks(strategy, tape, trials=1)
    assert not found.leaks, found.text()


class Peeking(RandomForest):
    """A twin that forgets that a forward return takes time to end."""

    def _learned(self, samples: Samples, row: int, window: int | None) -> Any:
        return super()._learned(samples, min(row + self.horizon, len(samples.forward) - 1), window)


@pytest.mark.pitfall("VAL-03", "LAH-07")
def test_a_twin_that_does_not_purge_is_found() -> None:
    tape = demo_tape(start="2024-03-29", end="2024-04-07", symbols=SYMBOLS)
    with pytest.raises(ConfigError, match="as in the whole"):
        check_strategy(Peeking(**SMALL, trees=8), tape)


@pytest.mark.pitfall("LAH-01")
@pytest.mark.parametrize("strategy", [FOREST, BOOSTED], ids=["forest", "boosted"])
def test_the_order_of_slots_changes_no_signal(strategy: LearnedStrategy) -> None:
    span = {"start": "2024-03-31", "end": "2024-04-06"}
    one = strategy.signals(demo_tape(symbols=SYMBOLS, **span))
    other = strategy.signals(demo_tape(symbols=SYMBOLS[::-1], **span))
    np.testing.assert_array_equal(one, other[:, ::-1])
    assert (np.abs(one) > 0.0).any()


@pytest.mark.pitfall("REP-01")
def test_a_seed_is_used_and_leaves_the_global_state() -> None:
    tape = tape_of(wandering(120, 3))
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    one, same, other = (
        RandomForest(**SMALL, features=FEATURES, trees=8, seed=seed).signals(tape) for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(one, same)
    assert (np.nan_to_num(one) != np.nan_to_num(other)).any()
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


def test_an_infinite_feature_is_unknown() -> None:
    tape = tape_of(wandering(120, 3))
    samples = samples_of(tape, FEATURES, 3)
    features = samples.features.copy()
    features[50, 0, 0], features[100, 1, 0] = np.inf, -np.inf
    samples = replace(samples, features=features)
    learned, _ = samples.before(110, None, 0)
    assert np.isfinite(learned).all()
    fitted = FOREST._learned(samples, 90, None)
    assert fitted is not None
    assert np.isnan(FOREST._answers(fitted, features[99:102])).sum() == 1


@pytest.mark.parametrize(
    ("kind", "params", "message"),
    [
        (RandomForest, {"target": "rank"}, "target: got 'rank', must be sign or size"),
        (RandomForest, {"horizon": 0}, "horizon: got 0, must be a whole number >= 1"),
        (RandomForest, {"window": 3, "horizon": 3}, "window: got 3, must be a whole number >= 4"),
        (RandomForest, {"trees": 0, "first": 60}, "trees: got 0, must be a whole number >= 1"),
        (RandomForest, {"features": ["rsj"]}, "feature: got 'rsj', must be one of"),
        (RandomForest, {"features": []}, "features: got [], must be a list of features"),
        (RandomForest, {"features": "rsi"}, "features: got 'rsi', must be a list of features"),
        (RandomForest, {"threshold": 5}, "threshold: got 5, must be from 0 to 1"),
        (RandomForest, {"seed": 2**32}, "seed: got 4294967296, must be at most 4294967295"),
        (RandomForest, {"long_short": "no"}, "long_short: got 'no', must be true or false"),
        (GradientBoosting, {"rate": 0.0, "first": 60}, "rate: got 0.0, must be above 0, at most 1"),
        (GradientBoosting, {"embargo": -1}, "embargo: got -1, must be a whole number >= 0"),
    ],
)
def test_wrong_arguments_are_refused(kind: type[LearnedStrategy], params: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        kind(**params).signals(tape_of(wandering(100, 2)))


def test_the_extra_is_named_where_scikit_learn_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklearn", None)
    with pytest.raises(ConfigError, match=re.escape("pip install 'polyfolio[search]'")):
        FOREST.signals(tape_of(wandering(100, 2)))


@pytest.mark.parametrize("strategy", [RandomForest(), GradientBoosting()], ids=["forest", "boosted"])
def test_defaults_lie_in_the_space(strategy: LearnedStrategy) -> None:
    for key, values in strategy.space.items():
        given = strategy.params()[key]
        assert given in values if isinstance(values, list) else values["low"] <= given <= values["high"]
