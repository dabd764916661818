"""Pages and files of a run for people: a folder per portfolio, and a summary over all.

`<folder>/<portfolio>/trades.csv, performance.json, report.html` and, where there are several portfolios,
`<folder>/combined_summary.html`; equity, positions and weights at every close as Parquet.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.errors import DataError, PolyfolioError
from polyfolio.report.combined import combined_page
from polyfolio.report.factors import Factors
from polyfolio.report.page.parts import Section
from polyfolio.report.page.render import write
from polyfolio.report.results import Results
from polyfolio.report.run_page.lane import LaneView
from polyfolio.report.run_page.page import run_page
from polyfolio.report.saved import TRADE_COLUMNS

SUMMARY = "combined_summary.html"
PAGE = "report.html"
PERFORMANCE = "performance.json"
# Names at the top of a run's folder, which no portfolio's folder may have.
TAKEN = ("meta.json", "metrics.json", "trades.csv", "equity.csv", "attribution.csv", SUMMARY)
TAKEN_TABLES = ("events.parquet", "fills.parquet", "marks.parquet", "times.parquet")
TRADES = "trades.csv"


def write_pages(
    results: Results,
    folder: str | Path,
    *,
    extra: Mapping[str, Sequence[Section]] | None = None,
    failed: Mapping[str, PolyfolioError] | None = None,
    factors: Factors | None = None,
    signals: Floats | None = None,
) -> list[Path]:
    """Write what `reporting` asks for.

    Args:
        results: the run.
        folder: where the run was saved; it is made where it is not there.
        extra: further sections of a lane's page, by lane; those of the summary under `SUMMARY`.
        failed: lanes that were stopped, for the summary.
        factors: factor returns for the lanes' pages.
        signals: what the engine heard, where it is at hand.

    Returns:
        The files, the page a reader should open first as the first one.

    Raises:
        DataError: a file cannot be written.
    """
    place, reporting = Path(folder), results.spec.reporting
    names, more = folder_names(results), extra or {}
    # A portfolio that was stopped has no page of its own: the summary says why.
    several = len(results.lanes) + len(failed or {}) > 1 and reporting.combined_summary
    found: list[Path] = []
    try:
        place.mkdir(parents=True, exist_ok=True)
        if several:
            links = {lane: f"{name}/{PAGE}" for lane, name in names.items()} if reporting.separate_reports else {}
            page = combined_page(results, extra=tuple(more.get(SUMMARY, ())), failed=failed, links=links)
            found.append(write(page, place / SUMMARY))
        if reporting.separate_reports:
            links = {"All portfolios": f"../{SUMMARY}"} if several else {}
            for lane, name in names.items():
                (place / name).mkdir(exist_ok=True)
                own = tuple(more.get(lane, ()))
                page = run_page(results, lane, extra=own, factors=factors, signals=signals, links=links)
                found.append(write(page, place / name / PAGE))
                found += write_numbers(results, lane, place / name)
    except OSError as error:
        bound = f"a folder that can be written to ({error.strerror})"
        raise DataError("results folder", str(place), bound, "Choose another folder.") from error
    return found


def folder_names(results: Results) -> dict[str, str]:
    """The folder of each lane: the name of its system, made fit for every file system, and unlike the others'."""
    out: dict[str, str] = {}
    for lane in results.spec.lanes:
        wanted = re.sub(r"[^\w.-]+", "_", lane.system or lane.name).strip("._") or "portfolio"
        name, number = wanted, 2
        while name.casefold() in {taken.casefold() for taken in (*TAKEN, *TAKEN_TABLES, *out.values())}:
            name, number = f"{wanted}_{number}", number + 1
        out[lane.name] = name
    return {lane: out[lane] for lane in results.lanes}


def write_numbers(results: Results, lane: str, folder: Path) -> list[Path]:
    """performance.json, trades.csv and what was held at each close."""
    view, found = LaneView(results, lane), [folder / PERFORMANCE]
    text = json.dumps(performance(view), indent=2, allow_nan=False)
    found[0].write_text(text + "\n", encoding="utf-8")
    if view.full:
        found.append(write_trades(view, folder / TRADES))
        found.append(table(folder / "positions.parquet", view, view.holdings.held))
        found.append(table(folder / "weights.parquet", view, view.holdings.weight))
    found.append(equity(folder / "equity.parquet", view))
    return found


def performance(view: LaneView) -> dict[str, Any]:
    """All metrics of a lane with their conventions, costs and the accounting; nothing of the other lanes."""
    conventions = view.results.conventions()
    return {
        "name": view.name,
        "conventions": conventions | {"fill": conventions["fill"][view.name]},
        **view.results.lane_record(view.name),
    }


def write_trades(view: LaneView, path: Path) -> Path:
    """The lane's closed trades."""
    columns = [view.trades[name].tolist() for name in TRADE_COLUMNS]
    for name in ("entry_time", "exit_time"):
        stamps = np.datetime_as_string(view.trades[name].astype("datetime64[ns]"), unit="s")
        columns[TRADE_COLUMNS.index(name)] = [f"{stamp}Z" for stamp in stamps]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(TRADE_COLUMNS)
        writer.writerows(zip(*columns, strict=True))
    return path


def equity(path: Path, view: LaneView) -> Path:
    """The lane's marks with their closing stamps."""
    import pyarrow as pa  # noqa: PLC0415

    names = [name for name in view.marks.dtype.names or () if name not in ("row", "lane", "status")]
    columns = {"time": moments(view)} | {name: pa.array(np.ascontiguousarray(view.marks[name])) for name in names}
    return store(path, columns)


def table(path: Path, view: LaneView, values: np.ndarray) -> Path:
    """A column per symbol that was ever held, a row per close."""
    import pyarrow as pa  # noqa: PLC0415

    held = np.flatnonzero(view.holdings.held.any(axis=0))
    columns = {"time": moments(view)}
    columns |= {view.symbols[slot]: pa.array(np.ascontiguousarray(values[:, slot])) for slot in held.tolist()}
    return store(path, columns)


def moments(view: LaneView) -> Any:
    """Closing stamps, UTC."""
    import pyarrow as pa  # noqa: PLC0415

    return pa.array(view.results.tape.times[view.rows], type=pa.timestamp("ns", tz="UTC"))


def store(path: Path, columns: dict[str, Any]) -> Path:
    """Columns as a Parquet file."""
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    parquet.write_table(pa.table(columns), path)
    return path
