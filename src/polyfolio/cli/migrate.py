"""`polyfolio migrate`: an old configuration, of one ticker or of another document, written anew in our keys."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from polyfolio.errors import ConfigError
from polyfolio.rules.migrate import migrate

app = typer.Typer(add_completion=False)


@app.command()
def command(
    old: Annotated[Path, typer.Argument(help="A file with an intraday_env block, `ticker:`, or multi_ticker_env.")],
    out: Annotated[Path | None, typer.Option(help="Where the new file goes; without it, the terminal.")] = None,
    ticker: Annotated[
        list[str] | None, typer.Option(help="A symbol to trade beside the file's own; repeat it.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the run; the old file's where it is left out.")] = None,
) -> None:
    """Write OLD anew in polyfolio's keys and tell what became of each of its keys.

    Nothing is overwritten. The new file loads as it is: [dim]polyfolio config validate NEW[/dim].

    \b
    Example:
      polyfolio migrate old.yaml --ticker MSFT --out new.yaml
    """  # noqa: D301 - \b keeps the lines of the example apart
    if out is not None and out.exists():
        raise ConfigError("--out", str(out), "a file that does not exist", "Choose another name, or move it away.")
    migrated = migrate(old, ticker or (), name)
    if out is None:
        print(migrated.text(), end="")
        return
    try:
        out.write_text(migrated.text(), encoding="utf-8")
    except OSError as error:
        raise ConfigError("--out", str(out), "writable", f"{error.strerror}: correct the path.") from None
    for line in migrated.kept:
        print(line)
    for unused in migrated.unused:
        print(f"{unused}: not used")
    print(f"\n{out} is written. Next: polyfolio config validate {out}")
