"""Search of hyper-parameters on one machine: each trial is a training, judged on the validation rows.

Trials stand in `search.db` in the experiment's folder, so a search that was cut off goes on with the trials it has.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError, DataError
from polyfolio.market.disk import write_file
from polyfolio.rules.arguments import closest
from polyfolio.rules.load import load
from polyfolio.rules.search import ParameterSection, space_of
from polyfolio.rules.spec import Spec
from polyfolio.train import folder, needs
from polyfolio.train.learner import DivergedError
from polyfolio.train.run import Note, Opened, Training
from polyfolio.train.session import Point
from polyfolio.train.worlds import open_tape, open_world, section_of

log = logging.getLogger("polyfolio")

STORE, BEST, TRIALS = "search.db", "best.yaml", "search.json"
STARTUP = 5  # trials that always run to their end: a median of fewer says little

Told = Callable[[int, Mapping[str, Any], float | None, str], None]


@dataclass(frozen=True)
class Searched:
    """What came of a search.

    Attributes:
        folder: of the experiment.
        parameters: the best ones, by path.
        score: what they reached on the validation rows.
        trials: finished so far, in all calls.
        configuration: file of the configuration with the best parameters, to train with.
    """

    folder: Path
    parameters: Mapping[str, Any]
    score: float
    trials: int
    configuration: Path


def search(
    source: Spec | str | Path | Mapping[str, Any],
    tape: Tape | None = None,
    *,
    experiment: str | None = None,
    told: Told | None = None,
    note: Note = log.warning,
    opened: Opened = open_world,
) -> Searched:
    """Try hyper-parameters until `training.search.trials` are finished; a search that stands there goes on.

    Args:
        source: a Spec, a YAML file, or a dict of its keys.
        tape: market rows; None reads what the section `tape` describes.
        experiment: name of the folder.
        told: called after each trial with its number, parameters, score (None where it has none) and state.
        note: called with what a reader should know.
        opened: makes the environments.

    Raises:
        ConfigError: no validation rows, or a path that is no key.
        DataError: no trial reached a score, or another search is at work in the folder.
    """
    spec = source if isinstance(source, Spec) else load(source)
    section, optuna = section_of(spec), needs.optuna()
    space = space_of(section.algorithm, section.search)
    refuse_unjudged(spec)
    for path in space:
        _place(folder.plain(_with_training(spec)), path)
    rows = open_tape(spec, tape)
    place = folder.place_of(section, experiment or section.tracking.experiment or spec.name)
    place.mkdir(parents=True, exist_ok=True)
    with quiet(optuna), folder.alone(place):
        study = _study(optuna, section, spec, place)

        def objective(trial: Any) -> float:
            values = {path: propose(trial, path, parameter) for path, parameter in space.items()}
            return _score(spec, rows, place, trial, values, note, opened)

        def after(_: Any, done: Any) -> None:
            if told is not None:
                values = {path: space_value(space[path], value) for path, value in done.params.items() if path in space}
                told(done.number, values, done.value, done.state.name.lower())

        left = section.search.trials - len(finished(study))
        if left > 0:
            study.optimize(objective, n_trials=left, callbacks=[after], catch=(ConfigError, DivergedError))
        return _result(study, spec, space, place)


def refuse_unjudged(spec: Spec) -> None:
    """Refuse to search where nothing tells a better trial from a worse one."""
    if spec.environment is not None and spec.environment.split.validation == 0.0:
        remedy = "Give part of the rows: environment.split.validation: 0.2."
        raise ConfigError("environment.split.validation", 0.0, "above 0 for a search", remedy)


def propose(trial: Any, path: str, parameter: ParameterSection) -> Any:
    """A value for one key."""
    if parameter.choices is not None:
        # The store keeps plain values only; lists of layers are chosen by their place.
        number = trial.suggest_categorical(path, list(range(len(parameter.choices))))
        return parameter.choices[number]
    if parameter.whole:
        return trial.suggest_int(path, int(parameter.low or 0), int(parameter.high or 0), log=parameter.log)
    return trial.suggest_float(path, parameter.low, parameter.high, log=parameter.log)


def space_value(parameter: ParameterSection, kept: Any) -> Any:
    """A kept value as it stands in a configuration."""
    return kept if parameter.choices is None else parameter.choices[kept]


def changed(spec: Spec, values: Mapping[str, Any]) -> Spec:
    """The configuration with the values at their paths.

    Raises:
        ConfigError: a path that is no key, or values that contradict each other.
    """
    data = folder.plain(_with_training(spec))
    for path, value in values.items():
        where, last = _place(data, path)
        where[last] = value
    return load(data)


def finished(study: Any) -> list[Any]:
    """Trials that count: complete, pruned or refused by their configuration."""
    running = needs.optuna().trial.TrialState.RUNNING
    return [trial for trial in study.trials if trial.state != running and not trial.user_attrs.get("cut off")]


class Judge:
    """Tells a study how a trial goes, and ends it where others did better at the same step."""

    def __init__(self, trial: Any, prune: bool) -> None:
        self.trial, self.prune = trial, prune

    def point(self, point: Point) -> None:
        """Points say nothing a study asks for."""

    def evaluated(self, steps: int, score: float) -> bool:
        """Report a score; True ends the trial."""
        self.trial.report(score, steps)
        return self.prune and bool(self.trial.should_prune())


@contextmanager
def quiet(optuna: Any) -> Iterator[None]:
    """Optuna writes lines and tracebacks per trial to the screen; a search has lines of its own."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        yield
    finally:
        optuna.logging.set_verbosity(before)


def _study(optuna: Any, section: Any, spec: Spec, place: Path) -> Any:
    storage = f"sqlite:///{(place / STORE).resolve()}"
    study = optuna.create_study(storage=storage, study_name=place.name, direction="maximize", load_if_exists=True)
    for trial in study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,)):
        # The process that ran it was killed; it counts for nothing and is made up for.
        study._storage.set_trial_user_attr(trial._trial_id, "cut off", True)
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
    seed = (folder.seeds_of(spec)[0] + len(study.trials)) % 2**32
    samplers = {"tpe": optuna.samplers.TPESampler, "random": optuna.samplers.RandomSampler}
    study.sampler = samplers[section.search.sampler](seed=seed)
    study.pruner = optuna.pruners.MedianPruner(n_startup_trials=STARTUP)
    return study


def _score(  # noqa: PLR0913 - a trial and all it needs
    spec: Spec, tape: Tape, place: Path, trial: Any, values: Mapping[str, Any], note: Note, opened: Opened
) -> float:
    section = section_of(spec)
    steps = section.search.steps or section.steps
    off = {"training.tracking.mlflow": None, "training.tracking.wandb": None, "training.tracking.tensorboard": False}
    one = changed(spec, {**values, "training.steps": steps, **off})
    at = place / "search" / f"trial-{trial.number:04d}"
    judge = Judge(trial, section.search.prune)
    done = Training(one, tape, at, folder.seeds_of(spec)[0], note, opened).run(place.name, [judge])
    if done.ended == "watcher":
        raise needs.optuna().TrialPruned
    if done.best is None:
        raise DataError("validation", None, "judged at least once", "Lower training.validation.every.")
    return done.best


def _result(study: Any, spec: Spec, space: Mapping[str, ParameterSection], place: Path) -> Searched:
    complete = [trial for trial in study.trials if trial.state.name == "COMPLETE"]
    if not complete:
        bound = "at least one that ran to its end"
        raise DataError("trials", 0, bound, "Widen training.search.space or raise training.search.trials.")
    best = study.best_trial
    values = {path: space_value(space[path], value) for path, value in best.params.items() if path in space}
    text = yaml.safe_dump(folder.plain(changed(spec, values)), sort_keys=False, allow_unicode=True, width=120)
    write_file(place / BEST, text.encode(), "search")
    trials = [
        {
            "number": trial.number,
            "state": trial.state.name.lower(),
            "score": trial.value,
            "parameters": {path: space_value(space[path], v) for path, v in trial.params.items() if path in space},
        }
        for trial in study.trials
    ]
    write_file(place / TRIALS, (json.dumps(trials, indent=1) + "\n").encode(), "search")
    return Searched(place, values, float(best.value), len(finished(study)), place / BEST)


def _with_training(spec: Spec) -> Spec:
    return spec if spec.training is not None else spec.model_copy(update={"training": section_of(spec)})


def _place(data: Any, path: str) -> tuple[Any, str]:
    """The map that holds a key, and the key; lanes are found by name or number.

    Raises:
        ConfigError: no such key.
    """
    *parts, last = path.split(".")
    for part in parts:
        data = _below(data, part, path)
    _below(data, last, path)
    return data, last


def _below(data: Any, part: str, path: str) -> Any:
    if isinstance(data, list):
        named = {str(item.get("name")): item for item in data if isinstance(item, dict)}
        named |= {str(at): item for at, item in enumerate(data)}
        data = named
    if not isinstance(data, dict) or part not in data:
        known = list(data) if isinstance(data, dict) else []
        raise ConfigError(f"training.search.space: {path}", part, "a key of the configuration", closest(part, known))
    return data[part]
