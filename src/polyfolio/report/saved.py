"""Results on disk: saving a run, opening it again, and carrying old formats forward.

A folder holds meta.json (what the run was), events, fills and marks (the journal) and times as Parquet, metrics.json,
trades.csv, equity.csv and attribution.csv.
"""

from __future__ import annotations

import csv
import json
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from platform import python_version
from typing import Any

import numpy as np

from polyfolio.core.codes import Level
from polyfolio.core.journal import COLUMNS, VERSION, Journal
from polyfolio.core.tape import Tape
from polyfolio.core.types import Ints
from polyfolio.errors import DataError
from polyfolio.kernels.compile import source_digest
from polyfolio.report.attribution import COLUMNS as COLUMNS_OF_SLOTS
from polyfolio.report.folders import whole
from polyfolio.report.results import Results
from polyfolio.rules.identity import code_digest, effective
from polyfolio.rules.spec import Spec

FORMAT = 1
LIBRARIES = ("polyfolio", "numpy", "numba")
TRADE_COLUMNS = (
    "lane",
    "symbol",
    "side",
    "entry_time",
    "exit_time",
    "days",
    "quantity",
    "entry_notional",
    "profit",
    "commission",
    "carry",
    "fills",
    "mae",
    "mfe",
)


@dataclass(frozen=True, eq=False)
class SavedRun:
    """A run read from its folder.

    Attributes:
        folder: where it was read from.
        journal: what happened; `journal.why` answers questions.
        meta: id, configuration, digests, versions, conventions.
        metrics: the numbers of every lane, by lane name under "lanes".
        times: closing stamps of the tape's rows.
    """

    folder: Path
    journal: Journal
    meta: dict[str, Any]
    metrics: dict[str, Any]
    times: Ints

    @property
    def run_id(self) -> str:
        """Digest of configuration, tape, code and seed."""
        return self.journal.run


def save(results: Results, folder: str | Path, **facts: Any) -> Path:
    """Write a run into a folder, whole or not at all; results written there earlier are replaced.

    Args:
        results: the run.
        folder: a new or empty folder, or one with results.
        facts: what else meta.json shall say, such as where an interrupted run ended.

    Raises:
        DataError: the folder cannot be written to, or holds other files.
        RetryError: the disk is full; nothing is left half written.
    """
    place = Path(folder)
    with whole(place) as part:
        _json(part / "meta.json", {**meta_of(results), **facts})
        _json(part / "metrics.json", results.record())
        for name in COLUMNS:
            _write_rows(part / f"{name}.parquet", getattr(results.journal, name))
        _write_rows(part / "times.parquet", results.tape.times.view([("time", "i8")]))
        _csv(part / "trades.csv", TRADE_COLUMNS, _trade_lines(results))
        _csv(part / "equity.csv", ("time", *results.lanes), _equity_lines(results))
        _csv(part / "attribution.csv", ("lane", "symbol", *COLUMNS_OF_SLOTS), _attribution_lines(results))
    return place


def meta_of(results: Results) -> dict[str, Any]:
    """What a run was, without any of its numbers. Two runs with the same id have the same content here."""
    journal = results.journal
    return {
        "format": FORMAT,
        "run": results.run_id,
        "name": results.spec.name,
        "seed": results.spec.seed,
        "lanes": list(results.lanes),
        "symbols": list(results.tape.symbols),
        "journal": {"level": journal.level.name.lower(), "version": VERSION, "digest": journal.digest()},
        "digests": digests_of(results.spec, results.tape),
        "versions": versions(),
        "conventions": results.conventions() if journal.level >= Level.SUMMARY else {},
        "configuration": effective(results.spec),
    }


def digests_of(spec: Spec, tape: Tape) -> dict[str, str]:
    """Digests of what a run's numbers depend on, beside its configuration and seed."""
    return {"tape": tape.digest(), "kernels": source_digest(), "code": code_digest(spec)}


def versions() -> dict[str, str]:
    """Versions of what a run's numbers depend on."""
    return {"python": python_version(), **{name: _version(name) for name in LIBRARIES}}


def open_run(folder: str | Path) -> SavedRun:
    """Read a saved run; older formats are carried forward.

    Raises:
        DataError: there is no run, a file of it is damaged, or a newer version wrote it.
    """
    place = Path(folder)
    meta = read_meta(place)
    level = Level[meta["journal"]["level"].upper()]
    journal = Journal(level, tuple(meta["lanes"]), tuple(meta["symbols"]), meta["run"])
    journal.append(**{name: _read_rows(place / f"{name}.parquet", dtype) for name, dtype in COLUMNS.items()})
    if journal.digest() != meta["journal"]["digest"]:
        raise DataError(
            "journal",
            str(place),
            "the journal whose digest stands in meta.json",
            "A file was changed or exchanged: run again.",
        )
    journal.times = times = _read_rows(place / "times.parquet", np.dtype([("time", "i8")]))["time"]
    return SavedRun(place, journal, meta, _read_json(place, "metrics.json"), times)


def read_meta(folder: Path) -> dict[str, Any]:
    """What a saved run was, in today's format, without its journal."""
    return migrated(_read_json(folder, "meta.json"), folder)


# -- formats --------------------------------------------------------------------------------------------------------

Migration = Callable[[dict[str, Any], Path], dict[str, Any]]


def _from_0(meta: dict[str, Any], folder: Path) -> dict[str, Any]:
    """Format 0 had no number, flat digests, and the level alone where the journal's facts stand now."""
    old = dict(meta)
    digests = {"tape": old.pop("tape_digest"), "kernels": old.pop("kernel_digest")}
    journal = {"level": old.pop("level"), "version": 1, "digest": old.pop("journal_digest")}
    if not (folder / "times.parquet").is_file():
        raise DataError("times.parquet", str(folder), "beside meta.json", "The folder is not complete: run again.")
    return {**old, "digests": digests, "journal": journal, "format": 1}


MIGRATIONS: Mapping[int, Migration] = {0: _from_0}


def migrated(meta: dict[str, Any], folder: Path) -> dict[str, Any]:
    """The meta data in today's format."""
    while (found := meta.get("format", 0)) != FORMAT:
        if found not in MIGRATIONS:
            raise DataError(
                "format",
                found,
                f"at most {FORMAT}, what polyfolio {_version('polyfolio')} writes",
                f"A newer version wrote {folder}: upgrade polyfolio, or run again.",
            )
        meta = MIGRATIONS[found](meta, folder)
    return meta


# -- files ----------------------------------------------------------------------------------------------------------


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def _json(path: Path, content: Mapping[str, Any]) -> None:
    path.write_text(json.dumps(content, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def _read_json(folder: Path, name: str) -> dict[str, Any]:
    path = folder / name
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(
            "run",
            str(folder),
            f"a folder with {name} ({error.strerror})",
            "Name a folder that `polyfolio backtest` or `polyfolio demo` wrote.",
        ) from None
    except ValueError as error:
        raise DataError(name, str(path), f"JSON ({error})", "The file was damaged: run again.") from None
    if not isinstance(found, dict):
        raise DataError(name, str(path), "a JSON object", "The file was damaged: run again.")
    return found


def _write_rows(path: Path, rows: np.ndarray) -> None:
    """Records as a Parquet file, a column per field with its own type, so that reading gives the same bytes."""
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    names = rows.dtype.names or ()
    table = pa.table({name: pa.array(np.ascontiguousarray(rows[name]), from_pandas=False) for name in names})
    parquet.write_table(table, path)


def _read_rows(path: Path, dtype: np.dtype[Any]) -> np.ndarray:
    import pyarrow as pa  # noqa: PLC0415
    from pyarrow import parquet  # noqa: PLC0415

    try:
        table = parquet.read_table(path)
    except (OSError, pa.ArrowException) as error:
        raise DataError(
            path.name, str(path), f"a Parquet file ({error})", "The file is missing or damaged: run again."
        ) from None
    missing = set(dtype.names or ()) - set(table.column_names)
    if missing:
        raise DataError(path.name, sorted(table.column_names), f"with the columns {sorted(missing)}", "Run again.")
    rows = np.zeros(table.num_rows, dtype)
    for name in dtype.names or ():
        rows[name] = table.column(name).to_numpy()
    return rows


def _csv(path: Path, names: Iterable[str], lines: Iterable[Iterable[Any]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(names)
        writer.writerows(lines)


def _stamps(times: Ints) -> list[str]:
    return [f"{text}Z" for text in np.datetime_as_string(times.astype("datetime64[ns]"), unit="s")]


def _trade_lines(results: Results) -> Iterable[Iterable[Any]]:
    columns = results.trade_table()
    named = {name: columns[name].tolist() for name in TRADE_COLUMNS}
    for name in ("entry_time", "exit_time"):
        named[name] = _stamps(columns[name])
    return zip(*named.values(), strict=True)


def _equity_lines(results: Results) -> Iterable[Iterable[Any]]:
    """A column for each lane, empty before it began."""
    rows = np.unique(results.journal.marks["row"])
    columns = []
    for lane in results.lanes:
        marks = results.journal.lane(lane).marks
        cells: list[Any] = [""] * rows.size
        for at, worth in zip(np.searchsorted(rows, marks["row"]).tolist(), marks["equity"].tolist(), strict=True):
            cells[at] = worth
        columns.append(cells)
    return zip(_stamps(results.tape.times[rows]), *columns, strict=True)


def _attribution_lines(results: Results) -> Iterable[Iterable[Any]]:
    """A line for each slot of each lane, unknown numbers empty; without a mark on every bar there are none."""
    lanes = results.lanes if results.journal.level >= Level.SUMMARY else ()
    for lane in lanes:
        for row in results.attribution(lane).rows():
            yield ["" if isinstance(cell, float) and math.isnan(cell) else cell for cell in row]
