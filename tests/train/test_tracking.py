"""Trackers get the curves; one that fails, hangs or cannot be reached costs a note and never the training."""

from __future__ import annotations

import socket
import threading
import time

import pytest

from polyfolio.rules.training import TrackingSection
from polyfolio.train.session import Point
from polyfolio.train.tracking import WAITING, Guarded, MLflow, TensorBoard, WeightsAndBiases, trackers

SETTINGS = {"algorithm": "ppo", "ppo.learning_rate": 0.001}


class Listed:
    """A tracker that remembers, and fails or waits where it is told to."""

    name = "Listed"

    def __init__(self, fails="", waits=None):
        self.fails, self.waits, self.lines = fails, waits, []

    def start(self, settings):
        self._line("start", dict(settings))

    def log(self, steps, numbers):
        self._line("log", steps, dict(numbers))

    def end(self, status, files):
        self._line("end", status, files)

    def _line(self, *line):
        if self.waits is not None:
            self.waits.wait(20)
        if line[0] == self.fails:
            raise ConnectionError("unreachable\nat length")
        self.lines.append(line)


def point(steps, kept=True, **numbers):
    return Point(steps, 1000, 50.0, {"reward": 1.5, **numbers}, kept)


def guarded(tracker, **how):
    notes = []
    return Guarded(tracker, SETTINGS, notes.append, **how), notes


def test_points_that_are_kept_reach_the_tracker_in_order():
    tracker = Listed()
    follower, notes = guarded(tracker)
    for steps, kept in ((10, True), (15, False), (20, True)):
        follower.point(point(steps, kept))
    assert follower.evaluated(20, 1.0) is False
    follower.close("finished", [])
    assert [line[:2] for line in tracker.lines] == [
        ("start", SETTINGS), ("log", 10), ("log", 20), ("end", "finished")
    ]  # fmt: skip
    assert tracker.lines[1][2] == {"reward": 1.5, "steps_per_second": 50.0}
    assert notes == []


@pytest.mark.parametrize("fails", ["start", "log", "end"])
def test_a_tracker_that_fails_costs_one_note(fails):
    tracker = Listed(fails)
    follower, notes = guarded(tracker)
    for steps in (10, 20, 30):
        follower.point(point(steps))
    follower.close("finished", [])
    assert notes == ["Listed is left out from here on (ConnectionError: unreachable); the training goes on."]
    assert len(tracker.lines) == {"start": 0, "log": 1, "end": 4}[fails]


def test_a_tracker_that_hangs_is_not_waited_for():
    gate = threading.Event()
    follower, notes = guarded(Listed(waits=gate), patience=0.05)
    start = time.perf_counter()
    for steps in range(WAITING + 10):
        follower.point(point(steps))
    follower.close("finished", [])
    assert time.perf_counter() - start < 5.0
    assert notes == [f"Listed is left out from here on (it is {WAITING} entries behind); the training goes on."]
    gate.set()
    follower, notes = guarded(Listed(waits=threading.Event()), patience=0.05)
    follower.close("finished", [])
    assert notes == ["Listed is left out from here on (it had not finished after 0.05 seconds); the training goes on."]


@pytest.mark.pitfall("VER-02")
def test_mlflow_keeps_parameters_curves_status_and_files_in_one_sqlite_file(tmp_path):
    mlflow = pytest.importorskip("mlflow")
    result = tmp_path / "training.json"
    result.write_text("{}")
    (made,) = trackers(TrackingSection(), "teaching", "one", tmp_path)
    assert isinstance(made, MLflow)
    follower, notes = guarded(made)
    follower.point(point(10))
    follower.point(point(20, reward=2.5))
    follower.close("finished", [result])
    assert notes == []
    client = mlflow.MlflowClient(tracking_uri=f"sqlite:///{tmp_path / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("teaching")
    (run,) = client.search_runs([experiment.experiment_id])
    assert (run.info.run_name, run.info.status) == ("one", "FINISHED")
    assert run.data.params == {"algorithm": "ppo", "ppo.learning_rate": "0.001"}
    history = client.get_metric_history(run.info.run_id, "reward")
    assert [(metric.step, metric.value) for metric in history] == [(10, 1.5), (20, 2.5)]
    assert [file.path for file in client.list_artifacts(run.info.run_id)] == ["training.json"]
    again = MLflow(made.address, "teaching", "two", tmp_path / "mlflow")
    follower, notes = guarded(again)
    follower.close("interrupted", [])
    assert notes == []
    runs = client.search_runs([experiment.experiment_id])
    assert {run.info.run_name: run.info.status for run in runs} == {"one": "FINISHED", "two": "KILLED"}


def test_an_mlflow_server_that_answers_nobody_costs_a_note(tmp_path, monkeypatch):
    pytest.importorskip("mlflow")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (made,) = trackers(TrackingSection(mlflow=f"http://127.0.0.1:{port}"), "teaching", "one", tmp_path)
    follower, notes = guarded(made, patience=20.0)
    follower.point(point(10))
    follower.close("finished", [])
    assert len(notes) == 1
    assert notes[0].startswith("MLflow is left out from here on (")


def test_tensorboard_reads_the_curves(tmp_path):
    reading = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    section = TrackingSection(mlflow=None, tensorboard=True)
    (made,) = trackers(section, "teaching", "one", tmp_path)
    assert isinstance(made, TensorBoard)
    follower, notes = guarded(made)
    follower.point(point(10, **{"validation.score": 0.5}))
    follower.point(point(20, **{"validation.score": 0.75}))
    follower.close("finished", [])
    assert notes == []
    events = reading.EventAccumulator(str(tmp_path / "tensorboard"))
    events.Reload()
    assert [(event.step, event.value) for event in events.Scalars("validation/score")] == [(10, 0.5), (20, 0.75)]


@pytest.mark.slow
def test_weights_and_biases_writes_its_files_without_a_network(tmp_path, monkeypatch):
    pytest.importorskip("wandb")
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    (made,) = trackers(TrackingSection(mlflow=None, wandb="offline"), "my teaching", "one", tmp_path / "run")
    assert isinstance(made, WeightsAndBiases)
    follower, notes = guarded(made)
    follower.point(point(10))
    follower.close("finished", [])
    assert notes == []
    (written,) = (tmp_path / "run" / "wandb").glob("offline-run-*/*.wandb")
    assert b"reward" in written.read_bytes()


def test_only_what_is_asked_for_is_tracked(tmp_path):
    assert trackers(TrackingSection(mlflow=None), "a", "b", tmp_path) == []
    (made,) = trackers(TrackingSection(mlflow="sqlite:////data/all.db"), "a", "b", tmp_path)
    assert made.address == "sqlite:////data/all.db"
