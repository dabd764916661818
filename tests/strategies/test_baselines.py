"""The five baselines on rows small enough to work out by hand."""

from __future__ import annotations

import re

import numpy as np
import pytest

from polyfolio.core.codes import Sizing
from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError
from polyfolio.market.demo import demo_tape
from polyfolio.market.frame import tape_from_arrays
from polyfolio.strategies.base import Strategy
from polyfolio.strategies.buy_and_hold import BuyAndHold
from polyfolio.strategies.check import check_strategy
from polyfolio.strategies.equal_weight import EqualWeight
from polyfolio.strategies.inverse_volatility import InverseVolatility
from polyfolio.strategies.minimum_variance import MinimumVariance
from polyfolio.strategies.momentum import Momentum

NAN = float("nan")
DAY = 86_400_000_000_000
SYMBOLS = ("C", "A", "B")


def tape(*closes: list[float], **fields: object) -> Tape:
    """A tape of daily rows: one list of closes per symbol, NaN = no bar."""
    close = np.array(closes).T
    arrays = dict.fromkeys(("open", "high", "low", "close"), close) | {"volume": np.ones_like(close)} | fields
    return tape_from_arrays(np.arange(1, len(close) + 1) * DAY, SYMBOLS[: close.shape[1]], arrays, interval="1d")


def signals(strategy: Strategy, rows: Tape) -> list[list[float]]:
    """Signals per symbol."""
    return [list(column) for column in strategy.signals(rows).T]


def same(found: list[list[float]], wanted: list[list[float]]) -> None:
    np.testing.assert_array_equal(np.array(found), np.array(wanted))


LATE = ([1.0, 2.0, 3.0, 4.0], [NAN, NAN, 5.0, NAN], [NAN, 7.0, 7.0, 7.0])


@pytest.mark.pitfall("DAT-07")
def test_buy_and_hold_waits_for_all_symbols_and_then_has_no_opinion() -> None:
    third = 1.0 / 3.0
    same(signals(BuyAndHold(), tape(*LATE)), [[NAN, NAN, third, NAN]] * 3)


@pytest.mark.pitfall("DAT-07")
def test_buy_and_hold_can_take_each_symbol_when_it_is_listed() -> None:
    third = 1.0 / 3.0
    same(
        signals(BuyAndHold(start="each"), tape(*LATE)),
        [[third, NAN, NAN, NAN], [NAN, NAN, third, NAN], [NAN, third, NAN, NAN]],
    )


def test_buy_and_hold_takes_the_weights_it_is_given_and_waits_only_for_those() -> None:
    same(
        signals(BuyAndHold(weights={"B": 0.75, "C": 0.25}), tape(*LATE)),
        [[NAN, 0.25, NAN, NAN], [NAN] * 4, [NAN, 0.75, NAN, NAN]],
    )
    with pytest.raises(ConfigError, match=r"weights\.D: got 1\.0, must be of one of the tape's 3 symbols"):
        BuyAndHold(weights={"D": 1.0}).signals(tape(*LATE))
    with pytest.raises(ConfigError, match="start: got 'some', must be all or each"):
        BuyAndHold(start="some").signals(tape(*LATE))


def test_buy_and_hold_that_never_sees_all_symbols_never_buys() -> None:
    assert np.isnan(BuyAndHold().signals(tape([1.0, NAN, 1.0], [NAN, 2.0, NAN]))).all()


@pytest.mark.pitfall("DAT-07")
def test_equal_weight_wants_every_tradable_name_in_every_row() -> None:
    same(signals(EqualWeight(), tape(*LATE)), [[1.0] * 4, [NAN, NAN, 1.0, NAN], [NAN, 1.0, 1.0, 1.0]])


@pytest.mark.parametrize("rule", [InverseVolatility, MinimumVariance])
def test_rules_of_risk_want_names_that_traded_often_enough(rule: type[Strategy]) -> None:
    rows = tape([1.0] * 6, [1.0, NAN, 1.0, NAN, 1.0, 1.0], [NAN, NAN, 1.0, 1.0, NAN, NAN])
    strategy = rule(lookback=3, min_observations=2)
    assert strategy.warmup == 3
    same(
        signals(strategy, rows),
        [[NAN, 1.0, 1.0, 1.0, 1.0, 1.0], [NAN, NAN, 1.0, NAN, 1.0, 1.0], [NAN, NAN, NAN, 1.0, NAN, NAN]],
    )
    with pytest.raises(ConfigError, match=re.escape("min_observations: got 40, must be <= lookback (3)")):
        rule(lookback=3).signals(rows)


@pytest.mark.parametrize("rule", [InverseVolatility, MinimumVariance])
def test_rules_of_risk_forget_rows_beyond_their_look_back(rule: type[Strategy]) -> None:
    rows = tape([1.0] * 6, [1.0, 1.0, NAN, NAN, 1.0, 1.0])
    strategy = rule(lookback=3, min_observations=2)
    same(signals(strategy, rows), [[NAN, 1.0, 1.0, 1.0, 1.0, 1.0], [NAN, 1.0, NAN, NAN, NAN, 1.0]])


UP_DOWN = ([1.0, 2.0, 4.0, 2.0, 2.0], [9.0, 6.0, 3.0, 6.0, 6.0], [5.0, 5.0, NAN, 5.0, 5.0])


def test_momentum_is_the_sign_of_the_return_over_its_rows() -> None:
    strategy = Momentum(lookback=2)
    assert strategy.warmup == 3
    # returns over two rows: C +3, 0, -0.5; A -2/3, 0, +1; B unknown, 0, unknown (no bar two rows before)
    same(
        signals(strategy, tape(*UP_DOWN)),
        [[NAN, NAN, 1.0, 0.0, 0.0], [NAN, NAN, 0.0, 0.0, 1.0], [NAN, NAN, NAN, 0.0, NAN]],
    )
    same(
        signals(Momentum(lookback=2, long_short=True), tape(*UP_DOWN)),
        [[NAN, NAN, 1.0, 0.0, -1.0], [NAN, NAN, -1.0, 0.0, 1.0], [NAN, NAN, NAN, 0.0, NAN]],
    )


def test_momentum_skips_its_latest_rows_and_needs_its_threshold() -> None:
    assert Momentum(lookback=2, skip=1).warmup == 4
    same(
        signals(Momentum(lookback=2, skip=1, long_short=True), tape(*UP_DOWN)),
        [[NAN, NAN, NAN, 1.0, 0.0], [NAN, NAN, NAN, -1.0, 0.0], [NAN, NAN, NAN, NAN, 0.0]],
    )
    same(
        signals(Momentum(lookback=2, long_short=True, threshold=0.6), tape(*UP_DOWN)),
        [[NAN, NAN, 1.0, 0.0, 0.0], [NAN, NAN, -1.0, 0.0, 1.0], [NAN, NAN, NAN, 0.0, NAN]],
    )


RISES = ([10.0, 11.0, 12.1], [10.0, 12.0, 9.0], [10.0, 9.0, 9.0])


def test_momentum_takes_the_best_of_all_and_sells_the_worst() -> None:
    # one-row returns: C +10 %, +10 %; A +20 %, -25 %; B -10 %, 0
    same(signals(Momentum(lookback=1, top_k=1), tape(*RISES)), [[NAN, 0.0, 1.0], [NAN, 1.0, 0.0], [NAN, 0.0, 0.0]])
    same(
        signals(Momentum(lookback=1, top_k=1, long_short=True), tape(*RISES)),
        [[NAN, 0.0, 1.0], [NAN, 1.0, -1.0], [NAN, -1.0, 0.0]],
    )
    # two of three on each side overlap: one on each side is left
    same(
        signals(Momentum(lookback=1, top_k=2, long_short=True), tape(*RISES)),
        [[NAN, 0.0, 1.0], [NAN, 1.0, -1.0], [NAN, -1.0, 0.0]],
    )


@pytest.mark.pitfall("ACC-10")
def test_equal_returns_are_ranked_by_symbol_not_by_slot() -> None:
    rows = tape([1.0, 2.0], [1.0, 2.0], [1.0, 2.0])  # slots C, A, B
    same(signals(Momentum(lookback=1, top_k=1), rows), [[NAN, 0.0], [NAN, 1.0], [NAN, 0.0]])


def test_momentum_sees_through_splits() -> None:
    closes = [10.0, 11.0, 6.0, 6.1]
    splits = np.array([[1.0], [1.0], [2.0], [1.0]])
    same(signals(Momentum(lookback=2, long_short=True), tape(closes, splits=splits)), [[NAN, NAN, 1.0, 1.0]])
    same(signals(Momentum(lookback=2, long_short=True), tape(closes)), [[NAN, NAN, -1.0, -1.0]])


def test_momentum_counts_dividends() -> None:
    # 10 -> 9.5 with 1 paid at 9.0: the holding grew to 10/9 units, 9.5 x 10/9 = 10.56
    closes = [10.0, 9.0, 9.5, 9.4]
    paid = np.array([[NAN], [1.0], [NAN], [0.0]])
    same(signals(Momentum(lookback=2, long_short=True), tape(closes, dividends=paid)), [[NAN, NAN, 1.0, 1.0]])
    same(signals(Momentum(lookback=2, long_short=True), tape(closes)), [[NAN, NAN, -1.0, 1.0]])
    rise = 9.5 * 10.0 / 9.0 / 10.0 - 1.0
    for threshold, wanted in ((rise - 1e-9, 1.0), (rise + 1e-9, 0.0)):
        found = signals(Momentum(lookback=2, threshold=threshold), tape(closes, dividends=paid))
        assert found[0][2] == wanted


def test_a_dividend_is_of_a_unit_after_the_split_and_of_the_last_close_where_there_is_none() -> None:
    # two units of 5 for one of 10, each pays 0.5: 2 x (5 + 0.5) = 11 of 10; then nothing trades while 0.5 is paid
    closes = [10.0, 5.0, NAN, 5.0]
    splits, paid = np.array([[1.0], [2.0], [1.0], [1.0]]), np.array([[0.0], [0.5], [0.5], [0.0]])
    for lookback, wanted in ((1, (0.1, NAN)), (3, (NAN, 1.1 * 1.1 - 1.0))):
        strategy = Momentum(lookback=lookback)
        change = strategy._returns(tape(closes, splits=splits, dividends=paid))[:, 0]
        np.testing.assert_allclose(change[[1, 3]], wanted, rtol=1e-12)


def test_momentum_with_dividends_keeps_the_contract() -> None:
    random = np.random.default_rng(5)
    closes = np.exp(np.cumsum(random.normal(0.0, 0.02, (3, 60)), axis=1))
    paid = np.where(random.random((60, 3)) < 0.1, 0.02, 0.0)
    check_strategy(Momentum(lookback=5, long_short=True), tape(*closes.tolist(), dividends=paid))


@pytest.mark.parametrize(
    ("argument", "message"),
    [
        ({"lookback": 0}, "lookback: got 0, must be a whole number >= 1."),
        ({"lookback": "20"}, "lookback: got '20', must be a whole number >= 1."),
        ({"skip": -1}, "skip: got -1, must be a whole number >= 0."),
        ({"threshold": NAN}, "threshold: got nan, must be a number >= 0."),
        ({"top_k": 0}, "top_k: got 0, must be a whole number >= 1."),
    ],
)
def test_arguments_out_of_bounds_are_refused_when_used(argument: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        Momentum(**argument).signals(tape(*RISES))


BASELINES = [
    BuyAndHold(),
    BuyAndHold(start="each"),
    BuyAndHold(weights={"BTC/USDT": 0.5}),
    EqualWeight(),
    InverseVolatility(),
    MinimumVariance(lookback=48, min_observations=48),
    Momentum(),
    Momentum(lookback=48, skip=2, top_k=2),
    Momentum(lookback=24, threshold=0.01, top_k=3, long_short=True),
]


@pytest.mark.pitfall("LAH-04")
@pytest.mark.parametrize("strategy", BASELINES, ids=repr)
def test_every_baseline_keeps_the_contract(strategy: Strategy) -> None:
    check_strategy(strategy, demo_tape(start="2024-03-01", end="2024-04-30"))


@pytest.mark.parametrize("strategy", BASELINES, ids=repr)
def test_every_baseline_names_a_sizing_method(strategy: Strategy) -> None:
    assert strategy.sizing.upper() in Sizing.__members__


def test_permuting_the_symbols_permutes_the_signals() -> None:
    names = demo_tape().symbols
    for strategy in BASELINES:
        one = strategy.signals(demo_tape(end="2024-04-30", symbols=names))
        other = strategy.signals(demo_tape(end="2024-04-30", symbols=names[::-1]))
        np.testing.assert_array_equal(one, other[:, ::-1])
