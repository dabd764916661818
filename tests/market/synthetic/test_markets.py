"""Laws that hold for every synthetic market: seeds, prefixes, bars, gaps, listings, and numbers of the original."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyfolio.core.tape import PRICES, Tape
from polyfolio.errors import ConfigError, DataError
from polyfolio.market.synthetic.garch_t import GarchT
from polyfolio.market.synthetic.models import MODELS as REGISTERED
from polyfolio.market.synthetic.models import market_of
from polyfolio.market.synthetic.streams import Streams
from tests.market.synthetic.tools import HOUR, MODELS, fields_of, moves_of, plain, tape_of, without

FIELDS = (*PRICES, "volume")


@pytest.fixture(scope="module", params=MODELS)
def market(request):
    return market_of(request.param).fit(plain())


def same(one: Tape, other: Tape, rows: int) -> bool:
    return all(
        np.array_equal(getattr(one, name)[:rows], getattr(other, name)[:rows], equal_nan=True)
        for name in (*FIELDS, "times", "tradable")
    )


def test_every_model_is_tested_here():
    assert set(MODELS) == set(REGISTERED)


@pytest.mark.pitfall("REP-01")
def test_a_seed_gives_the_same_bits_and_another_one_others(market):
    first, again = market.sample(seed=3), market.sample(seed=3)
    assert first.digest() == again.digest()
    assert market.sample(seed=4).digest() != first.digest()
    assert market.sample(seed=3, path=1).digest() != first.digest()
    assert type(market)(**market.params()).fit(plain()).sample(seed=3).digest() == first.digest()


@pytest.mark.pitfall("REP-01")
def test_global_random_numbers_are_neither_used_nor_moved(market):
    before = np.random.get_state()[1].copy()  # noqa: NPY002
    market.sample(seed=1)
    np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002


@pytest.mark.pitfall("REP-04")
def test_paths_are_distinct_and_do_not_depend_on_threads_or_order(market):
    alone = [market.sample(60, seed=2, path=path).digest() for path in range(6)]
    with ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda path: market.sample(60, seed=2, path=path).digest(), reversed(range(6))))
    assert alone == together[::-1]
    assert len(set(alone)) == 6


def test_a_longer_tape_begins_with_the_shorter_one(market):
    long = market.sample(900, seed=5)
    for rows in (2, 37, 400, 401):
        assert same(long, market.sample(rows, seed=5), rows)


def test_a_tape_has_the_originals_slots_stamps_and_first_prices(market):
    original, made = plain(), market.sample(seed=1)
    assert made.universe == original.universe
    np.testing.assert_array_equal(made.times, original.times)
    np.testing.assert_array_equal(made.instruments, original.instruments)
    assert made.calendar.bars_per_year == original.calendar.bars_per_year
    for name in FIELDS[:4]:
        np.testing.assert_array_equal(getattr(made, name)[0], getattr(original, name)[0])
    assert made.tradable.all()
    assert not np.array_equal(made.close[1:], original.close[1:])


def test_moments_and_correlations_are_near_those_of_the_original(market):
    """Means over twelve paths, with the room that their scatter asks for."""
    original = moves_of(plain())
    paths = [moves_of(market.sample(seed=1, path=path)) for path in range(12)]
    deviation = np.mean([path.std(axis=0) for path in paths], axis=0)
    np.testing.assert_allclose(deviation, original.std(axis=0), rtol=0.15)
    correlation = np.mean([np.corrcoef(path.T) for path in paths], axis=0)
    np.testing.assert_allclose(correlation, np.corrcoef(original.T), atol=0.12)
    room = 4.0 * original.std(axis=0) / np.sqrt(12 * original.shape[0])
    assert (np.abs(np.mean([path.mean(axis=0) for path in paths], axis=0) - original.mean(axis=0)) < room).all()


def test_bars_and_volumes_look_like_the_originals(market):
    original, made = plain(), market.sample(2000, seed=1)
    width = [np.median(np.log(tape.high / tape.low), axis=0) for tape in (original, made)]
    np.testing.assert_allclose(width[1], width[0], rtol=0.2)
    gaps = [np.log(tape.open[1:] / tape.close[:-1]) / moves_of(tape) for tape in (original, made)]
    np.testing.assert_allclose(np.median(gaps[1], axis=0), np.median(gaps[0], axis=0), atol=0.05)
    np.testing.assert_allclose(np.median(made.volume, axis=0), np.median(original.volume, axis=0), rtol=0.3)


@pytest.mark.pitfall("DAT-07")
@pytest.mark.parametrize("name", MODELS)
def test_a_slot_listed_late_trades_from_the_first_row_of_a_synthetic_tape(name):
    fields = without(fields_of(400, 4), slice(0, 250), 3)
    original = tape_of(fields)
    made = market_of(name).fit(original).sample(seed=1)
    assert made.tradable.all()
    assert np.isfinite(made.close).all()
    assert made.close[0, 3] == original.close[250, 3]
    ratio = moves_of(made)[:, 3].std() / np.nanstd(moves_of(original)[:, 3])
    assert 0.6 < ratio < 1.7
    assert np.corrcoef(moves_of(made)[:, [0, 3]].T)[0, 1] > 0.25


@pytest.mark.parametrize("name", MODELS)
def test_a_gap_between_bars_stays_a_gap_and_no_move_is_lost(name):
    original = tape_of(without(fields_of(400, 3), slice(100, 103), 1))
    made = market_of(name).fit(original).sample(seed=1)
    off = np.flatnonzero(made.tradable[:, 1] == 0)
    assert off.tolist() == [100, 101, 102]
    assert all(np.isnan(getattr(made, field)[off, 1]).all() for field in FIELDS)
    assert made.tradable[:, [0, 2]].all()
    step = abs(np.log(made.close[103, 1] / made.close[99, 1]))
    assert 0.0 < step < 4.0 * np.abs(moves_of(made)[:, 0]).max()


@pytest.mark.pitfall("VAL-07")
@pytest.mark.parametrize("name", MODELS)
def test_equal_slots_and_more_slots_than_rows_are_no_obstacle(name):
    fields = fields_of(40, 45)
    twin = {key: np.hstack([array, array[:, :1]]) for key, array in fields.items()}
    made = market_of(name).fit(tape_of(twin)).sample(seed=1)
    moves = moves_of(made)
    assert np.isfinite(moves).all()
    if name == "bootstrap":
        np.testing.assert_allclose(moves[:, 0], moves[:, -1], atol=1e-12)
    else:
        assert np.corrcoef(moves[:, [0, -1]].T)[0, 1] > 0.6


@pytest.mark.parametrize("name", MODELS)
def test_a_price_that_never_moves_stays(name):
    fields = fields_of(200, 3)
    for key in PRICES:
        fields[key][:, 1] = 7.0
    made = market_of(name).fit(tape_of(fields)).sample(seed=1)
    for key in PRICES:
        np.testing.assert_allclose(getattr(made, key)[:, 1], 7.0, rtol=1e-12)
    assert (np.abs(moves_of(made)[:, [0, 2]]).max(axis=0) > 0.0).all()
    flat = {key: np.full_like(array, 3.0) for key, array in fields.items()}
    np.testing.assert_allclose(market_of(name).fit(tape_of(flat)).sample(seed=1).close, 3.0, rtol=1e-12)


@pytest.mark.pitfall("DAT-05")
@pytest.mark.parametrize("name", MODELS)
def test_funding_stands_at_its_hours_and_nowhere_else(name):
    fields = fields_of(480, 2)
    hours = np.arange(480) % 24
    fields["funding"] = np.where((hours % 8 == 0)[:, None], 1e-4, np.nan) * np.ones((1, 2))
    original = tape_of(fields, HOUR)
    made = market_of(name).fit(original).sample(seed=1)
    paid = ~np.isnan(made.funding)
    # The first row has no return, so its hour is drawn from the days after it.
    np.testing.assert_array_equal(paid[1:], ~np.isnan(original.funding)[1:])
    assert set(made.funding[paid].tolist()) == {1e-4}


@pytest.mark.parametrize("name", MODELS)
def test_spreads_follow_the_price_and_unknown_volume_stays_unknown(name):
    fields = fields_of(200, 2)
    fields["spread"] = 0.001 * fields["close"]
    fields["borrow"] = np.full_like(fields["close"], 0.03)
    fields["volume"][:, 1] = np.nan
    made = market_of(name).fit(tape_of(fields)).sample(seed=1)
    np.testing.assert_allclose(made.spread / made.close, 0.001, rtol=1e-9)
    assert (made.borrow == 0.03).all()
    assert np.isnan(made.volume[:, 1]).all()
    assert (made.volume[:, 0] > 0.0).all()


@pytest.mark.parametrize("name", MODELS)
def test_dividends_and_splits_go_into_the_returns(name):
    """A raw tape with events gives the market of the same tape after adjustment, and has none of its own."""
    fields = fields_of(300, 2)
    ratio, payout = np.ones((300, 2)), np.zeros((300, 2))
    ratio[150, 0], payout[100, 1] = 4.0, 3.0
    adjusted = tape_of(fields)
    raw = {key: array.copy() for key, array in fields.items()}
    for key in PRICES:
        raw[key][150:, 0] /= 4.0
        raw[key][:100, 1] += 3.0  # close before less the payout is the adjusted one, in that row alone
    events = tape_of({**raw, "dividends": payout, "splits": ratio})
    market = market_of(name).fit(events)
    history = market.history_
    np.testing.assert_allclose(history.total[1:, 0], moves_of(adjusted)[:, 0], atol=1e-12)
    np.testing.assert_allclose(history.total[100:, 1], moves_of(adjusted)[99:, 1], atol=1e-12)
    made = market.sample(seed=1)
    assert made.dividends is None
    assert made.splits is None
    assert np.abs(moves_of(made)).max() < 0.5  # the split alone would be a move of 1.39


def test_a_payout_above_the_price_is_refused_with_its_place():
    fields = fields_of(100, 2)
    fields["dividends"] = np.zeros((100, 2))
    fields["dividends"][40, 1] = 1e6
    with pytest.raises(DataError, match=r"dividends\[S1\] at 2022-02-17 \(row 40\).*one event may be written as both"):
        market_of("bootstrap").fit(tape_of(fields))


def test_prices_are_steps_of_the_tick():
    import pandas as pd

    fields = {name: array if name == "volume" else np.round(array, 2) for name, array in fields_of(200, 2).items()}
    table = pd.DataFrame({"symbol": ["S0", "S1"], "tick": [0.01, 0.0]})
    made = market_of("garch").fit(tape_of(fields, instruments=table)).sample(seed=1)
    steps = made.close[:, 0] / 0.01
    np.testing.assert_allclose(steps, np.round(steps), atol=1e-6)
    free = made.close[1:, 1] / 0.01
    assert np.abs(free - np.round(free)).max() > 0.01


def test_too_few_returns_are_refused_with_the_symbol():
    with pytest.raises(DataError, match="returns of S1: got 9, must be at least 30"):
        market_of("bootstrap").fit(tape_of(without(fields_of(60, 2), slice(0, 50), 1)))


def test_a_market_that_learned_nothing_says_so():
    with pytest.raises(ConfigError, match=r"GarchMarket: got 'not fitted'.*Call fit"):
        market_of("garch").sample()


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"rows": 1}, "rows"),
        ({"rows": 2.5}, "rows"),
        ({"seed": -1}, "seed"),
        ({"path": True}, "path"),
    ],
)
def test_wrong_arguments_are_refused(market, arguments, field):
    with pytest.raises(ConfigError, match=f"^{field}: got"):
        market.sample(**arguments)


def test_unknown_names_are_refused_with_the_closest():
    with pytest.raises(ConfigError, match="Did you mean `garch`"):
        market_of("garhc")
    with pytest.raises(ConfigError, match="Did you mean `states`"):
        market_of("regimes", state=2)
    with pytest.raises(ConfigError, match="this model has no parameters"):
        market_of("jumps", rate=2)
    for name, parameters in (("regimes", {"states": 1}), ("bootstrap", {"block": 0.5}), ("factors", {"factors": 0})):
        with pytest.raises(ConfigError, match=f"^{next(iter(parameters))}: got"):
            market_of(name, **parameters)


def test_a_market_shows_its_arguments():
    assert repr(market_of("regimes", states=4)) == "RegimeSwitching(states=4)"
    assert repr(market_of("jumps")) == "JumpMarket()"


def test_purposes_of_a_path_share_no_numbers():
    streams = Streams(1)
    assert streams.of("a").random() == Streams(1).of("a").random()
    assert len({streams.of(word).random() for word in ("a", "b", "ab")}) == 3


def test_factors_are_as_many_as_asked_for():
    one = market_of("factors", factors=1).fit(plain())
    three = market_of("factors", factors=3).fit(plain())
    assert (one.loadings_.shape[1], three.loadings_.shape[1]) == (1, 3)
    # One common factor moves the original.
    assert market_of("factors").fit(plain()).loadings_.shape[1] == 1
    unit = three.loadings_ @ three.loadings_.T
    assert np.all(np.diag(unit) <= 1.0 + 1e-12)


def test_the_shocks_of_factors_come_from_the_series_their_models_know(monkeypatch):
    seen, original = [], GarchT.residuals
    monkeypatch.setattr(
        GarchT, "residuals", lambda model, returns: seen.append(returns.std()) or original(model, returns)
    )
    market_of("factors", factors=3).fit(plain())
    assert seen == pytest.approx([1.0] * 3)


def test_states_of_a_regime_market_differ_in_spread():
    market = market_of("regimes", states=2).fit(plain(900))
    assert (market.spread_[1] > 1.2 * market.spread_[0]).all()
    np.testing.assert_allclose(market.chain_.transition.sum(axis=1), 1.0, rtol=1e-12)


@settings(max_examples=30)
@given(
    rows=st.integers(40, 90),
    slots=st.integers(1, 4),
    seed=st.integers(0, 10_000),
    holes=st.lists(st.tuples(st.integers(0, 89), st.integers(0, 3)), max_size=6),
    name=st.sampled_from(MODELS),
)
def test_any_tape_with_holes_gives_a_tape(rows, slots, seed, holes, name):
    """The tape's own checks hold every bar: prices above 0, low and high around open and close, volume 0 or more."""
    fields = fields_of(rows, slots, seed)
    for row, slot in holes:
        fields = without(fields, slice(row, row + 1), slot % slots)
    made = market_of(name).fit(tape_of(fields)).sample(rows + 30, seed=seed)
    assert made.rows == rows + 30
    assert made.tradable.any(axis=0).all()
    assert np.isfinite(made.close[made.tradable != 0]).all()


def test_a_weekly_gap_is_no_reason_for_a_move():
    """One slot trades on weekdays alone: its weekend rows stay empty, and Monday is one move."""
    fields = fields_of(364, 2)
    days = (19_000 + np.arange(364) + 3) % 7
    for row in np.flatnonzero(days >= 5):
        fields = without(fields, slice(row, row + 1), 1)
    original = tape_of(fields)
    made = market_of("garch").fit(original).sample(seed=1)
    first = int(np.argmax(original.tradable[:, 1]))  # a Monday; before it the slot counts as not listed yet
    np.testing.assert_array_equal(made.tradable[first:], original.tradable[first:])
    assert (made.tradable[first:, 1] == 0).mean() > 0.25
    ratio = moves_of(made)[:, 0].std() / moves_of(original)[:, 0].std()
    mondays = np.log(made.close[first + 7 :: 7, 1] / made.close[first + 4 : -3 : 7, 1])
    usual = np.log(made.close[first + 2 :: 7, 1] / made.close[first + 1 :: 7, 1][: len(made.close[first + 2 :: 7])])
    assert 0.5 < mondays.std() / usual.std() < 2.0
    assert 0.5 < ratio < 2.0
