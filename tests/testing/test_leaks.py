"""The leak proof: each cheat is caught for its own reason, each honest twin passes, places are named."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError
from polyfolio.features.normalise import Rank, Robust, Rolling, Standard
from polyfolio.features.regimes import Drawdown, HiddenMarkov, RegimeFeature, Trend, Volatility, WalkForward
from polyfolio.market.demo import demo_tape
from polyfolio.market.window import window
from polyfolio.rules.load import single
from polyfolio.testing import check_leaks, find_leaks
from polyfolio.testing.reasons import Reason
from polyfolio.testing.stability import recursive_stability
from polyfolio.testing.subjects import name_of, subject_of
from tests.testing.cheats import CHEATS, Average, Change, Clairvoyant, Follower, closes, returns, shifted


@pytest.fixture(scope="module")
def tape() -> Tape:
    """ENA is listed in the middle of it."""
    return demo_tape(start="2024-03-28", end="2024-04-10")


@pytest.mark.pitfall("LAH-07", "LAH-04")
@pytest.mark.parametrize(("cheat", "reason", "twin"), CHEATS, ids=[name_of(cheat) for cheat, _, _ in CHEATS])
def test_a_cheat_is_caught_for_its_reason_and_its_twin_passes(
    cheat: Any, reason: Reason, twin: Any, tape: Tape
) -> None:
    found = find_leaks(cheat, tape)
    assert [leak.reason for leak in found.leaks] == [reason], found.text()
    assert not find_leaks(twin, tape).leaks


HONEST = [
    Trend(fast=5, slow=30),
    Volatility(window=10),
    Drawdown(window=40),
    HiddenMarkov(starts=1),
    HiddenMarkov(count=3, observed=("return", "volatility"), starts=1),
    WalkForward(regime=Volatility(window=10), first=80, every=50),
    RegimeFeature(regime=Trend(fast=5, slow=30)),
    Standard(),
    Standard(pooled=True, clip=3.0),
    Robust(),
    Rank(output="normal"),
    Rank(pooled=True, knots=51),
    Rolling(window=30),
]


@pytest.mark.pitfall("LAH-06", "LAH-08")
@pytest.mark.parametrize("thing", HONEST, ids=repr)
def test_our_normalisers_and_regimes_do_not_leak(thing: Any, tape: Tape) -> None:
    found = find_leaks(thing, tape, trials=2)
    assert not found.leaks, found.text()


def test_the_first_leaking_row_and_column_are_named(tape: Tape) -> None:
    found = find_leaks(shifted, tape).first
    assert (found.row, found.column, found.symbol, found.reach) == (0, "shifted", tape.symbols[0], 1)
    assert found.time == "2024-03-28T01:00:00.000000000"
    assert found.before == shifted(tape)[0, 0]

    def late(asked: Tape) -> np.ndarray:
        out = np.zeros((3, asked.rows, asked.slots))
        out[2, 100:, 4] = np.nan_to_num(shifted(asked))[100:, 4]
        return out

    found = find_leaks(late, tape, trials=40).leaks[0]
    assert (found.column, found.symbol) == ("column 2", tape.symbols[4])
    assert 100 <= found.row <= 110


def test_check_leaks_raises_with_place_reason_and_remedy(tape: Tape) -> None:
    with pytest.raises(ConfigError) as caught:
        check_leaks(Clairvoyant, tape)
    for word in ("signal[row 0, ", "looks_ahead", "up to 1 rows ahead", "shift forwards"):
        assert word in str(caught.value)
    assert "nothing leaks" in check_leaks(Follower, tape).text()


def test_the_reach_of_a_window_is_counted(tape: Tape) -> None:
    def ahead(asked: Tape) -> np.ndarray:
        out = np.full(asked.close.shape, np.nan)
        windows = np.lib.stride_tricks.sliding_window_view(asked.close, 8, axis=0)
        out[: windows.shape[0]] = windows.mean(axis=-1)
        return out

    found = find_leaks(ahead, tape).first
    assert (found.reason, found.reach) == (Reason.LOOKS_AHEAD, 7)


@pytest.mark.pitfall("LAH-02")
def test_cutting_the_end_is_one_of_the_futures(tape: Tape) -> None:
    def knows_its_length(asked: Tape) -> np.ndarray:
        return np.full(asked.rows, float(asked.rows))

    found = find_leaks(knows_its_length, tape).first
    assert "truncated" in found.changed
    assert "scaled" not in found.changed


def test_a_rule_that_reads_a_field_of_the_future_is_caught_whatever_the_field(tape: Tape) -> None:
    for field in ("open", "high", "low", "volume", "tradable"):

        def ahead(asked: Tape, field: str = field) -> np.ndarray:
            return np.roll(np.asarray(getattr(asked, field), float), -1, axis=0)

        assert find_leaks(ahead, tape, trials=8).leaks, field


def test_a_run_is_asked_for_its_books(tape: Tape) -> None:
    sections = {"strategy": {"name": "momentum"}, "exits": {"stop_loss": 0.05}}
    assert not find_leaks(single(sections, "mine"), tape).leaks
    same = find_leaks(single({**sections, "execution": {"fill": "same_close"}}, "mine"), tape)
    assert [leak.reason for leak in same.leaks] == [Reason.SAME_BAR], same.text()
    assert same.first.column == "mine"


def test_splits_and_holes_reach_the_stream_of_a_feature(tape: Tape) -> None:
    splits = np.where(np.random.default_rng(0).random(tape.close.shape) < 0.05, 2.0, 1.0)
    gone = np.random.default_rng(1).random(tape.close.shape) < 0.1
    arrays = {n: np.where(gone, np.nan, getattr(tape, n)) for n in ("open", "high", "low", "close")}
    tradable = np.where(gone, 0, tape.tradable).astype(np.uint8)
    holed = replace(tape, splits=splits, tradable=tradable, **arrays)
    assert ((splits != 1.0) & gone).any()
    found = find_leaks(RegimeFeature(regime=Volatility(window=10, low=0.002, high=0.01)), holed)
    assert not found.leaks, found.text()


@pytest.mark.pitfall("LAH-08")
def test_the_bars_needed_are_counted_exactly(tape: Tape) -> None:
    needed = recursive_stability(subject_of(Change(rows=17), tape), tape)
    assert set(needed.bars.values()) == {18}
    assert needed.declared == 18
    average = recursive_stability(subject_of(Average(), tape), tape).bars
    # What is left of another start is 0.9^k of it: a factor of 1,000 takes about 66 rows, more or less as the start is.
    steps = np.diff([average[1e-3], average[1e-6], average[1e-9]])
    assert ((steps > 45) & (steps < 90)).all()


def test_a_declared_warm_up_that_is_too_short_is_a_leak(tape: Tape) -> None:
    class Short(Change):
        @property
        def warmup(self) -> int:
            return self.rows - 1

    found = find_leaks(Short(), tape).first
    assert (found.reason, found.before, found.after) == (Reason.WARMUP, 5.0, 6.0)


def test_learning_needs_rows_before_and_after_the_training_ones(tape: Tape) -> None:
    for train in ((10, 10), (0, tape.rows), (-1, 5)):
        with pytest.raises(ConfigError, match="train"):
            find_leaks(Standard(), tape, train=train)
    assert not find_leaks(Standard(), tape, train=(40, 200)).leaks


def test_a_tape_within_the_warm_up_proves_nothing(tape: Tape) -> None:
    with pytest.raises(ConfigError, match="all NaN"):
        find_leaks(Change(rows=50), window(tape, 0, 50))


@pytest.mark.parametrize(
    ("thing", "more", "words"),
    [
        (3, {}, "object"),
        (closes, {"kind": "oracle"}, "kind"),
        (closes, {"trials": 0}, "trials"),
        (lambda tape: "text", {}, "answer"),
        (lambda tape: np.zeros(7), {}, "answer"),
    ],
)
def test_what_cannot_be_asked_is_refused(thing: Any, more: dict, words: str, tape: Tape) -> None:
    with pytest.raises(ConfigError, match=words):
        find_leaks(thing, tape, **more)


def test_an_error_of_the_rule_says_what_it_was_asked(tape: Tape) -> None:
    def fragile(asked: Tape) -> np.ndarray:
        if np.isnan(asked.close[-1]).all():
            raise ZeroDivisionError("no bars")
        return returns(asked)

    with pytest.raises(ZeroDivisionError) as caught:
        find_leaks(fragile, tape)
    assert "emptied from row" in caught.value.__notes__[0]


def test_answers_may_be_rows_columns_or_a_dict(tape: Tape) -> None:
    forms = [
        lambda asked: closes(asked)[:, 0],
        lambda asked: closes(asked)[:, :2],
        lambda asked: {"a": closes(asked), "b": returns(asked)},
        lambda asked: np.array([closes(asked), returns(asked)]),
        lambda asked: closes(asked)[:, 0] > 1.0,
    ]
    for form in forms:
        assert not find_leaks(form, tape, trials=1).leaks


def test_a_seed_repeats_the_report(tape: Tape) -> None:
    one, two, three = (find_leaks(shifted, tape, seed=seed).leaks for seed in (1, 1, 2))
    assert one == two != three
