"""Market rows one below the other, before they are aligned: order, selection, and values that must hold."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from polyfolio.core.types import Floats, Ints
from polyfolio.errors import DataError
from polyfolio.market.columns import BARS, FIELDS
from polyfolio.market.stamps import Place, show
from polyfolio.rules.arguments import closest


@dataclass(frozen=True, eq=False)
class Rows:
    """One market row per entry, any order of symbols.

    Attributes:
        stamps: nanoseconds, UTC.
        codes: number of each row's symbol in `names`.
        names: symbols.
        fields: float64 arrays by name.
        origin: number of each row in its source.
        place: text that tells where a row of the source stands.
    """

    stamps: Ints
    codes: Ints
    names: tuple[str, ...]
    fields: Mapping[str, Floats]
    origin: Ints
    place: Place

    @property
    def size(self) -> int:
        """Number of rows."""
        return int(self.stamps.size)

    def take(self, keep: Any) -> Rows:
        """The rows of a mask or of an order."""
        return replace(
            self,
            stamps=self.stamps[keep],
            codes=self.codes[keep],
            origin=self.origin[keep],
            fields={name: array[keep] for name, array in self.fields.items()},
        )

    def at(self, row: int) -> str:
        """Symbol, time and place of a row."""
        return f"[{self.names[self.codes[row]]}] at {show(int(self.stamps[row]))} ({self.place(int(self.origin[row]))})"


def joined(parts: Sequence[Rows]) -> Rows:
    """The rows of several files; a field that a file lacks is NaN there."""
    if len(parts) == 1:
        return parts[0]
    names = tuple(dict.fromkeys(name for part in parts for name in part.names))
    fields = [name for name in FIELDS if any(name in part.fields for part in parts)]
    starts = np.cumsum([0, *(int(part.origin.max(initial=-1)) + 1 for part in parts)])

    def place(row: int) -> str:
        index = int(np.searchsorted(starts, row, side="right")) - 1
        return parts[index].place(row - int(starts[index]))

    return Rows(
        stamps=np.concatenate([part.stamps for part in parts]),
        codes=np.concatenate(
            [np.array([names.index(name) for name in part.names], np.int64)[part.codes] for part in parts]
        ),
        names=names,
        fields={
            name: np.concatenate([part.fields.get(name, np.full(part.size, np.nan)) for part in parts])
            for name in fields
        },
        origin=np.concatenate([part.origin + start for part, start in zip(parts, starts, strict=False)]),
        place=place,
    )


def selected(rows: Rows, symbols: tuple[str, ...]) -> Rows:
    """The rows of the symbols asked for, numbered in the order asked for."""
    if not symbols:
        return rows
    new = np.full(len(rows.names), -1, np.int64)
    for number, symbol in enumerate(symbols):
        if symbol not in rows.names:
            shown = ", ".join(rows.names[:12]) + (", ..." if len(rows.names) > 12 else "")
            raise DataError("symbols", symbol, f"a symbol of the data: {shown}", closest(symbol, rows.names))
        new[rows.names.index(symbol)] = number
    codes = new[rows.codes]
    kept = replace(rows, codes=codes, names=symbols)
    return kept.take(codes >= 0)


def ordered(rows: Rows) -> tuple[Rows, Ints]:
    """Rows sorted by symbol, and the steps between neighbours of a symbol.

    Raises:
        DataError: a symbol's times stand twice or not in order, named with their place.
    """
    if (np.diff(rows.codes) < 0).any():
        rows = rows.take(np.argsort(rows.codes, kind="stable"))
    steps = np.diff(rows.stamps)
    same = np.diff(rows.codes) == 0
    wrong = np.flatnonzero(same & (steps <= 0))
    if wrong.size:
        row = int(wrong[np.argmin(rows.origin[wrong + 1])]) + 1
        kind = "duplicated" if rows.stamps[row] == rows.stamps[row - 1] else "unsorted"
        raise DataError(
            f"timestamp{rows.at(row)}",
            show(int(rows.stamps[row])),
            f"later than the symbol's row before it, {show(int(rows.stamps[row - 1]))}",
            f"The times are {kind}: sort the rows and keep one row per symbol and time.",
        )
    return rows, steps[same]


def checked(rows: Rows) -> Rows:
    """Rows whose values hold.

    A row without any price is a missing bar. A row with some prices and without others is a fault.
    """
    bars = np.stack([rows.fields[name] for name in BARS])
    unknown = np.isnan(bars)
    partial = unknown.any(axis=0) & ~unknown.all(axis=0)
    if partial.any():
        row = int(np.argmax(partial))
        name = BARS[int(np.argmax(unknown[:, row]))]
        raise DataError(
            f"{name}{rows.at(row)}",
            float("nan"),
            "a price, as the rest of the bar has them",
            "Complete the bar, or leave all its prices empty where it is missing.",
        )
    for name, array in zip(BARS, bars, strict=True):
        _refuse(
            rows,
            name,
            ~(unknown[0] | ((array > 0.0) & np.isfinite(array))),
            "finite and above 0",
            "Correct the price, or leave the bar empty.",
        )
    _refuse_contradictions(rows, bars)
    _refuse(
        rows,
        "volume",
        (rows.fields["volume"] < 0.0) | np.isinf(rows.fields["volume"]),
        "0 or more",
        "Correct it, or leave it empty where unknown.",
    )
    for name in ("dividends", "splits", "spread"):
        if name in rows.fields:
            _refuse(rows, name, (rows.fields[name] < 0.0) | np.isinf(rows.fields[name]), "0 or more", "Correct it.")
    for name in ("borrow", "funding", "adj_close"):
        if name in rows.fields:
            _refuse(rows, name, np.isinf(rows.fields[name]), "finite", "Correct it, or leave it empty.")
    return rows


def _refuse_contradictions(rows: Rows, bars: Any) -> None:
    """Refuse a bar whose open or close lies outside its low and high; one that is not traded may be any."""
    first, high, low, last = bars
    wrong = (np.minimum(first, last) < low) | (np.maximum(first, last) > high)  # NaN compares as sound
    if "crossed" in rows.fields:
        wrong &= rows.fields["crossed"] != 1.0
    if wrong.any():
        row = int(np.argmax(wrong))
        values = {name: float(price) for name, price in zip(BARS, bars[:, row], strict=True)}
        raise DataError(
            f"bar{rows.at(row)}", values, "low <= open, close <= high", "Correct the bar, or leave it empty."
        )


def _refuse(rows: Rows, name: str, wrong: Any, bound: str, remedy: str) -> None:
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(f"{name}{rows.at(row)}", float(rows.fields[name][row]), bound, remedy)
