"""What a shock changes is what it says, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from polyfolio.core.tape import Tape, instrument_table
from polyfolio.errors import ConfigError, PolyfolioError
from polyfolio.market.demo import demo_tape
from polyfolio.market.synthetic.history import history_of
from polyfolio.market.synthetic.shocks import drought, gap, residuals, shuffled, together, wilder
from tests.backtests.referee import worlds


def returns(tape: Tape) -> np.ndarray:
    """Log returns from close to close."""
    return np.diff(np.log(tape.close), axis=0)


def test_a_gap_moves_every_later_price_and_no_earlier_one() -> None:
    tape = worlds.walk()
    other = gap(tape, -0.2, 50, ["B"])
    for name in ("open", "high", "low", "close"):
        before, after = getattr(tape, name), getattr(other, name)
        assert (after[:50] == before[:50]).all()
        assert (after[:, [0, 2]] == before[:, [0, 2]]).all()
        assert after[50:, 1] == pytest.approx(0.8 * before[50:, 1], rel=1e-12)
    assert other.open[50, 1] / other.close[49, 1] == pytest.approx(0.8 * tape.open[50, 1] / tape.close[49, 1])


def test_a_gap_of_all_names_takes_dividends_and_spreads_with_it() -> None:
    tape = worlds.walk()
    tape = replace(tape, dividends=np.full((200, 3), 0.5), spread=np.full((200, 3), 0.1))
    other = gap(tape, 0.25, 100)
    assert other.dividends is not None
    assert other.spread is not None
    assert other.dividends[99, 0] == 0.5
    assert other.dividends[100, 0] == pytest.approx(0.625)
    assert other.spread[199, 2] == pytest.approx(0.125)


def test_prices_stay_in_steps_of_the_tick() -> None:
    tape = replace(worlds.walk(), instruments=instrument_table(3, tick=0.05))
    steps = gap(tape, -0.2, 50).close[50:] / 0.05
    assert np.abs(steps - np.rint(steps)).max() < 1e-6


def test_wilder_moves_are_twice_as_far_from_their_mean_and_end_where_they_ended() -> None:
    tape = worlds.walk()
    other = wilder(tape, 2.0)
    centred = returns(tape) - returns(tape).mean(axis=0)
    assert returns(other) - returns(tape).mean(axis=0) == pytest.approx(2.0 * centred, abs=1e-12)
    assert other.close[-1] == pytest.approx(tape.close[-1], rel=1e-12)
    assert other.close[0] == pytest.approx(tape.close[0], rel=1e-12)
    shadow = np.log(tape.high / np.maximum(tape.open, tape.close))
    assert np.log(other.high / np.maximum(other.open, other.close)) == pytest.approx(2.0 * shadow, abs=1e-12)


def test_names_that_move_together_have_correlation_one_and_their_own_volatility() -> None:
    tape = worlds.walk()
    other = together(tape)
    assert np.corrcoef(returns(other).T) == pytest.approx(np.ones((3, 3)), abs=1e-12)
    assert returns(other).std(axis=0) == pytest.approx(returns(tape).std(axis=0), rel=1e-12)
    assert other.close[-1] == pytest.approx(tape.close[-1], rel=1e-9)


def test_shuffled_names_keep_the_market_and_their_own_parts_in_another_order() -> None:
    tape = worlds.walk()
    other = shuffled(tape, seed=5)
    own = residuals(history_of(tape))
    explained = returns(tape) - own[1:]
    after = returns(other) - explained
    assert np.sort(after, axis=0) == pytest.approx(np.sort(own[1:], axis=0), abs=1e-12)
    assert np.abs(after - own[1:]).max() > 0.01
    assert (shuffled(tape, seed=5).close == other.close).all()
    assert (shuffled(tape, seed=6).close != other.close).any()


def test_a_drought_has_less_volume_and_wider_spreads() -> None:
    tape = replace(worlds.walk(), spread=np.full((200, 3), 0.1))
    other = drought(tape, 0.1, 5.0)
    assert other.spread is not None
    assert other.volume == pytest.approx(0.1 * tape.volume)
    assert other.spread == pytest.approx(np.full((200, 3), 0.5))
    assert (other.close == tape.close).all()
    assert drought(worlds.walk()).spread is None


@pytest.mark.parametrize("change", [lambda t: wilder(t, 1.5), together, shuffled, lambda t: gap(t, -0.3, 2000)])
def test_late_listings_and_real_bars_stay_bars(change: object) -> None:
    """ENA is listed three months after the others; a tape refuses bars whose extremes do not hold."""
    tape = demo_tape()
    other = change(tape)  # type: ignore[operator]
    assert (other.tradable == tape.tradable).all()
    assert (np.isnan(other.close) == np.isnan(tape.close)).all()
    listed = int(np.argmax(tape.tradable[:, tape.symbols.index("ENA/USDT")]))
    assert listed > 2000


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda t: gap(t, -1.0, 5), "size"),
        (lambda t: gap(t, -0.1, 0), "at"),
        (lambda t: gap(t, -0.1, 200), "at"),
        (lambda t: gap(t, -0.1, 5, ["Z"]), "symbol"),
        (lambda t: wilder(t, -1.0), "factor"),
        (lambda t: drought(t, 2.0), "volume"),
        (lambda t: drought(t, 0.5, -1.0), "spread"),
    ],
)
def test_wrong_arguments_are_refused(call: object, field: str) -> None:
    with pytest.raises(PolyfolioError) as caught:
        call(worlds.walk())  # type: ignore[operator]
    assert caught.value.field == field


def test_the_row_after_the_last_is_named() -> None:
    with pytest.raises(ConfigError, match="below 200, the rows of the tape"):
        gap(worlds.walk(), -0.1, 200)
