"""The folder of a benchmark or a comparison: the record, a table, the returns, and the page where it is wanted."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from polyfolio.core.types import Floats, Ints
from polyfolio.report.comparison import SHOWN
from polyfolio.report.folders import MARK, whole
from polyfolio.report.page.parts import Page
from polyfolio.report.page.render import render

RETURNS = "returns.parquet"
TIME = "time"


def save(
    record: Mapping[str, Any], returns: Mapping[str, Floats], times: Ints, folder: str | Path, page: Page | None
) -> Path:
    """Write a folder, whole or not at all; what was written there earlier is replaced.

    Args:
        record: of the benchmark or the comparison; its `kind` names the files.
        returns: per bar, by account.
        times: closing stamps, that of the starting value first.
        folder: where.
        page: what it is shown as; None for none.

    Raises:
        DataError: the folder cannot be written to, or holds other files.
        ConfigError: a page without plotly.
    """
    place, kind = Path(folder), record["kind"]
    html = None if page is None else render(page)
    meta = {name: record[name] for name in ("format", "kind", "name", "digests", "period", "method")}
    with whole(place) as part:
        for name, content in ((MARK, meta), (f"{kind}.json", record)):
            (part / name).write_text(json.dumps(content, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        write_table(part / "table.csv", record)
        write_returns(part / RETURNS, returns, times)
        if html is not None:
            (part / f"{kind}.html").write_text(html, encoding="utf-8")
    return place


def write_table(path: Path, record: Mapping[str, Any]) -> None:
    """A line per account, unknown numbers empty."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("name", "kind", *SHOWN))
        for name, facts in record["entries"].items():
            cells = [facts["metrics"][measure] for measure in SHOWN]
            writer.writerow((name, facts["kind"], *("" if cell is None else cell for cell in cells)))


def write_returns(path: Path, returns: Mapping[str, Floats], times: Ints) -> None:
    """A row per closing: the first one is the starting value's, where nothing was earned yet."""
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    columns = {TIME: pa.array(times.astype("datetime64[ns]"))}
    columns |= {name: pa.array(np.concatenate([[0.0], path_])) for name, path_ in returns.items()}
    parquet.write_table(pa.table(columns), path)
