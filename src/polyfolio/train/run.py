"""A training from its configuration to its sealed policy."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from polyfolio.core.tape import Tape
from polyfolio.kernels.compile import source_digest
from polyfolio.policy.manifest import Lineage
from polyfolio.policy.manifest import World as SealedWorld
from polyfolio.policy.network import network_of
from polyfolio.policy.sealed import seal
from polyfolio.policy.world import learning_digest, versions
from polyfolio.rules.load import load
from polyfolio.rules.spec import Spec
from polyfolio.rules.training import TrainingSection
from polyfolio.train import algorithms, checkpoint, folder, learner
from polyfolio.train.randomness import private
from polyfolio.train.session import PROGRESS, Progress, Session, Watcher
from polyfolio.train.tracking import Guarded, trackers
from polyfolio.train.worlds import World, open_tape, open_world, section_of

log = logging.getLogger("polyfolio")

Note = Callable[[str], None]
Opened = Callable[[Spec, Tape, int], World]


@dataclass(frozen=True)
class Trained:
    """What came of a training.

    Attributes:
        folder: of the training.
        seed: it was trained with.
        steps: made.
        ended: why it is over: "steps", "patience", "watcher".
        best: score of the best policy; None where nothing was validated.
        best_steps: steps at which it was reached.
        policy: the sealed policy of one agent; None where none could be sealed, or several stand beside each other.
    """

    folder: Path
    seed: int
    steps: int
    ended: str
    best: float | None
    best_steps: int
    policy: Path | None


def train(  # noqa: PLR0913 - what a training may be told, each part with a default
    source: Spec | str | os.PathLike[str] | Mapping[str, Any],
    tape: Tape | None = None,
    *,
    experiment: str | None = None,
    resume: bool | Path = False,
    watchers: Callable[[int], Sequence[Watcher]] | None = None,
    note: Note = log.warning,
    opened: Opened = open_world,
) -> list[Trained]:
    """Train the policy of one agent, once for each seed.

    Args:
        source: a Spec, a YAML file, or a dict of its keys, with a section `environment`.
        tape: market rows; None reads what the section `tape` describes.
        experiment: name of the training's folder; `training.tracking.experiment`, else the run's name.
        resume: True goes on from the newest checkpoint, and begins where there is none yet; a checkpoint's folder goes
            on from that one, and forgets later ones.
        watchers: those told of a seed's training.
        note: called with what a reader should know.
        opened: makes the environments.

    Raises:
        ConfigError: a key of the configuration, or an extra that is missing.
        DataError: the folder holds a training already, one that is at work, or a checkpoint of something else.
        DivergedError: a weight is no finite number any more.

    Example:
        >>> (done,) = train("teaching.yaml", experiment="first")
        >>> done.policy
    """
    spec = source if isinstance(source, Spec) else load(source)
    section, rows = section_of(spec), open_tape(spec, tape)
    name = experiment or section.tracking.experiment or spec.name
    place, seeds = folder.place_of(section, name), folder.seeds_of(spec)
    found = []
    for seed in seeds:
        one = place if len(seeds) == 1 else place / f"seed-{seed}"
        watching = watchers(seed) if watchers is not None else ()
        found.append(Training(spec, rows, one, seed, note, opened).run(name, watching, resume=resume))
    return found


@dataclass(frozen=True, eq=False)
class Training:
    """One seed's training in its folder.

    Attributes:
        spec: its configuration.
        tape: market rows.
        place: its folder.
        seed: of weights, exploration and environments.
        note: called with what a reader should know.
        opened: makes the environments.
    """

    spec: Spec
    tape: Tape
    place: Path
    seed: int
    note: Note = log.warning
    opened: Opened = open_world

    def run(self, experiment: str, watchers: Sequence[Watcher] = (), *, resume: bool | Path = False) -> Trained:
        """Learn, keep, seal; the status in training.json says how it ended, whatever happened.

        A folder without a checkpoint has nothing to go on from, and nothing to lose: it is begun anew.
        """
        with folder.alone(self.place):
            going_on = bool(resume) and bool(checkpoint.listed(self.place))
            if going_on:
                self._prepare(resume)
            else:
                folder.begin(self.place, self.spec, self.seed, {"experiment": experiment, "tape": self.tape.digest()})
            with self._followed(experiment, section_of(self.spec)) as followers:
                return self._learned([*watchers, *followers], going_on)

    def _prepare(self, resume: bool | Path) -> None:
        """Compare the configuration with the one that stands there; forget what came after the checkpoint."""
        changes = folder.again(self.place, self.spec)
        if changes:
            told = ", ".join(changes)
            self.note(f"Packages changed since it began ({told}): the last bits may differ from an unbroken training.")
        kept = checkpoint.read(resume) if isinstance(resume, Path) else checkpoint.newest(self.place)
        if kept is not None:
            # What can be compared before anything is opened is, so that a refusal leaves later checkpoints alone.
            here = {"tape": self.tape.digest(), "kernels": source_digest()}
            checkpoint.refuse_other({name: kept.belongs.get(name, here[name]) for name in here}, here, kept.place)
            checkpoint.forget_after(self.place, kept.steps)
            checkpoint.put_back(self.place, kept)
            self.note(f"Going on from step {kept.steps} in {self.place}.")

    @contextmanager
    def _followed(self, experiment: str, section: TrainingSection) -> Iterator[list[Guarded]]:
        """The trackers at work, told at the end how it ended."""
        settings = flat(section.model_dump(mode="json"))
        found = trackers(section.tracking, experiment, self.place.name, self.place)
        followers = [Guarded(tracker, settings, self.note) for tracker in found]
        status = folder.FAILED
        folder.note(self.place, {"status": folder.RUNNING, "algorithm": section.algorithm})
        try:
            yield followers
            status = folder.FINISHED
        except KeyboardInterrupt:
            status = folder.INTERRUPTED
            raise
        finally:
            folder.note(self.place, {"status": status, "stopped": folder.now()})
            for follower in followers:
                follower.close(status, self._results())

    def _learned(self, watchers: Sequence[Watcher], going_on: bool) -> Trained:
        """Make environments and learner, learn, seal."""
        section = section_of(self.spec)
        with private(section.threads):
            world = self.opened(self.spec, self.tape, self.seed)
            with closing(world.learning):
                folder.write_panel(self.place, world.state)
                if world.sealed is not None:
                    folder.note(self.place, {"world": world.sealed.model_dump(mode="json")})
                model = algorithms.make(section, world.learning, self.seed)
                session = Session(model, section, self.place, world.belongs, world.validate, watchers)
                kept = checkpoint.newest(self.place) if going_on else None
                if kept is not None:
                    session.resume(kept)
                return self._finished(world, model, session.run())

    def _finished(self, world: World, model: Any, progress: Progress) -> Trained:
        """Seal the best policy, and say in training.json what came of it."""
        steps = model.num_timesteps
        at = progress.best_steps if progress.best is not None else steps
        if progress.best is not None:
            best = checkpoint.read(self.place / checkpoint.BEST)
            checkpoint.refuse_other({"steps": best.steps}, {"steps": at}, best.place)
            learner.load_model(model, best.model)
        policy = None if world.sealed is None else self._sealed(world.sealed, world, model, at, progress.best)
        said = {"steps": steps, "ended": progress.ended, "best": {"score": progress.best, "steps": at}}
        folder.note(self.place, {**said, "validation": progress.numbers})
        return Trained(self.place, self.seed, steps, progress.ended, progress.best, at, policy)

    def _sealed(self, named: SealedWorld, world: World, model: Any, steps: int, score: float | None) -> Path:
        algorithm, config = section_of(self.spec).algorithm, learning_digest(self.spec)
        lineage = Lineage(algorithm=algorithm, seed=self.seed, steps=steps, config=config, versions=versions())
        network = network_of(model, world.order)
        made = seal(network, named, world.state, lineage, name=self.spec.name, validation=score)
        return made.save(self.place / folder.POLICY)

    def _results(self) -> list[Path]:
        names = (folder.SPEC, folder.TRAINING, PROGRESS, folder.POLICY)
        return [self.place / name for name in names if (self.place / name).is_file()]


def flat(data: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested keys as one level, dotted."""
    found: dict[str, Any] = {}
    for name, value in data.items():
        path = f"{prefix}{name}"
        found |= flat(value, f"{path}.") if isinstance(value, Mapping) else {path: value}
    return found
