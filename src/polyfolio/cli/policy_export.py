"""A sealed policy out of a training's folder or one of its checkpoints."""

from __future__ import annotations

import csv
import math
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

from polyfolio.errors import ConfigError
from polyfolio.policy.manifest import Lineage, World, part_of, text_of
from polyfolio.policy.network import network_of_weights, weights_of
from polyfolio.policy.sealed import SealedPolicy, seal
from polyfolio.policy.world import learning_digest
from polyfolio.rules.spec import Spec
from polyfolio.train import checkpoint, folder
from polyfolio.train.session import PROGRESS
from polyfolio.train.worlds import open_tape, open_world, section_of


def sealed_from(place: Path, name: str | None = None) -> SealedPolicy:
    """The policy of a training, sealed.

    Args:
        place: the training's folder, for its best policy; or a folder below its `checkpoints/`.
        name: for people; the run's name where left out.

    Raises:
        DataError: no training is there, a file of it was changed, or it does not say what world it learned in.
    """
    training = folder.training_of(place)
    kept = checkpoint.read(folder.checkpoint_of(place if place.resolve() != training.resolve() else training))
    said, spec = folder.read(training), folder.spec_of(training)
    section = section_of(spec)
    world = world_in(said, spec, str(training / folder.TRAINING))
    weights = weights_of(kept.model)
    network = network_of_weights(weights, section.algorithm, section.network.activation, world.numbers)
    lineage = Lineage(
        algorithm=section.algorithm,
        seed=int(said["seed"]),
        steps=kept.steps,
        config=learning_digest(spec),
        versions=said["versions"],
    )
    state, score = folder.read_panel(training), score_at(training / PROGRESS, kept.steps)
    return seal(network, world, state, lineage, name=name or spec.name, validation=score)


def world_in(said: Mapping[str, Any], spec: Spec, field: str) -> World:
    """The world a training learned in: as training.json says, else as its environment says when it is opened again.

    Raises:
        ConfigError: its tape was given from code, so the environment cannot be opened.
        DataError: what training.json says was changed.
    """
    if said.get("world") is not None:
        return part_of(World, text_of(said["world"]), f"{field}: world")
    opened = open_world(spec, open_tape(spec), int(said["seed"]))
    with closing(opened.learning):
        if opened.sealed is None:
            raise ConfigError(field, None, "a world that can be sealed", "Train the policy of one agent.")
        return opened.sealed


def score_at(progress: Path, steps: int) -> float | None:
    """What the policy of a step reached on the split `validation`; None where it was not judged."""
    if not progress.is_file():
        return None
    with progress.open(encoding="utf-8", newline="") as file:
        found = [float(line["score"]) for line in csv.DictReader(file) if int(line["steps"]) == steps]
    return found[-1] if found and math.isfinite(found[-1]) else None
