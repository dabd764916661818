"""The one form of a policy file: a zip with sorted names, nothing compressed, no clock, and a digest over all.

Two files with the same entries have the same bytes, so a reader rebuilds the file from its entries and compares: a
byte that was changed anywhere, in a name, a time or a gap, is found.
"""

from __future__ import annotations

import hashlib
import io
import os
import tempfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

from polyfolio.errors import DataError

DIGEST = "digest.txt"
LARGEST = 1 << 30  # bytes; a file above it is no policy
_MODE = 0o100644 << 16
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the first moment a zip can name
AGAIN = "Copy the file again from where it was sealed, or export the policy anew."


def digest_of(entries: Mapping[str, bytes]) -> str:
    """sha256 (hex) over names and contents, sorted by name."""
    digest = hashlib.sha256()
    for name in sorted(entries):
        digest.update(f"{name}\0{hashlib.sha256(entries[name]).hexdigest()}\n".encode())
    return digest.hexdigest()


def packed(entries: Mapping[str, bytes]) -> bytes:
    """The bytes of a policy file with these entries, its digest added."""
    whole = {**entries, DIGEST: digest_of(entries).encode() + b"\n"}
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(whole):
            info = zipfile.ZipInfo(name, _EPOCH)
            info.create_system, info.external_attr = 3, _MODE
            archive.writestr(info, whole[name])
    return memory.getvalue()


def unpacked(content: bytes, field: str) -> dict[str, bytes]:
    """The entries of a policy file, the digest left out.

    Raises:
        DataError: it is no policy file, or a byte of it was changed; says where and how.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            stored = [info for info in archive.infolist() if info.compress_type == zipfile.ZIP_STORED]
            if len(stored) < len(archive.infolist()):
                raise DataError(field, "a compressed entry", "a policy file, which compresses nothing", AGAIN)
            entries = {info.filename: archive.read(info) for info in stored}
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, ValueError) as error:
        raise DataError(field, str(error), "a policy file as it was sealed", AGAIN) from error
    said = entries.pop(DIGEST, b"").decode("ascii", "replace").strip()
    if not said:
        raise DataError(field, sorted(entries)[:8], f"a policy file, with an entry {DIGEST}", AGAIN)
    found = digest_of(entries)
    if found != said:
        raise DataError(f"{field}: digest", found, f"{said}, as sealed: an entry was changed", AGAIN)
    refuse_other_bytes(content, packed(entries), field)
    return entries


def refuse_other_bytes(content: bytes, wanted: bytes, field: str) -> None:
    """Refuse bytes around the entries that sealing would not have written."""
    if content == wanted:
        return
    shorter = min(len(content), len(wanted))
    place = next((at for at in range(shorter) if content[at] != wanted[at]), shorter)
    raise DataError(f"{field}: byte {place}", content[place : place + 4], "as sealed: it was changed", AGAIN)


def read_bytes(path: Path) -> bytes:
    """Everything a policy file holds.

    Raises:
        DataError: it is not there, cannot be read, or is far too large.
    """
    try:
        size = path.stat().st_size
        if size > LARGEST:
            raise DataError(str(path), f"{size} bytes", f"a policy file, at most {LARGEST} bytes", "Name another file.")
        return path.read_bytes()
    except OSError as error:
        bound = f"a policy file that can be read ({error.strerror or error})"
        raise DataError("policy", str(path), bound, "Name the file that `polyfolio policy export` wrote.") from error


def write_bytes(path: Path, content: bytes) -> Path:
    """Write a file as a whole: it is there complete, or what was there before is.

    Raises:
        DataError: the place cannot be written to.
    """
    part = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, part = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.part-")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(part).chmod(0o644)
        Path(part).replace(path)
    except OSError as error:
        if part:
            Path(part).unlink(missing_ok=True)
        bound = f"a place that can be written to ({error.strerror or error})"
        raise DataError("policy", str(path), bound, "Choose another place, or make room on the disk.") from error
    return path
