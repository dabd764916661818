"""The report and the cleaned copy as files; a file that stands there already is never written over."""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import Any

from polyfolio.errors import DataError
from polyfolio.market.quality.fix import log_frame
from polyfolio.market.quality.report import Report

FORMATS = (".csv", ".parquet")


def save(report: Report, folder: str | PathLike[str], *, copy: str | None = None) -> dict[str, Path]:
    """Write the report, and on request the cleaned copy with its log.

    Args:
        report: what `check` gave.
        folder: where to; made where it is missing.
        copy: name of the cleaned copy, ending in .csv or .parquet; None writes none.

    Returns:
        The files: `table`, `page` and, with a copy, `copy` and `log`.

    Raises:
        DataError: a file stands there already, the name ends otherwise, or the disk does not take it.
    """
    place = Path(folder)
    files = {"table": place / "report.txt", "page": place / "report.html"}
    if copy is not None:
        if Path(copy).suffix not in FORMATS or Path(copy).name != copy:
            raise DataError("copy", copy, f"a file name ending in {' or '.join(FORMATS)}", "Write it like clean.csv.")
        files |= {"copy": place / copy, "log": place / f"{Path(copy).stem}.changes.csv"}
    for file in files.values():
        if file.exists():
            raise DataError("folder", str(file), "without that file", "Name another folder, or move the file away.")
    try:
        place.mkdir(parents=True, exist_ok=True)
        files["table"].write_text(report.table(), encoding="utf-8")
        files["page"].write_text(report.html(), encoding="utf-8")
        if copy is not None:
            frame, log = report.fixed()
            _write(frame, files["copy"])
            _write(log_frame(log), files["log"])
    except OSError as error:
        raise DataError("folder", str(place), f"writable ({error})", "Free space, or name another folder.") from error
    return files


def _write(frame: Any, file: Path) -> None:
    """A frame as a file under its name only when it is whole."""
    part = file.with_name(file.name + ".part")
    try:
        if file.suffix == ".csv":
            frame.to_csv(part, index=False)
        else:
            frame.to_parquet(part, index=False)
        part.replace(file)
    finally:
        part.unlink(missing_ok=True)
