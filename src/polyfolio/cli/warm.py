"""`polyfolio warm`: compile everything once."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from polyfolio.cli import part, warming

app = typer.Typer(add_completion=False, rich_markup_mode="rich")


@app.command()
def warm(
    again: Annotated[bool, typer.Option("--again", help="Ask the compiler even where it is noted as done.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="The doors behind the object API too.")] = False,
) -> None:
    """Compile every kernel that Python calls into a cache, so that no run waits for it.

    Compiled code is kept per version of the formulas, of Numba and of the processor. A second call has nothing to do.

    \b
    Example:
      polyfolio warm
    """  # noqa: D301 - \b keeps the lines of the example apart
    out = Console(highlight=False)
    folder = None if again or everything else warming.noted()
    if folder is None:
        part("compiling").compile_all(out, everything)
    else:
        out.print(f"warm: everything is compiled; cache: {folder}", soft_wrap=True)
