"""Watching an environment: its state as text, an episode as a record, a plot and a page."""

from __future__ import annotations

import gymnasium
import numpy as np
import pytest

from polyfolio.envs.render import record_episode, recorder_of
from polyfolio.envs.single import MultiTickerRLEnvironment
from polyfolio.errors import ConfigError
from polyfolio.market.synthetic.teaching import TeachingTask
from polyfolio.report.episode_page import page
from polyfolio.report.episode_terminal import course_text

TAPE = TeachingTask().sample(200, seed=4)
LENGTH = 20


def config(**action) -> dict:
    lane = {
        "name": "pupil",
        "limits": {"max_position": 0.4},
        "execution": {"commission": {"model": "percentage", "percentage_fee": 0.001}},
    }
    seen = {"technical": None, "time": False}
    world = {"episode": {"length": LENGTH}, "observation": seen, "action": action}
    return {"name": "watched", "lanes": [lane], "environment": world}


def made(info: str = "full", **action) -> MultiTickerRLEnvironment:
    return MultiTickerRLEnvironment(config(**action), tape=TAPE, info=info, render_mode="ansi")


def all_up(seen) -> np.ndarray:
    """All in the first symbol."""
    return np.array([1.0, -1.0, -1.0, -1.0], dtype=np.float32)


def test_the_text_is_the_state_of_the_environment():
    env = made()
    _, info = env.reset(seed=0)
    assert f"row {info['row']}: equity 1,000,000.00 USD, drawdown 0.0 %" in env.render()
    _, reward, _, _, info = env.step(all_up(None))
    lines = env.render().splitlines()
    assert f"row {info['row']}: equity {info['equity']:,.2f} USD" in lines[0]
    assert f"reward {reward:+.6g}, turnover" in lines[1]
    assert f"commission {info['costs']['commission']:,.2f}" in lines[1]
    up = next(line for line in lines if line.startswith("UP"))
    assert up.split() == ["UP", f"{info['asked'][0]:+.4f}", "+0.4000", f"{info['weights'][0]:+.4f}"]
    assert any("by max_position" in line for line in lines)


def test_the_text_says_why_an_episode_ended():
    env = made()
    env.reset(seed=0)
    for _ in range(LENGTH):
        env.step(all_up(None))
    assert env.render().endswith("Ended: length.")


def test_an_environment_that_says_nothing_renders_that():
    env = made(info="off")
    env.reset(seed=0)
    assert "info='summary'" in env.render()
    with pytest.raises(ConfigError, match="summary or full"):
        recorder_of(env)


def test_a_record_is_the_episode_step_by_step():
    record = record_episode(made(), all_up, seed=0)
    env = made()
    _, info = env.reset(seed=0)
    worth, weights, rewards = [info["equity"]], [info["weights"]], []
    for _ in range(LENGTH):
        _, reward, _, _, info = env.step(all_up(None))
        worth.append(info["equity"])
        weights.append(info["weights"])
        rewards.append(reward)
    assert record.equity.tolist() == worth
    assert np.array_equal(record.weights, weights)
    assert record.rewards.tolist() == rewards
    assert record.steps == LENGTH
    assert record.ended == "length"
    assert record.symbols == TAPE.symbols
    assert np.array_equal(record.times, TAPE.times[record.rows])
    assert np.log(worth[-1] / worth[0]) == pytest.approx(record.rewards.sum(), rel=1e-9)
    assert ("cap_position", "max_position", "UP", LENGTH) in record.counted_reasons()
    assert (record.shifted > 0.5).all()


def test_costs_of_the_record_add_up_to_those_of_the_steps():
    env = made()
    record = record_episode(env, seed=3)
    env.reset(seed=3)
    env.action_space.seed(3)
    paid = [env.step(env.action_space.sample())[4]["costs"]["commission"] for _ in range(LENGTH)]
    assert record.costs["commission"] == pytest.approx(sum(paid), rel=1e-12)
    assert record.costs["commission"] > 0.0
    assert record.costs["costs"] == record.costs["commission"]


def test_random_actions_are_those_of_the_seed():
    one, two, other = (record_episode(made(), seed=seed).equity for seed in (5, 5, 6))
    assert np.array_equal(one, two)
    assert not np.array_equal(one, other)


def test_an_episode_can_be_left_before_its_end():
    record = record_episode(made(), all_up, seed=0, steps=7, options={"row": 50})
    assert record.steps == 7
    assert record.rows[0] == 50
    assert record.ended == ""
    assert "left before its end" in course_text(record)


def test_a_wrapped_environment_is_recorded_too():
    wrapped = gymnasium.wrappers.TimeLimit(made(), max_episode_steps=5)
    assert record_episode(wrapped, all_up, seed=0).steps == 5


@pytest.mark.parametrize(
    ("env", "steps", "word"), [(object(), None, "one environment of ours"), (None, 0, "at least 1")]
)
def test_what_cannot_be_recorded_is_refused(env, steps, word):
    with pytest.raises(ConfigError, match=word):
        record_episode(made() if env is None else env, steps=steps)


def test_signals_are_recorded_as_signals():
    record = record_episode(made(kind="signals", space="multi_discrete"), seed=1)
    assert record.says == "signals"
    assert set(np.unique(record.asked[~np.isnan(record.asked)])) <= {-1.0, 0.0, 1.0}
    assert "Signals asked for" in page(record)


def test_the_page_of_an_episode_names_what_was_cut():
    text = page(record_episode(made(), all_up, seed=0))
    assert "<td>cap_position</td><td>max_position</td><td>UP</td>" in text
    assert "ended by length" in text
