"""A training's folder: what stands in it, what is refused, what goes on."""

from __future__ import annotations

import shutil
import socket

import numpy as np
import pytest

from polyfolio.errors import ConfigError, DataError, RetryError
from polyfolio.rules.load import load
from polyfolio.train import checkpoint, folder, learner
from polyfolio.train.judge import judged
from polyfolio.train.learner import DivergedError
from polyfolio.train.run import train
from polyfolio.train.worlds import World
from tests.train import worlds


def learn(place, experiment=None, *, resume=False, notes=None, watchers=None, **training):
    noted = [] if notes is None else notes
    spec = worlds.spec(place, **training)
    return train(
        spec, worlds.tape(), experiment=experiment, resume=resume, note=noted.append, watchers=watchers,
        opened=worlds.opened,
    )  # fmt: skip


@pytest.fixture(scope="module")
def short(tmp_path_factory):
    """A training of 128 steps; tests copy it."""
    (done,) = learn(tmp_path_factory.mktemp("short"), "first", steps=128)
    return done


@pytest.fixture
def copied(short, tmp_path):
    shutil.copytree(short.folder, tmp_path / "first")
    return tmp_path / "first"


def test_a_training_says_what_it_was_and_what_came_of_it(short):
    said = folder.read(short.folder)
    assert (said["status"], said["algorithm"], said["seed"], said["ended"]) == ("finished", "ppo", 3, "steps")
    assert said["experiment"] == "first"
    assert said["steps"] == short.steps == 128
    assert said["best"] == {"score": short.best, "steps": short.best_steps}
    assert said["versions"]["torch"] != "absent"
    assert load(short.folder / "spec.yaml") == worlds.spec(short.folder.parent, steps=128)
    assert folder.read_panel(short.folder) == {"mean": [0.0]}
    assert [int(place.name) for place in checkpoint.listed(short.folder)] == [96, 128]


def test_a_training_is_not_overwritten(copied):
    with pytest.raises(DataError, match="--resume") as caught:
        learn(copied.parent, "first", steps=128)
    assert "--experiment" in caught.value.remedy
    assert folder.read(copied)["status"] == "finished"


def test_a_training_without_a_checkpoint_is_begun_anew(copied):
    shutil.rmtree(copied / "checkpoints")
    for resume in (False, True):
        (done,) = learn(copied.parent, "first", steps=96, resume=resume)
        assert done.steps == 96
        assert (copied / "progress.csv").read_text().count("\n") == 3  # the head, at 64, at the end
        shutil.rmtree(copied / "checkpoints")


def test_a_finished_training_goes_on_with_more_steps_or_stays(copied):
    notes = []
    (done,) = learn(copied.parent, "first", steps=128, resume=True, notes=notes)
    assert (done.steps, done.ended) == (128, "steps")
    (done,) = learn(copied.parent, "first", steps=192, resume=True, notes=notes)
    assert done.steps == 192
    assert notes == [f"Going on from step 128 in {copied}."] * 2


def test_a_named_checkpoint_is_gone_on_from_and_later_ones_are_forgotten(copied):
    notes, later = [], checkpoint.place_of(copied, 128) / "mark"
    later.write_text("of the training before")
    (done,) = learn(copied.parent, "first", steps=128, resume=checkpoint.place_of(copied, 96), notes=notes)
    assert notes == [f"Going on from step 96 in {copied}."]
    assert done.steps == 128
    assert not later.exists()
    assert [int(place.name) for place in checkpoint.listed(copied)] == [96, 128]


@pytest.mark.parametrize(
    ("training", "field"),
    [
        ({"network": {"layers": [9]}}, r"training\.network\.layers"),
        ({"gamma": 0.5}, r"training\.gamma"),
        ({"ppo": {"learning_rate": 0.5}}, r"training\.ppo\.learning_rate"),
    ],
)
def test_a_training_does_not_go_on_with_another_configuration(copied, training, field):
    with pytest.raises(ConfigError, match=field) as caught:
        learn(copied.parent, "first", steps=128, resume=True, **training)
    assert "as in" in caught.value.bound


def test_versions_that_changed_are_told(copied):
    folder.note(copied, {"versions": {**folder.read(copied)["versions"], "torch": "1.0"}})
    notes = []
    learn(copied.parent, "first", steps=128, resume=True, notes=notes)
    assert notes[0].startswith("Packages changed since it began (torch 1.0 -> ")


def test_a_training_of_another_format_is_refused(copied):
    folder.note(copied, {"format": 7})
    with pytest.raises(DataError, match="format: got 7, must be 1"):
        learn(copied.parent, "first", steps=128, resume=True)


def test_each_seed_has_a_folder_of_its_own(tmp_path):
    done = learn(tmp_path, "many", steps=32, seeds=[5, 6])
    assert [one.folder for one in done] == [tmp_path / "many" / "seed-5", tmp_path / "many" / "seed-6"]
    assert [folder.read(one.folder)["seed"] for one in done] == [5, 6]
    assert folder.spec_of(tmp_path / "many").training.seeds == (5, 6)


def test_an_interrupted_and_a_failed_training_say_so(tmp_path):
    class Stops:
        def __init__(self, error):
            self.error = error

        def point(self, point):
            raise self.error

        def evaluated(self, steps, score):
            return False

    for error, status in ((KeyboardInterrupt(), "interrupted"), (RuntimeError("broken"), "failed")):
        with pytest.raises(type(error)):
            learn(tmp_path, status, steps=128, watchers=lambda seed, error=error: [Stops(error)])
        assert folder.read(tmp_path / status)["status"] == status


def test_a_tracker_that_cannot_be_reached_does_not_stop_the_training(tmp_path, monkeypatch):
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    notes = []
    (done,) = learn(tmp_path, "tracked", steps=32, tracking={"mlflow": f"http://127.0.0.1:{port}"}, notes=notes)
    assert (done.ended, folder.read(done.folder)["status"]) == ("steps", "finished")
    assert len(notes) == 1
    assert notes[0].startswith("MLflow is left out from here on (")


def test_a_checkpoint_is_judged_by_the_numbers_it_was_chosen_by(short, copied):
    def judging(spec, tape, state, split):
        assert state == {"mean": [0.0]}
        return worlds.validation() if split == "validation" else None

    how = {"tape": worlds.tape(), "opened": worlds.opened, "judging": judging}
    for place in (copied, copied / "best", checkpoint.place_of(copied, 128)):
        found = judged(place, **how)
        assert set(found) == {"score", "reward", "log_return", "sharpe", "drawdown", "equity", "length"}
    assert judged(copied / "best", **how)["score"] == short.best
    with pytest.raises(ConfigError, match=r"environment\.split\.train"):
        judged(copied, split="train", **how)
    with pytest.raises(DataError, match=r"training\.json"):
        judged(copied.parent, **how)


def test_a_best_policy_that_was_being_replaced_is_found_again(copied):
    hidden = copied / ".best.old-abc"
    hidden.mkdir()
    (copied / "best").rename(hidden / "best")
    (done,) = learn(copied.parent, "first", steps=128, resume=True)
    assert checkpoint.read(copied / "best").steps == done.best_steps
    assert not hidden.exists()


@pytest.mark.parametrize("name", ["", "..", "///"])
def test_an_experiment_needs_a_name_a_folder_can_have(tmp_path, name):
    with pytest.raises(ConfigError, match="experiment"):
        folder.place_of(worlds.section(folder=str(tmp_path)), name)
    assert folder.place_of(worlds.section(folder=str(tmp_path)), "a b/c") == tmp_path / "a-b-c"


def test_two_trainings_do_not_share_a_folder(tmp_path):
    refused = []

    class Second:
        """Begins the same experiment, and goes on with it, while the first is at work."""

        def point(self, point):
            for resume in (False, True):
                with pytest.raises(DataError, match="no other training is at work") as caught:
                    learn(tmp_path, "one", steps=64, resume=resume)
                refused.append(caught.value.remedy)

        def evaluated(self, steps, score):
            return False

    (done,) = learn(tmp_path, "one", steps=96, watchers=lambda seed: [Second()])
    assert refused
    assert "--experiment" in refused[0]
    assert (done.folder / "progress.csv").read_text().count("\n") == 3
    assert learn(tmp_path, "one", steps=96, resume=True)[0].steps == 96


def test_going_on_from_a_checkpoint_brings_back_the_best_policy_of_then(tmp_path):
    def opened(run, tape, seed):
        """Scores fall after 128 steps in the second part, so the best policy is the one before the checkpoint."""
        world = worlds.opened(run, tape, seed)
        scores = iter(told)
        return World(world.learning, lambda model: {"score": next(scores), "reward": 0.0}, world.belongs, world.state)

    def go_on(**how):
        how = {"note": lambda text: None, "opened": opened, **how}
        return train(worlds.spec(tmp_path, checkpoints={"every": 64, "keep": 9}), worlds.tape(), **how)

    told = [1.0, 2.0, 0.0, 3.0]
    (first,) = go_on()
    assert (first.best_steps, checkpoint.read(first.folder / "best").steps) == (256, 256)
    kept = checkpoint.read(checkpoint.place_of(first.folder, 192))
    told = [0.0]
    (again,) = go_on(resume=kept.place)
    assert (again.best, again.best_steps) == (2.0, 128)
    best = checkpoint.read(first.folder / "best")
    assert best.steps == 128
    weights = [
        learner.tensors(path)[0]["policy"]
        for path in (best.model, checkpoint.place_of(again.folder, 128) / "model.zip")
    ]
    assert all(bool((weights[0][name] == value).all()) for name, value in weights[1].items())


def test_a_training_that_diverges_says_so_and_keeps_no_ruined_weights(tmp_path, monkeypatch):
    step = worlds.Follow.step

    def ruined(env, actions):
        seen, rewards, *rest = step(env, actions)
        return seen, np.where(env.age > 60, np.nan, rewards), *rest

    monkeypatch.setattr(worlds.Follow, "step", ruined)
    with pytest.raises(DivergedError, match=r"after [0-9]+ steps: got 'NaN or infinite'") as caught:
        learn(tmp_path, "far", steps=256, checkpoints={"every": 32, "keep": 1}, validation={"every": 1000})
    assert "learning_rate" in caught.value.remedy
    assert folder.read(tmp_path / "far")["status"] == "failed"
    weights = learner.tensors(checkpoint.newest(tmp_path / "far").model)[0]["policy"]
    assert all(np.isfinite(value.numpy()).all() for value in weights.values())


def test_a_score_that_is_no_number_is_refused(tmp_path):
    def opened(run, tape, seed):
        world = worlds.opened(run, tape, seed)
        return World(world.learning, lambda model: {"score": np.nan, "reward": 0.0}, world.belongs, world.state)

    with pytest.raises(DataError, match="validation: got nan, must be a number"):
        train(worlds.spec(tmp_path), worlds.tape(), opened=opened)


def test_what_a_policy_is_chosen_by_stays_when_a_training_goes_on(copied):
    with pytest.raises(ConfigError, match=r"training\.validation\.metric"):
        learn(copied.parent, "first", steps=192, validation={"metric": "sharpe"}, resume=True)
    learn(copied.parent, "first", steps=192, validation={"every": 32, "patience": 9}, resume=True)


def test_a_line_of_progress_that_cannot_be_written_is_an_error_of_the_disk(tmp_path):
    class Fills:
        def point(self, point):
            pass

        def evaluated(self, steps, score):
            (tmp_path / "full" / "progress.csv").unlink()
            (tmp_path / "full" / "progress.csv").mkdir()
            return False

    with pytest.raises(RetryError, match="progress"):
        learn(tmp_path, "full", steps=128, watchers=lambda seed: [Fills()])


@pytest.mark.parametrize("part", ["tape", "kernels"])
def test_a_refused_checkpoint_costs_no_later_one(tmp_path, part):
    def opened(run, tape, seed):
        world = worlds.opened(run, tape, seed)
        return World(world.learning, world.validate, {**world.belongs, part: "of another day"}, world.state)

    spec = worlds.spec(tmp_path, steps=128, checkpoints={"every": 32, "keep": 9})
    (done,) = train(spec, worlds.tape(), opened=opened)
    there = [place.name for place in checkpoint.listed(done.folder)]
    assert len(there) > 2
    with pytest.raises(DataError, match=f"{part}: got 'of another day'"):
        train(spec, worlds.tape(), resume=checkpoint.listed(done.folder)[0], opened=opened)
    assert [place.name for place in checkpoint.listed(done.folder)] == there
    assert checkpoint.read(done.folder / "best").steps == done.best_steps
