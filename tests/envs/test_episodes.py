"""Episodes: where they begin and end, what they draw, ruin and drawdown, walk-forward parts."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import numpy as np
import pytest

from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError, DataError
from tests.envs.worlds import FEE, TAPE, Keys, config, drawn, many, one, play

LAST = TAPE.rows - 1


def starts(count: int, **episode: Any) -> np.ndarray:
    """Where many episodes begin."""
    env = many(count, config(episode={"start": "random", **episode}))
    rows: np.ndarray = env.reset(seed=0)[1]["row"]
    return rows


# Where


@pytest.mark.parametrize(("length", "latest"), [(None, LAST - 1), (1, LAST - 1), (50, LAST - 50), (LAST, 0)])
def test_random_starts_are_even_and_leave_room_for_the_episode(length: int | None, latest: int) -> None:
    rows = starts(5_000, length=length)
    assert (rows.min(), rows.max()) == (0, latest)
    if latest:
        counts = np.histogram(rows, bins=5, range=(0, latest + 1))[0]
        assert abs(counts - 1_000).max() < 150


def test_the_first_row_is_the_first_with_a_whole_window_and_a_known_panel() -> None:
    assert one(config(observation={"window": 7})).reset()[1]["row"] == 6
    env = one(config(observation={"technical": [{"name": "sma", "period": 30}], "window": 7}))
    assert env.reset()[1]["row"] == env.panel.first > 6
    drawn_rows = many(500, config(observation={"window": 7}, episode={"start": "random"})).reset(seed=0)[1]["row"]
    assert drawn_rows.min() == 6


@pytest.mark.pitfall("ACC-08")
@pytest.mark.parametrize("length", (1, 2, 30, None))
def test_an_episode_has_as_many_decisions_as_were_asked_for(length: int | None) -> None:
    env = one(config(episode={"length": length}))
    played = play(env, drawn(env.action_space, 300))
    assert played.steps == (length or LAST)
    assert played.truncated
    assert not played.terminated
    assert played.infos[-1]["ended"] == ("length" if length else "end_of_tape")
    assert [info["ended"] for info in played.infos[:-1]] == [""] * played.steps
    assert played.column("row").tolist() == list(range(played.steps + 1))
    assert played.column("time").tolist() == TAPE.times[: played.steps + 1].tolist()


def test_a_late_row_ends_with_the_tape() -> None:
    played = play(one(config(episode={"length": 30})), [np.zeros(4)] * 40, row=LAST - 4)
    assert (played.steps, played.infos[-1]["ended"]) == (4, "end_of_tape")


SPLIT = {"train": 0.5, "validation": 0.25, "test": 0.25}


@pytest.mark.parametrize(
    ("split", "first", "last"), [("train", 0, 79), ("validation", 80, 119), ("test", 120, 159), ("all", 0, 159)]
)
def test_a_split_plays_on_its_own_rows(split: str, first: int, last: int) -> None:
    env = one(config(split=SPLIT), split=split)
    played = play(env, drawn(env.action_space, 300))
    assert (played.infos[0]["row"], played.infos[-1]["row"]) == (first, last)
    assert played.steps == last - first
    rows = many(300, config(split=SPLIT, episode={"length": 5, "start": "random"}), split=split).reset(seed=0)[1]["row"]
    assert (rows.min(), rows.max()) == (first, last - 5)


def test_splits_in_turn_share_no_decision() -> None:
    """Walk forward: each part begins with the first row the part before it did not decide at."""
    decided = []
    for split in ("train", "validation", "test"):
        env = one(config(split=SPLIT), split=split)
        decided.append(play(env, drawn(env.action_space, 300)).column("row")[:-1])
    together = np.concatenate(decided)
    assert len(set(together.tolist())) == together.size
    assert [rows[0] for rows in decided] == [0, 80, 120]


def test_a_fold_plays_on_its_rows_and_learns_from_them_unless_it_is_told() -> None:
    keys = config(observation={"market": True}, split=SPLIT)
    train, test = one(keys, split=(0, 80)), one(keys, split=(90, 130))
    played = play(test, drawn(test.action_space, 100))
    assert (played.infos[0]["row"], played.infos[-1]["row"]) == (90, 129)
    assert test.panel.state != train.panel.state
    told = one(keys, split=(90, 130), state=train.panel.state)
    assert told.panel.state == train.panel.state == one(keys, split="train").panel.state
    assert told.reset()[1]["row"] == 90


@pytest.mark.parametrize("fold", [(90, 90), (90, 91), (-1, 40), (90, 161), (90,)])
def test_a_fold_that_is_none_is_refused(fold: Any) -> None:
    with pytest.raises((ConfigError, DataError), match="split"):
        one(config(), split=fold)


@pytest.mark.parametrize(
    ("keys", "error", "match"),
    [
        ({"split": {"train": 1.0, "validation": 0.0, "test": 0.0}}, DataError, "split validation"),
        ({"episode": {"length": 100}, "split": SPLIT}, ConfigError, "length"),
        ({"observation": {"window": 130}, "split": SPLIT}, ConfigError, "window"),
    ],
)
def test_a_split_that_holds_no_episode_is_refused(keys: Keys, error: Any, match: str) -> None:
    with pytest.raises(error, match=match):
        one(config(**keys), split="validation")


# What is drawn

ORDERS = {"sizing": {"method": "orders", "allow_short": True}, "limits": {"max_leverage": 2.0}}
HOLD = {"action": {"kind": "signals", "space": "multi_discrete", "flat": True}}
EVERY_COST = {
    "commission": {"model": "fixed_percentage", "fixed_fee": 0.5, "percentage_fee": 0.002, "min_fee": 0.1},
    "slippage": {"model": "linear", "base_slippage": 0.001, "volume_impact": 1e-6, "half_spread": 0.5},
    "market_impact": {"model": "square_root", "temporary_impact": 0.1, "permanent_impact": 0.2},
}
# A commission is a share of the price paid, which holds slippage and impact: each is looked at without the other.
NO_SLIPPAGE = {"slippage": {"half_spread": 0.0}}
FEES = {**NO_SLIPPAGE, "commission": EVERY_COST["commission"]}
PRICES = {name: EVERY_COST[name] for name in ("slippage", "market_impact")}
TIERED = {
    **NO_SLIPPAGE,
    "commission": {
        "model": "tiered",
        "tiered_rates": [{"min_volume": 0.0, "max_volume": 0.5, "rate": 0.02}, {"min_volume": 0.5, "rate": 0.01}],
    },
}
CAPPED = {**NO_SLIPPAGE, "commission": {"model": "percentage", "percentage_fee": 0.01, "max_fee": 0.5}}
SPREAD = dataclasses.replace(TAPE, spread=np.full_like(TAPE.close, 0.05))


def trades(execution: Keys, factor: float | None, seed: int = 0) -> Any:
    """Ten steps of orders of one unit here and there, at costs times a factor."""
    drawn_costs = {} if factor is None else {"randomise": {"costs": [factor, factor]}}
    keys = config({**ORDERS, "execution": execution}, **HOLD, episode={"length": 10, **drawn_costs})
    env = one(keys, SPREAD)
    return play(env, drawn(env.action_space, 10, seed)), env.core.arena.book.quantity[0].tolist()


@pytest.mark.pitfall("ACC-01", "ACC-03", "ACC-18")
@pytest.mark.parametrize("factor", (0.0, 0.25, 2.0, 7.0))
@pytest.mark.parametrize("execution", (FEES, TIERED, PRICES), ids=("fees", "tiers", "prices"))
def test_a_factor_on_costs_multiplies_what_the_same_trades_pay(execution: Keys, factor: float) -> None:
    once, held = trades(execution, None)
    times, other = trades(execution, factor)
    assert held == other
    for name in ("commission", "slippage", "impact"):
        np.testing.assert_allclose(times.paid(name), factor * once.paid(name), rtol=1e-12, atol=1e-15)
    total = sum(once.paid(name).sum() for name in ("commission", "slippage", "impact"))
    assert total > 0.0
    lost = once.infos[-1]["equity"] - times.infos[-1]["equity"]
    assert lost == pytest.approx((factor - 1.0) * total, rel=1e-9)


def test_a_factor_on_costs_multiplies_the_largest_fee() -> None:
    test_a_factor_on_costs_multiplies_what_the_same_trades_pay(CAPPED, 2.0)


def test_the_plan_is_not_written_to_by_what_episodes_draw() -> None:
    env = one(config({"execution": EVERY_COST}, episode={"length": 2, "randomise": {"costs": [3.0, 5.0]}}))
    plan = env.plan.rules["percentage_fee"][0]
    factors = []
    for _ in range(5):
        env.reset()
        factors.append(env.core.arena.episodes["cost_factor"][0])
        rules = env.core.arena._ledger.rules[0]
        assert rules["percentage_fee"] == pytest.approx(plan * factors[-1], rel=1e-15)
    assert env.plan.rules["percentage_fee"][0] == plan == 0.002
    assert len(set(factors)) == 5
    assert all(3.0 <= factor <= 5.0 for factor in factors)


@pytest.mark.parametrize(("low", "high"), [(0.5, 2.0), (0.0, 1.0), (3.0, 3.0)])
def test_factors_are_drawn_between_their_bounds(low: float, high: float) -> None:
    env = many(2_000, config(episode={"length": 2, "randomise": {"costs": [low, high]}}))
    env.reset(seed=0)
    drawn_factors = env.core.arena.episodes["cost_factor"]
    assert (drawn_factors >= low).all()
    assert (drawn_factors <= high).all()
    middle = math.sqrt(low * high) if low else (low + high) / 2
    assert abs((drawn_factors < middle).mean() - 0.5) < 0.05 or low == high


def test_capital_is_drawn_between_its_bounds_and_is_the_equity_at_the_start() -> None:
    env = many(2_000, config(episode={"length": 2, "randomise": {"capital": [0.1, 10.0]}}))
    info = env.reset(seed=0)[1]
    worth = info["equity"] / 20_000.0
    assert 0.1 <= worth.min() < 0.11
    assert 9.0 < worth.max() <= 10.0
    assert abs((worth < 1.0).mean() - 0.5) < 0.05
    assert np.array_equal(env.core.arena.episodes["capital"], info["equity"])
    assert np.array_equal(env.core.arena.book.account["cash"], info["equity"])


@pytest.mark.parametrize("short", (False, True))
def test_positions_at_the_start_cost_nothing_and_leave_the_capital(short: bool) -> None:
    lane = {"sizing": {"allow_short": short}, "execution": EVERY_COST}
    env = many(1_000, config(lane, episode={"length": 2, "randomise": {"positions": 0.8}}), SPREAD)
    info = env.reset(seed=0)[1]
    np.testing.assert_allclose(info["equity"], 20_000.0, rtol=1e-14)
    assert not any(part.any() for part in info["costs"].values())
    assert not info["turnover"].any()
    assert (info["drawdown"] > -1e-15).all()
    account = env.core.arena.book.account
    for name in ("total_commission", "total_slippage", "total_impact", "total_gain", "fills"):
        assert not account[name].any(), name
    gross = abs(info["weights"]).sum(axis=1)
    assert 0.0 < gross.min() < 0.01
    assert 0.78 < gross.max() <= 0.8 * (1 + 1e-12)
    assert (info["weights"] < 0.0).any() == short
    quantity = env.core.arena.book.quantity
    np.testing.assert_allclose(quantity * TAPE.close[0] / 20_000.0, info["weights"], rtol=1e-12)
    np.testing.assert_allclose(
        env.core.arena.book.average_price, np.where(quantity != 0, TAPE.close[0], 0.0), rtol=1e-14
    )


def test_positions_at_the_start_are_whole_lots_of_what_trades() -> None:
    tape = dataclasses.replace(TAPE, instruments=TAPE.instruments.copy(), tradable=TAPE.tradable.copy())
    tape.instruments["lot"] = 3.0
    tape.tradable[0, 1] = 0
    env = many(200, config(episode={"length": 2, "randomise": {"positions": 1.0}}), tape)
    env.reset(seed=0)
    quantity = env.core.arena.book.quantity
    assert not (quantity % 3.0).any()
    assert not quantity[:, 1].any()
    assert quantity[:, 0].any()


def test_a_first_row_like_any_other_follows_drawn_positions() -> None:
    """Held without an opinion, they earn exactly what their prices do."""
    keys = config(action={"kind": "changes"}, episode={"length": 5, "randomise": {"positions": 0.9}})
    env = one(keys)
    played = play(env, [np.zeros(3)] * 5, seed=3)
    first = played.infos[0]["weights"]
    grown = 1.0 + first @ (TAPE.close[5] / TAPE.close[0] - 1.0)
    assert played.infos[-1]["equity"] == pytest.approx(20_000.0 * grown, rel=1e-12)
    assert played.infos[-1]["turnover"] == 0.0


def test_positions_drawn_at_the_start_have_their_stops() -> None:
    lane = {"exits": {"stop_loss": 0.1, "bar_until": "never"}, "sizing": {"allow_short": True}}
    keys = config(lane, action={"kind": "changes"}, episode={"length": 5, "randomise": {"positions": 0.9}})
    env = one(keys, scaled(0.8, 2), info="full")
    sides = set()
    for seed in range(6):
        played = play(env, [np.zeros(3)] * 3, seed)
        first, last = played.infos[0]["weights"], played.infos[2]["weights"]
        # A fifth is lost at the open of row 2: longs leave there, shorts stay.
        assert ((first > 0.0) == (last == 0.0)).all()
        assert played.infos[2]["turnover"] == pytest.approx(first[first > 0.0].sum() * 0.8, rel=0.1)
        sides |= set(np.sign(first))
    assert sides == {1.0, -1.0}


# Ends

SURGE: Keys = {
    "sizing": {"allow_short": True},
    "limits": {"max_leverage": 3.0, "max_gross": 3.0},
    "risk": {"warmup": "pass"},
}
RAW: Keys = {"simplex": "raw", "cash": False}


def scaled(share: float, row: int) -> Tape:
    """Prices times a share from a row on."""
    after = np.arange(TAPE.rows)[:, None] >= row
    moved = {
        name: np.where(after, share * getattr(TAPE, name), getattr(TAPE, name))
        for name in ("open", "high", "low", "close")
    }
    return dataclasses.replace(TAPE, **moved)


@pytest.mark.pitfall("CSH-04")
@pytest.mark.parametrize(("share", "side"), [(0.5, 1.0), (2.0, -1.0)])
def test_ruin_ends_the_episode_and_the_next_begins_whole(share: float, side: float) -> None:
    env = one(config(SURGE, action=RAW), scaled(share, 10))
    played = play(env, [np.full(3, side)] * 50)
    assert (played.terminated, played.truncated, played.steps) == (True, False, 10)
    assert played.infos[-1]["ended"] == "ruined"
    assert played.infos[-1]["equity"] <= 0.0
    again = play(env, [np.zeros(3)] * 50, seed=None)
    assert again.infos[0]["equity"] == 20_000.0
    assert again.steps == 50


def test_a_drawdown_that_terminates_ends_the_episode_where_a_reducing_one_goes_on() -> None:
    for action, steps in (("terminate", 11), ("flatten", 11), ("reduce", 30)):
        lane = {"risk": {"max_drawdown": 0.2, "drawdown_action": action, "warmup": "pass"}}
        played = play(one(config(lane, action=RAW), scaled(0.6, 10)), [np.full(3, 1 / 3)] * 30)
        # The fall is seen at the close of row 10; the decision there closes everything, at the open of row 11.
        assert (played.steps, played.terminated) == (steps, action != "reduce"), action
        assert played.infos[-1]["ended"] == ("" if action == "reduce" else "drawdown")
        if action != "reduce":
            assert not played.infos[-1]["weights"].any()


def test_an_end_at_the_last_row_is_told_by_what_ended_it() -> None:
    played = play(one(config(SURGE, action=RAW, episode={"length": 10}), scaled(0.5, 10)), [np.ones(3)] * 50)
    assert (played.terminated, played.truncated, played.infos[-1]["ended"]) == (True, False, "ruined")


def test_costs_of_this_world_are_those_of_its_fee() -> None:
    played = play(one(), drawn(one().action_space, 20))
    notional = played.column("turnover")[1:] * played.column("equity")[:-1]
    np.testing.assert_allclose(played.paid("commission"), FEE["commission"]["percentage_fee"] * notional, rtol=1e-12)
