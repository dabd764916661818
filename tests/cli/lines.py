"""A line of the command line run in this process, and a configuration beside its prices to run it on."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import yaml
from typer.testing import CliRunner

from polyfolio.cli import app
from tests.report import runs

FIELDS = ("open", "high", "low", "close", "volume")


def polyfolio(*line: str):
    """What a line printed, its exit code and its error."""
    return CliRunner().invoke(app, list(line))


def two_lanes(folder: Path, **more: Any) -> Path:
    """The file of a run of two lanes over two prices, in a folder of its own."""
    tape = runs.tape()
    lines = ["time,symbol," + ",".join(FIELDS)]
    for row, time in enumerate(tape.times):
        for slot, symbol in enumerate(tape.symbols):
            prices = (getattr(tape, name)[row, slot] for name in FIELDS)
            lines.append(f"{np.datetime64(int(time), 'ns')}Z,{symbol}," + ",".join(repr(float(x)) for x in prices))
    (folder / "bars.csv").write_text("\n".join(lines) + "\n")
    path = folder / "two.yaml"
    path.write_text(yaml.safe_dump(runs.spec(tape={"path": "bars.csv", "interval": "1d"}, **more)))
    return path
