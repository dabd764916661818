"""What a policy of a training does on rows it may be looked at on any number of times."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError
from polyfolio.rules.spec import Spec
from polyfolio.train import algorithms, checkpoint, folder, learner
from polyfolio.train.randomness import private
from polyfolio.train.validation import Validation
from polyfolio.train.worlds import World, judge_of, open_tape, open_world, section_of

Judging = Callable[..., Validation | None]


def judged(
    place: Path,
    spec: Spec | None = None,
    tape: Tape | None = None,
    *,
    split: str = "validation",
    opened: Callable[[Spec, Tape, int], World] = open_world,
    judging: Judging = judge_of,
) -> dict[str, float]:
    """Numbers of a checkpoint's policy, means over the episodes of `training.validation`.

    Args:
        place: a checkpoint, `best/`, or the folder of a training, whose best policy is taken.
        spec: the configuration; the training's own where left out.
        tape: market rows; None reads what the section `tape` describes.
        split: "train" or "validation". The rows of the split `test` are opened by an evaluation, which records it.
        opened: makes the environments.
        judging: makes what judges.

    Raises:
        DataError: no checkpoint, or one of something else.
        ConfigError: the split has no rows.
    """
    training = folder.training_of(place)
    found = checkpoint.read(folder.checkpoint_of(place))
    configuration = spec or folder.spec_of(training)
    section, rows = section_of(configuration), open_tape(configuration, tape)
    seed = int(folder.read(training)["seed"])
    with private(section.threads):
        world = opened(configuration, rows, seed)
        checkpoint.refuse_other(found.belongs, world.belongs, found.place)
        model = algorithms.make(section, world.learning, seed)
        learner.load_model(model, found.model)
        judge = judging(configuration, rows, world.state, split)
        if judge is None:
            remedy = "Give it some, or look at the rows learned from with --split train."
            raise ConfigError(f"environment.split.{split}", 0.0, "above 0", remedy)
        return judge(model)
