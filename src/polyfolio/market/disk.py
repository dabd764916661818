"""Files and folders that are there complete, or are not there.

What is written goes to a temporary name beside its place, is flushed to the disk, and takes the place in one step.
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

# Errors that room on the disk or another try does not cure.
ELSEWHERE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOENT, errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG)


def refusal(field: str, place: Path, error: OSError) -> DataError | RetryError:
    """What an error of the operating system means: another place, or room and another try."""
    reason = error.strerror or str(error)
    if error.errno in ELSEWHERE:
        bound = f"a place that can be read and written ({reason})"
        return DataError(field, str(place), bound, "Choose another folder, or correct its permissions.")
    bound = f"on a disk that takes it ({reason})"
    return RetryError(field, str(place), bound, "Free some space, then try again. Nothing was left half written.")


def write_file(place: Path, content: bytes, field: str, *, flushed: bool = True) -> None:
    """Write a file as a whole.

    Args:
        place: the file; its folder is made where it is missing.
        content: everything it shall hold.
        field: name of the file in messages.
        flushed: False leaves it to the system when the bytes reach the disk, for what can be fetched again.

    Raises:
        DataError: the place cannot be written to.
        RetryError: the disk is full, or fails.
    """
    part: Path | None = None
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=place.parent, prefix=f".{place.name[:40]}.part-")
        part = Path(name)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            if flushed:
                file.flush()
                os.fsync(file.fileno())
        part.chmod(0o644)
        part.replace(place)
    except OSError as error:
        if part is not None:
            part.unlink(missing_ok=True)
        raise refusal(field, place, error) from error


@contextmanager
def whole_folder(place: Path, field: str, mark: str) -> Iterator[Path]:
    """A temporary folder that takes the place of `place` when the block ends well, and vanishes when it does not.

    Args:
        place: the folder; one that stands there is replaced if it holds `mark`.
        field: name of the folder in messages.
        mark: the file that tells a folder written here from somebody else's.
    """
    place = Path(os.path.abspath(place))  # noqa: PTH100 - `resolve` would follow a link that is to be replaced
    refuse_foreign(place, field, mark)
    part: Path | None = None
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(dir=place.parent, prefix=f".{place.name[:40]}.part-"))
        yield part
        part.chmod(0o755)  # mkdtemp makes folders that only their owner may read
        flush(part)
        replace(part, place)
    except OSError as error:
        raise refusal(field, place, error) from error
    finally:
        if part is not None:
            shutil.rmtree(part, ignore_errors=True)


def refuse_foreign(place: Path, field: str, mark: str) -> None:
    """Refuse a place that holds anything but what was written here earlier."""
    if place.exists() and not place.is_dir():
        raise DataError(field, str(place), "a folder, or a name that is free", "Choose another folder.")
    if place.is_dir() and any(place.iterdir()) and not (place / mark).is_file():
        bound = f"empty, new, or written here earlier (with {mark})"
        raise DataError(field, str(place), bound, "Choose another folder: this one holds other files.")


def flush(folder: Path) -> None:
    """Bring every file of a folder, and the folder itself, to the disk."""
    for path in [*sorted(folder.iterdir()), folder]:
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def replace(part: Path, place: Path) -> None:
    """Put `part` in the place of another folder; the old one goes only after the new one stands."""
    old = Path(tempfile.mkdtemp(dir=place.parent, prefix=f".{place.name[:40]}.old-"))
    try:
        if place.exists():
            place.rename(old / place.name)
        try:
            part.rename(place)
        except OSError:
            if (old / place.name).exists() and not place.exists():
                (old / place.name).rename(place)
            raise
    finally:
        shutil.rmtree(old, ignore_errors=True)
