"""A training's folder: what was asked for, where it stands, what came of it.

`spec.yaml` (the configuration as used), `training.json` (what, seed, versions, status), `panel.json` (what the
observations learned on the training rows), `progress.csv`, `checkpoints/`, `best/`, and `policy.policy` at the end.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from polyfolio.errors import ConfigError, DataError
from polyfolio.market.disk import refusal, write_file
from polyfolio.policy.world import config_digest, kernels_digest, versions
from polyfolio.rules.load import load
from polyfolio.rules.spec import Spec
from polyfolio.rules.training import TrainingSection
from polyfolio.train import checkpoint
from polyfolio.train.session import PROGRESS

if sys.platform != "win32":  # which has no such locks
    import fcntl

log = logging.getLogger("polyfolio")

FORMAT = 1
SPEC, TRAINING, PANEL, POLICY = "spec.yaml", "training.json", "panel.json", "policy.policy"
RUNNING, FINISHED, INTERRUPTED, FAILED = "running", "finished", "interrupted", "failed"

# Keys that may change when a training goes on: how long, how it is watched, what is kept.
FREE = (
    "name",
    "journal",
    "training.steps",
    "training.seeds",
    "training.folder",
    "training.workers",
    "training.tracking",
    "training.checkpoints",
    "training.validation.every",
    "training.validation.patience",
    "training.search",
)


def place_of(section: TrainingSection, name: str) -> Path:
    """The folder of an experiment.

    Raises:
        ConfigError: the name is no name of a folder.
    """
    safe = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")
    if not safe:
        raise ConfigError("experiment", name, "letters or digits", "Name it with --experiment NAME.")
    return Path(section.folder) / safe


def seeds_of(spec: Spec) -> tuple[int, ...]:
    """The seeds to train with."""
    section = spec.training or TrainingSection()
    return section.seeds if section.seeds is not None else (spec.seed % 2**32,)


@contextmanager
def alone(place: Path) -> Iterator[None]:
    """A block in which no other process trains in a folder; what holds it free ends with the process, however it ends.

    Raises:
        DataError: one does, or the folder cannot be made.
    """
    try:
        place.mkdir(parents=True, exist_ok=True)
        handle = -1 if sys.platform == "win32" else os.open(place, os.O_RDONLY)
    except OSError as error:
        raise refusal("training folder", place, error) from error
    try:
        _claim(handle, place)
        yield
    finally:
        if handle >= 0:
            os.close(handle)


def _claim(handle: int, place: Path) -> None:
    if sys.platform == "win32":
        return
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        remedy = "Wait for it, end it, or name another folder by --experiment."
        raise DataError("experiment", str(place), "a folder in which no other training is at work", remedy) from None
    except OSError as error:
        log.warning("%s: its disk knows no locks (%s); train there once at a time.", place, error.strerror or error)


def begin(place: Path, spec: Spec, seed: int, facts: Mapping[str, Any]) -> None:
    """Write what a new training is.

    Raises:
        DataError: a training stands there already, or the place cannot be written to.
    """
    if checkpoint.listed(place):
        remedy = "Go on with it by --resume, or name another one by --experiment."
        raise DataError("experiment", str(place), "a folder without a training", remedy)
    _clear(place)
    write_spec(place, spec)
    first = {"format": FORMAT, "what": "training", "started": now(), "seed": seed}
    (place / TRAINING).unlink(missing_ok=True)
    note(place, {**first, "config": config_digest(spec), "kernels": kernels_digest(), "versions": versions(), **facts})


def again(place: Path, spec: Spec) -> list[str]:
    """Prepare a training that goes on; which packages have other versions than when it began.

    Raises:
        ConfigError: the configuration differs where it may not.
        DataError: there is no training.
    """
    said = read(place)
    kept = load(place / SPEC)
    for path, there, here in checkpoint.differences(plain(kept), plain(spec)):
        if not path.startswith(FREE):
            bound = f"{there!r}, as in {place / SPEC}"
            raise ConfigError(path, here, bound, "Go on with the same configuration, or train under another name.")
    write_spec(place, spec)
    _tidy(place)
    changed = checkpoint.differences(said.get("versions", {}), versions())
    return [f"{name} {there} -> {here}" for name, there, here in changed]


def plain(spec: Spec) -> dict[str, Any]:
    """A configuration as JSON."""
    data: dict[str, Any] = spec.model_dump(mode="json", exclude={"defaults"})
    return data


def write_spec(place: Path, spec: Spec) -> None:
    """Write the configuration as it is used."""
    text = yaml.safe_dump(plain(spec), sort_keys=False, allow_unicode=True, width=120)
    write_file(place / SPEC, text.encode(), "training folder")


def read(place: Path) -> dict[str, Any]:
    """What training.json says.

    Raises:
        DataError: it is not there, cannot be read, or another version wrote it.
    """
    path = place / TRAINING
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        bound = f"the folder of a training, with {TRAINING} ({error.strerror or error})"
        raise DataError("training", str(place), bound, "Name the folder of an experiment.") from error
    except ValueError as error:
        raise DataError(str(path), str(error), "JSON as it was written", "Train anew.") from error
    if not isinstance(said, dict) or said.get("format") != FORMAT:
        found = said.get("format") if isinstance(said, dict) else type(said).__name__
        raise DataError(f"{path}: format", found, str(FORMAT), "Another version wrote it: use that, or train anew.")
    return said


def note(place: Path, facts: Mapping[str, Any]) -> None:
    """Add to training.json."""
    said = read(place) if (place / TRAINING).is_file() else {}
    text = json.dumps({**said, **facts}, indent=1, allow_nan=False) + "\n"
    write_file(place / TRAINING, text.encode(), "training folder")


def spec_of(place: Path) -> Spec:
    """The configuration that a training, or one of an experiment's trainings, was made with.

    Raises:
        ConfigError: none stands there.
    """
    found = [place / SPEC, *sorted(place.glob(f"*/{SPEC}"))]
    return load(next((path for path in found if path.is_file()), found[0]))


def write_panel(place: Path, state: Mapping[str, Any]) -> None:
    """Write what the observations learned on the training rows."""
    write_file(place / PANEL, (json.dumps(state, sort_keys=True) + "\n").encode(), "training folder")


def read_panel(place: Path) -> dict[str, Any]:
    """What the observations of a training learned; see `write_panel`.

    Raises:
        DataError: it is not there or was changed.
    """
    try:
        state: dict[str, Any] = json.loads((place / PANEL).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(str(place / PANEL), str(error), "JSON as it was written", "Train anew.") from error
    return state


def training_of(place: Path) -> Path:
    """The training's folder, named by itself, by a checkpoint below it, or by its best policy.

    Raises:
        DataError: no training is there.
    """
    here = Path(os.path.abspath(place))  # noqa: PTH100 - a link stays the name it was given
    for folder in (here, here.parent, here.parent.parent):
        if (folder / TRAINING).is_file():
            return folder
    read(here)
    return here


def checkpoint_of(place: Path) -> Path:
    """The folder of the model to use: a checkpoint as named; of a training the best, else the newest.

    Raises:
        DataError: there is none.
    """
    if (place / checkpoint.MARK).is_file():
        return place
    read(place)
    best = place / checkpoint.BEST
    found = [*checkpoint.listed(place), *([best] if best.is_dir() else [])]
    if not found:
        raise DataError(
            "training", str(place), "with a checkpoint", "Train longer, or lower training.checkpoints.every."
        )
    return found[-1]


def now() -> str:
    """The time, UTC, to the second."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _clear(place: Path) -> None:
    """Remove what a training left that ended before its first checkpoint."""
    (place / PROGRESS).unlink(missing_ok=True)
    if (place / checkpoint.BEST / checkpoint.MARK).is_file():
        shutil.rmtree(place / checkpoint.BEST)


def _tidy(place: Path) -> None:
    """Remove what a killed training left half written, and put back a best policy that was being replaced."""
    best = place / checkpoint.BEST
    for old in place.glob(f".{checkpoint.BEST}.old-*/{checkpoint.BEST}"):
        if not best.exists():
            old.rename(best)
    for folder in (place, place / checkpoint.FOLDER):
        for left in [*folder.glob(".*.part-*"), *folder.glob(".*.old-*")]:
            shutil.rmtree(left) if left.is_dir() else left.unlink()
