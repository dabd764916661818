"""How kernels are compiled: two decorators and a cache folder named by what was compiled.

`kernel` marks a formula that other kernels call. It is forced inline and counts no references: with reference
counting a lane's view of some forty arrays cost 5,152 ns a bar against 197 ns without (10 slots, Numba 0.68).
`entry` marks the few functions that Python calls. Only they have wrappers and only they are cached on disk.

Numba does not notice that a function called from another file has changed and would serve stale money formulas,
so the cache folder carries a digest of all kernel sources, Numba's version and the CPU.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import llvmlite.binding
import numba
import numpy as np
from numba.core import config as numba_config

from polyfolio.kernels import linking

F = TypeVar("F", bound=Callable[..., Any])

KEEP_DAYS = 30
_SOURCES = Path(__file__).resolve().parent
# Files of core that no compiled code depends on: a changed word is no changed formula.
_WORDS = ("words.py", "story.py", "timeline.py", "journal.py")
_COMMON = {"nogil": True, "error_model": "numpy", "fastmath": False, "_nrt": False, "no_cfunc_wrapper": True}


def source_digest() -> str:
    """Digest of every kernel source and of the shapes they are compiled for (hex, 64 characters)."""
    digest = hashlib.sha256()
    for folder in (_SOURCES, _SOURCES.parent / "core"):
        for path in sorted(folder.rglob("*.py")):
            if path.name in _WORDS:
                continue
            digest.update(path.relative_to(_SOURCES.parent).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def machine_digest() -> str:
    """Digest of kernel sources, Numba, NumPy, Python and the CPU: what compiled code depends on."""
    parts = (
        source_digest(),
        numba.__version__,
        np.__version__,
        sys.version,
        llvmlite.binding.get_host_cpu_name(),
        str(llvmlite.binding.get_host_cpu_features().flatten()),
    )
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def _cache_roots() -> list[Path]:
    chosen = os.environ.get("NUMBA_CACHE_DIR") or numba_config.CACHE_DIR
    roots = [Path(chosen)] if chosen else []
    if os.environ.get("XDG_CACHE_HOME"):
        roots.append(Path(os.environ["XDG_CACHE_HOME"]))
    home = os.environ.get("HOME") or os.environ.get("USERPROFILE")
    if home:
        roots.append(Path(home) / ".cache")
    return [*roots, Path(tempfile.gettempdir())]


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            return True
    except OSError:
        return False


def _sweep(parent: Path, keep: str) -> None:
    """Remove the folders of kernels nobody has compiled for a month."""
    oldest = time.time() - KEEP_DAYS * 86_400
    for folder in parent.iterdir():
        if folder.name != keep and folder.is_dir() and folder.stat().st_mtime < oldest:
            shutil.rmtree(folder, ignore_errors=True)


def choose_cache() -> Path:
    """Point Numba at `<cache>/polyfolio/numba/<digest>` in the first writable place and return it."""
    digest = machine_digest()[:32]
    for root in _cache_roots():
        # A folder chosen earlier in this process already ends in our digest.
        parent = root.parent if root.name == digest else root / "polyfolio" / "numba"
        if _writable(parent / digest):
            _sweep(parent, digest)
            numba_config.CACHE_DIR = str(parent / digest)
            return parent / digest
    raise OSError("no writable cache folder: set XDG_CACHE_HOME to a folder you may write to")


CACHE = choose_cache()


def _one_form(dispatcher: Any) -> Any:
    """Compile a kernel once for all values of a constant argument: Numba would once for each.

    `note` is called with thirty combinations of codes. LLVM folds the constants when it inlines. The answer for a
    tuple of types is kept, since the compiler asks for each of some thousand calls.
    """
    if numba_config.DISABLE_JIT:
        return dispatcher
    plain = dispatcher.get_call_template
    known: dict[Any, Any] = {}

    def of_types(args: Any, kws: Any) -> Any:
        form = tuple(numba.types.unliteral(a) for a in args)
        if kws:
            return plain(form, {name: numba.types.unliteral(a) for name, a in kws.items()})
        if form not in known:
            known[form] = plain(form, {})
        return known[form]

    dispatcher.get_call_template = of_types
    return dispatcher


def kernel(function: F) -> F:
    """A formula for one lane at one bar, called by other kernels only."""
    linking.KERNELS.add(function.__qualname__)
    form: F = _one_form(numba.njit(forceinline=True, no_cpython_wrapper=True, **_COMMON)(function))
    return form


def loop(function: F) -> F:
    """A kernel that runs over arrays which never overlap, so that LLVM may take several elements at once.

    Who calls it must give each array it writes once.
    """
    linking.SEPARATE.add(f"{function.__module__}.{function.__qualname__}")
    return kernel(function)


def routine(function: F) -> F:
    """A kernel that is called, not inlined: large code, or code off the common path.

    Its arguments are addresses (`pointers`), so that a call is cheap. With a forced copy of everything at each of its
    sites the walk took 390 s to compile.
    """
    linking.KERNELS.add(function.__qualname__)
    linking.ROUTINES.add(f"{function.__module__}.{function.__qualname__}")
    # Numba hands an unset option down from the caller, so "not forced" has to be said.
    form: F = _one_form(numba.njit(forceinline=False, no_cpython_wrapper=True, **_COMMON)(function))
    return form


def entry(function: F) -> F:
    """A compiled function that Python calls; cached on disk."""
    return numba.njit(cache=True, **_COMMON)(function)


def callable_kernel(function: F) -> F:
    """The compiled form of a kernel with a Python wrapper, for tests and notebooks."""
    return numba.njit(**_COMMON)(getattr(function, "py_func", function))
