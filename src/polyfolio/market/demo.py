"""The bundled tape: six coins against USDT, hourly, January to September 2024."""

from __future__ import annotations

from importlib.resources import as_file, files
from typing import Any

from polyfolio.core.tape import Tape
from polyfolio.market.files import read_parquet


def demo_tape(path: None = None, **options: Any) -> Tape:  # noqa: ARG001
    """The bundled tape. ENA is listed three months after the others.

    Args:
        path: unused; a source takes one.
        **options: see `Reading`, such as symbols, start, end.
    """
    folder = files("polyfolio").joinpath("data", "demo")
    with as_file(folder.joinpath("bars.parquet")) as bars, as_file(folder.joinpath("instruments.csv")) as instruments:
        given = {name: value for name, value in options.items() if value is not None}
        return read_parquet(bars, **{"instruments": instruments, "interval": "1h", **given})
