"""Observations of an environment: names and places, layouts, frozen state, no future, nothing kept."""

from __future__ import annotations

import dataclasses
import math
import tracemalloc
from typing import Any

import numpy as np
import pytest

from polyfolio.core.tape import Tape
from polyfolio.envs.single import MultiTickerRLEnvironment
from polyfolio.envs.vector import TradingVectorEnv
from polyfolio.errors import ConfigError
from tests.envs.worlds import KINDS, SPACES, TAPE, Keys, config, drawn, many, one, play

EVERY: Keys = {
    "portfolio": True,
    "risk": True,
    "episode": True,
    "positions": True,
    "time": True,
    "regime": {"name": "trend", "params": {"fast": 5, "slow": 20}},
    "market": True,
    "technical": ["rsi", {"name": "sma", "period": 10}],
}
ORDER = ("portfolio", "risk", "episode", "positions", "time", "regime", "market", "technical")


def everything(layout: str = "flat", window: int = 1, **keys: Any) -> Keys:
    return config(observation={**EVERY, "layout": layout, "window": window}, **keys)


# Names and layouts


@pytest.mark.parametrize("window", (1, 3))
def test_there_is_a_name_for_every_number_and_each_stands_once(window: int) -> None:
    env = one(everything(window=window))
    assert len(env.feature_names) == env.observation_space.shape[0] == env.reset()[0].size
    assert len(set(env.feature_names)) == len(env.feature_names)
    assert env.core.layout.width * window == len(env.feature_names)


@pytest.mark.parametrize("block", ORDER)
def test_a_block_stands_where_its_names_are(block: str) -> None:
    """Switched off, exactly its names and numbers are gone."""
    whole = one(everything())
    env = one(config(observation={**EVERY, block: None if block in ("regime", "technical") else False}))
    names = [name for name in whole.feature_names if name not in set(env.feature_names)]
    assert names
    slots = sum(name.split(".")[0] in TAPE.symbols for name in names)
    assert slots in (0, len(names))
    actions = drawn(whole.action_space, 10)
    row = int(max(whole.panel.first, env.panel.first))
    with_it, without = play(whole, actions, row=row), play(env, actions, row=row)
    places = [whole.feature_names.index(name) for name in env.feature_names]
    # The flag of a slot is the market's last column, and the last technical one where there is no market.
    ordered = [at for at, name in zip(places, env.feature_names, strict=True) if not name.endswith(".undefined")]
    assert ordered == sorted(ordered)
    for more, fewer in zip(with_it.observations, without.observations, strict=True):
        assert more[places].tobytes() == fewer.tobytes()


def test_blocks_stand_in_their_order() -> None:
    assert tuple(block.name for block in one(everything()).core.layout.blocks) == ORDER


@pytest.mark.parametrize("window", (1, 3))
def test_a_dict_is_the_flat_numbers_block_by_block(window: int) -> None:
    flat, nested = one(everything(window=window)), one(everything("dict", window))
    actions, slots = drawn(flat.action_space, 8), TAPE.slots
    assert set(nested.observation_space.spaces) == set(ORDER)
    for line, parts in zip(play(flat, actions).observations, play(nested, actions).observations, strict=True):
        frames = line.reshape(window, -1)
        for block in nested.core.layout.blocks:
            count = len(block.columns) * (slots if block.per_slot else 1)
            expected = frames[:, block.start : block.start + count]
            shape = (slots, len(block.columns)) if block.per_slot else (len(block.columns),)
            expected = expected.reshape((window, *shape) if window > 1 else shape)
            assert parts[block.name].shape == nested.observation_space[block.name].shape
            np.testing.assert_array_equal(parts[block.name], expected)
        assert sum(part.size for part in parts.values()) == line.size


@pytest.mark.parametrize("window", (1, 3))
def test_a_matrix_is_the_flat_numbers_slot_by_slot(window: int) -> None:
    flat, matrix = one(everything(window=window)), one(everything("matrix", window))
    names = np.array([name.split("@")[0] for name in flat.feature_names]).reshape(window, -1)[0]
    actions = drawn(flat.action_space, 8)
    for line, rows in zip(play(flat, actions).observations, play(matrix, actions).observations, strict=True):
        assert rows.shape == matrix.observation_space.shape
        frames, found = line.reshape(window, -1), rows.reshape(window, TAPE.slots, -1)
        for slot, symbol in enumerate(TAPE.symbols):
            own = [at for at, name in enumerate(names) if name.startswith(f"{symbol}.")]
            shared = [at for at, name in enumerate(names) if name.split(".")[0] not in TAPE.symbols]
            np.testing.assert_array_equal(found[:, slot], frames[:, own + shared])


def test_observations_are_float32_within_their_space() -> None:
    for layout in ("flat", "dict", "matrix"):
        env = one(everything(layout, 2))
        for observed in play(env, drawn(env.action_space, 30)).observations:
            assert env.observation_space.contains(observed)


@pytest.mark.parametrize("window", (1, 2))
@pytest.mark.parametrize("layout", ("flat", "dict", "matrix"))
def test_an_agent_may_see_the_tape_alone_or_nothing_of_it(layout: str, window: int) -> None:
    alone = {"portfolio": False, "positions": False, "market": True, "layout": layout, "window": window}
    env = one(config(observation=alone))
    observed = play(env, drawn(env.action_space, 3), row=30).observations[-1]
    shown = env.panel.values[34 - window : 34]
    parts = observed["market"] if isinstance(observed, dict) else observed
    assert parts.tobytes() == shown.tobytes()
    env = one(config(observation={"portfolio": False, "layout": layout, "window": window}))
    assert env.panel.values.shape[1] == 0
    assert env.observation_space.contains(env.reset()[0])


# Learned once


@pytest.mark.pitfall("LAH-06")
@pytest.mark.parametrize("method", ("standard", "robust"))
def test_what_was_learned_is_frozen_in_evaluation(method: str) -> None:
    split = {"train": 0.5, "validation": 0.0, "test": 0.5}
    keys = config(observation={**EVERY, "normalise": {"method": method}}, split=split)
    train = one(keys)
    test = one(keys, split="test")
    given = one(keys, split="test", state=train.panel.state)
    assert test.panel.state == train.panel.state
    assert given.panel.values.tobytes() == test.panel.values.tobytes() == train.panel.values.tobytes()
    # Another tape is shown in the scale of the first, not in one of its own.
    other = dataclasses.replace(TAPE, close=TAPE.close * 1.5, high=TAPE.high * 1.5)
    frozen, anew = one(keys, other, state=train.panel.state), one(keys, other)
    assert frozen.panel.state == train.panel.state != anew.panel.state
    assert frozen.panel.digest == train.panel.digest
    assert not np.array_equal(frozen.panel.values, anew.panel.values)
    with pytest.raises(ConfigError, match="state"):
        one(config(observation={"market": True}), state=train.panel.state)


# No future


def cut_and_changed(tape: Tape, row: int, seed: int = 9) -> Tape:
    """The tape with everything after a row replaced."""
    rng = np.random.default_rng(seed)
    after = np.arange(tape.rows)[:, None] > row
    factor = np.where(after, rng.uniform(0.7, 1.4, (tape.rows, 1)), 1.0)
    moved = {name: getattr(tape, name) * factor for name in ("open", "high", "low", "close")}
    volume = np.where(after, rng.uniform(1e3, 1e5, tape.volume.shape), tape.volume)
    tradable = np.where(after & (rng.random(tape.volume.shape) < 0.2), 0, tape.tradable).astype(np.uint8)
    return dataclasses.replace(tape, volume=volume, tradable=tradable, **moved)


RULES: Keys = {
    "sizing": {"allow_short": True},
    "limits": {"max_position": 0.4, "max_leverage": 1.5},
    "risk": {"max_volatility": 0.5, "min_history": 5, "warmup": "pass", "covariance": {"window": 20}},
    "exits": {"stop_loss": 0.03, "take_profit": 0.04},
}
ROW, SEEN_ROWS = 30, 45


def known(env: MultiTickerRLEnvironment, actions: list[Any], row: int) -> bytes:
    """All that an episode said, paid and left in its book by the close of a row."""
    said = []
    observed, info = env.reset(seed=1, options={"row": ROW})
    said.append(observed.tobytes() + repr(info).encode())
    for action in actions[: row - ROW]:
        observed, reward, _, _, info = env.step(action)
        said.append(observed.tobytes() + np.float64(reward).tobytes() + repr(info).encode())
    return b"".join(said) + env.core.arena.book.lane_bytes(0)


def leaks(make: Any, rows: range = range(ROW + 2, ROW + SEEN_ROWS, 7)) -> list[int]:
    """Rows up to which what is known depends on what comes after them."""
    actions = drawn(make(TAPE).action_space, SEEN_ROWS, seed=2)
    return [
        row for row in rows if known(make(TAPE), actions, row) != known(make(cut_and_changed(TAPE, row)), actions, row)
    ]


def playing(
    cls: type[MultiTickerRLEnvironment] = MultiTickerRLEnvironment, lane: Keys | None = None, **keys: Any
) -> Any:
    """Makes environments that learn on the first rows and play on all."""
    split = {"train": 0.18, "validation": 0.0, "test": 0.82}
    made = config({**RULES, **(lane or {})}, observation={**EVERY, "window": 2}, split=split, **keys)
    made["observation"] = "bar"
    return lambda tape: cls(made, tape=tape, split="all", info="full")


@pytest.mark.pitfall("LAH-02", "LAH-04", "LAH-11")
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("space", SPACES)
def test_nothing_known_at_a_row_depends_on_what_comes_after_it(kind: str, space: str) -> None:
    assert not leaks(playing(action={"kind": kind, "space": space}, reward={"type": "composite"}), range(37, 75, 18))


@pytest.mark.pitfall("LAH-04", "LAH-05")
@pytest.mark.parametrize("fill", ("next_open", "next_close", "next_typical", "same_close"))
@pytest.mark.parametrize("reward", ("sharpe", "differential_sharpe", "calmar"))
def test_nothing_leaks_through_fills_and_rewards(fill: str, reward: str) -> None:
    assert not leaks(playing(lane={"execution": {"fill": fill}}, reward={"type": reward}))


class SeesAhead(MultiTickerRLEnvironment):
    """Shows the next close in the last place."""

    def _observed(self) -> Any:
        observed = super()._observed()
        row = int(self.core.arena.episodes["row"][0])
        observed[-1] = self.tape.close[min(row + 1, self.tape.rows - 1), 0]
        return observed


class PaysAhead(MultiTickerRLEnvironment):
    """Pays for the row to come."""

    def step(self, action: Any) -> Any:
        observed, reward, *rest = super().step(action)
        row = int(self.core.arena.episodes["row"][0])
        return observed, reward + 1e-9 * self.tape.open[min(row + 1, self.tape.rows - 1), 0], *rest


class LearnsAhead(MultiTickerRLEnvironment):
    """Learns its scale from all rows."""

    def __init__(self, config: Any, **keywords: Any) -> None:
        section = {**config["environment"], "split": {"train": 1.0, "validation": 0.0, "test": 0.0}}
        super().__init__({**config, "environment": section}, **keywords)


class TradesAhead(MultiTickerRLEnvironment):
    """Sells what is going to fall."""

    def step(self, action: Any) -> Any:
        row = int(self.core.arena.episodes["row"][0])
        rises = self.tape.close[row + 2] > self.tape.close[row + 1]
        return super().step(np.append(np.where(rises, 1.0, -1.0), 0.0))


@pytest.mark.pitfall("LAH-04", "LAH-07")
@pytest.mark.parametrize("twin", (SeesAhead, PaysAhead, LearnsAhead, TradesAhead))
def test_an_environment_that_looks_ahead_is_caught(twin: type[MultiTickerRLEnvironment]) -> None:
    assert leaks(playing(twin))


# Columns are only looked at


@pytest.mark.pitfall("ACC-09")
def test_what_is_shown_and_in_which_order_changes_no_trade() -> None:
    shown: list[Keys] = [
        {"technical": ["rsi", "macd", "sma"]},
        {"technical": ["sma", "rsi", "macd"]},
        {"technical": None},
        {"technical": ["macd"], "normalise": {"method": "none"}},
        {"technical": ["rsi"], "market": True, "time": True, "risk": True, "layout": "matrix", "window": 4},
        {"technical": ["rsi"], "clip": 0.1},
    ]
    played = []
    for observation in shown:
        env = one(config(RULES, observation=observation), info="full")
        course = play(env, drawn(env.action_space, 60), row=45)
        played.append((course.rewards, repr(course.infos), env.core.arena.book.lane_bytes(0)))
    assert all(each == played[0] for each in played[1:])
    assert any(reward != 0.0 for reward in played[0][0])


@pytest.mark.pitfall("ACC-09")
def test_a_features_values_change_no_trade() -> None:
    """The columns of a panel set to other numbers: only what is seen changes."""
    env, other = (
        one(config(RULES, observation={"technical": ["macd"]})),
        one(config(RULES, observation={"technical": ["macd"]})),
    )
    place = other.core.arena._places[0][0].world
    panel = place.held[0].panel
    panel.flags.writeable = True
    panel[:] = np.where(panel > 0, -1.0, 1.01)
    first, second = (play(each, drawn(env.action_space, 60), row=45) for each in (env, other))
    assert first.rewards == second.rewards
    assert repr(first.infos) == repr(second.infos)
    assert not np.array_equal(first.observations, second.observations)


# Memory


def peak(call: Any, *arguments: Any) -> int:
    """Largest number of bytes held beyond what stood before the call."""
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        call(*arguments)
        return tracemalloc.get_traced_memory()[1] - before
    finally:
        tracemalloc.stop()


def walk(env: TradingVectorEnv, actions: np.ndarray, steps: int) -> None:
    for _ in range(steps):
        env.step(actions)


@pytest.mark.pitfall("SPD-01")
@pytest.mark.parametrize("info", ("off", "summary", "full"))
def test_memory_does_not_grow_with_steps(info: str) -> None:
    env = many(16, everything(window=2, episode={"length": 37, "start": "random"}), info=info)
    env.reset(seed=0)
    actions = np.zeros((16, 4), np.float32)
    walk(env, actions, 200)
    assert peak(walk, env, actions, 1_500) <= peak(walk, env, actions, 150) + 16_384


@pytest.mark.pitfall("SPD-01")
def test_a_step_into_buffers_allocates_no_array_of_the_lanes() -> None:
    """What Python needs for a step does not depend on how many lanes step, or how wide their observations are."""
    held = []
    for count, window in ((8, 1), (2_000, 1), (2_000, 4)):
        env = many(count, everything(window=window), copy=False, info="off")
        env.reset(seed=0)
        actions = np.zeros((count, 4), np.float32)
        walk(env, actions, 20)
        held.append(peak(env.core.arena.step))
        # Flags of the lanes are worked out anew; observations and rewards are not copied.
        assert peak(walk, env, actions, 20) < 16_384 + 16 * count
    assert max(held) < 8_192, held


@pytest.mark.pitfall("SPD-01")
def test_a_single_environment_keeps_nothing_of_its_steps() -> None:
    env = one(everything(), info="full")
    actions = drawn(env.action_space, 100)

    def episodes(count: int) -> None:
        for _ in range(count):
            observed, _ = env.reset(seed=0)
            for action in actions:
                observed, *_ = env.step(action)
            assert math.isfinite(float(observed[0]))

    episodes(2)
    assert peak(episodes, 12) <= peak(episodes, 2) + 16_384
