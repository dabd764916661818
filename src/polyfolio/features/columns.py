"""Computed features: columns by name, each an array of a tape's rows and slots."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from polyfolio.core.types import Ints
from polyfolio.errors import ConfigError, DataError

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Columns:
    """Columns of a tape. Read-only.

    Attributes:
        names: one per column, without the symbol.
        symbols: one per slot.
        times: the stamp of each row.
        arrays: one [slots, rows] per column; in memory, or mapped from a store.
        origin: gives the digest; asked for once, because it reads the whole tape.
        notes: what did not go as asked and changed no number.
        block: the array [columns, slots, rows] whose parts the arrays are, where they are computed in one.
    """

    names: tuple[str, ...]
    symbols: tuple[str, ...]
    times: Ints
    arrays: tuple[npt.NDArray[Any], ...]
    origin: Callable[[], str]
    notes: tuple[str, ...] = ()
    block: npt.NDArray[Any] | None = None

    @cached_property
    def digest(self) -> str:
        """Names everything the numbers depend on: tape, features, their sources, TA-Lib's version, number type."""
        return self.origin()

    @property
    def values(self) -> npt.NDArray[Any]:
        """All columns, [columns, rows, slots]. A slot's rows lie side by side in memory."""
        block: npt.NDArray[Any] | None = self.block
        if block is None:
            block = np.stack(self.arrays)
        return block.transpose(0, 2, 1)

    def column(self, name: str) -> npt.NDArray[Any]:
        """One column, [rows, slots]."""
        return self.arrays[self._place(name)].T

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        """The rows of one slot: columns["AAPL.rsi_14"]."""
        symbol, _, column = name.rpartition(".")
        rows: npt.NDArray[Any] = self.arrays[self._place(column)][self._slot(symbol)]
        return rows

    def __iter__(self) -> Iterator[str]:
        """The names."""
        return iter(self.names)

    def __len__(self) -> int:
        return len(self.names)

    def select(self, names: Sequence[str]) -> Columns:
        """Some of the columns, in this order; the numbers are not copied."""
        arrays = tuple(self.arrays[self._place(name)] for name in names)
        return Columns(tuple(names), self.symbols, self.times, arrays, self.origin, self.notes)

    def frame(self, symbol: str) -> pd.DataFrame:
        """The columns of one symbol, a row per time (UTC)."""
        import pandas as pd  # noqa: PLC0415

        slot = self._slot(symbol)
        index = pd.DatetimeIndex(self.times.view("datetime64[ns]"), tz="UTC", name="timestamp")
        columns = {name: np.asarray(array[slot]) for name, array in zip(self.names, self.arrays, strict=True)}
        return pd.DataFrame(columns, index=index)

    @property
    def bytes(self) -> int:
        """Size of the numbers."""
        return sum(array.nbytes for array in self.arrays)

    def _place(self, name: str) -> int:
        if name not in self.names:
            near = get_close_matches(name, self.names, n=1)
            remedy = f"Did you mean `{near[0]}`?" if near else "Compute its feature first."
            raise ConfigError("column", name, f"one of {len(self.names)} computed ones", remedy)
        return self.names.index(name)

    def _slot(self, symbol: str) -> int:
        if symbol not in self.symbols:
            bound = f"one of {len(self.symbols)} symbols ({', '.join(self.symbols[:12])})"
            raise DataError("symbol", symbol, bound, "Correct its spelling.")
        return self.symbols.index(symbol)
