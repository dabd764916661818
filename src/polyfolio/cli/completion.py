"""`polyfolio completion`: the script that lets a shell complete verbs, options, files, runs and names."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer
from typer.completion import get_completion_script  # type: ignore[attr-defined]  # where it has always stood

app = typer.Typer(add_completion=False, rich_markup_mode="rich")

VARIABLE = "_POLYFOLIO_COMPLETE"


class Shell(StrEnum):
    """Shells whose language the script can be written in."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


@app.command()
def completion(shell: Annotated[Shell, typer.Argument(help="bash, zsh or fish.")]) -> None:
    """Print a script that teaches the shell to complete `polyfolio`; nothing is changed.

    \b
    Examples:
      polyfolio completion bash >> ~/.bashrc
      polyfolio completion zsh > ~/.zfunc/_polyfolio           (with ~/.zfunc in fpath, before compinit)
      polyfolio completion fish > ~/.config/fish/completions/polyfolio.fish
    """  # noqa: D301 - \b keeps the lines of the example apart
    terms = {"prog_name": "polyfolio", "complete_var": VARIABLE, "shell": shell.value}
    print(get_completion_script(**terms))
