"""Whatever is to be checked as one long frame: files, frames long and wide, and the bars of a source."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Any

import numpy as np

from polyfolio.errors import DataError
from polyfolio.market.bars import Bars
from polyfolio.market.source import format_of
from polyfolio.market.stamps import Place
from polyfolio.market.tables import csv_table, files_of, head, is_wide

OF_BARS = {"bid": "bid_close", "ask": "ask_close"}  # quotes of a source stand at the close


@dataclass(frozen=True, eq=False)
class Whole:
    """A long frame, numbered from 0, with the name of its source.

    Attributes:
        name: of the source, for the report.
        frame: one row per row of the source.
        place: where a row stands in the source.
        symbol: that of a frame without a column for it; empty where it has one.
        said: what the source itself said: (symbol, sentence).
        empty: symbols that a source gave no row of.
    """

    name: str
    frame: Any
    place: Place
    symbol: str = ""
    said: tuple[tuple[str, str], ...] = ()
    empty: tuple[str, ...] = ()


def whole(source: Any) -> Whole:
    """The frame of a path, a frame, bars of a source, or several of them."""
    if isinstance(source, (str, PathLike)):
        return _of_path(source)
    if isinstance(source, Bars):
        return _of_bars([source])
    if isinstance(source, Mapping):
        return _of_bars(list(source.values()))
    if hasattr(source, "columns") and hasattr(source, "index"):
        return Whole("the frame", long(source), lambda row: f"row {row}")
    if isinstance(source, Iterable):
        return _of_bars(list(source))
    raise DataError("source", type(source).__name__, "a path, a frame or bars", "Give one of the three.")


def long(frame: Any) -> Any:
    """A frame with one row per symbol and time, its time in a column, numbered from 0."""
    if frame.columns.nlevels > 1:
        frame = frame.copy()
        frame.index.name = "timestamp"
        parts = []
        for symbol in dict.fromkeys(frame.columns.get_level_values(1)):
            part = frame.xs(symbol, axis=1, level=1)
            known = part.dropna(how="all")
            part = (known if len(known) else part).reset_index()  # a symbol without a price is told, not left out
            part.insert(1, "symbol", str(symbol))
            parts.append(part)
        return _stacked(parts)
    if frame.index.dtype.kind == "M" or frame.index.name is not None:
        return frame.reset_index(names=frame.index.name or "timestamp")
    return frame.reset_index(drop=True)


def _of_path(path: str | PathLike[str]) -> Whole:
    kind = format_of(path)
    files = files_of(path, kind)
    frames, starts, wides = [], [0], []
    for file in files:
        frame, wide = _file(file, kind)
        if not any(str(name).strip().lower() in ("symbol", "ticker") for name in frame.columns) and len(files) > 1:
            frame.insert(0, "symbol", file.name.split(".")[0])
        frames.append(frame)
        starts.append(starts[-1] + len(frame))
        wides.append(wide)

    def place(row: int) -> str:
        number = int(np.searchsorted(starts, row, side="right")) - 1
        own, file = row - starts[number], files[number]
        if wides[number]:
            return file.name
        return f"{file.name}, line {own + 2}" if kind == "csv" else f"{file.name}, row {own}"

    name = files[0].name if len(files) == 1 else str(path)
    return Whole(name, _stacked(frames), place, files[0].name.split(".")[0])


def _file(file: Path, kind: str) -> tuple[Any, bool]:
    import pandas as pd  # noqa: PLC0415
    from pyarrow import ArrowException  # noqa: PLC0415

    if kind == "csv" and not is_wide(*head(file)):
        return csv_table(file, ("symbol",)).reset_index(drop=True), False
    try:
        if kind == "csv":
            return long(pd.read_csv(file, header=[0, 1], index_col=0)), True
        frame = pd.read_parquet(file, engine="pyarrow")
    except (ArrowException, OSError, ValueError) as error:
        raise DataError("path", file.name, f"a {kind} file ({error})", "Write it anew, or fetch it again.") from error
    return long(frame), frame.columns.nlevels > 1


def _of_bars(items: Sequence[Any]) -> Whole:
    import pandas as pd  # noqa: PLC0415

    parts, said = [], []
    for bars in items:
        if not isinstance(bars, Bars):
            raise DataError("source", type(bars).__name__, "bars of a source", "Give what a source's fetch gave.")
        columns = {OF_BARS.get(name, name): array for name, array in bars.columns().items()}
        stamps = pd.DatetimeIndex(bars.times.astype("datetime64[ns]"), tz="UTC")
        parts.append(pd.DataFrame({"timestamp": stamps, "symbol": bars.symbol, **columns}))
        said += [(bars.symbol, sentence) for sentence in bars.findings]
    if not parts:
        raise DataError("source", [], "the bars of one symbol or more", "Fetch a symbol.")
    name = ", ".join(dict.fromkeys(bars.source for bars in items))
    empty = tuple(bars.symbol for bars in items if not bars.times.size)
    return Whole(name, _stacked(parts), lambda row: f"row {row}", said=tuple(said), empty=empty)


def _stacked(parts: Sequence[Any]) -> Any:
    import pandas as pd  # noqa: PLC0415

    return parts[0].reset_index(drop=True) if len(parts) == 1 else pd.concat(parts, ignore_index=True)
