"""Writing a folder of results as a whole: it is there complete, or it is not there.

Files go to a sibling with a temporary name, are flushed to the disk, and the sibling takes the folder's place.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from polyfolio.errors import DataError, RetryError
from polyfolio.market.disk import flush, replace

# A folder with this file in it was written here and may be replaced; any other one with content is left alone.
MARK = "meta.json"
# Errors that another try does not cure.
ELSEWHERE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG)


def probe(folder: Path) -> Path:
    """Refuse a place that cannot take a folder of results, before anything runs; the absolute path.

    Raises:
        DataError: it is no folder, cannot be written to, or holds somebody else's files.
        RetryError: the disk is full.
    """
    place = Path(os.path.abspath(folder))  # noqa: PTH100 - `resolve` would follow a link that is to be replaced
    if place.exists() and not place.is_dir():
        raise DataError("results folder", str(folder), "a folder, or a name that is free", "Choose another folder.")
    if place.is_dir() and any(place.iterdir()) and not (place / MARK).is_file():
        raise DataError(
            "results folder",
            str(folder),
            f"empty, new, or results written earlier (with {MARK})",
            "Choose another folder: this one holds other files, which would be replaced.",
        )
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=place.parent, prefix=f".{place.name}.") as file:
            file.write(b"polyfolio")
            file.flush()
    except OSError as error:
        raise refusal(folder, error) from error
    return place


def refusal(folder: Path, error: OSError) -> DataError | RetryError:
    """What an error of the operating system means for the caller: another folder, or room and another try."""
    reason = error.strerror or str(error)
    if error.errno in ELSEWHERE:
        return DataError(
            "results folder",
            str(folder),
            f"a folder that can be written to ({reason})",
            "Choose another folder with --out, or correct its permissions.",
        )
    return RetryError(
        "results folder",
        str(folder),
        f"on a disk that takes the files ({reason})",
        "Free some space or choose another folder with --out, then run again. Nothing was left half written.",
    )


@contextmanager
def whole(folder: Path) -> Iterator[Path]:
    """A temporary folder that takes the place of `folder` when the block ends well, and vanishes when it does not."""
    place = probe(folder)
    try:
        part = Path(tempfile.mkdtemp(dir=place.parent, prefix=f".{place.name}.part-"))
    except OSError as error:
        raise refusal(folder, error) from error
    try:
        yield part
        part.chmod(0o755)  # mkdtemp makes folders that only their owner may read
        flush(part)
        replace(part, place)
    except OSError as error:
        raise refusal(folder, error) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
