"""`polyfolio version`."""

from __future__ import annotations

from importlib import metadata
from platform import machine, python_version, system

import typer

LIBRARIES = ("polyfolio", "numpy", "numba", "scipy", "pandas", "pyarrow", "pydantic")

app = typer.Typer(add_completion=False)


@app.command()
def version() -> None:
    """Print the versions that a run's numbers depend on.

    \b
    Example:
      polyfolio version
    """  # noqa: D301 - \b keeps the lines of the example apart
    for name in LIBRARIES:
        print(f"{name:<10} {_version(name)}")
    print(f"{'python':<10} {python_version()} on {system()} {machine()}")


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
