"""A crash has the depth asked for, touches nothing before it, and leaves the level it says."""

from __future__ import annotations

import numpy as np
import pytest

from polyfolio.core.tape import PRICES
from polyfolio.errors import ConfigError
from polyfolio.market.synthetic.crash import Crash, first_row, market_betas, with_crash
from polyfolio.market.synthetic.history import history_of
from polyfolio.market.synthetic.models import market_of
from tests.market.synthetic.tools import fields_of, moves_of, plain, tape_of, without

AT = Crash(depth=-0.4, fall=10, recovery=30, recovered=0.25, at=100)


def fallen(made, crash: Crash) -> np.ndarray:
    """Log move from the close before the crash to its last row."""
    return np.log(made.close[crash.at + crash.fall - 1] / made.close[crash.at - 1])


def test_a_slot_of_beta_one_falls_by_the_depth_and_others_by_their_betas():
    betas = np.array([1.0, 0.5, 2.0, -0.5])
    made = with_crash(plain(), AT, betas=betas, seed=1)
    np.testing.assert_allclose(fallen(made, AT), betas * np.log(0.6), atol=1e-12)
    assert made.close[109, 0] / made.close[99, 0] == pytest.approx(0.6, rel=1e-12)


def test_betas_are_those_of_the_returns_against_the_mean_of_all():
    original = plain()
    moves = moves_of(original)
    market = moves.mean(axis=1)
    expected = [np.cov(column, market)[0, 1] / np.var(market, ddof=1) for column in moves.T]
    found = market_betas(history_of(original))
    np.testing.assert_allclose(found, expected, rtol=1e-10)
    assert found.mean() == pytest.approx(1.0, rel=1e-12)
    np.testing.assert_allclose(fallen(with_crash(original, AT, seed=1), AT), found * np.log(0.6), atol=1e-12)


def test_nothing_before_it_changes_and_every_later_return_is_kept():
    original = plain()
    made = with_crash(original, AT, seed=1)
    for name in (*PRICES, "volume"):
        np.testing.assert_array_equal(getattr(made, name)[:100], getattr(original, name)[:100])
    np.testing.assert_allclose(moves_of(made)[140:], moves_of(original)[140:], atol=1e-12)
    np.testing.assert_array_equal(made.volume[140:], original.volume[140:])


def test_the_recovery_brings_back_its_share_of_the_fall():
    original = plain()
    betas = np.array([1.0, 0.5, 2.0, -0.5])
    made = with_crash(original, AT, betas=betas, seed=1)
    back = np.log(made.close[139] / made.close[109]) - np.log(original.close[139] / original.close[109])
    np.testing.assert_allclose(back, -0.25 * betas * np.log(0.6), atol=1e-12)


def test_bars_are_wilder_and_busier_in_the_fall_and_volume_fades():
    original = plain()
    made = with_crash(original, Crash(volatility=3.0, volume=4.0, fall=10, recovery=3, at=100), seed=1)
    shadow = [np.log(tape.high / np.maximum(tape.open, tape.close)) for tape in (original, made)]
    np.testing.assert_allclose(shadow[1][100:110], 3.0 * shadow[0][100:110], atol=1e-10)
    np.testing.assert_allclose(shadow[1][110:], shadow[0][110:], atol=1e-10)
    busy = made.volume / original.volume
    np.testing.assert_allclose(busy[98:115, 0], [1, 1, *[4] * 10, 3.25, 2.5, 1.75, 1, 1], rtol=1e-12)
    apart = [(moves_of(tape)[99:109] - moves_of(tape)[99:109].mean(axis=0)) for tape in (original, made)]
    common = apart[1] - 3.0 * apart[0]
    # What is not three times the own move is the common fall, in the proportion of the betas.
    ratio = common / market_betas(history_of(original))
    np.testing.assert_allclose(ratio, np.repeat(ratio[:, :1], 4, axis=1), atol=1e-12)


def test_a_slot_listed_after_the_crash_is_not_touched_and_one_with_a_gap_falls_all_the_same():
    fields = without(without(fields_of(400, 4), slice(0, 200), 3), slice(103, 105), 2)
    original = tape_of(fields)
    betas = np.ones(4)
    made = with_crash(original, AT, betas=betas, seed=1)
    np.testing.assert_allclose(made.close[200:, 3], original.close[200:, 3], rtol=1e-12)
    assert fallen(made, AT)[2] == pytest.approx(np.log(0.6), abs=1e-12)
    np.testing.assert_array_equal(made.tradable, original.tradable)


def test_dividends_and_spreads_keep_their_share_of_the_price():
    fields = fields_of(300, 2)
    fields["spread"] = 0.002 * fields["close"]
    fields["dividends"] = np.zeros((300, 2))
    fields["dividends"][200] = 0.01 * fields["close"][200]
    made = with_crash(tape_of(fields), AT, seed=1)
    np.testing.assert_allclose(made.dividends[200] / made.close[200], 0.01, rtol=1e-9)
    share = made.spread / made.close / 0.002
    np.testing.assert_allclose(share[:100], 1.0, rtol=1e-12)
    np.testing.assert_allclose(share[100:110], 2.0, rtol=1e-9)


@pytest.mark.pitfall("REP-01")
def test_its_row_and_its_shape_are_seeded():
    crash = Crash(fall=20, recovery=40)
    rows = {first_row(plain(), crash, seed=seed) for seed in range(40)}
    assert len(rows) > 25
    assert min(rows) >= 1
    assert max(rows) <= 400 - 60
    assert with_crash(plain(), crash, seed=3).digest() == with_crash(plain(), crash, seed=3).digest()
    assert with_crash(plain(), AT, seed=3).digest() != with_crash(plain(), AT, seed=4).digest()


def test_it_goes_into_synthetic_tapes_and_may_reach_the_last_row():
    made = market_of("garch").fit(plain()).sample(seed=1)
    crash = Crash(fall=20, recovery=50, at=380)
    assert fallen(with_crash(made, crash, seed=1), crash).mean() == pytest.approx(np.log(0.65), abs=1e-9)


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"depth": 0.2}, "depth"),
        ({"depth": -1.0}, "depth"),
        ({"fall": 0}, "fall"),
        ({"recovery": -1}, "recovery"),
        ({"recovered": 1.5}, "recovered"),
        ({"volatility": -1.0}, "volatility"),
        ({"volume": "many"}, "volume"),
        ({"at": 0}, "at"),
    ],
)
def test_what_no_crash_can_be_is_refused(arguments, field):
    with pytest.raises(ConfigError, match=f"^{field}: got"):
        Crash(**arguments)


def test_a_crash_that_does_not_fit_is_refused():
    with pytest.raises(ConfigError, match=r"crash.at: got 395, must be at most 380"):
        with_crash(plain(), Crash(at=395))
    with pytest.raises(ConfigError, match=r"below the tape's 400 rows"):
        with_crash(plain(), Crash(fall=300, recovery=200))
    with pytest.raises(ConfigError, match=r"4 finite numbers"):
        with_crash(plain(), AT, betas=np.ones(3))
