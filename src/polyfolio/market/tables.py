"""Files as frames: which files a path means, a CSV table whose text stays text, and the shape of a header."""

from __future__ import annotations

import csv
import io
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from polyfolio.errors import DataError
from polyfolio.market.columns import FIELDS, canonical
from polyfolio.rules.arguments import closest

ENDINGS = {"csv": (".csv", ".csv.gz"), "parquet": (".parquet", ".pq")}


def files_of(path: str | PathLike[str], kind: str) -> list[Path]:
    """The files behind a path, a folder or a pattern, sorted by name.

    Raises:
        DataError: there is none, with the closest name that exists.
    """
    text = fspath(path)
    if any(sign in text for sign in "*?["):
        anchor = Path(text).anchor
        found = sorted(item for item in Path(anchor or ".").glob(text[len(anchor) :]) if item.is_file())
        if not found:
            raise DataError("path", text, "a pattern that some file matches", "Correct the folder or the pattern.")
        return found
    place = Path(text)
    if place.is_dir():
        found = sorted(item for item in place.iterdir() if item.name.lower().endswith(ENDINGS[kind]))
        if not found:
            raise DataError(
                "path",
                text,
                f"a folder with files ending in {' or '.join(ENDINGS[kind])}",
                "Correct the folder, or name the format.",
            )
        return found
    if not place.is_file():
        beside = [item.name for item in place.parent.iterdir()] if place.parent.is_dir() else []
        lack = (
            f"There is no file in {place.parent}." if place.parent.is_dir() else f"There is no folder {place.parent}."
        )
        hint = closest(place.name, beside, "Correct the path.") if beside else lack
        raise DataError("path", text, "a file that exists", hint)
    return [place]


def table_of(given: Any, what: str, texts: tuple[str, ...]) -> tuple[Any, str]:
    """The frame of one CSV or Parquet file, and its name in messages; what is no path is the frame itself.

    Args:
        given: path, frame, or None.
        what: the argument's name.
        texts: columns of a CSV file that stay text.
    """
    if not isinstance(given, (str, PathLike)):
        return given, "the frame"
    file, *more = files_of(given, "csv")
    if more:
        raise DataError(what, str(given), "one file", f"Name one of {file.name}, {more[0].name}.")
    if not file.name.lower().endswith(ENDINGS["parquet"]):
        return csv_table(file, texts), file.name
    from pyarrow import ArrowException, parquet  # noqa: PLC0415

    try:
        return parquet.read_table(file).to_pandas(date_as_object=False), file.name
    except (ArrowException, OSError) as error:
        raise DataError("path", file.name, f"a Parquet file ({error})", "Write it anew.") from error


def instrument_frame(instruments: Any) -> tuple[Any, str]:
    """The frame of an instrument table, and its name."""
    frame, name = table_of(instruments, "instruments", ("symbol", "currency"))
    return frame, "instruments" if frame is instruments else name


def is_wide(first: list[str], second: list[str]) -> bool:
    """Whether two lines are the header (field, symbol) of a wide file: under every field stands a name, no number."""
    under = [cell.strip() for name, cell in zip(first[1:], second[1:], strict=False) if canonical(name) in FIELDS]
    return len(under) >= 5 and len(first) == len(second) and not any(cell == "" or _number(cell) for cell in under)


def _number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def head(file: Path) -> tuple[list[str], list[str]]:
    """The first two lines of a CSV file, as cells."""
    from pyarrow import input_stream  # noqa: PLC0415

    with input_stream(str(file)) as stream:
        text = stream.read(1 << 20).decode("utf-8-sig", errors="replace")
    lines = list(csv.reader(io.StringIO("\n".join(text.splitlines()[:2]))))
    return (lines[0] if lines else []), (lines[1] if len(lines) > 1 else [])


def csv_table(file: Path, texts: tuple[str, ...]) -> Any:
    """A CSV file as a frame; the columns in `texts` stay text, so that a ticker is never a number or a truth value."""
    from pyarrow import ArrowException, string  # noqa: PLC0415
    from pyarrow import csv as arrow  # noqa: PLC0415

    first, _ = head(file)
    types = {name: string() for name in first if canonical(name) in texts}
    convert = arrow.ConvertOptions(column_types=types, strings_can_be_null=False)
    try:
        table = arrow.read_csv(file, convert_options=convert)
    except (ArrowException, OSError) as error:
        raise DataError(
            "path", file.name, f"a CSV file with a header ({error})", "Correct the line it names."
        ) from error
    return table.to_pandas(date_as_object=False)
