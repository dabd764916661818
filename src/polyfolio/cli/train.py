"""`polyfolio train`: a policy learned, gone on with, looked at, or its hyper-parameters searched."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from polyfolio.cli import screen, train_screen
from polyfolio.cli.compiling import ensure_agents
from polyfolio.cli.overrides import applied
from polyfolio.errors import ConfigError
from polyfolio.rules import yamlfile
from polyfolio.rules.load import load
from polyfolio.rules.spec import Spec
from polyfolio.train import folder
from polyfolio.train.checkpoint import MARK
from polyfolio.train.distributed import train_rllib
from polyfolio.train.judge import judged
from polyfolio.train.ray_search import search_ray
from polyfolio.train.run import train
from polyfolio.train.search import changed, search
from polyfolio.train.worlds import section_of

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


class Mode(StrEnum):
    """What is done."""

    TRAIN = "train"
    EVALUATE = "evaluate"
    SEARCH = "search"


class Split(StrEnum):
    """Rows a policy may be looked at on any number of times."""

    TRAIN = "train"
    VALIDATION = "validation"


@app.command()
def train_command(
    file: Annotated[
        Path | None, typer.Argument(metavar="[CONFIG]", help="A configuration (YAML), or the folder of a training.")
    ] = None,
    config: Annotated[Path | None, typer.Option("--config", help="The same as the argument.")] = None,
    experiment: Annotated[
        str | None, typer.Option(help="Name of the folder below runs/; the run's name when left out.")
    ] = None,
    mode: Annotated[
        Mode, typer.Option(help="train, evaluate (what a checkpoint does on rows), or search (hyper-parameters).")
    ] = Mode.TRAIN,
    checkpoint: Annotated[
        Path | None, typer.Option(help="The checkpoint to go on from, or to evaluate; a training's folder: its best.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from the newest checkpoint.")] = False,
    local: Annotated[
        bool, typer.Option("--local", help="This machine and process alone; several agents learn in Ray's local mode.")
    ] = False,
    ray: Annotated[str | None, typer.Option(metavar="ADDRESS", help="Train on a Ray cluster: host:port, auto.")] = None,
    split: Annotated[Split, typer.Option(help="Rows of --mode evaluate.")] = Split.VALIDATION,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a key; may be repeated.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the outcome as JSON and nothing else.")] = False,
) -> None:
    """Train a policy in the environment of a configuration, and seal the best one.

    \b
    Examples:
      polyfolio train teaching.yaml
      polyfolio train teaching.yaml --experiment second --set training.algorithm=a2c --set training.steps=50000
      polyfolio train --resume runs/second                      (after a crash, or with more steps by --set)
      polyfolio train --checkpoint runs/second/checkpoints/000000100000
      polyfolio train --mode evaluate --checkpoint runs/second/best
      polyfolio train teaching.yaml --mode search --set training.search.trials=30

    Below runs/EXPERIMENT stand spec.yaml, progress.csv, checkpoints/, best/ and policy.policy. The rows kept for the
    test are opened by [bold]polyfolio evaluate[/bold] alone.
    """  # noqa: D301 - \b keeps the lines of the example apart
    out = screen.console()
    refuse_contradictions(file, config, ray, local=local)
    asked = asked_for(file or config, checkpoint, settings or [], experiment)
    if local:
        asked = replace(asked, spec=changed(asked.spec, {"training.workers": 0}))
    if not as_json:
        ensure_agents(out)
    if mode is Mode.EVALUATE:
        look(out, asked, split, as_json)
    elif mode is Mode.SEARCH:
        find(out, asked, ray, as_json)
    else:
        learn(out, asked, resume, ray, as_json)


@dataclass(frozen=True)
class Asked:
    """What the line asks for.

    Attributes:
        spec: the configuration with its changes; its `training.folder` holds the experiment's folder.
        experiment: name of that folder; None leaves it to the configuration.
        checkpoint: what was named as one.
    """

    spec: Spec
    experiment: str | None
    checkpoint: Path | None

    @property
    def place(self) -> Path:
        """The experiment's folder."""
        section = section_of(self.spec)
        return folder.place_of(section, self.experiment or section.tracking.experiment or self.spec.name)


def refuse_contradictions(file: Path | None, config: Path | None, ray: str | None, *, local: bool) -> None:
    """Refuse options that say two things."""
    if file is not None and config is not None:
        raise ConfigError("--config", str(config), "left out where the argument names it", "Name it once.")
    if local and ray is not None:
        raise ConfigError("--ray", ray, "left out with --local", "A cluster is not this machine alone.")


def asked_for(file: Path | None, named: Path | None, settings: list[str], experiment: str | None) -> Asked:
    """The configuration and the folder that the line names.

    Raises:
        ConfigError: nothing is named, or a name for a folder that has one.
        DataError: no training stands where one is named.
    """
    place = folder.training_of(named) if named is not None else file if file is not None and file.is_dir() else None
    if place is None:
        if file is None:
            raise ConfigError("CONFIG", None, "a configuration, or the folder of a training", "Name the file.")
        return Asked(read(file, settings), experiment, None)
    if experiment is not None and experiment != place.name:
        raise ConfigError("--experiment", experiment, f"left out: the training stands in {place}", "Leave it out.")
    if file is not None and not file.is_dir():
        spec = read(file, settings)
    else:
        spec = load(applied(folder.plain(folder.spec_of(place)), settings))
    return Asked(standing_in(spec, Path(os.path.abspath(place))), place.name, named)  # noqa: PTH100 - keeps links


def standing_in(spec: Spec, place: Path) -> Spec:
    """The configuration of a training that stands in a folder: it keeps its place and its seed."""
    values: dict[str, Any] = {"training.folder": str(place.parent)}
    if (place / folder.TRAINING).is_file():
        values["training.seeds"] = [int(folder.read(place)["seed"])]
    return changed(spec, values)


def read(file: Path, settings: list[str]) -> Spec:
    """The file with the changes of the command line; a file without changes keeps its line numbers in messages."""
    if not settings:
        return load(file)
    data, _ = yamlfile.read(file)
    if not isinstance(data, dict):
        raise ConfigError(file.name, data, "a map of keys", "Start from the example of `polyfolio config schema`.")
    return load(applied(data, settings))


def learn(out: Any, asked: Asked, resume: bool, ray: str | None, as_json: bool) -> None:
    """Train, or go on, and say what came of it. Several agents, and clusters, are the matter of Ray."""
    named = asked.checkpoint
    going_on = named if named is not None and (named / MARK).is_file() else named is not None or resume
    note = noting(out, as_json)
    with train_screen.watching(out, quiet=as_json) as watchers:
        if len(asked.spec.lanes) == 1 and ray is None:
            done = train(asked.spec, experiment=asked.experiment, resume=going_on, watchers=watchers, note=note)
        else:
            if isinstance(going_on, Path):
                raise ConfigError("--checkpoint", str(named), "a training's folder, with Ray", "Use --resume.")
            done = train_rllib(
                asked.spec, experiment=asked.experiment, resume=going_on, address=ray, watchers=watchers, note=note
            )
    if as_json:
        print(json.dumps([plain(asdict(one)) for one in done], indent=2))
        return
    for one in done:
        train_screen.outcome(out, one)


def look(out: Any, asked: Asked, split: Split, as_json: bool) -> None:
    """What a checkpoint's policy does on a split."""
    place = asked.checkpoint or asked.place
    found = judged(place, asked.spec, split=split.value)
    if as_json:
        print(json.dumps(found, indent=2))
        return
    out.print(f"{folder.checkpoint_of(place)} on the rows of the split {split.value}:", soft_wrap=True, markup=False)
    train_screen.numbers(out, found)


def find(out: Any, asked: Asked, ray: str | None, as_json: bool) -> None:
    """Search hyper-parameters and say which were best."""
    if len(asked.spec.lanes) == 1 and ray is None:
        told = None if as_json else train_screen.trials(out)
        found = search(asked.spec, experiment=asked.experiment, told=told, note=noting(out, as_json))
    else:
        found = search_ray(asked.spec, experiment=asked.experiment, address=ray)
    if as_json:
        print(json.dumps(plain(asdict(found)), indent=2))
        return
    train_screen.found(out, found)


def noting(out: Any, as_json: bool) -> Any:
    """Where notes go: the terminal, or stderr where the output is data."""
    place = Console(stderr=True, highlight=False) if as_json else out
    return lambda text: place.print(text, style="yellow", soft_wrap=True, markup=False)


def plain(data: Any) -> Any:
    """The same in JSON's own types."""
    if isinstance(data, dict):
        return {str(name): plain(value) for name, value in data.items()}
    if isinstance(data, list | tuple):
        return [plain(value) for value in data]
    return str(data) if isinstance(data, Path) else data
