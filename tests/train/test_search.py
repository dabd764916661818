"""A search tries hyper-parameters, keeps its trials, goes on after a kill, and leaves a configuration to train with."""

from __future__ import annotations

import json

import numpy as np
import pytest

from polyfolio.errors import ConfigError, DataError
from polyfolio.rules.load import load
from polyfolio.train import needs, search
from polyfolio.train.session import Point
from tests.train import worlds

SPACE = {
    "training.ppo.learning_rate": {"low": 1e-4, "high": 1e-1, "log": True},
    "training.network.layers": [[4], [8, 4]],
    "training.ppo.epochs": {"low": 1, "high": 3, "whole": True},
}


def sought(place, trials, told=None, **section):
    spec = worlds.spec(place, steps=32, search={"trials": trials, "space": SPACE, **section})
    return search.search(spec, worlds.tape(), experiment="sought", told=told, opened=worlds.opened)


def test_a_search_keeps_its_trials_and_goes_on(tmp_path):
    lines = []
    first = sought(tmp_path, 2, lambda *line: lines.append(line))
    assert [line[0] for line in lines] == [0, 1]
    assert first.trials == 2
    again = sought(tmp_path, 3, lambda *line: lines.append(line))
    assert [line[0] for line in lines] == [0, 1, 2]
    assert (again.trials, sought(tmp_path, 3).trials) == (3, 3)
    trials = json.loads((tmp_path / "sought" / "search.json").read_text())
    assert [trial["state"] for trial in trials] == ["complete"] * 3
    assert again.score == max(trial["score"] for trial in trials)
    (best,) = [trial for trial in trials if trial["score"] == again.score]
    assert best["parameters"] == again.parameters
    assert all(1e-4 <= trial["parameters"]["training.ppo.learning_rate"] <= 1e-1 for trial in trials)
    assert all(trial["parameters"]["training.network.layers"] in ([4], [8, 4]) for trial in trials)
    assert len({trial["parameters"]["training.ppo.learning_rate"] for trial in trials}) == 3
    assert (tmp_path / "sought" / "search" / "trial-0002" / "progress.csv").is_file()


@pytest.mark.pitfall("MET-15")
def test_the_configuration_it_leaves_is_the_one_of_the_best_trial(tmp_path):
    done = sought(tmp_path, 2)
    spec = load(done.configuration)
    assert spec.training.ppo.learning_rate == done.parameters["training.ppo.learning_rate"]
    assert list(spec.training.network.layers) == done.parameters["training.network.layers"]
    assert spec.training.steps == 32
    number = next(
        t["number"] for t in json.loads((done.folder / "search.json").read_text()) if t["score"] == done.score
    )
    trained = load(done.folder / "search" / f"trial-{number:04d}" / "spec.yaml")
    assert trained.training.ppo == spec.training.ppo
    assert (trained.training.tracking.mlflow, trained.seed) == (None, spec.seed)


def test_a_trial_that_was_killed_is_made_up_for(tmp_path):
    sought(tmp_path, 1)
    optuna = needs.optuna()
    storage = f"sqlite:///{tmp_path / 'sought' / 'search.db'}"
    with search.quiet(optuna):
        study = optuna.load_study(study_name="sought", storage=storage)
        study.ask()  # begun, and its process is no more
    done = sought(tmp_path, 2)
    assert done.trials == 2
    states = [trial["state"] for trial in json.loads((tmp_path / "sought" / "search.json").read_text())]
    assert states == ["complete", "fail", "complete"]


def test_a_trial_below_the_others_is_ended():
    class Trial:
        reported = ()

        def report(self, score, steps):
            self.reported = (score, steps)

        def should_prune(self):
            return self.reported[0] < 1.0

    trial = Trial()
    judge = search.Judge(trial, prune=True)
    judge.point(Point(1, 2, 3.0, {}, True))
    assert judge.evaluated(10, 0.5) is True
    assert trial.reported == (0.5, 10)
    assert judge.evaluated(20, 1.5) is False
    assert search.Judge(trial, prune=False).evaluated(30, 0.0) is False


def test_values_that_contradict_each_other_fail_their_trial_alone(tmp_path):
    space = {"training.ppo.batch": [7, 16]}  # 7 does not divide 16 x 2
    lines = []
    done = sought(tmp_path, 7, lambda *line: lines.append(line), space=space, sampler="random")
    assert {line[3] for line in lines} == {"complete", "fail"}
    assert done.parameters == {"training.ppo.batch": 16}
    with pytest.raises(DataError, match="at least one that ran to its end"):
        sought(tmp_path / "none", 2, space={"training.ppo.batch": [7]})


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        ("training.ppo.learning_rat", "learning_rate"),
        ("lanes.two.limits", "one"),
        ("training.seed.deep", "Write it like"),
    ],
)
def test_a_path_that_is_no_key_is_refused_before_anything_runs(tmp_path, path, hint):
    with pytest.raises(ConfigError, match=r"training\.search\.space") as caught:
        sought(tmp_path, 1, space={path: [1, 2]})
    assert hint in caught.value.remedy
    assert not (tmp_path / "sought").exists()


def test_values_reach_lanes_by_name_and_sections_that_were_not_written():
    spec = load({"name": "a", "lanes": [{"name": "one"}], "environment": {}})
    changed = search.changed(spec, {"lanes.one.limits.max_position": 0.3, "training.gamma": 0.5})
    assert changed.lanes[0].limits.max_position == 0.3
    assert changed.training.gamma == 0.5


def test_nothing_is_searched_without_rows_to_judge_by():
    split = {"train": 0.8, "validation": 0.0}
    spec = load({"name": "a", "lanes": [{"name": "one"}], "environment": {"split": split}})
    with pytest.raises(ConfigError, match=r"environment\.split\.validation"):
        search.search(spec, worlds.tape(), opened=worlds.opened)


def test_a_trial_that_diverges_fails_alone(tmp_path, monkeypatch):
    step, first = worlds.Follow.step, []

    def ruined(env, actions):
        seen, rewards, *rest = step(env, actions)
        first[:] = first or [id(env)]
        return seen, rewards * np.nan if id(env) == first[0] else rewards, *rest

    monkeypatch.setattr(worlds.Follow, "step", ruined)
    done = sought(tmp_path, 2)
    trials = json.loads((tmp_path / "sought" / "search.json").read_text())
    assert [trial["state"] for trial in trials] == ["fail", "complete"]
    assert done.parameters == trials[1]["parameters"]
