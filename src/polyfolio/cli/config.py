"""`polyfolio config`: the schema, a check of a file, its effective configuration, the meaning of a key."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
import yaml

from polyfolio.rules import explain as rules

app = typer.Typer(help="Schema, checks and explanations of configuration files.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="A configuration file (YAML).")]


@app.command()
def schema() -> None:
    """Print the JSON Schema of a configuration file."""
    print(json.dumps(rules.schema(), indent=2, allow_nan=False))


@app.command()
def validate(file: File) -> None:
    """Check a file: every fault with its key, line, value, bound and remedy."""
    print(rules.validate(file))


@app.command()
def show(file: File) -> None:
    """Print the effective configuration, defaults and presets written out, and what each lane will do."""
    print(yaml.safe_dump(rules.show(file), sort_keys=False, allow_unicode=True, width=120), end="")


@app.command()
def explain(key: Annotated[str, typer.Argument(help="A key or its path, such as risk.max_var.")]) -> None:
    """Print what a key means: unit, bounds, default, example, what reads it, which other documents' keys become it."""
    print("\n\n".join(item.text() for item in rules.explain(key)))


@app.command()
def reference() -> None:
    """Print the reference page of all keys (Markdown)."""
    print(rules.reference(), end="")
