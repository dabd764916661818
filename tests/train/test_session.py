"""What happens between rollouts: the best policy is kept, patience ends, watchers are told and may end it."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from polyfolio.report.metrics import Convention
from polyfolio.train import checkpoint, learner
from polyfolio.train.randomness import private
from polyfolio.train.session import PROGRESS
from polyfolio.train.validation import Validation, walk
from tests.train import worlds
from tests.train.test_resume import session, trained


class Fixed:
    """A policy that answers what a function says of the observations."""

    def __init__(self, answer):
        self.answer = answer

    def predict(self, observed, deterministic):
        assert deterministic
        return self.answer(observed), None


class Scores:
    """A judge whose scores are given."""

    def __init__(self, *scores):
        self.left = list(scores)

    def __call__(self, model):
        return {"score": self.left.pop(0), "reward": 0.0}


class Follower:
    def __init__(self, end_at=None):
        self.points, self.scores, self.end_at = [], [], end_at

    def point(self, point):
        self.points.append(point)

    def evaluated(self, steps, score):
        self.scores.append((steps, score))
        return self.end_at is not None and steps >= self.end_at


def lines(folder):
    with (folder / PROGRESS).open() as file:
        return list(csv.DictReader(file))


def run_with(tmp_path, judge, watchers=(), **section):
    with private():
        made = session(worlds.section(**section), tmp_path, watchers=watchers)
        made.validate = judge
        made.run()
    return made


def test_the_best_policy_is_the_one_of_its_step(tmp_path):
    seen = []

    class Noted(Scores):
        def __call__(self, model):
            seen.append({name: value.clone() for name, value in model.policy.state_dict().items()})
            return super().__call__(model)

    done = run_with(tmp_path, Noted(1.0, 3.0, 2.0, 3.0))
    assert (done.progress.best, done.progress.best_steps, done.progress.waited) == (3.0, 128, 2)
    kept = checkpoint.read(tmp_path / "best")
    weights = learner.tensors(kept.model)[0]["policy"]
    assert kept.steps == 128
    assert all((weights[name] == value).all() for name, value in seen[1].items())
    assert not all((weights[name] == value).all() for name, value in seen[3].items())
    assert [float(line["score"]) for line in lines(tmp_path)] == [1.0, 3.0, 2.0, 3.0]
    assert [float(line["best"]) for line in lines(tmp_path)] == [1.0, 3.0, 3.0, 3.0]


def test_patience_ends_the_training_and_more_patience_goes_on(tmp_path):
    done = run_with(tmp_path, Scores(5.0, 4.0, 4.0), validation={"patience": 2})
    assert (done.progress.ended, done.model.num_timesteps < 256) == ("patience", True)
    assert done.progress.evaluated == 192
    kept = checkpoint.newest(tmp_path)
    assert kept.steps == 192

    def again(patience, *scores):
        with private():
            made = session(worlds.section(validation={"patience": patience}), tmp_path)
            made.validate = Scores(*scores)
            made.resume(kept)
            return made.run()

    assert (again(2).ended, again(2).evaluated) == ("patience", 192)
    assert (again(3, 6.0).ended, again(3, 6.0).best) == ("steps", 6.0)


def test_a_watcher_is_told_and_may_end_it(tmp_path):
    told, silent = Follower(end_at=128), Follower()
    done = run_with(tmp_path, Scores(1.0, 2.0, 3.0, 4.0), watchers=[told, silent])
    assert done.progress.ended == "watcher"
    assert told.scores == silent.scores == [(64, 1.0), (128, 2.0)]
    last = told.points[-1]
    assert (last.steps, last.total, last.kept) == (128, 256, True)
    assert last.speed > 0.0
    assert last.numbers["validation.score"] == 2.0
    assert last.numbers["validation.best"] == 2.0
    assert last.numbers["entropy"] == pytest.approx(0.5 * np.log(2 * np.pi * np.e), abs=0.3)  # deviation 1 at first
    assert last.numbers["episode_length"] == 12.0


def test_a_training_without_validation_rows_learns_to_its_last_step(tmp_path):
    done = trained(worlds.section(), tmp_path / "a", validate=False)
    assert (done.progress.ended, done.progress.best) == ("steps", None)
    assert not (tmp_path / "a" / "best").exists()
    assert checkpoint.newest(tmp_path / "a").steps == 256


def test_rewards_of_the_learner_are_means_of_its_last_episodes(tmp_path):
    done = trained(worlds.section(), tmp_path / "a")
    assert len(done.rewards) == 256 // 12 - (256 // 12) % 2
    assert done.numbers()["episode_reward"] == pytest.approx(np.mean([reward for reward, _ in done.rewards]))


def test_an_evaluation_walks_each_episode_once_to_its_end():
    judge = worlds.validation()
    perfect = Fixed(lambda observed: observed[:, :1])
    found = judge(perfect)
    assert found["reward"] == found["score"] == pytest.approx(12.0)
    assert found["log_return"] == pytest.approx(12 * np.log(1.01))
    assert found["equity"] == pytest.approx(100.0 * 1.01**12)
    assert found["length"] == 12.0
    assert found["drawdown"] == 0.0
    assert judge(perfect) == found
    (reward, path, times), other = walk(judge.env, perfect, 1)
    assert reward == pytest.approx(12.0)
    assert path.shape == times.shape == (13,)
    assert np.array_equal(path, other[1])


def test_an_evaluation_does_not_depend_on_what_was_walked_before():
    judge = worlds.validation("log_return")
    far = Fixed(lambda observed: -np.sign(observed[:, :1]))
    first = judge(far)
    judge(Fixed(lambda observed: observed[:, :1]))
    assert judge(far) == first
    assert first["score"] == first["log_return"] < 0.13


def test_a_ruined_account_and_one_that_never_moved_have_numbers():
    from tests.train.worlds import AutoresetMode, Follow

    class Lost(Follow):
        def step(self, actions):
            seen, rewards, terminated, truncated, info = super().step(actions)
            self.worth[0] = info["equity"][0] = 0.0
            self.worth[1] = info["equity"][1] = 100.0
            return seen, rewards, terminated, truncated, info

    judge = Validation(Lost(2, AutoresetMode.NEXT_STEP), Convention(periods_per_year=252.0), "log_return", 1)
    found = judge(Fixed(lambda observed: observed[:, :1]))
    assert found["score"] == pytest.approx(0.5 * np.log(1e-12))
    assert found["sharpe"] == 0.0
