"""Columns kept on disk: a file per column, named by its content's origin, mapped into memory when asked for.

A file is an array in NumPy's format, [slots, rows], with the SHA-256 of all that behind it. It is written beside its
place and moved there, so that a reader never sees half of one.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

TAIL = hashlib.sha256().digest_size


@dataclass(frozen=True)
class ColumnStore:
    """A folder of columns.

    Attributes:
        folder: where they are; made when needed. Processes may share it.
    """

    folder: Path | str

    def get(self, tape: str, key: str, output: int, shape: tuple[int, int]) -> npt.NDArray[Any] | None:
        """A column, mapped read-only; None where it is absent or damaged (a damaged one is removed)."""
        path = self._path(tape, key, output)
        try:
            whole = path.read_bytes()
        except OSError:
            return None
        if len(whole) > TAIL and hashlib.sha256(memoryview(whole)[:-TAIL]).digest() == whole[-TAIL:]:
            array = np.lib.format.open_memmap(path, mode="r")
            if array.shape == shape:
                return array
        path.unlink(missing_ok=True)
        return None

    def put(self, tape: str, key: str, output: int, array: npt.NDArray[Any]) -> None:
        """Keep a column.

        Raises:
            OSError: the folder cannot be written; what it held stays.
        """
        path = self._path(tape, key, output)
        path.parent.mkdir(parents=True, exist_ok=True)
        memory = io.BytesIO()
        np.lib.format.write_array(memory, np.ascontiguousarray(array), allow_pickle=False)
        whole = memory.getbuffer()
        handle, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(whole)
                file.write(hashlib.sha256(whole).digest())
            Path(name).replace(path)
        except OSError:
            Path(name).unlink(missing_ok=True)
            raise

    def _path(self, tape: str, key: str, output: int) -> Path:
        return Path(self.folder) / tape[:32] / f"{key[:32]}_{output}.npy"
