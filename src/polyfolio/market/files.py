"""Tapes from CSV and Parquet files: one file, a folder, or a pattern of files.

A file without a column `symbol` holds the rows of one symbol: the only one asked for, or the one its name says. A CSV
whose second line names symbols under every field is wide: columns (field, symbol), times in the first column.
"""

from __future__ import annotations

from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import Any

from polyfolio.core.tape import Tape
from polyfolio.errors import DataError
from polyfolio.market.columns import canonical
from polyfolio.market.frame import assemble, rows_of_frame
from polyfolio.market.reading import Reading, reading_of
from polyfolio.market.rows import Rows, joined
from polyfolio.market.stamps import Place
from polyfolio.market.tables import csv_table, files_of, head, is_wide


def read_csv(path: str | PathLike[str], **options: Any) -> Tape:
    """A tape from CSV files, plain or gzipped.

    Args:
        path: file, folder or pattern (`data/*.csv`).
        **options: see `Reading`.

    Example:
        >>> read_csv("bars.csv", symbols=["AAPL", "MSFT"], calendar="XNYS", stamps="open")
    """
    return _read(path, "csv", _csv_frame, options)


def read_parquet(path: str | PathLike[str], **options: Any) -> Tape:
    """A tape from Parquet files; path and options as for `read_csv`."""
    return _read(path, "parquet", _parquet_frame, options)


def symbol_of(file: Path, count: int, reading: Reading) -> str:
    """The symbol of a file that has no column for it."""
    if count == 1 and len(reading.symbols) == 1:
        return reading.symbols[0]
    return file.name.split(".")[0]


def _read(
    path: str | PathLike[str], kind: str, frame_of: Callable[[Path], tuple[Any, Place]], options: dict[str, Any]
) -> Tape:
    reading = reading_of(options)
    files = files_of(path, kind)
    parts: list[Rows] = []
    for file in files:
        frame, place = frame_of(file)
        parts.append(rows_of_frame(frame, reading, file.name, place, symbol_of(file, len(files), reading)))
    return assemble(joined(parts), reading)


def _parquet_frame(file: Path) -> tuple[Any, Place]:
    from pyarrow import ArrowException  # noqa: PLC0415
    from pyarrow import parquet as arrow  # noqa: PLC0415

    try:
        # As codes with their words, symbols need not be told apart row by row.
        with arrow.ParquetFile(file) as plain:
            words = [name for name in plain.schema_arrow.names if canonical(name) == "symbol"]
            with arrow.ParquetFile(file, metadata=plain.metadata, read_dictionary=words) as coded:
                frame = coded.read().to_pandas()
    except (ArrowException, OSError, ValueError) as error:
        raise DataError("path", file.name, f"a Parquet file ({error})", "Write it anew, or name its format.") from error
    return frame, lambda row: f"{file.name}, row {row}"


def _csv_frame(file: Path) -> tuple[Any, Place]:
    import pandas as pd  # noqa: PLC0415

    first, second = head(file)
    if not is_wide(first, second):
        return csv_table(file, ("symbol",)), lambda row: f"{file.name}, line {row + 2}"
    try:
        frame = pd.read_csv(file, header=[0, 1], index_col=0)
    except (ValueError, OSError) as error:
        raise DataError("path", file.name, f"a CSV file ({error})", "Correct the line it names.") from error
    third = 4 if frame.index.name is not None and frame.index.name != first[0] else 3
    return frame, lambda row: f"{file.name}, line {row + third}"
