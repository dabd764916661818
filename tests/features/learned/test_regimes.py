"""Rule regimes by hand, and what every regime keeps: earlier rows alone, the stream, late listings, any slot order."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError, DataError
from polyfolio.features.compute import compute
from polyfolio.features.regimes import (
    Drawdown,
    HiddenMarkov,
    Regime,
    RegimeFeature,
    Trend,
    Volatility,
    WalkForward,
    exposure,
)
from polyfolio.features.regimes.feature import title
from polyfolio.features.regimes.market import market
from polyfolio.market.window import window
from tests.features.learned.markets import tape_of, walk_tape

ALL = [
    Trend(fast=5, slow=20),
    Trend(fast=5, slow=20, symbol="B"),
    Volatility(window=10),
    Volatility(window=10, low=0.01, high=0.02),
    Drawdown(window=40, correction=0.02, bear=0.05),
    HiddenMarkov(),
    HiddenMarkov(count=3, observed=("return", "volatility"), starts=2),
    WalkForward(regime=Volatility(window=10), first=120, every=40),
    WalkForward(regime=HiddenMarkov(starts=2), first=150, every=60, span=200),
]


def closes_of(*changes: float) -> np.ndarray:
    return 100.0 * np.cumprod(1.0 + np.array([0.0, *changes]))[:, None]


@pytest.fixture(scope="module")
def tape() -> Tape:
    return walk_tape()


@pytest.fixture(params=ALL, ids=repr)
def regime(request: pytest.FixtureRequest, tape: Tape) -> Regime:
    return request.param.clone().fit(window(tape, 0, 250))


def test_the_market_is_the_mean_of_the_slots_that_have_a_return() -> None:
    closes = np.array([[10.0, 100.0, np.nan], [11.0, np.nan, 50.0], [12.1, 90.0, 51.0], [np.nan, np.nan, np.nan]])
    found, _ = market(tape_of(closes), None)
    wanted = [np.nan, 0.1, (0.1 - 0.1 + 0.02) / 3.0, np.nan]
    np.testing.assert_allclose(found, wanted, rtol=1e-13)
    np.testing.assert_allclose(market(tape_of(closes), "B")[0], [np.nan, np.nan, -0.1, np.nan], rtol=1e-13)


def test_a_split_is_no_return() -> None:
    splits = np.ones((4, 1))
    splits[2] = 4.0
    found, _ = market(tape_of(np.array([[100.0], [100.0], [25.0], [26.0]]), splits=splits), None)
    np.testing.assert_allclose(found[1:], [0.0, 0.0, 0.04], rtol=1e-13, atol=1e-13)


def test_trend_by_hand() -> None:
    # Log levels: 0, then steps of 0.1 up three times and down four times; fast 2, slow 3, band 0.06.
    steps = np.exp([0.1, 0.1, 0.1, -0.1, -0.1, -0.1, -0.1]) - 1.0
    probabilities = Trend(fast=2, slow=3, band=0.06).probabilities(tape_of(closes_of(*steps)))
    # The two means differ by 0.05 on a straight line: the first sign stays until the difference passes the band.
    assert np.isnan(probabilities[:2]).all()
    assert probabilities[2:, 1].tolist() == [1.0] * 6
    narrow = Trend(fast=2, slow=3, band=0.04).labels(tape_of(closes_of(*steps)))
    # Row 4: levels 0.2, 0.3, 0.2, difference +0.017. Row 5: 0.3, 0.2, 0.1, difference -0.05.
    assert narrow.tolist() == [-1, -1, 1, 1, 1, 0, 0, 0]


def test_volatility_by_hand() -> None:
    tape = tape_of(closes_of(0.01, -0.01, 0.01, 0.10, -0.10, 0.0, 0.0, 0.0))
    labels = Volatility(window=3, low=0.001, high=0.05).labels(tape)
    # Deviations of three returns: 0.0115, 0.0586, 0.1002, 0.1, 0.0577, 0.
    assert labels.tolist() == [-1, -1, -1, 1, 2, 2, 2, 2, 0]


def test_drawdown_by_hand() -> None:
    tape = tape_of(np.array([[100.0], [95.0], [89.0], [79.0], [100.0], [100.0], [99.0]]))
    assert Drawdown(window=2).labels(tape).tolist() == [-1, 0, 0, 1, 0, 0, 0]
    assert Drawdown(window=3).labels(tape).tolist() == [-1, -1, 1, 1, 0, 0, 0]
    longer = tape_of(np.array([[100.0], [95.0], [89.0], [79.0], [70.0], [95.0]]))
    assert Drawdown(window=4).labels(longer).tolist() == [-1, -1, -1, 2, 2, 0]


def test_thresholds_are_quantiles_of_the_training_rows(tape: Tape) -> None:
    fitted = Volatility(window=10, quantiles=(0.3, 0.8)).fit(window(tape, 0, 200))
    returns = market(tape, None)[0][1:200]
    windows = np.lib.stride_tricks.sliding_window_view(returns, 10)
    low, high = np.quantile(windows.std(axis=1, ddof=1), (0.3, 0.8))
    assert (fitted.low_, fitted.high_) == (pytest.approx(low, rel=1e-12), pytest.approx(high, rel=1e-12))
    shares = np.bincount(fitted.labels(window(tape, 0, 200))[10:], minlength=3) / 190
    np.testing.assert_allclose(shares, [0.3, 0.5, 0.2], atol=0.01)


def test_the_warm_up_is_exact(regime: Regime, tape: Tape) -> None:
    known = ~np.isnan(regime.probabilities(tape)).any(axis=1)
    assert known[regime.warmup :].all()
    assert not known[: regime.warmup].any()


def test_probabilities_are_shares_of_one(regime: Regime, tape: Tape) -> None:
    found = regime.probabilities(tape)
    assert found.shape == (400, len(regime.states))
    known = found[regime.warmup :]
    assert ((known >= 0.0) & (known <= 1.0)).all()
    np.testing.assert_allclose(known.sum(axis=1), 1.0, rtol=1e-12)
    assert (regime.labels(tape)[regime.warmup :] == np.argmax(known, axis=1)).all()


def test_later_rows_change_nothing_before_them(regime: Regime, tape: Tape) -> None:
    whole = regime.probabilities(tape)
    for cut in (251, 300, 399):
        assert regime.probabilities(window(tape, 0, cut)).tobytes() == whole[:cut].tobytes()
        other = tape.close.copy()
        other[cut:] = np.random.default_rng(cut).uniform(1.0, 1000.0, other[cut:].shape)
        changed = tape_of(other)
        assert regime.probabilities(changed)[:cut].tobytes() == whole[:cut].tobytes()


def test_the_stream_gives_the_bits_of_the_batch(regime: Regime, tape: Tape) -> None:
    whole = regime.probabilities(tape)
    stream = regime.start(window(tape, 0, 130))
    for row in range(130, 400):
        assert stream.update({"close": tape.close[row]}).tobytes() == whole[row].tobytes(), row


@pytest.mark.pitfall("LAH-01")
def test_the_order_of_the_slots_changes_no_bit(regime: Regime, tape: Tape) -> None:
    order = [2, 0, 1]
    moved = tape_of(tape.close[:, order], symbols=tuple(tape.symbols[slot] for slot in order))
    assert regime.probabilities(moved).tobytes() == regime.probabilities(tape).tobytes()


def test_asking_changes_nothing(regime: Regime, tape: Tape) -> None:
    learned = repr(regime.learned())
    assert regime.probabilities(tape).tobytes() == regime.probabilities(tape).tobytes()
    assert repr(regime.learned()) == learned


def test_walk_forward_is_a_fit_on_the_rows_before(tape: Tape) -> None:
    walk = WalkForward(regime=Volatility(window=10), first=120, every=100)
    found = walk.probabilities(tape)
    assert np.isnan(found[:120]).all()
    for first, end in ((120, 220), (220, 320), (320, 400)):
        alone = Volatility(window=10).fit(window(tape, 0, first))
        assert found[first:end].tobytes() == alone.probabilities(tape)[first:end].tobytes()
    short = WalkForward(regime=Volatility(window=10), first=120, every=300, span=50).probabilities(tape)
    alone = Volatility(window=10).learn(market(tape, None)[0][70:120])
    assert short[120:].tobytes() == alone.probabilities(tape)[120:].tobytes()
    assert walk.regime.learned() == {}


def test_walk_forward_says_where_it_could_not_learn(caplog: pytest.LogCaptureFixture) -> None:
    closes = walk_tape(200, 2, seed=4).close.copy()
    closes[3:90] = np.nan
    walk = WalkForward(regime=Volatility(window=10), first=60, every=50)
    found = walk.probabilities(tape_of(closes))
    assert "row 60: nothing learned" in caplog.text
    assert np.isnan(found[:110]).all()
    assert np.isfinite(found[110:]).all()


def test_exposure_is_the_expected_scale(tape: Tape) -> None:
    regime = Volatility(window=10, low=0.01, high=0.02)
    found = exposure(regime, tape, {"calm": 1.0, "normal": 0.6, "turbulent": 0.2}, unknown=0.5)
    assert found.shape == (400, 3)
    wanted = np.array([1.0, 0.6, 0.2, 0.5])[regime.labels(tape)]
    np.testing.assert_array_equal(found, np.repeat(wanted[:, None], 3, axis=1))
    with pytest.raises(ConfigError, match="wild"):
        exposure(regime, tape, {"calm": 1.0, "normal": 0.6, "wild": 0.2})
    for number in (float("nan"), float("inf"), "0.2"):
        with pytest.raises(ConfigError, match="scale of turbulent"):
            exposure(regime, tape, {"calm": 1.0, "normal": 0.6, "turbulent": number})
    with pytest.raises(ConfigError, match="scale of unknown"):
        exposure(regime, tape, {"calm": 1.0, "normal": 0.6, "turbulent": 0.2}, unknown=float("nan"))


def test_the_feature_says_the_same_to_every_slot_that_has_a_bar(regime: Regime, tape: Tape) -> None:
    feature = RegimeFeature(regime=regime)
    found = feature.compute(tape)
    assert found.shape == (1 + len(regime.states), 400, 3)
    assert feature.columns() == tuple(f"{title(regime)}_{word}" for word in ("label", *regime.states))
    labels, probabilities = regime.labels(tape), regime.probabilities(tape)
    bars = tape.tradable[:, 0] != 0
    np.testing.assert_array_equal(found[0, bars, 0], np.where(labels < 0, np.nan, labels)[bars])
    np.testing.assert_array_equal(found[1:, bars, 0].T, probabilities[bars])
    assert np.isnan(found[:, ~bars, 0]).all()
    stream = feature.start(window(tape, 0, 270))
    for row in range(270, 400):
        assert stream.update({"close": tape.close[row]}).tobytes() == np.ascontiguousarray(found[:, row]).tobytes()


@pytest.mark.parametrize(
    "wrong",
    [
        Trend(fast=20, slow=20),
        Trend(band=-0.1),
        Volatility(window=1),
        Volatility(low=0.1),
        Volatility(low=0.2, high=0.1),
        Volatility(quantiles=(0.9, 0.1)),
        Drawdown(correction=0.3, bear=0.2),
        Drawdown(window=1),
        HiddenMarkov(count=1),
        HiddenMarkov(observed=("volume",)),
        HiddenMarkov(observed=("return", "return")),
        WalkForward(regime=Trend(), first=1),
        WalkForward(regime=Trend(), every=0),
        WalkForward(regime=Trend(), span=0),
        WalkForward(regime="trend"),
    ],
    ids=repr,
)
def test_bad_arguments_are_refused(wrong: Regime, tape: Tape) -> None:
    with pytest.raises(ConfigError):
        wrong.fit(tape).tracker()


def test_what_learned_nothing_answers_nothing(tape: Tape) -> None:
    for one in (Volatility(), HiddenMarkov()):
        for ask in (one.probabilities, one.labels, one.start):
            with pytest.raises(ConfigError, match="Call fit"):
                ask(tape)


def test_an_unknown_symbol_is_refused(tape: Tape) -> None:
    with pytest.raises(DataError, match="symbol"):
        Trend(symbol="Z").probabilities(tape)


def test_too_few_training_rows_are_refused(tape: Tape) -> None:
    with pytest.raises(DataError, match="training rows"):
        Volatility(window=21).fit(window(tape, 0, 15))
    with pytest.raises(DataError, match="training rows"):
        HiddenMarkov(count=3).fit(window(tape, 0, 50))


def test_splits_reach_the_stream(tape: Tape) -> None:
    splits = np.ones(tape.close.shape)
    splits[300, 1] = 2.0
    raw = replace(tape, splits=splits, **{n: halved(getattr(tape, n)) for n in ("open", "high", "low", "close")})
    regime = Volatility(window=10, low=0.01, high=0.02)
    assert regime.labels(raw).tolist() == regime.labels(tape).tolist()
    stream = regime.start(window(raw, 0, 290))
    found = [stream.update({"close": raw.close[row], "splits": splits[row]}) for row in range(290, 400)]
    assert np.array(found).tobytes() == regime.probabilities(raw)[290:].tobytes()
    with pytest.raises(DataError, match="splits"):
        stream.update({"close": raw.close[399]})


def halved(values: np.ndarray) -> np.ndarray:
    out = values.copy()
    out[300:, 1] /= 2.0
    return out


def test_two_regimes_of_one_kind_have_columns_of_their_own(tape: Tape) -> None:
    made = [
        Trend(),
        Trend(fast=5, slow=20),
        Volatility(low=0.01, high=0.02),
        WalkForward(regime=Volatility(quantiles=(0.4, 0.8))),
    ]
    names = [RegimeFeature(regime=one).columns()[0] for one in made]
    assert names == [
        "trend_label",
        "trend_fast5_slow20_label",
        "volatility_low0p01_high0p02_label",
        "walk_forward_volatility_quantiles0p4_0p8_label",
    ]
    assert len(compute([RegimeFeature(regime=one) for one in made[:2]], tape)) == 6
