"""A sealed policy over a tape: its signals are those of its own book, and no row knows a later one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from polyfolio.core.tape import Tape
from polyfolio.engine.engine import Engine
from polyfolio.errors import ConfigError, DataError
from polyfolio.market.window import window
from polyfolio.policy.play import decisions, next_day, play, warmup, with_a_row_behind
from polyfolio.policy.sealed import SealedPolicy
from polyfolio.rules.plan import compile_spec
from tests.policy.makers import tape_of, trained

TAPE = tape_of(end="2024-01-20")
RICH = {
    "account": {"interest_rate": 0.05},
    "exits": {"stop_loss": 0.02},
    "execution": {"commission": {"percentage_fee": 0.001}, "slippage": {"base_slippage": 0.0005}},
}
KINDS = [
    ({"kind": "weights"}, {}),
    ({"kind": "weights", "simplex": "raw", "cash": False}, {"sizing": {"method": "weights", "allow_short": True}}),
    ({"kind": "changes"}, {}),
    ({"kind": "signals", "space": "multi_discrete", "flat": True}, {"sizing": {"method": "equal_weight"}}),
    ({"kind": "weights", "space": "discrete"}, {"rebalance": {"every": 5}}),
    ({"kind": "signals", "space": "discrete"}, {"sizing": {"method": "equal_weight"}}),
    ({"kind": "changes", "space": "multi_discrete"}, {"rebalance": {"every": "1d"}}),
]


@pytest.mark.parametrize(("action", "lane"), KINDS)
def test_a_lane_that_follows_the_signals_keeps_the_very_same_book(action: dict, lane: dict) -> None:
    # The panel begins on the third day: until then idle cash earns interest.
    observation = {"risk": True, "window": 2, "normalise": {"method": "rolling", "window": 40}}
    policy = trained(TAPE, {**RICH, **lane}, action=action, observation=observation)
    books, signals = {}, np.full((TAPE.rows, TAPE.slots), np.nan)
    for row, arena in decisions(policy, TAPE):
        signals[row] = arena.signals[0, 0]
        books[row + 1] = arena.book.digest()
    np.testing.assert_array_equal(play(policy, TAPE), signals)
    assert np.isnan(signals[: min(books) - 1]).all()
    engine = Engine(compile_spec(policy.spec, TAPE.universe), TAPE, signals[None])
    engine.run(until=min(books) - 1)
    for row in range(min(books) - 1, TAPE.rows):
        engine.fill().mark()
        if row in books:
            assert engine.book.digest() == books[row], f"row {row}"
        engine.decide()
    assert engine.book.account["fills"][0] > 4, "a lane that never trades shows nothing"


@pytest.mark.parametrize("observation", [{}, {"window": 3}, {"technical": "sixty", "market": False}])
def test_signals_begin_with_the_first_row_that_shows_all(observation: dict) -> None:
    policy = trained(TAPE, observation=observation)
    signals = play(policy, TAPE)
    first = warmup(policy) - 1
    assert np.isnan(signals[:first]).all()
    assert np.isfinite(signals[first:]).all()


@pytest.mark.pitfall("LAH-04")
@pytest.mark.parametrize("observation", [{"risk": True}, {"normalise": {"method": "rolling", "window": 30}}])
def test_no_row_depends_on_a_later_one(observation: dict) -> None:
    policy = trained(TAPE, RICH, observation=observation)
    whole = play(policy, TAPE)
    random = np.random.default_rng(0)
    for cut in (warmup(policy), 100, 121, TAPE.rows - 1):
        np.testing.assert_array_equal(play(policy, window(TAPE, 0, cut)), whole[:cut])
        moved = TAPE.close.copy()
        moved[cut:] *= np.exp(random.normal(0.0, 0.05, moved[cut:].shape))
        bars = {
            name: np.maximum(TAPE.high, moved) if name == "high" else np.minimum(TAPE.low, moved)
            for name in ("high", "low")
        }
        np.testing.assert_array_equal(play(policy, replace(TAPE, close=moved, **bars))[:cut], whole[:cut])


def test_a_policy_sees_its_own_book() -> None:
    cheap, dear = ({"execution": {"commission": {"percentage_fee": fee}}} for fee in (0.0, 0.01))
    blind, seeing = (
        [play(trained(TAPE, lane, observation={"portfolio": on, "positions": on}), TAPE) for lane in (cheap, dear)]
        for on in (False, True)
    )
    np.testing.assert_array_equal(*blind)
    assert not np.array_equal(*seeing)


def test_a_lane_that_was_stopped_for_good_says_nothing_more() -> None:
    halved = np.where(np.arange(TAPE.rows) < 150, 1.0, 0.5)[:, None]
    falling = replace(TAPE, **{name: getattr(TAPE, name) * halved for name in ("open", "high", "low", "close")})
    policy = trained(TAPE, {"risk": {"max_drawdown": 0.3, "drawdown_action": "terminate"}})
    spoken = np.flatnonzero(np.isfinite(play(policy, falling)).any(axis=1))
    assert 148 <= spoken[-1] <= 152
    assert np.isfinite(play(trained(TAPE), falling)[-1]).all()


def test_the_row_behind_is_no_event_and_no_decision_sees_it() -> None:
    ones = np.ones((TAPE.rows, TAPE.slots))
    eventful = replace(TAPE, dividends=ones, splits=ones * 2.0, funding=ones, borrow=ones)
    longer = with_a_row_behind(eventful)
    assert longer.rows == TAPE.rows + 1
    assert longer.times[-1] - longer.times[-2] == 3_600_000_000_000
    for name in ("dividends", "splits", "funding"):
        assert np.isnan(getattr(longer, name)[-1]).all()
    assert (longer.borrow[-1] == 1.0).all()
    np.testing.assert_array_equal(longer.close[-1], TAPE.close[-1])


def test_the_day_behind_the_last_row() -> None:
    hours = window(TAPE, 0, 60)  # ends at 12:00 of the third day
    assert next_day(hours, 3_600_000_000_000) == hours.calendar.day[-1]
    midnight = window(TAPE, 0, 48)
    assert next_day(midnight, 3_600_000_000_000) == midnight.calendar.day[-1] + 1
    sessions = np.repeat(np.arange(100, 104), 7)
    for rows, wanted in ((28, 104), (27, 103), (22, 103), (21, 103)):
        part = window(TAPE, 0, rows)
        part = replace(part, calendar=replace(part.calendar, name="XNYS", day=sessions[:rows]))
        assert next_day(part, 3_600_000_000_000) == wanted, rows


@pytest.mark.parametrize("block", ["episode", "others"])
def test_what_no_strategy_has_is_refused(block: str) -> None:
    policy = trained(TAPE)
    spec = policy.spec
    observation = spec.environment.observation.model_copy(update={block: True})
    changed = spec.model_copy(update={"environment": spec.environment.model_copy(update={"observation": observation})})
    policy.__dict__["spec"] = changed
    with pytest.raises(ConfigError, match=f"environment.observation.{block}"):
        play(policy, TAPE)


@pytest.mark.parametrize(
    ("tape", "said"),
    [
        (lambda: tape_of(symbols=["BTC/USDT", "ETH/USDT"], end="2024-01-20"), "tape's symbols"),
        (lambda: window(TAPE, 0, 5), "tape.rows"),
    ],
)
def test_other_tapes_are_refused(tape, said: str) -> None:
    with pytest.raises(DataError, match=said):
        play(trained(TAPE), tape())


def in_another_world(**change: object) -> SealedPolicy:
    policy = trained(TAPE)
    manifest = policy.manifest.model_copy(update={"world": policy.manifest.world.model_copy(update=change)})
    return replace(policy, manifest=manifest)


def test_a_world_of_another_width_is_refused() -> None:
    with pytest.raises(DataError, match="numbers seen and said"):
        play(in_another_world(names=("one",)), TAPE)


def test_other_code_of_the_features_is_said_and_decides_alike(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("WARNING", logger="polyfolio"):
        decided = play(in_another_world(panel="0" * 64), TAPE)
    assert "sealed with other features" in caplog.text
    np.testing.assert_array_equal(decided, play(trained(TAPE), TAPE))


def test_rows_of_other_markets_do_not_reach_it() -> None:
    policy = trained(TAPE)
    later: Tape = tape_of(start="2024-02-01", end="2024-02-15")
    assert np.isfinite(play(policy, later)[warmup(policy) :]).all()
