"""Checkpoints: what a training needs to go on, whole in a folder or not there at all.

`checkpoints/<steps>/` holds `model.zip` (weights and optimisers, as Stable-Baselines3 saves them), `state.npz` (replay
buffer, random generators, environments: numbers alone) and `checkpoint.json` (counters, what it belongs to, a digest of
each file), and `best.zip`, the best model known by then. `best/` has that model without the state.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from polyfolio.errors import DataError
from polyfolio.market.disk import whole_folder
from polyfolio.train import learner
from polyfolio.train.randomness import Arrays

FORMAT = 1
MARK, MODEL, STATE, BEST_MODEL = "checkpoint.json", "model.zip", "state.npz", "best.zip"
FOLDER, BEST = "checkpoints", "best"
DAMAGED = "It was changed or cut off: take another checkpoint of the training."


@dataclass(frozen=True, eq=False)
class Checkpoint:
    """One moment of a training, between two rollouts.

    Attributes:
        steps: made by all environments together.
        belongs: what it was learned with: algorithm, network, actions, observations, versions.
        facts: counters and places as JSON.
        arrays: by name; empty where only the model is kept.
        place: its folder, once it stands on the disk.
    """

    steps: int
    belongs: Mapping[str, Any]
    facts: Mapping[str, Any] = field(default_factory=dict)
    arrays: Arrays = field(default_factory=dict)
    place: Path = Path()

    @property
    def model(self) -> Path:
        """The file of weights and optimisers."""
        return self.place / MODEL

    @property
    def complete(self) -> bool:
        """Whether training can go on from it; the best model alone can only be used."""
        return bool(self.arrays)


def write(place: Path, model: Any, kept: Checkpoint) -> Path:
    """Write a checkpoint with a learner's model; one that stands there is replaced.

    One to go on from takes the training's best model along: `best/` may be replaced by a later one before a kill.

    Raises:
        DataError: the place cannot be written to.
        RetryError: the disk is full.
    """
    with whole_folder(place, "checkpoint", MARK) as part:
        learner.save_model(model, part / MODEL)
        if kept.complete:
            np.savez(part / STATE, **kept.arrays)  # type: ignore[arg-type]
            best = place.parents[1] / BEST
            if steps_of(best) == _best_steps(kept):
                shutil.copyfile(best / MODEL, part / BEST_MODEL)
        _mark(part, kept)
    return place


def put_back(training: Path, kept: Checkpoint) -> None:
    """Make `best/` what it was when a checkpoint was written: a later one does not belong to what goes on from there.

    Raises:
        DataError: the place cannot be written to.
        RetryError: the disk is full.
    """
    best = training / BEST
    if not (kept.place / BEST_MODEL).is_file() or steps_of(best) == _best_steps(kept):
        return
    with whole_folder(best, "checkpoint", MARK) as part:
        shutil.copyfile(kept.place / BEST_MODEL, part / MODEL)
        _mark(part, Checkpoint(_best_steps(kept), kept.belongs))


def steps_of(place: Path) -> int:
    """The step at which a checkpoint was written; -1 where none stands, or its mark is damaged."""
    try:
        return int(_said(place)["steps"])
    except (DataError, KeyError, TypeError, ValueError):
        return -1


def _best_steps(kept: Checkpoint) -> int:
    return int(kept.facts.get("progress", {}).get("best_steps", 0))


def _mark(part: Path, kept: Checkpoint) -> None:
    """Write what a checkpoint is beside its files."""
    said = {
        "format": FORMAT,
        "steps": kept.steps,
        "belongs": kept.belongs,
        "facts": kept.facts,
        "files": {path.name: _digest(path) for path in sorted(part.iterdir())},
    }
    (part / MARK).write_text(json.dumps(said, indent=1, allow_nan=False) + "\n", encoding="utf-8")


def read(place: str | Path) -> Checkpoint:
    """A checkpoint, its files compared with their digests.

    Raises:
        DataError: there is none, another version wrote it, or a file of it was changed.
    """
    folder = Path(place)
    said = _said(folder)
    if said.get("format") != FORMAT:
        remedy = "Another version of polyfolio wrote it: go on with that version, or train anew."
        raise DataError(f"{folder / MARK}: format", said.get("format"), f"{FORMAT}", remedy)
    for name, digest in said["files"].items():
        found = _digest(folder / name) if (folder / name).is_file() else "missing"
        if found != digest:
            raise DataError(str(folder / name), found, f"{digest}, its digest when it was written", DAMAGED)
    arrays = _arrays(folder / STATE) if STATE in said["files"] else {}
    return Checkpoint(int(said["steps"]), said["belongs"], said["facts"], arrays, folder)


def newest(training: Path) -> Checkpoint | None:
    """The latest checkpoint of a training folder that is not damaged; None where there is none.

    Raises:
        DataError: there are some, and all are damaged.
    """
    first: DataError | None = None
    for place in reversed(listed(training)):
        try:
            return read(place)
        except DataError as error:
            first = first or error
    if first is not None:
        raise first
    return None


def listed(training: Path) -> list[Path]:
    """The checkpoints of a training folder, oldest first."""
    folder = training / FOLDER
    found = [place for place in folder.iterdir() if place.name.isdigit()] if folder.is_dir() else []
    return sorted(found, key=lambda place: int(place.name))


def place_of(training: Path, steps: int) -> Path:
    """Where the checkpoint of a step stands."""
    return training / FOLDER / f"{steps:012d}"


def prune(training: Path, keep: int) -> None:
    """Remove all but the newest checkpoints."""
    for place in listed(training)[:-keep]:
        shutil.rmtree(place)


def forget_after(training: Path, steps: int) -> None:
    """Remove the checkpoints after a step: a training that goes on from there writes them anew."""
    for place in listed(training):
        if int(place.name) > steps:
            shutil.rmtree(place)


def refuse_other(found: Mapping[str, Any], wanted: Mapping[str, Any], place: Path) -> None:
    """Refuse a checkpoint that belongs to something else, and name the first thing that differs.

    Raises:
        DataError: names the part, what it is in the checkpoint and what it is here.
    """
    for path, there, here in differences(found, wanted):
        made = "version of polyfolio it was made with" if path == "kernels" else "configuration it was learned with"
        remedy = f"Go on with the {made}, or train anew under another experiment."
        raise DataError(f"{place}: {path}", there, f"{here!r}, as in this training", remedy)


def differences(found: Any, wanted: Any, path: str = "") -> list[tuple[str, Any, Any]]:
    """(path, found, wanted) wherever two JSON values differ."""
    if isinstance(found, Mapping) and isinstance(wanted, Mapping):
        names = sorted(set(found) | set(wanted))
        parts = [(f"{path}.{name}" if path else name, found.get(name), wanted.get(name)) for name in names]
    elif isinstance(found, list) and isinstance(wanted, list) and len(found) == len(wanted):
        parts = [(f"{path}[{at}]", *pair) for at, pair in enumerate(zip(found, wanted, strict=True))]
    else:
        return [] if found == wanted else [(path, found, wanted)]
    return [difference for part in parts for difference in differences(part[1], part[2], part[0])]


def _said(folder: Path) -> dict[str, Any]:
    try:
        said = json.loads((folder / MARK).read_text(encoding="utf-8"))
    except OSError as error:
        bound = f"the folder of a checkpoint, with {MARK} ({error.strerror or error})"
        raise DataError("checkpoint", str(folder), bound, "Name a folder below checkpoints/, or best/.") from error
    except ValueError as error:
        raise DataError(str(folder / MARK), str(error), "JSON as it was written", DAMAGED) from error
    if not isinstance(said, dict):
        raise DataError(str(folder / MARK), type(said).__name__, "JSON as it was written", DAMAGED)
    return said


def _arrays(path: Path) -> Arrays:
    try:
        with np.load(path, allow_pickle=False) as kept:
            return {name: kept[name] for name in kept.files}
    except (OSError, ValueError, zipfile.BadZipFile) as error:
        raise DataError(str(path), str(error), "arrays as they were written", DAMAGED) from error


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
