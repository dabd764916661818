"""`polyfolio strategies`: which there are, what one does, and a new one to write."""

from __future__ import annotations

import json
import keyword
import re
import sys
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import typer
import yaml
from rich.table import Table

from polyfolio.cli import completing
from polyfolio.cli.screen import console, width
from polyfolio.errors import ConfigError
from polyfolio.rules import registry
from polyfolio.strategies.describe import REQUIRED, Description, describe, plain, space_words

app = typer.Typer(add_completion=False, rich_markup_mode="rich", no_args_is_help=True)

Json = Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")]
SKELETONS = {"strategy.py": "{name}.py", "test_strategy.py": "test_{name}.py"}


@app.callback()
def strategies() -> None:
    """Strategies by name: list them, show one, begin a new one.

    \b
    Examples:
      polyfolio strategies list
      polyfolio strategies show ma_crossover
      polyfolio strategies new my_rule
    """  # noqa: D301 - \b keeps the lines of the example apart


@app.command("list")
def list_all(as_json: Json = False) -> None:
    """List every strategy that has a name, with what it says and takes."""
    found = [one(name) for name in registry.names("strategy")]
    if as_json:
        print(json.dumps([row if isinstance(row, dict) else facts(row) for row in found], indent=2))
        return
    out = console()
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column("name", no_wrap=True)
    for head in ("from", "what it says", "arguments"):
        table.add_column(head, overflow="fold")
    for row in found:
        if isinstance(row, dict):
            table.add_row(row["name"], "added", f"cannot be loaded: {row['error']}", "")
        else:
            names = ", ".join(argument.name for argument in row.arguments)
            table.add_row(row.name, row.origin, row.summary, names)
    out.print(table, width=width(out), markup=False)


@app.command()
def show(
    name: Annotated[
        str, typer.Argument(help="A registered name, or module:Class.", autocompletion=completing.strategies)
    ],
    as_json: Json = False,
) -> None:
    """Print what a strategy does, its arguments with their values, and a lane that uses it."""
    found = describe(name)
    print(json.dumps(facts(found), indent=2) if as_json else told(found))


@app.command()
def new(
    name: Annotated[str, typer.Argument(help="Name of the module: small letters, digits, underscores.")],
    folder: Annotated[Path, typer.Option(help="Where the two files go.")] = Path(),
) -> None:
    """Write a strategy to change, and its test, into NAME.py and test_NAME.py."""
    refuse_bad_name(name)
    if not folder.is_dir():
        raise ConfigError("--folder", str(folder), "a folder that exists", "Make it, or name another one.")
    paths = {skeleton: folder / file.format(name=name) for skeleton, file in SKELETONS.items()}
    for path in paths.values():
        if path.exists():
            raise ConfigError("NAME", str(path), "a file that does not exist yet", "Choose another name.")
    cls = "".join(part.capitalize() for part in name.split("_"))
    if name in sys.stdlib_module_names or find_spec(name) is not None:
        remedy = "Choose another name: a file of this one would hide that module."
        raise ConfigError("NAME", name, "a name no module has", remedy)
    if re.search(rf"\b{cls}\b", skeleton_of("strategy.py")):
        raise ConfigError(
            "NAME", name, f"a name whose class is not {cls}", "Choose another name: strategies import it."
        )
    for skeleton, path in paths.items():
        text = skeleton_of(skeleton).replace("NewHigh", cls).replace("my_module", name).replace("new_high", name)
        path.write_text(text, encoding="utf-8")
        print(f"{path} is written")
    print(
        f"\nNext: change the rule, then\n  python -m pytest {paths['test_strategy.py']}\n"
        f"  polyfolio check leaks {name}:{cls}\nIn a configuration: strategy: {{name: '{name}:{cls}'}}"
    )


def one(name: str) -> Description | dict[str, Any]:
    """A strategy, or its name and why it cannot be loaded: a broken one of others must not hide the rest."""
    try:
        return describe(name)
    except ConfigError as error:
        return {"name": name, "error": str(error)}


def facts(found: Description) -> dict[str, Any]:
    """A strategy as JSON."""
    arguments = [
        {
            "name": argument.name,
            "type": argument.kind,
            "required": argument.default == REQUIRED,
            "default": None if argument.default == REQUIRED else argument.default,
            "space": argument.space,
            "meaning": argument.meaning,
        }
        for argument in found.arguments
    ]
    keys = ("name", "origin", "place", "summary", "text", "sizing")
    return {**{key: getattr(found, key) for key in keys}, "arguments": arguments}


def told(found: Description) -> str:
    """A strategy as text."""
    lines = [f"{found.name} ({found.place}, {found.origin})", "", found.summary, ""]
    lines += [found.text, ""] if found.text else []
    lines.append(f"sizing, where the lane names none: {found.sizing}")
    for argument in found.arguments:
        default = REQUIRED if argument.default == REQUIRED else f"default {plain(argument.default)}"
        lines += ["", f"{argument.name}: {argument.kind}, {default}", f"    {argument.meaning}"]
        if argument.space is not None:
            lines.append(f"    a search tries: {space_words(argument.space)}")
    example = yaml.safe_dump({"lanes": [found.example()]}, sort_keys=False, allow_unicode=True, width=110)
    return "\n".join([*lines, "", example.rstrip()])


def refuse_bad_name(name: str) -> None:
    """Refuse what is no module name, and a name that a strategy has."""
    if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or keyword.iskeyword(name):
        bound = "a module's name: small letters, digits, underscores"
        raise ConfigError("NAME", name, bound, "Write it like my_rule.")
    if name in registry.names("strategy"):
        raise ConfigError("NAME", name, "a name no strategy has", "Choose another name.")


def skeleton_of(name: str) -> str:
    """A file to copy, from the package."""
    return files("polyfolio").joinpath("data", "skeletons", f"{name}.txt").read_text(encoding="utf-8")
