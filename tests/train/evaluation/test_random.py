"""Random policies trade what the policy trades, bar by bar, and hold as much; only what they hold is luck."""

from __future__ import annotations

import numpy as np
import pytest

from polyfolio.backtests import periods
from polyfolio.train import evaluation_random, evaluation_runs
from polyfolio.train.evaluation_contenders import Contender, entries_of
from polyfolio.train.evaluation_random import Habit, habits, moved_towards, random_policies, wander
from tests.train.evaluation.tools import local, market, named, spec


def copied(
    contender: Contender, count: int = 24, gap: bool = False, **lane: object
) -> tuple[evaluation_runs.Walked, evaluation_runs.Paths]:
    configuration = spec(**lane)  # type: ignore[arg-type]
    period = periods.period_of(market(gap=gap), (380, 500), 2)
    ran = evaluation_runs.walked(configuration, entries_of([contender], configuration.lanes[0]), period)
    held = evaluation_runs.weights(ran, len(contender.members))
    return ran, random_policies(configuration, configuration.lanes[0], habits(ran, held), period, count)


@pytest.mark.parametrize("gap", [False, True])
@pytest.mark.parametrize("params", [{}, {"every": 1}, {"every": 30}])
def test_the_turnover_is_the_policy_s(params: dict[str, int], gap: bool) -> None:
    ran, randoms = copied(named("guess", params, cls=local("Guess")), gap=gap)
    assert randoms.moved.mean() == pytest.approx(ran.moved[0].mean(), rel=0.03)
    bars = ran.moved[0] > 1e-9
    assert ((randoms.moved > 1e-9).mean(axis=0)[~bars] == 0.0).all()
    if not gap:
        told = np.corrcoef(randoms.moved[:, bars].mean(axis=0), ran.moved[0][bars])[0, 1]
        assert told > 0.95  # bar by bar, but for the ways that were too short


def test_half_invested_policies_have_half_invested_copies() -> None:
    guess = named("guess", cls=local("Guess"))
    ran, randoms = copied(guess, limits={"max_gross": 0.5})
    assert randoms.moved.mean() == pytest.approx(ran.moved[0].mean(), rel=0.03)
    # half the exposure, about half the deviation of a copy of the full one
    full = copied(guess)[1]
    assert randoms.returns.std() == pytest.approx(0.5 * full.returns.std(), rel=0.1)


def test_shorts_are_copied_as_shorts() -> None:
    ran, randoms = copied(named("guess", {"short": True}, cls=local("Guess")), sizing={"allow_short": True})
    assert randoms.moved.mean() == pytest.approx(ran.moved[0].mean(), rel=0.05)
    held = evaluation_runs.weights(ran, 1)[0]
    habit = habits(ran, held[None])[0]
    signals = wander(habit, 400, np.random.default_rng(0))
    said = signals[:, ~np.isnan(signals).all(axis=(0, 2))]
    traded = np.flatnonzero(habit.moved[1:] > 1e-9)
    assert said.sum(axis=2).mean() == pytest.approx(held[traded + 1].sum(axis=1).mean(), abs=0.12)
    assert (said < 0.0).any()


def test_copies_differ_and_favour_no_name() -> None:
    ran, _ = copied(named("guess", cls=local("Guess")))
    habit = habits(ran, evaluation_runs.weights(ran, 1))[0]
    signals = wander(habit, 2000, np.random.default_rng(1))
    last = signals[:, np.flatnonzero(habit.moved[1:] > 1e-9)[-1]]
    np.testing.assert_allclose(last.mean(axis=0), 0.25, atol=0.03)
    assert last.std(axis=0).min() > 0.05


def test_what_cannot_trade_is_left_alone() -> None:
    free = np.array([[True, True]] * 2 + [[True, False]] * 2)
    habit = Habit(np.full((4, 2), 0.5), np.array([0.0, 1.0, 0.4, 0.4]), np.zeros((4, 2)), free)
    signals = wander(habit, 50, np.random.default_rng(0))
    assert np.isnan(signals[:, 2, 1]).all()
    assert not np.isnan(signals[:, 2, 0]).any()
    assert np.isnan(signals[:, 3]).all()  # the last row decides nothing


def test_the_way_is_as_long_as_what_is_due() -> None:
    weights = np.array([[0.5, 0.5], [0.5, 0.5], [0.0, 0.0]])
    near, far = [[0.6, 0.4]] * 3, [[1.0, 0.0]] * 3
    found = moved_towards(weights, np.array([near, far]), np.array([0.1, 0.6, 3.0]))
    # the first is near enough for 0.1 of 0.2, the second takes the far one for 0.6 of 1.0, the third goes all the way
    np.testing.assert_allclose(found, [[0.55, 0.45], [0.8, 0.2], [0.6, 0.4]])
    assert np.abs(found - weights).sum(axis=1).tolist() == pytest.approx([0.1, 0.6, 1.0])


def test_what_was_left_untraded_is_traded_later() -> None:
    held = np.array([[0.0, 0.0], [0.2, 0.0], [0.2, 0.0], [1.0, 0.0]])
    habit = Habit(held, np.array([0.0, 0.2, 0.9, 0.8]), np.zeros((4, 2)), np.ones((4, 2), bool))
    path = np.nan_to_num(wander(habit, 200, np.random.default_rng(3))[:, :3])
    steps = np.abs(np.diff(path, axis=1, prepend=0.0)).sum(axis=2)
    assert steps[:, 1].max() <= 0.4 + 1e-9  # with 0.2 held no way is longer
    # 1.9 asked for in all; without the debt 0.2 + 0.4 + 0.8 at most would be traded
    assert steps.sum(axis=1).mean() > 1.6


def test_several_members_are_copied_in_turn_and_runs_may_be_split(monkeypatch: pytest.MonkeyPatch) -> None:
    busy = named("guess", {"every": 1}, {"every": 40}, cls=local("Guess"))
    ran, randoms = copied(busy, count=11)
    monkeypatch.setattr(evaluation_random, "AT_ONCE", 4 * 500 * 4)
    split = copied(busy, count=11)[1]
    for paths in (randoms, split):
        assert [entry.member for entry in paths.entries] == list(range(11))
        for member in (0, 1):
            assert paths.moved[member::2].mean() == pytest.approx(ran.moved[member].mean(), rel=0.04)
