"""`polyfolio policy`: seal, join, show and verify policies."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml

from polyfolio.backtests.run import tape_of
from polyfolio.cli import part
from polyfolio.cli.overrides import applied
from polyfolio.cli.policy_facts import facts, told
from polyfolio.errors import ConfigError, DataError
from polyfolio.policy.ensemble import ensemble
from polyfolio.policy.manifest import Rule
from polyfolio.policy.match import refuse_other_market, refuse_other_rules
from polyfolio.policy.sealed import SealedPolicy, load
from polyfolio.rules.load import load as load_spec
from polyfolio.rules.plan import compile_spec
from polyfolio.rules.registry import check

app = typer.Typer(add_completion=False, rich_markup_mode="rich", no_args_is_help=True)


class Vote(StrEnum):
    """How members become one."""

    MEAN = "mean"
    VOTE = "vote"
    WEIGHTED = "weighted"


class How(StrEnum):
    """How a rule decides with a policy."""

    BLEND = "blend"
    AGREE = "agree"


File = Annotated[Path, typer.Argument(help="A policy file.")]
Out = Annotated[Path | None, typer.Option(help="The file to write.")]
Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]


@app.callback()
def policy() -> None:
    """Policies in one file each, which runs without the library that learned it.

    \b
    Examples:
      polyfolio policy export runs/first
      polyfolio policy show runs/first/policy.policy --lane
      polyfolio policy verify runs/first/policy.policy --config my.yaml
      polyfolio policy join runs/*/policy.policy --vote weighted --out joined.policy
    """  # noqa: D301 - \b keeps the lines of the example apart


@app.command()
def export(
    place: Annotated[Path, typer.Argument(help="A training's folder, for its best policy; or one of its checkpoints.")],
    out: Out = None,
    name: Annotated[str | None, typer.Option(help="For people; the run's name when left out.")] = None,
) -> None:
    """Seal the policy of a training; NAME.policy in this folder when --out is left out."""
    # A training's folder is read with the packages that learned it; the other verbs need onnxruntime alone.
    sealed = part("policy_export").sealed_from(place, name)
    print(told(sealed, written(sealed, out)))


@app.command()
def join(
    files: Annotated[list[Path], typer.Argument(help="Policy files of one configuration and one training split.")],
    out: Out = None,
    vote: Annotated[Vote, typer.Option(help="The mean, a vote, or the mean by what each reached.")] = Vote.MEAN,
    name: Annotated[str, typer.Option(help="For people.")] = "ensemble",
    rule: Annotated[str | None, typer.Option(help="A registered strategy that decides with them.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", metavar="KEY=VALUE", help="An argument of the rule; may be repeated.")
    ] = None,
    how: Annotated[How, typer.Option(help="Blend with the rule, or be flat where it disagrees.")] = How.BLEND,
    share: Annotated[float, typer.Option(min=0.0, max=1.0, help="The rule's part of a blend.")] = 0.5,
) -> None:
    """Join policies to one, or a policy with a rule, in a file that holds its members.

    \b
    Examples:
      polyfolio policy join seed-0.policy seed-1.policy seed-2.policy --vote vote
      polyfolio policy join first.policy --rule momentum --set lookback=60 --how agree
    """  # noqa: D301 - \b keeps the lines of the example apart
    decides = None
    if rule is not None:
        check("strategy", rule, "rule")
        decides = Rule(name=rule, params=applied({}, settings or []), how=how.value, share=share)
    elif settings:
        raise ConfigError("--set", settings, "absent without --rule", "Name the rule whose arguments these are.")
    sealed = ensemble([load(file) for file in files], vote.value, name=name, rule=decides)
    print(told(sealed, written(sealed, out)))


@app.command()
def show(
    file: File,
    lane: Annotated[bool, typer.Option("--lane", help="Print the lane that runs it, as YAML.")] = False,
    as_json: Json = False,
) -> None:
    """Print what a policy was made for, where it learned, and how."""
    sealed = load(file)
    if lane:
        print(yaml.safe_dump([sealed.lane(file)], sort_keys=False, allow_unicode=True, width=120), end="")
    elif as_json:
        print(json.dumps(facts(sealed), indent=2, allow_nan=False))
    else:
        print(told(sealed, file))


@app.command()
def verify(
    file: File,
    config: Annotated[
        Path | None, typer.Option(help="A configuration (YAML): do its tape and its lanes with this policy fit?")
    ] = None,
    digest: Annotated[str | None, typer.Option(help="The digest it must have, as you noted it.")] = None,
) -> None:
    """Check every byte of a policy file, and that it fits a configuration.

    The digest tells a damaged or changed file from the one that was sealed. It is no signature: who can write the file
    can seal another one, so compare the digest with the one you noted.
    """
    sealed = load(file)
    if digest is not None and digest != sealed.digest:
        raise DataError("--digest", sealed.digest, f"{digest}, as given", "It is another policy: find the right file.")
    print(f"{file}: every byte as it was sealed, digest {sealed.digest}")
    if config is not None:
        print(f"{file}: fits {', '.join(fitting(sealed, config))} of {config}")


def fitting(sealed: SealedPolicy, config: Path) -> list[str]:
    """Names of a configuration's lanes that run a policy of this digest, all of them fitting.

    Raises:
        ConfigError: a lane has other rules, or no lane runs it.
        DataError: the tape is of another market.
    """
    spec = load_spec(config)
    tape = tape_of(spec)
    refuse_other_market(sealed.manifest.world.market, tape, sealed.source)
    plan, own = compile_spec(spec, tape.universe), compile_spec(sealed.spec, tape.universe)
    found = [number for number, lane in enumerate(spec.lanes) if runs(lane.strategy, sealed)]
    for number in found:
        refuse_other_rules(own, plan, number, sealed.source)
    if not found:
        remedy = "Add the lane that `polyfolio policy show --lane` prints."
        raise ConfigError("lanes", [lane.name for lane in spec.lanes], "one with this policy", remedy)
    return [spec.lanes[number].name for number in found]


def runs(strategy: Any, sealed: SealedPolicy) -> bool:
    """Whether a lane's strategy is this policy."""
    return strategy is not None and strategy.name == "policy" and load(strategy.params["path"]).digest == sealed.digest


def written(sealed: SealedPolicy, out: Path | None) -> Path:
    """The file, written."""
    place = out if out is not None else Path(f"{sealed.manifest.name}.policy".replace("/", "-"))
    return sealed.save(place)
