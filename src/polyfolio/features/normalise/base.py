"""The normaliser contract.

A normaliser learns from the training rows it is shown and from nothing else, then reshapes any rows, each alone: what
it says of row t never depends on a later one. Names of columns, and of symbols where each slot has its own statistics,
are part of what it learned; others are refused.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Protocol, Self

import numpy as np

from polyfolio.core.types import Floats, Ints
from polyfolio.errors import ConfigError, DataError
from polyfolio.features.learned import Learned

# A spread below this share of the middle is rounding noise of a column that stands still.
STILL = 1e-12


class RowStream(Protocol):
    """What a normaliser remembers between two rows."""

    def update(self, row: Floats) -> Floats:
        """The next row, float64[columns, slots], reshaped: the same bits as `transform` on the longer array."""
        ...


class Normaliser(Learned, ABC):
    """Base of normalisers.

    Attributes:
        pooled: True where all slots of a column share one statistic; False where each slot has its own.
    """

    kind: ClassVar[str] = "normaliser"
    pooled: bool = True
    needs: ClassVar[tuple[str, ...]] = ("shape_",)
    columns_: tuple[str, ...]
    symbols_: tuple[str, ...]
    shape_: tuple[int, int]  # columns and slots of fit

    def fit(
        self, values: Floats, rows: slice | Ints, *, columns: Sequence[str] = (), symbols: Sequence[str] = ()
    ) -> Self:
        """Learn from the training rows.

        Args:
            values: float64[columns, rows, slots] or [rows, slots]; NaN is no observation.
            rows: the training rows, a slice or row numbers; no other row is read.
            columns: a name per column.
            symbols: a name per slot.

        Raises:
            DataError: no training row or one that is not there, an infinite value, a column without any value, or a
                name given twice.
        """
        grid = grid_of(values)
        numbers = training_rows(rows, grid.shape[1])
        part = grid[:, rows]
        columns, symbols = tuple(columns), tuple(symbols)
        for word, names, size in (("columns", columns, grid.shape[0]), ("symbols", symbols, grid.shape[2])):
            if names and len(names) != size:
                raise DataError(word, len(names), f"{size} names, one for each", "Name each once.")
            twice = [name for name in names if names.count(name) > 1]
            if twice:
                raise DataError(word, twice[0], "names of their own", "Name each once.")
        refuse_infinite(part, columns, symbols, numbers)
        self._learn(part, columns)
        self.columns_, self.symbols_, self.shape_ = columns, symbols, (grid.shape[0], grid.shape[2])
        return self

    def transform(self, values: Floats, *, columns: Sequence[str] = (), symbols: Sequence[str] = ()) -> Floats:
        """The values, reshaped; NaN stays NaN, float32 stays float32.

        Raises:
            DataError: columns or symbols other than those of `fit`, or an infinite value.
            ConfigError: nothing was learned.
        """
        grid = grid_of(values)
        self._refuse_others(grid, tuple(columns), tuple(symbols))
        refuse_infinite(grid, self.columns_, self.symbols_, np.arange(grid.shape[1]))
        out = np.empty(grid.shape, dtype=grid.dtype)
        self._reshape(grid, out)
        return out.reshape(np.shape(values))

    def start(self, values: Floats, *, columns: Sequence[str] = (), symbols: Sequence[str] = ()) -> RowStream:
        """The stream that continues after the last row of `values`."""
        self._refuse_others(grid_of(values), tuple(columns), tuple(symbols))
        return RowByRow(self)

    @property
    def warmup(self) -> int:
        """Rows before the first value."""
        return 0

    @abstractmethod
    def _learn(self, part: Floats, columns: tuple[str, ...]) -> None:
        """Learn from the training rows, [columns, rows, slots]."""

    @abstractmethod
    def _reshape(self, grid: Floats, out: Floats) -> None:
        """Write the reshaped grid, [columns, rows, slots]."""

    def _refuse_others(self, grid: Floats, columns: tuple[str, ...], symbols: tuple[str, ...]) -> None:
        self.refuse_unfitted()
        _refuse_names("columns", columns, self.columns_, grid.shape[0], self.shape_[0])
        if not self.pooled:
            _refuse_names("symbols", symbols, self.symbols_, grid.shape[2], self.shape_[1])


class RowByRow:
    """The stream of a normaliser that looks at each row alone."""

    def __init__(self, normaliser: Normaliser) -> None:
        self.normaliser = normaliser

    def update(self, row: Floats) -> Floats:
        """The next row, reshaped."""
        learned = self.normaliser
        out: Floats = learned.transform(row[:, None, :], columns=learned.columns_, symbols=learned.symbols_)[:, 0]
        return out


def training_rows(rows: slice | Ints, count: int) -> Ints:
    """The numbers of the training rows."""
    try:
        numbers: Ints = np.arange(count)[rows]
    except IndexError as error:
        bound = f"a slice or row numbers from 0 to {count - 1} ({error})"
        raise DataError("rows", str(rows), bound, "Give the rows of the training split.") from error
    if numbers.size == 0:
        raise DataError("rows", str(rows), "at least one training row", "Give the rows of the training split.")
    return numbers


def grid_of(values: Floats) -> Floats:
    """Values as [columns, rows, slots]."""
    array = np.asarray(values)
    if array.ndim not in (2, 3) or array.dtype.kind != "f":
        raise DataError(
            "values",
            f"{array.dtype}{list(array.shape)}",
            "floats of shape (columns, rows, slots) or (rows, slots)",
            "Give the values of the columns.",
        )
    return array if array.ndim == 3 else array[None]


def refuse_infinite(grid: Floats, columns: tuple[str, ...], symbols: tuple[str, ...], numbers: Ints) -> None:
    """Refuse infinite values, naming the first."""
    for column in range(grid.shape[0]):
        wrong = np.isinf(grid[column])
        if wrong.any():
            row, slot = (int(index) for index in np.argwhere(wrong)[0])
            name = columns[column] if columns else f"column {column}"
            where = symbols[slot] if symbols else f"slot {slot}"
            raise DataError(
                f"{name}[row {int(numbers[row])}, {where}]",
                float(grid[column, row, slot]),
                "finite, or NaN where there is none",
                "Look at what the feature divides by.",
            )


def refuse_empty(count: Ints, columns: tuple[str, ...]) -> None:
    """Refuse a column without a training value; `count` is [columns, slots]."""
    empty = count.sum(axis=1) == 0
    if empty.any():
        number = int(np.argmax(empty))
        raise DataError(
            f"training rows of {columns[number] if columns else f'column {number}'}",
            0,
            "at least one value",
            "Take more training rows than the column's warm-up, or leave the column out.",
        )


def steady(scale: Floats, middle: Floats) -> Floats:
    """The scale; 1 where a column stood still in training, so that only its middle is taken off."""
    still = ~(scale > STILL * np.abs(middle)) & ~np.isnan(scale)
    return np.where(still, 1.0, scale)


def pool(part: Floats, pooled: bool) -> Floats:
    """One column's training rows, [rows, slots]; with all slots in one where they are pooled."""
    return part.reshape(-1, 1) if pooled else part


def clipped(values: Floats, clip: float | None) -> Floats:
    """Values between -clip and clip."""
    return values if clip is None else np.clip(values, -clip, clip)


def refuse_bad_clip(clip: float | None) -> None:
    """Refuse a clip that is no positive number."""
    if clip is not None and not clip > 0.0:
        raise ConfigError("clip", clip, "a number above 0, or None", "Correct the argument.")


def _refuse_names(word: str, given: tuple[str, ...], known: tuple[str, ...], size: int, learned: int) -> None:
    remedy = f"Give the {word} it was fitted on, in their order, or fit anew."
    if size != learned:
        raise DataError(word, size, f"{learned}, as in fit", remedy)
    if given != known:
        place = next((i for i, (a, b) in enumerate(zip(given, known, strict=False)) if a != b), None)
        if place is None:
            raise DataError(word, given[:5], f"the names of fit: {known[:5]}", remedy)
        raise DataError(f"{word}[{place}]", given[place], f"{known[place]!r}, as in fit", remedy)
