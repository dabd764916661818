"""Curves and results beside a training's folder: MLflow, Weights & Biases, TensorBoard.

A tracker works in a thread of its own. Where it fails, or is too slow to follow, one note says so and the training goes
on: nothing it does is waited for, save the last lines at the end.
"""

from __future__ import annotations

import logging
import queue
import re
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from polyfolio.rules.training import TrackingSection
from polyfolio.train import needs
from polyfolio.train.session import Point

log = logging.getLogger("polyfolio")

WAITING = 1_000  # entries a tracker may be behind before further ones are dropped
PATIENCE = 30.0  # seconds a finished training waits for a tracker's last entries


class Tracker(Protocol):
    """Where numbers go. Each method may raise what it likes."""

    name: str

    def start(self, settings: Mapping[str, Any]) -> None:
        """Open a run with its settings."""
        ...

    def log(self, steps: int, numbers: Mapping[str, float]) -> None:
        """Write numbers at a step."""
        ...

    def end(self, status: str, files: list[Path]) -> None:
        """Close the run; `files` are its results."""
        ...


class Guarded:
    """A tracker in a thread, as a watcher of the training.

    Args:
        tracker: it is started, fed and ended in the thread.
        settings: of the training, flat.
        note: called with the one note where the tracker fails.
        patience: seconds to wait at the end.
    """

    def __init__(
        self,
        tracker: Tracker,
        settings: Mapping[str, Any],
        note: Callable[[str], None] = log.warning,
        patience: float = PATIENCE,
    ) -> None:
        self.tracker, self.note, self.patience = tracker, note, patience
        self.failed = False
        self._lines: queue.Queue[Callable[[], None] | None] = queue.Queue(WAITING)
        self._thread = threading.Thread(target=self._work, name=f"tracker {tracker.name}", daemon=True)
        self._thread.start()
        self._put(lambda: tracker.start(settings))

    def point(self, point: Point) -> None:
        """Pass on the points that are kept."""
        if point.kept:
            numbers = {**point.numbers, "steps_per_second": point.speed}
            self._put(lambda: self.tracker.log(point.steps, numbers))

    def evaluated(self, steps: int, score: float) -> bool:  # noqa: ARG002 - a watcher's; a tracker ends nothing
        """A tracker ends no training."""
        return False

    def close(self, status: str, files: list[Path]) -> None:
        """End the run and wait a little for it."""
        self._put(lambda: self.tracker.end(status, files))
        until = time.monotonic() + self.patience
        self._put(None, timeout=self.patience)
        self._thread.join(max(until - time.monotonic(), 0.0))
        if self._thread.is_alive():
            self._fail(f"it had not finished after {self.patience:g} seconds")

    def _put(self, line: Callable[[], None] | None, timeout: float = 0.0) -> None:
        if self.failed:
            return
        try:
            self._lines.put(line, block=timeout > 0.0, timeout=timeout or None)
        except queue.Full:
            self._fail(f"it is {WAITING} entries behind")

    def _work(self) -> None:
        while (line := self._lines.get()) is not None:
            if self.failed:
                continue
            try:
                line()
            except Exception as error:  # noqa: BLE001 - whatever a tracker raises, the training goes on
                self._fail(f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else 'no message'}")

    def _fail(self, reason: str) -> None:
        if not self.failed:
            self.failed = True
            self.note(f"{self.tracker.name} is left out from here on ({reason}); the training goes on.")


class MLflow:
    """Runs in MLflow's store.

    Args:
        address: of the store, such as sqlite:///PATH.
        experiment: the experiment's name.
        run: the run's name.
        files: folder of artefacts of a store that is created now.
    """

    name = "MLflow"

    def __init__(self, address: str, experiment: str, run: str, files: Path) -> None:
        self.address, self.experiment, self.run, self.files = address, experiment, run, files

    def start(self, settings: Mapping[str, Any]) -> None:
        """Open the run; the experiment is made where it is missing."""
        mlflow = needs.mlflow()
        logging.getLogger("mlflow").setLevel(logging.WARNING)  # it tells of each table it makes
        self.client = mlflow.MlflowClient(tracking_uri=self.address)
        found = self.client.get_experiment_by_name(self.experiment)
        if found is None:
            place = self.files.resolve().as_uri() if self.address.startswith("sqlite:") else None
            number = self.client.create_experiment(self.experiment, artifact_location=place)
        else:
            number = found.experiment_id
        self.id = self.client.create_run(number, run_name=self.run).info.run_id
        entities = mlflow.entities
        parameters = [entities.Param(name, str(value)[:500]) for name, value in settings.items()]
        self.client.log_batch(self.id, params=parameters)

    def log(self, steps: int, numbers: Mapping[str, float]) -> None:
        """Write numbers at a step."""
        metric, now = needs.mlflow().entities.Metric, int(time.time() * 1000)
        self.client.log_batch(self.id, metrics=[metric(name, value, now, steps) for name, value in numbers.items()])

    def end(self, status: str, files: list[Path]) -> None:
        """Close the run, its files among its artefacts."""
        for path in files:
            self.client.log_artifact(self.id, str(path))
        self.client.set_terminated(self.id, "FINISHED" if status == "finished" else "KILLED")


class WeightsAndBiases:
    """A run of Weights & Biases, in files where it is offline."""

    name = "Weights & Biases"

    def __init__(self, mode: str, experiment: str, run: str, folder: Path) -> None:
        self.mode, self.experiment, self.run, self.folder = mode, experiment, run, folder

    def start(self, settings: Mapping[str, Any]) -> None:
        """Open the run."""
        wandb, place = needs.wandb(), self.folder.resolve()
        place.mkdir(parents=True, exist_ok=True)
        self.open = wandb.init(
            project=re.sub(r"[^\w.-]+", "-", self.experiment),
            name=self.run,
            dir=str(place),
            mode=self.mode,
            config=dict(settings),
            settings=wandb.Settings(silent=True, console="off", disable_git=True, save_code=False, init_timeout=20.0),
        )

    def log(self, steps: int, numbers: Mapping[str, float]) -> None:
        """Write numbers at a step."""
        self.open.log(dict(numbers), step=steps)

    def end(self, status: str, files: list[Path]) -> None:  # noqa: ARG002 - files stay in the training's folder
        """Close the run."""
        self.open.summary["status"] = status
        self.open.finish(exit_code=0 if status == "finished" else 1)


class TensorBoard:
    """Event files for TensorBoard."""

    name = "TensorBoard"

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def start(self, settings: Mapping[str, Any]) -> None:
        """Open the files; the settings stand in their first text."""
        self.writer = needs.curves().SummaryWriter(str(self.folder))
        rows = "\n".join(f"| {name} | {value} |" for name, value in settings.items())
        self.writer.add_text("settings", f"| key | value |\n|---|---|\n{rows}")

    def log(self, steps: int, numbers: Mapping[str, float]) -> None:
        """Write numbers at a step."""
        for name, value in numbers.items():
            self.writer.add_scalar(name.replace(".", "/"), value, steps)
        self.writer.flush()

    def end(self, status: str, files: list[Path]) -> None:  # noqa: ARG002 - files stay in the training's folder
        """Close the files."""
        self.writer.add_text("status", status)
        self.writer.close()


def trackers(section: TrackingSection, experiment: str, run: str, folder: Path) -> list[Tracker]:
    """The trackers a configuration asks for."""
    found: list[Tracker] = []
    if section.mlflow is not None:
        address = f"sqlite:///{(folder / 'mlflow.db').resolve()}" if section.mlflow == "sqlite" else section.mlflow
        found.append(MLflow(address, experiment, run, folder / "mlflow"))
    if section.wandb is not None:
        found.append(WeightsAndBiases(section.wandb, experiment, run, folder))
    if section.tensorboard:
        found.append(TensorBoard(folder / "tensorboard"))
    return found
