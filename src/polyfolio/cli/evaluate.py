"""`polyfolio evaluate`: policies on rows they never saw, against simple portfolios, after the same costs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from polyfolio.cli import screen
from polyfolio.cli.backtest import folder_name
from polyfolio.cli.compiling import ensure_agents
from polyfolio.cli.overrides import applied
from polyfolio.errors import ConfigError
from polyfolio.report.evaluation_page import MEASURES, needed
from polyfolio.report.evaluation_words import met, span, target
from polyfolio.report.folders import probe
from polyfolio.rules import yamlfile
from polyfolio.rules.load import load
from polyfolio.rules.spec import Spec
from polyfolio.train.evaluation import Evaluation, Settings, evaluate
from polyfolio.train.evaluation_contenders import Contender
from polyfolio.train.evaluation_sealed import files_of, is_sealed, named, sealed
from polyfolio.train.folder import SPEC

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.command()
def evaluate_policies(
    policies: Annotated[
        list[str],
        typer.Argument(
            metavar="POLICY...", help="Policy files, folders of trainings; with --config also lanes and strategies."
        ),
    ],
    config: Annotated[
        Path | None, typer.Option(help="Configuration (YAML) of tape, costs and splits; a policy's own when left out.")
    ] = None,
    tape: Annotated[Path | None, typer.Option(help="Bars to judge on, in place of the configuration's.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="Change a key; may be repeated.")
    ] = None,
    split: Annotated[str, typer.Option(help="Rows judged on: test, validation, train or all.")] = "test",
    folds: Annotated[int, typer.Option(min=1, help="Consecutive spans of the period.")] = 5,
    seeds: Annotated[
        int | None, typer.Option(min=1, help="Seeds of strategies that take one; policy files bring their own.")
    ] = None,
    trials: Annotated[
        int | None, typer.Option(min=1, help="Configurations tried to find the policy; those named when left out.")
    ] = None,
    draws: Annotated[int, typer.Option(min=100, help="Resampled histories.")] = 2000,
    randoms: Annotated[int, typer.Option("--random", min=10, help="Random policies.")] = 100,
    gap: Annotated[str | None, typer.Option(help="Time before each fold not learned from, such as 5d.")] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of page and numbers; results/NAME-evaluation.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the record as JSON and nothing else.")] = False,
) -> None:
    """Judge policies on held-out rows and say in plain words what that proves.

    Every policy runs beside buy and hold, equal weight, inverse volatility, minimum variance, the index and random
    policies that trade as much, under the same costs through the same engine. Intervals come from resampled
    histories. Each look at test rows is written into sealed.json beside the policy.

    \b
    Examples:
      polyfolio evaluate runs/first
      polyfolio evaluate runs/first/seed-*/policy.policy --tape prices.parquet --trials 40
      polyfolio evaluate momentum --config my.yaml --split validation
    """  # noqa: D301 - \b keeps the lines of the example apart
    needed()
    contenders, spec, places = found(policies, config, tape, settings or [], seeds)
    if trials is not None:
        contenders = tuple(Contender(**{**vars(each), "trials": trials}) for each in contenders)
    folder = out if out is not None else Path("results") / f"{folder_name(spec.name)}-evaluation"
    probe(folder)
    console = screen.console()
    if not as_json:
        ensure_agents(console)
    chosen = Settings(split=split, folds=folds, draws=draws, randoms=randoms, gap=gap)
    evaluation = evaluate(spec, contenders, settings=chosen, places=places)
    evaluation.save(folder)
    if as_json:
        print(json.dumps(evaluation.record, indent=2, allow_nan=False))
        return
    show(console, evaluation)
    console.print(f"\nWritten to {folder}/: evaluation.html, evaluation.json.", soft_wrap=True, markup=False)


def found(
    targets: list[str], config: Path | None, tape: Path | None, settings: list[str], seeds: int | None
) -> tuple[tuple[Contender, ...], Spec, list[Path]]:
    """The contenders, the configuration to judge them by, and where looks at test rows are recorded."""
    files = [target for target in targets if is_sealed(target)]
    names = [target for target in targets if not is_sealed(target)]
    contenders, own = sealed(files)
    if own is not None and tape is None:
        own = with_tape(own, files[0])
    source = config or own
    if source is None or (names and config is None):
        remedy = "Give a configuration with --config, or name policy files."
        raise ConfigError("policy", names[0] if names else targets, "a policy file where there is no --config", remedy)
    spec = judge(source, tape, settings)
    if own is not None:
        spec = spec.model_copy(update={"lanes": (own.lanes[0], *spec.lanes)})
    places = [path for name in files for path in files_of(name)]
    if names and config is not None:
        places.append(config)
    return (*contenders, *named(names, spec, seeds)), spec, places


def with_tape(spec: Spec, target: str) -> Spec:
    """A policy's configuration with the bars its training read, where it stands in the training's folder."""
    kept = files_of(target)[0].parent / SPEC
    return spec.model_copy(update={"tape": load(kept).tape}) if kept.is_file() else spec


def judge(source: Spec | Path, tape: Path | None, settings: list[str]) -> Spec:
    """The configuration with the changes of the command line."""
    if isinstance(source, Spec):
        data: Any = source.model_dump(mode="json", exclude_none=True)
    else:
        data, _ = yamlfile.read(source)
    if not isinstance(data, dict):
        raise ConfigError(str(source), data, "a map of keys", "Start from the example of `polyfolio config schema`.")
    if tape is not None:
        given = data.get("tape")
        data["tape"] = {**(given if isinstance(given, dict) else {}), "path": str(tape)}
    return load(applied(data, settings) if settings or tape is not None or isinstance(source, Spec) else source)


def show(console: Any, evaluation: Evaluation) -> None:
    """The verdict, the table of contenders, and the target figures."""
    from rich.table import Table  # noqa: PLC0415

    record = evaluation.record
    console.print("\n".join(evaluation.verdict), markup=False)
    console.print()
    shown = Table(box=None, pad_edge=False, header_style="bold")
    shown.add_column("")
    measures = ("annual_return", "sharpe", "max_drawdown")
    for measure in measures:
        shown.add_column(MEASURES[measure], justify="right")
    for name in (*record["policies"], *record["baselines"]):
        cells = record["contenders"][name]["measures"]
        shown.add_row(name, *(span(measure, cells[measure]) for measure in measures))
    console.print(shown)
    for policy in record["policies"]:
        console.print(f"\nTarget figures against {policy}, wishes and no promise:", markup=False)
        for one in record["targets"][policy]:
            console.print(
                f"  {one['name']}: {span(one['measure'], one)}, target {target(one)}: {met(one)}", markup=False
            )
