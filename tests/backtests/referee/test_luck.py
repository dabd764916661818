"""Spells and their random copies: what is kept, what is drawn, and who is found to be lucky."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from polyfolio.backtests.referee.luck import as_it_was, follower, idle_share, luck, moved, placed, renamed
from polyfolio.backtests.referee.spells import Spell, runs, spells_of
from polyfolio.backtests.trial import SAME, Trial, trial_of
from polyfolio.core.codes import Level, Reason
from polyfolio.core.records import FILL
from tests.backtests.referee import worlds


def fills(*rows: tuple[int, int, Reason]) -> np.ndarray:
    """FILL records of (row, slot, reason)."""
    out = np.zeros(len(rows), FILL)
    for record, (row, slot, reason) in zip(out, rows, strict=True):
        record["row"], record["slot"], record["reason"] = row, slot, int(reason)
    return out


def asked(trial: Trial, draws: int = 60) -> dict[str, object]:
    """The answer for a lane."""
    return luck(trial, trial.results(trial.engine([SAME], Level.FULL).run()), draws)


def test_stretches_of_one_side() -> None:
    assert list(runs(np.array([0.0, 1.0, 1.0, -1.0, 0.0, 1.0]))) == [(1, 3), (3, 4), (5, 6)]
    assert list(runs(np.zeros(4))) == []
    assert list(runs(np.ones(3))) == [(0, 3)]


def test_spells_keep_their_trades_and_weights() -> None:
    """A is bought in row 1, added to in row 3, sold in row 5; B is short from row 2 to the end."""
    weights = np.array([[0, 0], [0.2, 0], [0.21, -0.1], [0.4, -0.11], [0.41, -0.12], [0, -0.1]])
    booked = fills((1, 0, Reason.SIGNAL), (3, 0, Reason.SIGNAL), (5, 0, Reason.SIGNAL), (2, 1, Reason.SIGNAL))
    one, two = spells_of(weights, booked)
    assert (one.slot, one.first, one.length, one.end) == (0, 1, 4, 5)
    assert (one.after.tolist(), one.weights.tolist()) == ([0, 2], [0.2, 0.4])
    assert (two.slot, two.first, two.length, two.weights.tolist()) == (1, 2, 4, [-0.1])


def test_a_stop_is_followed_one_bar_later() -> None:
    weights = np.array([[0.0], [0.2], [0.2], [0.0], [0.0]])
    stopped = spells_of(weights, fills((1, 0, Reason.SIGNAL), (3, 0, Reason.STOP_LOSS)))
    sold = spells_of(weights, fills((1, 0, Reason.SIGNAL), (3, 0, Reason.SIGNAL)))
    assert (stopped[0].end, sold[0].end) == (4, 3)


def test_a_stop_before_the_next_spell_leaves_it_its_first_bar() -> None:
    weights = np.array([[0.0], [0.2], [0.0], [-0.2]])
    booked = fills((1, 0, Reason.SIGNAL), (2, 0, Reason.STOP_LOSS), (3, 0, Reason.SIGNAL))
    assert [(one.first, one.end) for one in spells_of(weights, booked)] == [(1, 3), (3, 4)]


def test_every_place_is_as_likely_as_any_other() -> None:
    """A spell of 2 in a room of 4 begins at 0, 1 or 2."""
    starts = placed(np.array([2]), 4, 30_000, np.random.default_rng(0))[:, 0]
    counts = np.bincount(starts, minlength=4)
    assert counts[3] == 0
    assert np.abs(counts[:3] / 30_000 - 1 / 3).max() < 5 * np.sqrt(2 / 9 / 30_000)


def test_every_arrangement_of_two_is_as_likely_as_any_other() -> None:
    """Lengths 1 and 2 in a room of 5 with a gap: {0, 2}, {0, 3}, {1, 3} with the short one first, as many after."""
    starts = placed(np.array([1, 2]), 5, 30_000, np.random.default_rng(1))
    kinds, counts = np.unique(starts, axis=0, return_counts=True)
    assert kinds.tolist() == [[0, 2], [0, 3], [1, 3], [3, 0], [4, 0], [4, 1]]
    assert np.abs(counts / 30_000 - 1 / 6).max() < 5 * np.sqrt(5 / 36 / 30_000)


def test_spells_never_overlap_and_never_leave_the_room() -> None:
    lengths = np.array([3, 1, 7, 2])
    starts = placed(lengths, 20, 500, np.random.default_rng(2))
    for row in starts:
        order = np.argsort(row)
        for one, other in pairwise(order):
            assert row[one] + lengths[one] < row[other]
        assert row.min() >= 0
        assert (row + lengths).max() <= 20


def test_spells_that_fill_the_room_stand_side_by_side() -> None:
    assert sorted(placed(np.array([2, 2]), 4, 1, np.random.default_rng(0))[0].tolist()) == [0, 2]


def held(copy: Trial, signals: np.ndarray) -> np.ndarray:
    """Closed trades of a copy: (slot, bars held), sorted."""
    engine = copy.engine([SAME], Level.FULL, signals).run()
    trades = copy.results(engine).trades(0)
    return np.sort(np.array([(int(one["slot"]), int(one["exit_row"] - one["entry_row"])) for one in trades]), axis=0)


SPELLS = [
    Spell(0, 5, 10, np.array([0, 4]), np.array([0.2, 0.3])),
    Spell(1, 8, 20, np.array([0]), np.array([-0.2])),
    Spell(0, 40, 3, np.array([0]), np.array([0.2])),
]


@pytest.mark.parametrize("fill", ["next_open", "same_close"])
def test_copies_keep_the_number_the_names_and_the_holding_times(fill: str) -> None:
    copy = follower(trial_of(worlds.spec(execution={"fill": fill}), worlds.walk(), 0))
    wait = int(fill != "same_close")
    own = held(copy, as_it_was(copy, SPELLS, wait))
    assert own.tolist() == [[0, 3], [0, 10], [1, 20]]
    rows = [np.arange(copy.tape.rows)] * copy.tape.slots
    drawn = moved(copy, SPELLS, (rows, wait, wait), 5, np.random.default_rng(4))
    entries = set()
    for signals in drawn:
        assert (held(copy, signals[None]) == own).all()
        entries.add(int(np.flatnonzero(signals[:, 1] == -0.2)[0]))
    assert len(entries) > 1


def test_renamed_copies_keep_moments_and_never_hold_two_in_one_name() -> None:
    copy = follower(trial_of(worlds.spec(), worlds.walk(), 0))
    drawn = renamed(copy, SPELLS, 1, 40, np.random.default_rng(5))
    names = set()
    for signals in drawn:
        bars = held(copy, signals[None])[:, 1]
        assert sorted(bars.tolist()) == [3, 10, 20]
        first, second = (int(np.flatnonzero(signals[row] == size)[0]) for row, size in ((4, 0.2), (7, -0.2)))
        assert first != second
        names.add((first, second))
    assert len(names) == 6


def test_the_replay_is_the_run_where_nothing_but_the_strategy_decides() -> None:
    """At the close it decided at, without costs, the weights at the close are the weights decided."""
    trial = trial_of(worlds.spec(worlds.own("Between"), execution={"fill": "same_close"}), worlds.walk(), 0)
    found = asked(trial)
    assert found["trades"] == 1
    assert found["replayed"] == pytest.approx(trial.growth([SAME])[0], abs=1e-9)


def test_who_knows_the_future_beats_every_copy() -> None:
    found = asked(trial_of(worlds.spec(worlds.own("Oracle")), worlds.walk(), 0))
    for kind in ("moments", "names"):
        assert found[kind]["beaten"] == 60  # type: ignore[index]
        assert found[kind]["p"] == pytest.approx(1 / 61)  # type: ignore[index]


def test_a_coin_beats_about_half_of_its_copies() -> None:
    """One trade at one moment of a random walk: its place among 200 copies is that of luck."""
    found = asked(trial_of(worlds.spec(worlds.own("Between", start=60, end=70)), worlds.walk(rows=400), 0), 200)
    moments = found["moments"]
    assert 0.02 < moments["p"] < 0.98  # type: ignore[index]
    assert moments["low"] < moments["median"] < moments["high"]  # type: ignore[index]
    returns = np.array(moments["returns"])  # type: ignore[index]
    assert moments["p"] == pytest.approx((1 + (returns >= found["replayed"]).sum()) / 201)  # type: ignore[index]


def test_the_same_seed_draws_the_same_copies() -> None:
    trial = trial_of(worlds.spec(worlds.own("Between")), worlds.walk(), 0)
    assert asked(trial) == asked(trial)


@pytest.mark.parametrize(
    ("strategy", "why"), [({"name": "equal_weight"}, "always_in"), (worlds.own("Silent"), "no_trades")]
)
def test_where_there_is_nothing_to_draw_it_says_so(strategy: dict[str, object], why: str) -> None:
    found = asked(trial_of(worlds.spec(strategy), worlds.walk(), 0))
    assert (found["moments"]["why"], found["names"]["why"]) == (why, why)  # type: ignore[index]


def test_one_name_has_no_other_name() -> None:
    found = asked(trial_of(worlds.spec(worlds.own("Between")), worlds.walk(slots=1), 0))
    assert found["names"]["why"] == "no_choice"  # type: ignore[index]
    assert found["moments"]["why"] == ""  # type: ignore[index]


def test_idle_bars_are_counted_from_the_first_spell() -> None:
    """From row 5 on 3 names have 195 rows each; 10 + 20 + 3 of these 585 are held."""
    trial = trial_of(worlds.spec(), worlds.walk(), 0)
    assert idle_share(trial, SPELLS) == pytest.approx(1.0 - 33 / 585)


def test_bars_that_do_not_trade_are_no_moments() -> None:
    """A name that trades every second row: the copies hold it for as many of its own bars."""
    tape = worlds.walk(rows=120)
    tradable = tape.tradable.copy()
    tradable[1::2, 0] = 0
    close = np.where(tradable != 0, tape.close, np.nan)
    gappy = worlds.market(close, open=close, tradable=tradable)
    copy = follower(trial_of(worlds.spec(), gappy, 0))
    rows = [np.flatnonzero(column) for column in (gappy.tradable != 0).T]
    spell = Spell(0, 10, 8, np.array([0]), np.array([0.5]))
    for signals in moved(copy, [spell], (rows, 1, 1), 10, np.random.default_rng(6)):
        said = np.flatnonzero(~np.isnan(signals[:, 0]))
        assert (said % 2 == 0).all()
        assert signals[said, 0].tolist() in ([0.5, 0.0], [0.5])
