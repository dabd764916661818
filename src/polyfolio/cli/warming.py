"""The note that everything is compiled. It is read without importing the compiler, so that asking is quick."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import sys
from importlib import metadata
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
LIBRARIES = ("numba", "numpy", "llvmlite")
CHOICES = ("NUMBA_CACHE_DIR", "NUMBA_DISABLE_JIT", "NUMBA_CPU_NAME", "NUMBA_CPU_FEATURES", "XDG_CACHE_HOME")


def note() -> Path:
    """Where it is noted that everything is compiled."""
    root = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(root) / "polyfolio" / "warm.json"


def key() -> str:
    """Digest of what compiled code depends on, found without importing the compiler."""
    digest = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        if "cli" not in path.relative_to(PACKAGE).parts[:1]:
            digest.update(str(path).encode() + path.read_bytes())
    for name in LIBRARIES:
        digest.update(metadata.version(name).encode())
    for name in CHOICES:
        digest.update(f"{name}={os.environ.get(name, '')}".encode())
    digest.update(f"{sys.version} {platform.machine()} {_processor()}".encode())
    return digest.hexdigest()


def _processor() -> str:
    """The processor's model and features: code compiled for another one is not read."""
    listed = Path("/proc/cpuinfo")
    if not listed.is_file():
        return platform.processor()
    lines = listed.read_text(encoding="utf-8", errors="replace").split("\n\n", 1)[0].splitlines()
    return "\n".join(line for line in lines if line.startswith(("model name", "flags", "Features")))


def noted() -> str | None:
    """The cache folder, where a note says that everything in it is compiled and it is still there."""
    try:
        found = json.loads(note().read_text(encoding="utf-8"))
        folder = Path(found["folder"])
        kept = len(list(folder.rglob("*.nbi")))
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return str(folder) if found.get("key") == key() and kept >= found.get("files", 1) > 0 else None


def write_note(folder: Path) -> None:
    """Note that everything is compiled. Without a writable cache there is no note, and the compiler is asked again."""
    content = {"key": key(), "folder": str(folder), "files": len(list(folder.rglob("*.nbi")))}
    place = note()
    part = place.with_name(f"{place.name}.{os.getpid()}")
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        part.write_text(json.dumps(content), encoding="utf-8")
        part.replace(place)
    except OSError:
        return
