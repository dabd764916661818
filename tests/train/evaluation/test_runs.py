"""The accounts of an evaluation: flat until the period, the same costs for all, nothing learned from judged rows."""

from __future__ import annotations

import numpy as np
import pytest

from polyfolio.backtests import periods
from polyfolio.backtests.baselines import BASELINES, INDEX
from polyfolio.errors import ConfigError, DataError
from polyfolio.rules.spec import Lane
from polyfolio.train import evaluation_runs as runs
from polyfolio.train.evaluation_contenders import Contender, entries_of
from tests.train.evaluation.tools import Learner, local, market, named, spec

ROWS = (400, 500)


def walked(*contenders: Contender, folds: int = 2, rows: tuple[int, int] = ROWS, **lane: object) -> runs.Walked:
    configuration = spec(**lane)  # type: ignore[arg-type]
    period = periods.period_of(market(), rows, folds)
    return runs.walked(configuration, entries_of(contenders, configuration.lanes[0]), period)


def test_the_period_ends_the_tape_and_folds_share_it_evenly() -> None:
    period = periods.period_of(market(), (380, 481), 4)
    assert (period.tape.rows, period.first, period.bars) == (481, 381, 99)
    assert [(int(fold.test[0]), int(fold.test[-1])) for fold in period.folds] == [
        (381, 405),
        (406, 430),
        (431, 455),
        (456, 480),
    ]
    assert [int(fold.train[-1]) for fold in period.folds] == [380, 405, 430, 455]
    assert periods.period_of(market(), (0, 500), 5).first == 5  # 499 rows in 5 folds of 99, and what comes before them
    with pytest.raises(DataError, match="folds, test"):
        periods.period_of(market(), (490, 500), 600)


def test_every_account_enters_in_cash_and_pays_for_its_first_trades() -> None:
    ran = walked(named("guess", cls=local("Guess")))
    for number in range(len(ran.entries)):
        path = ran.result.equity(number)
        assert (path[:401] == 100_000.0).all()
        assert path[401] != 100_000.0 or not ran.moved[number].any()
    assert ran.returns.shape == (6, 99)
    np.testing.assert_allclose(np.prod(1.0 + ran.returns, axis=1), [ran.result.equity(n)[-1] / 1e5 for n in range(6)])


def test_the_index_is_bought_once_at_the_next_open_after_the_fee() -> None:
    ran = walked(named("guess", cls=local("Guess")))
    tape, number = market(), ran.of(INDEX)[0]
    # all the cash at the decision's close: V' = V / (1 + fee) in the name, bought at the open of the next row
    units = 100_000.0 / 1.001 / tape.close[400, 0]
    paid = units * tape.open[401, 0]
    bought = min(units, units * 100_000.0 / (1.001 * paid))  # buying power cuts what a higher open makes too dear
    worth = 100_000.0 - bought * tape.open[401, 0] * 1.001 + bought * tape.close[401, 0]
    assert ran.returns[number, 0] == pytest.approx(worth / 100_000.0 - 1.0, rel=1e-9)
    assert (ran.moved[number][1:] == 0.0).all()
    assert ran.moved[number][0] == pytest.approx(bought * tape.open[401, 0] / 100_000.0)


def test_all_baselines_trade_and_none_keeps_the_policy_s_limits() -> None:
    ran = walked(named("guess", cls=local("Guess")), limits={"max_position": 0.05}, exits={"stop_loss": 0.001})
    held = runs.weights(ran, len(ran.entries))
    assert np.abs(held[0]).max() < 0.08  # the policy keeps them
    for name in (*BASELINES, INDEX):
        assert np.abs(held[ran.of(name)[0]]).sum(axis=1)[1:].min() > 0.95, name


@pytest.mark.pitfall("ACC-01")
def test_a_higher_fee_costs_every_account_that_trades() -> None:
    cheap, dear = (walked(named("guess", cls=local("Guess")), fee=fee) for fee in (0.001, 0.002))
    assert (dear.returns.sum(axis=1) < cheap.returns.sum(axis=1)).all()
    gap = (cheap.returns - dear.returns).sum(axis=1)
    np.testing.assert_allclose(gap, 0.001 * cheap.moved.sum(axis=1), rtol=0.05)


@pytest.mark.pitfall("LAH-06")
def test_what_learns_does_so_anew_before_each_fold_and_never_from_it() -> None:
    Learner.asked.clear()
    ran = walked(named("learner", cls=local("Learner")))
    assert Learner.asked == [(1, 400), (1, 450)]
    held = runs.weights(ran, 1)[0, :, 1]
    assert held[1:51].mean() == pytest.approx(0.40, abs=0.005)
    assert held[51:].mean() == pytest.approx(0.45, abs=0.005)


def test_a_book_of_its_own_begins_with_the_period() -> None:
    ran = walked(named("own", cls=local("Own")))
    assert np.flatnonzero(ran.moved[0]).tolist() == [0]
    assert ran.moved[0][0] == pytest.approx(0.5, abs=0.01)
    fixed = walked(named("own", {"first": 420}, cls=local("Own")))
    assert np.flatnonzero(fixed.moved[0]).tolist() == [20]


def test_a_strategy_made_for_certain_rules_is_asked_whether_they_hold() -> None:
    with pytest.raises(ValueError, match="lane picky / 1 is not nobody"):
        walked(named("picky", cls=local("Picky")))
    assert walked(named("picky", {"lane": "picky / 1"}, cls=local("Picky"))).moved[0].sum() == 0.0


@pytest.mark.pitfall("LAH-04")
def test_rows_after_the_period_do_not_matter_and_rows_of_it_reach_back_to_nothing() -> None:
    whole, part = (
        walked(named("guess", cls=local("Guess"))),
        walked(named("guess", cls=local("Guess")), rows=(400, 460)),
    )
    # the last row accepts no order, so returns agree up to the one before it
    np.testing.assert_array_equal(part.returns[:, :58], whole.returns[:, :58])


def test_names_and_costs_that_do_not_go_together_are_refused() -> None:
    lane = spec().lanes[0]
    for contenders, message in (
        ((), r"policies: got \(\), must be one or more"),
        ((named("equal weight", cls="momentum"),), r"policies\[0\]\.name: got 'equal weight', must be unique"),
        ((named("momentum"), named("momentum")), r"policies\[1\]\.name"),
        ((Contender("x", ()),), r"policies\[0\]\.members"),
    ):
        with pytest.raises(ConfigError, match=message):
            entries_of(contenders, lane)
    dear = Lane(**{**{name: getattr(lane, name) for name in ("account",)}, "name": "dear"})
    with pytest.raises(ConfigError, match="execution of momentum: got 'execution of lane dear', must be the same"):
        entries_of((named("momentum", lane=dear),), lane)


def test_weights_are_what_is_held_at_each_close() -> None:
    ran = walked(named("own", cls=local("Own")))
    held = runs.weights(ran, 1)[0]
    assert held.shape == (100, 4)
    assert (held[0] == 0.0).all()
    tape = market()
    units = 0.5 * 100_000.0 / tape.close[400, 1]  # as decided, but for the fee
    worth = np.array([ran.result.equity(0)[401 + bar] for bar in range(99)])
    np.testing.assert_allclose(held[1:, 1], units * tape.close[401:, 1] / worth, rtol=2e-3)
