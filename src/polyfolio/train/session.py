"""What happens between a learner's rollouts: evaluation, the best policy kept, checkpoints, an early end."""

from __future__ import annotations

import csv
import io
import math
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from polyfolio.errors import DataError
from polyfolio.market.disk import refusal, write_file
from polyfolio.rules.training import TrainingSection
from polyfolio.train import checkpoint, learner, needs
from polyfolio.train.checkpoint import Checkpoint

PROGRESS = "progress.csv"
COLUMNS = ("steps", "score", "best", "reward", "log_return", "sharpe", "drawdown", "equity", "length")
LEARNING = ("episode_reward", "episode_length", "entropy")
RECENT = 100  # episodes over which the learner's own rewards are averaged
PARTS = 100  # points a tracker gets of a training, beside one per evaluation
PAUSE = 0.1  # seconds between two points for a watcher on a terminal

Validate = Callable[[Any], Mapping[str, float]]


@dataclass(frozen=True)
class Point:
    """Where a training stands.

    Attributes:
        steps: made, of `total`.
        total: to make.
        speed: steps a second since the point before.
        numbers: what is known by now, by name; `validation.*` from the last evaluation.
        kept: True at an evaluation and at each hundredth of the training; those points a tracker keeps.
    """

    steps: int
    total: int
    speed: float
    numbers: Mapping[str, float]
    kept: bool


class Watcher(Protocol):
    """Who is told how a training goes."""

    def point(self, point: Point) -> None:
        """Called between rollouts."""
        ...

    def evaluated(self, steps: int, score: float) -> bool:
        """Called after each evaluation; True ends the training."""
        ...


@dataclass
class Progress:
    """What a training remembers between evaluations.

    Attributes:
        evaluated: steps at the last evaluation.
        saved: steps at the last checkpoint.
        best: the best score; None before the first evaluation.
        best_steps: steps at which it was reached.
        waited: evaluations since then.
        ended: why the training is over: "steps", "patience", "watcher"; "" while it goes on.
        numbers: of the last evaluation.
    """

    evaluated: int = 0
    saved: int = 0
    best: float | None = None
    best_steps: int = 0
    waited: int = 0
    ended: str = ""
    numbers: dict[str, float] = field(default_factory=dict)


class Session:
    """One learner's training in a folder.

    Args:
        model: the learner.
        section: how often to evaluate, to keep, to wait.
        folder: of the training.
        belongs: what its checkpoints belong to.
        validate: judges the policy; None where there are no validation rows.
        watchers: told how it goes.
    """

    def __init__(
        self,
        model: Any,
        section: TrainingSection,
        folder: Path,
        belongs: Mapping[str, Any],
        validate: Validate | None,
        watchers: Sequence[Watcher] = (),
    ) -> None:
        self.model, self.section, self.folder, self.belongs = model, section, folder, belongs
        self.validate, self.watchers = validate, watchers
        self.progress = Progress()
        self.rewards: deque[tuple[float, float]] = deque(maxlen=RECENT)
        self._told, self._told_at = time.perf_counter(), 0

    def run(self) -> Progress:
        """Learn until the steps are made, patience ends or a watcher ends it."""
        model, total = self.model, self.section.steps
        if self.progress.ended:
            return self.progress
        self._told, self._told_at = time.perf_counter(), model.num_timesteps
        try:
            model.learn(
                max(total - model.num_timesteps, 0),
                callback=self._callback(),
                log_interval=None,
                reset_num_timesteps=False,
            )
        except ValueError:
            # The library tells of weights that are numbers no more by the distribution it cannot make of them.
            learner.refuse_diverged(model)
            raise
        learner.refuse_diverged(model)
        if not self.progress.ended:
            self.progress.ended = "steps"
            self._evaluate()
            self._save()
            self._tell(True)
        return self.progress

    def resume(self, kept: Checkpoint) -> None:
        """Go on where a checkpoint was taken.

        Raises:
            DataError: it belongs to something else, or holds the model alone.
        """
        if not kept.complete:
            remedy = "Name a folder below checkpoints/; best/ can be evaluated and exported."
            raise DataError("checkpoint", str(kept.place), "one with the state to go on from", remedy)
        checkpoint.refuse_other(kept.belongs, self.belongs, kept.place)
        learner.load_model(self.model, kept.model)
        self.model.env.set_state(learner.under(kept.arrays, "env/"))
        learner.restore(self.model, learner.under(kept.arrays, "learner/"), kept.facts["learner"])
        self.progress = Progress(**kept.facts["progress"])
        if self._may_go_on():
            self.progress.ended = ""
        self.rewards.extend((float(reward), float(length)) for reward, length in kept.arrays["episodes"])
        forget_after(self.folder / PROGRESS, kept.steps)

    def _may_go_on(self) -> bool:
        """Whether what ended it holds no more: more steps or more patience were given, or nobody watches any more."""
        patience, ended = self.section.validation.patience, self.progress.ended
        if ended == "patience":
            return patience is None or self.progress.waited < patience
        return ended == "watcher" or self.model.num_timesteps < self.section.steps

    def _callback(self) -> Any:
        """The library's callback: told of each step, and of the moment before each rollout."""
        callback = needs.callbacks().ConvertCallback(self._step)
        callback._on_rollout_start = self._between
        return callback

    def _step(self, local: Mapping[str, Any], _: Mapping[str, Any]) -> bool:
        if local["dones"].any():
            for index in np.flatnonzero(local["dones"]):
                episode = local["infos"][index]["episode"]
                self.rewards.append((float(episode["r"]), float(episode["l"])))
        return not self.progress.ended

    def _between(self) -> None:
        steps, section, progress = self.model.num_timesteps, self.section, self.progress
        due = self.validate is not None and steps - progress.evaluated >= section.validation.every
        if due or steps - progress.saved >= section.checkpoints.every:
            learner.refuse_diverged(self.model)
        if due:
            self._evaluate()
        if progress.ended or steps - progress.saved >= section.checkpoints.every:
            self._save()
        self._tell(due)

    def _evaluate(self) -> None:
        """Judge the policy, keep it if it is the best so far, and count how long there was no better one."""
        steps, progress = self.model.num_timesteps, self.progress
        if self.validate is None:
            return
        if progress.best is not None and progress.evaluated == steps:
            return
        progress.numbers, progress.evaluated = dict(self.validate(self.model)), steps
        score = progress.numbers["score"]
        if math.isnan(score):
            remedy = "Correct the reward, or choose by another training.validation.metric."
            raise DataError("validation", score, "a number", remedy)
        if progress.best is None or score > progress.best:
            progress.best, progress.best_steps, progress.waited = score, steps, 0
            checkpoint.write(self.folder / checkpoint.BEST, self.model, Checkpoint(steps, self.belongs))
        else:
            progress.waited += 1
        self._append_line()
        patience = self.section.validation.patience
        if patience is not None and progress.waited >= patience:
            progress.ended = "patience"
        if [watcher for watcher in self.watchers if watcher.evaluated(steps, score)]:
            progress.ended = "watcher"

    def _save(self) -> None:
        steps, progress = self.model.num_timesteps, self.progress
        progress.saved = steps
        arrays, facts = learner.state(self.model)
        whole = {f"learner/{name}": value for name, value in arrays.items()}
        whole |= {f"env/{name}": value for name, value in self.model.env.state().items()}
        whole["episodes"] = np.array(self.rewards, np.float64).reshape(-1, 2)
        kept = Checkpoint(steps, self.belongs, {"learner": facts, "progress": vars(progress)}, whole)
        checkpoint.write(checkpoint.place_of(self.folder, steps), self.model, kept)
        checkpoint.prune(self.folder, self.section.checkpoints.keep)

    def _tell(self, evaluated: bool) -> None:
        steps, total, now = self.model.num_timesteps, self.section.steps, time.perf_counter()
        kept = evaluated or steps * PARTS // total > self._told_at * PARTS // total
        if not self.watchers or not (kept or now - self._told >= PAUSE):
            return
        speed = (steps - self._told_at) / max(now - self._told, 1e-9)
        point = Point(steps, total, speed, self.numbers(), kept)
        for watcher in self.watchers:
            watcher.point(point)
        self._told, self._told_at = time.perf_counter(), steps

    def numbers(self) -> dict[str, float]:
        """What is known by now: the learner's own episodes and losses, the last evaluation, the best one."""
        found = {f"validation.{name}": value for name, value in self.progress.numbers.items()}
        if self.progress.best is not None:
            found["validation.best"] = self.progress.best
        return self._learning() | found

    def _learning(self) -> dict[str, float]:
        known = self.model.logger.name_to_value
        found = {name.replace("/", "."): float(value) for name, value in known.items() if name.startswith("train/")}
        if self.rewards:
            reward, length = np.mean(self.rewards, axis=0)
            found |= {"episode_reward": float(reward), "episode_length": float(length)}
        if "train.entropy_loss" in found:
            found["entropy"] = -found.pop("train.entropy_loss")
        return found

    def _append_line(self) -> None:
        """One line per evaluation; nothing in it depends on the clock, so a resumed training writes the same file."""
        learning, progress = self._learning(), self.progress
        line: dict[str, Any] = {**progress.numbers, "steps": progress.evaluated, "best": progress.best}
        line |= {name: learning.get(name, math.nan) for name in LEARNING}
        path, text = self.folder / PROGRESS, io.StringIO()
        writer = csv.DictWriter(text, (*COLUMNS, *LEARNING), extrasaction="ignore", lineterminator="\n")
        if not path.is_file():
            writer.writeheader()
        writer.writerow(line)
        try:
            with path.open("a", encoding="utf-8", newline="") as file:
                file.write(text.getvalue())
        except OSError as error:
            raise refusal("progress", path, error) from error


def forget_after(path: Path, steps: int) -> None:
    """Drop the lines of a progress file that a training wrote after its last checkpoint: it writes them again."""
    if not path.is_file():
        return
    head, *lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    stay = [line for line in lines if line.endswith("\n") and int(line.split(",", 1)[0]) <= steps]
    write_file(path, "".join([head, *stay]).encode(), "progress")
