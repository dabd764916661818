"""A search of hyper-parameters over the machines of a Ray cluster: each trial is a task of Ray Tune."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError, DataError
from polyfolio.market.disk import write_file
from polyfolio.rules.load import load
from polyfolio.rules.search import ParameterSection, Space, space_of
from polyfolio.rules.spec import Spec
from polyfolio.train import folder, needs, ray_library
from polyfolio.train.cluster import cluster
from polyfolio.train.distributed import RayTraining
from polyfolio.train.run import Training
from polyfolio.train.search import BEST, TRIALS, Searched, changed, refuse_unjudged, space_value
from polyfolio.train.worlds import open_tape, section_of

SCORE, SPACE = "score", "training.search.space"
# A trial is one task among many: it keeps no curves, and collects in its own process.
ALONE = {
    "training.tracking.mlflow": None,
    "training.tracking.wandb": None,
    "training.tracking.tensorboard": False,
    "training.workers": 0,
}


@dataclass(frozen=True)
class Tried:
    """One trial.

    Attributes:
        values: path of a key to the value tried.
        score: on the validation rows; NaN where the trial failed.
        error: why it failed, else empty.
    """

    values: Mapping[str, Any]
    score: float
    error: str = ""


def search_ray(
    source: Spec | str | os.PathLike[str] | Mapping[str, Any],
    tape: Tape | None = None,
    *,
    experiment: str | None = None,
    address: str | None = None,
    at_once: int | None = None,
) -> Searched:
    """Try `training.search.trials` sets of hyper-parameters on many machines.

    Args:
        source: a Spec, a YAML file, or a dict of its keys.
        tape: market rows; None reads what the section `tape` describes.
        experiment: name of the folder, on a cluster of several machines one that all of them reach.
        address: of a Ray cluster; None starts one on this machine.
        at_once: trials side by side; None for as many as the cluster has processors.

    Raises:
        ConfigError: no validation rows, or a path that is no key.
        DataError: every trial failed; says how the first did.
        RetryError: no cluster answers at the address.
    """
    spec = source if isinstance(source, Spec) else load(source)
    section = section_of(spec)
    space = space_of(section.algorithm, section.search)
    refuse_unjudged(spec)
    refuse_unknown(spec, space)
    rows = open_tape(spec, tape)
    place = folder.place_of(section, experiment or section.tracking.experiment or spec.name)
    place.mkdir(parents=True, exist_ok=True)
    # Tune writes tables to the terminal, and curves beside its results, unless told otherwise.
    os.environ.setdefault("RAY_AIR_NEW_OUTPUT", "0")
    os.environ.setdefault("TUNE_DISABLE_AUTO_CALLBACK_LOGGERS", "1")
    with cluster(address, at_once or os.cpu_count() or 1):
        results = _tuner(spec, rows, space, place, at_once).fit()
    return _written([_tried(space, result) for result in results], spec, place)


def _tuner(spec: Spec, tape: Tape, space: Space, place: Path, at_once: int | None) -> Any:
    tune, search = ray_library.tune(), section_of(spec).search
    trial = tune.with_parameters(_trial, spec=spec, tape=tape, place=str(place.resolve()))
    return tune.Tuner(
        tune.with_resources(trial, {"cpu": 1}),
        tune_config=tune.TuneConfig(
            num_samples=search.trials,
            max_concurrent_trials=at_once,
            search_alg=_proposals(space, search.sampler, folder.seeds_of(spec)[0]),
        ),
        run_config=tune.RunConfig(name="tune", storage_path=str(place.resolve()), verbose=0),
    )


def _trial(values: dict[str, Any], spec: Spec, tape: Tape, place: str) -> None:
    """One training, on whichever machine."""
    tune, section = ray_library.tune(), section_of(spec)
    space = space_of(section.algorithm, section.search)
    chosen = {path: space_value(space[path], value) for path, value in values.items()}
    steps = section.search.steps or section.steps
    one = changed(spec, {**chosen, "training.steps": steps, **ALONE})
    at = Path(place) / "search" / tune.get_context().get_trial_id()
    kind = Training if len(spec.lanes) == 1 else RayTraining
    done = kind(one, tape, at, folder.seeds_of(spec)[0]).run(Path(place).name)
    if done.best is None:
        raise DataError("validation", None, "judged at least once", "Lower training.validation.every.")
    tune.report({SCORE: done.best})


def _proposals(space: Space, sampler: str, seed: int) -> Any:
    """Optuna's proposals, from what the trials so far came to, or at random."""
    samplers = needs.optuna().samplers
    kind = {"tpe": samplers.TPESampler, "random": samplers.RandomSampler}[sampler]
    return ray_library.optuna_search()(
        space={path: _distribution(part) for path, part in space.items()},
        metric=SCORE,
        mode="max",
        sampler=kind(seed=seed),
    )


def _distribution(part: ParameterSection) -> Any:
    kinds = needs.optuna().distributions
    if part.choices is not None:
        # Lists of layers are chosen by their place: Optuna's own files take plain values only.
        return kinds.CategoricalDistribution(tuple(range(len(part.choices))))
    if part.whole:
        return kinds.IntDistribution(int(part.low or 0), int(part.high or 0), log=part.log)
    return kinds.FloatDistribution(part.low, part.high, log=part.log)


def refuse_unknown(spec: Spec, space: Space) -> None:
    """Refuse a path that leads to no key; whether values contradict each other is a trial's matter."""
    for path, part in space.items():
        try:
            changed(spec, {path: _first(part)})
        except ConfigError as error:
            if error.field.startswith(SPACE):
                raise


def _first(part: ParameterSection) -> Any:
    low = part.low or 0.0
    return part.choices[0] if part.choices is not None else int(low) if part.whole else low


def _tried(space: Space, result: Any) -> Tried:
    score = float((result.metrics or {}).get(SCORE, math.nan))
    values = {path: space_value(space[path], value) for path, value in (result.config or {}).items()}
    return Tried(values, score, "" if result.error is None else str(result.error))


def _written(tried: list[Tried], spec: Spec, place: Path) -> Searched:
    done = sorted((one for one in tried if not math.isnan(one.score)), key=lambda one: -one.score)
    if not done:
        last = tried[0].error.strip().splitlines() or ["no score"]
        remedy = "Train once with the same configuration."
        raise DataError("trials", last[-1], "at least one that ends with a score", remedy)
    best = done[0]
    text = yaml.safe_dump(folder.plain(changed(spec, best.values)), sort_keys=False, allow_unicode=True, width=120)
    write_file(place / BEST, text.encode(), "search")
    trials = [
        {
            "number": number,
            "state": "fail" if math.isnan(one.score) else "complete",
            "score": None if math.isnan(one.score) else one.score,
            "parameters": dict(one.values),
        }
        for number, one in enumerate(tried)
    ]
    write_file(place / TRIALS, (json.dumps(trials, indent=1) + "\n").encode(), "search")
    return Searched(place, best.values, best.score, len(tried), place / BEST)
