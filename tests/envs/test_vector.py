"""The vector environment: every lane a single environment, autoreset as Gymnasium has it, masks, refusals."""

from __future__ import annotations

import warnings
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode, SyncVectorEnv

from polyfolio.envs.core import WORDS
from polyfolio.envs.vector import TradingVectorEnv
from polyfolio.errors import ConfigError, DataError
from tests.envs.worlds import TAPE, as_bytes, config, drawn, many, one

DRAWS = {"length": 6, "start": "random", "randomise": {"costs": [0.5, 2.0], "capital": [0.5, 2.0], "positions": 0.5}}
# Half the episodes end by their drawdown.
ENDS = {"risk": {"max_drawdown": 0.01, "drawdown_action": "terminate", "warmup": "pass"}}
LAYOUTS = ("flat", "dict", "matrix")
MODES = {"same_step": AutoresetMode.SAME_STEP, "next_step": AutoresetMode.NEXT_STEP, "disabled": AutoresetMode.DISABLED}


def world(layout: str = "flat", window: int = 1, **keys: Any) -> dict[str, Any]:
    observation = {"market": True, "risk": True, "layout": layout, "window": window}
    return config(ENDS, observation=observation, **{"episode": DRAWS, **keys})


def batch(count: int, steps: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).uniform(-1, 1, (steps, count, 4)).astype(np.float32)


def same(ours: Any, theirs: Any) -> None:
    """Equal values, whatever container an observation stands in."""
    if isinstance(theirs, dict):
        assert set(ours) == set(theirs)
        for name, part in theirs.items():
            same(ours[name], part)
    else:
        np.testing.assert_array_equal(np.asarray(ours), np.asarray(theirs))


def same_info(ours: Any, theirs: dict[str, Any], where: np.ndarray) -> None:
    """Equal infos of the environments `where` is true; theirs has words where ours has codes."""
    for name, part in theirs.items():
        if name.startswith("_"):
            continue
        if isinstance(part, dict):
            same_info(ours[name], part, where)
            continue
        mine = np.array([WORDS[int(code)] for code in ours[name]]) if name == "ended" else ours[name]
        np.testing.assert_array_equal(np.asarray(mine)[where], np.asarray(part)[where].astype(np.asarray(mine).dtype))


@pytest.mark.pitfall("VER-03")
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("layout", LAYOUTS)
def test_it_ends_and_begins_as_gymnasiums_own_vector_of_single_environments(layout: str, mode: str) -> None:
    count, keys = 4, world(layout, window=2)
    ours = many(count, keys, autoreset=mode)
    theirs = SyncVectorEnv([lambda: one(keys)] * count, autoreset_mode=MODES[mode])
    assert ours.metadata["autoreset_mode"] is theirs.metadata["autoreset_mode"] is MODES[mode]
    assert ours.observation_space == theirs.observation_space
    assert ours.action_space == theirs.action_space
    everybody, ended = np.ones(count, bool), np.zeros(count, int)
    first, expected = ours.reset(seed=5), theirs.reset(seed=5)
    same(first[0], expected[0])
    same_info(first[1], expected[1], everybody)
    for actions in batch(count, 30):
        mine, their = ours.step(actions), theirs.step(actions)
        same(mine[0], their[0])
        for number in (1, 2, 3):
            np.testing.assert_array_equal(mine[number], their[number])
        last = mine[2] | mine[3]
        assert ("final_obs" in mine[4]) == ("final_obs" in their[4]) == (mode == "same_step" and bool(last.any()))
        if "final_obs" in mine[4]:
            for name in ("_final_obs", "_final_info"):
                np.testing.assert_array_equal(mine[4][name], their[4][name])
            for index in np.flatnonzero(last):
                same(row_of(mine[4]["final_obs"], index), their[4]["final_obs"][index])
            same_info(mine[4]["final_info"], their[4]["final_info"], last)
        told = {name: part for name, part in their[4].items() if not name.startswith("final")}
        same_info(mine[4], told, everybody)
        ended += last
        if mode == "disabled" and last.any():
            options = {"reset_mask": last}
            again, begun = ours.reset(options=dict(options)), theirs.reset(options=dict(options))
            same(again[0], begun[0])
            same_info(again[1], begun[1], last)
    assert ended.min() >= 2


def row_of(observation: Any, index: int) -> Any:
    return (
        {name: part[index] for name, part in observation.items()}
        if isinstance(observation, dict)
        else observation[index]
    )


def test_episodes_of_this_world_end_in_both_ways() -> None:
    env = many(4, world())
    env.reset(seed=5)
    results = [env.step(actions) for actions in batch(4, 30)]
    assert any(result[2].any() for result in results)
    assert any(result[3].any() for result in results)
    assert not any((result[2] & result[3]).any() for result in results)


@pytest.mark.pitfall("VER-03")
def test_gymnasiums_wrapper_of_infos_takes_them_apart() -> None:
    env = gymnasium.wrappers.vector.DictInfoToList(many(3, world()))
    _, infos = env.reset(seed=5)
    assert [info["row"] for info in infos] == env.unwrapped.rows.tolist()
    for actions in batch(3, 10):
        *_, terminated, truncated, infos = env.step(actions)
        assert [bool("final_obs" in info) for info in infos] == (terminated | truncated).tolist()


@pytest.mark.pitfall("VER-03")
@pytest.mark.parametrize("mode", ("same_step", "next_step"))
def test_gymnasiums_wrapper_counts_episodes_as_over_its_own_vector(mode: str) -> None:
    keys, told = world(), []
    for env in (
        many(3, keys, autoreset=mode),
        SyncVectorEnv([lambda: one(keys)] * 3, autoreset_mode=MODES[mode]),
    ):
        counted = gymnasium.wrappers.vector.RecordEpisodeStatistics(env)
        counted.reset(seed=5)
        for actions in batch(3, 25):
            counted.step(actions)
        told.append((list(counted.return_queue), list(counted.length_queue)))
    assert told[0] == told[1]
    assert len(told[0][0]) > 8


# Env i, whatever is beside it


def course(env: TradingVectorEnv, actions: np.ndarray, seed: int = 3) -> list[bytes]:
    """What each environment saw, was paid and was told, byte for byte."""
    seen, info = env.reset(seed=seed)
    rows = [[as_bytes(row_of(seen, index))] for index in range(env.num_envs)]
    for action in actions:
        seen, rewards, terminated, truncated, info = env.step(action)
        for index, told in enumerate(rows):
            told.append(as_bytes(row_of(seen, index)) + rewards[index].tobytes())
            told.append(bytes([int(terminated[index]), int(truncated[index])]))
            told.append(b"".join(info[name][index].tobytes() for name in ("row", "equity", "weights", "projected")))
    return [b"".join(told) for told in rows]


@pytest.mark.pitfall("REP-04", "REP-06", "RND-01")
@pytest.mark.parametrize("reward", ("log_return", "sharpe", "composite"))
def test_an_environment_is_the_same_beside_any_others_on_any_threads(reward: str) -> None:
    keys, actions = world(window=2, reward={"type": reward}), batch(7, 40)
    expected = course(many(7, keys), actions)
    assert len(set(expected)) == 7
    for count, threads in ((1, 1), (2, 1), (5, 2), (7, 3), (7, 50)):
        assert course(many(count, keys, threads=threads), actions[:, :count]) == expected[:count], (count, threads)
    # The order turned about: env i with its neighbour's seed and actions is its neighbour.
    for first in (1, 4):
        assert (
            course(many(3, keys, threads=2), actions[:, first : first + 3], seed=3 + first)
            == expected[first : first + 3]
        )


@pytest.mark.pitfall("REP-04", "REP-06")
def test_a_single_environment_plays_what_its_copy_in_a_vector_plays() -> None:
    keys, actions = world("matrix", window=2, reward={"type": "sortino"}), batch(4, 40)
    env = many(4, keys, threads=2)
    seen, _ = env.reset(seed=8)
    singles = [one(keys) for _ in range(4)]
    for index, single in enumerate(singles):
        assert as_bytes(single.reset(seed=8 + index)[0]) == as_bytes(seen[index])
    for action in actions:
        seen, rewards, terminated, truncated, info = env.step(action)
        for index, single in enumerate(singles):
            observed, reward, ended, cut, told = single.step(action[index])
            assert (reward, ended, cut) == (rewards[index], terminated[index], truncated[index])
            if ended or cut:
                assert as_bytes(observed) == as_bytes(info["final_obs"][index])
                assert told["equity"] == info["final_info"]["equity"][index]
                observed, told = single.reset()
            assert as_bytes(observed) == as_bytes(seen[index])
            assert told["equity"] == info["equity"][index]
            assert np.array_equal(told["asked"], info["asked"][index])


@pytest.mark.pitfall("REP-04")
def test_copies_play_episodes_of_their_own() -> None:
    env = many(50, world())
    starts = np.array([env.reset(seed=0 if first else None)[1]["row"] for first in (True, False, False)])
    assert len(np.unique(starts)) > 60
    assert not np.array_equal(starts[0], starts[1])


# Masks and refusals


def state_bytes(env: TradingVectorEnv) -> dict[str, bytes]:
    return {name: array.tobytes() for name, array in env.state().items()}


def test_a_mask_begins_some_episodes_and_leaves_the_others() -> None:
    env = many(3, world(), autoreset="disabled")
    env.reset(seed=0)
    env.step(batch(3, 1)[0])
    before = env.state()
    _, info = env.reset(seed=70, options={"mask": np.array([False, True, False]), "rows": np.array([25, 26, 27])})
    after = env.state()
    assert info["row"][1] == 26
    assert after["arena.episodes"]["seed"].tolist() == [0, 71, 2]
    for name, array in after.items():
        if not name.startswith("arena.") or name in ("arena.book.slot_of",):
            continue
        assert array[0].tobytes() == before[name][0].tobytes(), name
        assert array[2].tobytes() == before[name][2].tobytes(), name
    assert after["arena.observations"][1].tobytes() != before["arena.observations"][1].tobytes()


@pytest.mark.parametrize("autoreset", MODES)
def test_a_mask_that_names_nobody_changes_nothing(autoreset: str) -> None:
    env = many(2, world(), autoreset=autoreset)
    env.reset(seed=0)
    env.step(batch(2, 1)[0])
    before = state_bytes(env)
    env.reset(options={"mask": np.zeros(2, bool)})
    assert state_bytes(env) == before


WRONG = [
    np.zeros((3, 3)),
    np.zeros((2, 4)),
    np.zeros((4, 4)),
    np.zeros(4),
    np.zeros((3, 4, 1)),
    [[0, 0, 0, 0], [0, np.nan, 0, 0], [0, 0, 0, 0]],
    [[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, np.inf]],
    np.full((3, 4), "a"),
    None,
]


@pytest.mark.parametrize("threads", (1, 2))
@pytest.mark.parametrize("actions", WRONG, ids=repr)
def test_actions_that_cannot_be_are_refused_and_change_nothing(actions: Any, threads: int) -> None:
    env, twin = many(3, world(), threads=threads), many(3, world())
    env.reset(seed=0)
    twin.reset(seed=0)
    before = state_bytes(env)
    with pytest.raises(DataError, match="actions"):
        env.step(actions)
    assert state_bytes(env) == before
    good = batch(3, 1)[0]
    assert np.array_equal(env.step(good)[1], twin.step(good)[1])


def test_choices_come_as_numbers_or_as_a_column() -> None:
    keys = config(action={"space": "discrete"})
    env, twin = many(2, keys), many(2, keys)
    env.reset(seed=0)
    twin.reset(seed=0)
    assert np.array_equal(env.step([1, 4])[0], twin.step(np.array([[1], [4]]))[0])
    with pytest.raises(DataError, match=r"actions\[1\].*whole numbers"):
        env.step([0, 5])


def test_no_step_before_reset_and_none_after_an_end_that_waits_for_a_reset() -> None:
    env = many(2, config(episode={"length": 1}), autoreset="disabled")
    with pytest.raises(ConfigError, match="reset"):
        env.step(np.zeros((2, 4)))
    with pytest.raises(ConfigError, match="mask"):
        env.reset(seed=4, options={"mask": np.array([True, False])})
    env.reset(seed=0)
    assert env.step(np.zeros((2, 4)))[3].all()
    before = state_bytes(env)
    with pytest.raises(ConfigError, match="env 0 has ended"):
        env.step(np.zeros((2, 4)))
    assert state_bytes(env) == before
    env.reset(options={"mask": np.array([True, False])})
    with pytest.raises(ConfigError, match="env 1 has ended"):
        env.step(np.zeros((2, 4)))


@pytest.mark.parametrize(
    ("options", "error", "match"),
    [
        ({"row": 3}, ConfigError, "rows, mask"),
        ({"mask": np.zeros(3, bool)}, ConfigError, "mask"),
        ({"mask": [1, 0]}, ConfigError, "mask"),
        ({"rows": [1, 2, 3]}, ConfigError, "rows"),
        ({"rows": 0.5}, ConfigError, "rows"),
        ({"rows": [3, 159]}, DataError, "rows"),
        ({"rows": -1}, DataError, "rows"),
    ],
)
def test_resets_that_cannot_be_are_refused_and_change_nothing(options: Any, error: Any, match: str) -> None:
    env = many(2, config())
    env.reset(seed=0)
    before = state_bytes(env)
    with pytest.raises(error, match=match):
        env.reset(seed=9, options=options)
    assert state_bytes(env) == before


@pytest.mark.parametrize(
    ("keywords", "match"),
    [
        ({"count": 0}, "num_envs"),
        ({"count": 2, "autoreset": "later"}, "autoreset"),
        ({"count": 2, "info": "all"}, "info"),
        ({"count": 2, "keys": {**config(), "lanes": [{"name": "a"}, {"name": "b"}]}}, "lanes"),
    ],
)
def test_environments_that_cannot_be_made_say_why_and_leave_nothing_to_close(keywords: Any, match: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ConfigError, match=match):
            many(**keywords)


# Memory


@pytest.mark.parametrize("layout", LAYOUTS)
def test_copies_are_given_away_and_buffers_are_not(layout: str) -> None:
    actions = batch(2, 3)
    env = many(2, world(layout), copy=True)
    kept = [env.reset(seed=0)[0], *(env.step(action) for action in actions[:2])]
    before = repr(kept)
    env.step(actions[2])
    assert repr(kept) == before
    env = many(2, world(layout), copy=False)
    env.reset(seed=0)
    first = env.step(actions[0])
    second = env.step(actions[1])
    assert first[1] is second[1]
    assert np.shares_memory(first[4]["equity"], second[4]["equity"])


def test_the_state_goes_on_byte_for_byte() -> None:
    for mode in MODES:
        env, other = many(3, world(window=2), autoreset=mode), many(3, world(window=2), autoreset=mode)
        env.reset(seed=1)
        actions = batch(3, 8)
        env.step(actions[0])
        other.set_state(env.state())
        for action in actions[1:5]:
            one_way, other_way = env.step(action), other.step(action)
            assert repr(one_way) == repr(other_way)
            if mode == "disabled" and (one_way[2] | one_way[3]).any():
                break
        assert state_bytes(env) == state_bytes(other)


def test_full_info_names_the_reason_of_each_cut() -> None:
    env = many(2, config({"limits": {"max_position": 0.3}}, action={"simplex": "raw", "cash": False}), info="full")
    env.reset(seed=0)
    info = env.step([[0.5, 0.2, 0.0], [0.1, 0.1, 0.8]])[4]
    assert info["projected"].tolist() == [[0.3, 0.2, 0.0], [0.1, 0.1, 0.3]]
    assert (info["cut"] == 6).tolist() == [[True, False, False], [False, False, True]]
    assert info["cut"][0, 1] == 0
    assert (env.step([[0.1, 0.2, 0.0], [0.1, 0.1, 0.1]])[4]["cut"] == 0).all()


def test_actions_drawn_from_the_space_are_taken() -> None:
    for space in ("box", "discrete", "multi_discrete"):
        env = many(3, config(action={"space": space}), TAPE)
        env.reset(seed=0)
        for action in drawn(env.action_space, 5):
            assert env.step(action)[0].shape == (3, *env.single_observation_space.shape)
