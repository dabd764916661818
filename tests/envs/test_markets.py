"""Several synthetic markets: each episode plays on one, drawn by its seed, and is told of it once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyfolio.market.source import open_tape
from polyfolio.rules.load import load
from tests.envs.worlds import Keys, config, drawn, many, one

RAW: Keys = {"simplex": "raw", "cash": False}


@pytest.fixture
def recipe(tmp_path: Path) -> Keys:
    file = tmp_path / "recipe.yaml"
    file.write_text("format: demo\nmodel: bootstrap\nseed: 3\nrows: 120\n")
    return {"format": "synthetic", "path": str(file)}


def synthetic(recipe: Keys, markets: int, **keys: Any) -> Keys:
    episode = {"length": 10, "start": "random", "markets": markets}
    return {**config(episode=episode, **keys), "tape": recipe}


@pytest.mark.pitfall("REP-01", "REP-04", "REP-06")
def test_each_episode_plays_on_one_of_the_markets(recipe: Keys) -> None:
    env = many(40, synthetic(recipe, 4, action=RAW), None, threads=2)
    rows = env.reset(seed=0)[1]["row"]
    markets = env.core.arena.market_of.copy()
    assert set(markets) == set(range(4))
    half = np.full((40, 6), 1 / 6)
    env.step(half)
    held = env.core.arena.book.quantity.copy()
    before = env.core.arena.steps["equity"].copy()
    info = env.step(np.zeros((40, 6)))[4]
    for lane in range(40):
        # Sold at the next open of its own market, after the fee.
        tape = env.core.arena.markets[markets[lane]].tape
        opened, closed = tape.open[rows[lane] + 2], tape.close[rows[lane] + 1]
        moved = held[lane] @ (opened - closed) - 0.002 * held[lane] @ opened
        assert info["equity"][lane] == pytest.approx(before[lane] + moved, rel=1e-9)


@pytest.mark.pitfall("REP-04", "REP-06")
def test_a_copy_plays_on_the_market_that_a_single_environment_draws(recipe: Keys) -> None:
    keys = synthetic(recipe, 3, observation={"market": True})
    env, actions = many(6, keys, None, threads=3), drawn(many(6, keys, None).action_space, 25)
    seen, _ = env.reset(seed=0)
    singles = [one(keys, None) for _ in range(6)]
    for index, single in enumerate(singles):
        assert single.reset(seed=index)[0].tobytes() == seen[index].tobytes()
    visited = set()
    for action in actions:
        seen, rewards, *_ = env.step(action)
        for index, single in enumerate(singles):
            observed, reward, ended, cut, _ = single.step(action[index])
            if ended or cut:
                observed, _ = single.reset()
            visited.add(int(single.core.arena.market_of[0]))
            assert observed.tobytes() == seen[index].tobytes()
            assert reward == rewards[index]
    assert visited == {0, 1, 2}


def test_reasons_on_several_markets_are_told_once(recipe: Keys) -> None:
    keys = synthetic(recipe, 3, action=RAW)
    keys["lanes"][0]["limits"] = {"max_position": 0.3}
    env = one(keys, None, info="full")
    for seed in range(4):
        env.reset(seed=seed)
        info = env.step([0.5, 0.0, 0.0, 0.0, 0.0, 0.0])[4]
        assert [reason["reason"] for reason in info["reasons"]] == ["max_position"]
        assert env.core.arena.fills().size == 1
        assert env.reset()[1]["reasons"] == []


def test_events_of_lanes_on_several_markets_are_all_kept(recipe: Keys) -> None:
    keys = synthetic(recipe, 3, action=RAW)
    keys["lanes"][0]["limits"] = {"max_position": 0.3}
    env = many(8, keys, None, info="full", threads=2)
    env.reset(seed=0)
    assert len(set(env.core.arena.market_of)) == 3
    env.step(np.tile([0.5, 0.0, 0.0, 0.0, 0.0, 0.0], (8, 1)))
    events = env.core.arena.events()
    assert sorted(events["lane"][events["event"] == 2].tolist()) == list(range(8))
    assert env.core.arena.fills().size == 8


def test_the_first_of_several_markets_is_the_tape_of_the_recipe(recipe: Keys) -> None:
    several, alone = one(synthetic(recipe, 3), None), one(synthetic(recipe, 1), None)
    assert np.array_equal(several.tape.close, alone.tape.close)
    assert np.array_equal(open_tape(load(synthetic(recipe, 1)).tape, "USD").close, alone.tape.close)
    assert len({market.tape.close.tobytes() for market in several.core.arena.markets}) == 3
