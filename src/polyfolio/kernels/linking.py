"""How Numba links kernels: a formula that only other kernels call is handed on as it is, not optimised by itself.

Numba optimises every function with everything it calls, and turns each into machine code, although only the entries
are ever run. Kernels are nested ten deep, so the same formula went through LLVM ten times: the walk took 390 s to
compile. Here libraries of kernels skip both steps and are optimised once, inside the entry that runs them.

`routine`s are also kept from being inlined; LLVM would otherwise copy large code off the common path to each caller.
Both act on private parts of Numba, which is why its version is pinned; `tests/kernels/test_compile.py` proves that
they still act. Where Numba has changed, kernels compile as Numba does by itself: slower, with the same results.
"""

from __future__ import annotations

import weakref
from typing import Any

from numba.core import codegen, cpu

KERNELS: set[str] = set()
ROUTINES: set[str] = set()
SEPARATE: set[str] = set()
_OURS = "polyfolio"
_WRAPPER = "_ZN7cpython"


def _is_kernel(library: Any) -> bool:
    """A library of ours that Python cannot call: registered as a kernel and without a wrapper."""
    if library.name not in KERNELS:
        return False
    names = [function.name for function in library._final_module.functions if not function.is_declaration]
    return any(_OURS in name for name in names) and not any(name.startswith(_WRAPPER) for name in names)


def _with_what_they_call(libraries: Any) -> list[Any]:
    """Libraries and, where they are kernels, all that these call, each once and in a fixed order."""
    found: dict[Any, None] = {}
    waiting = list(libraries)
    while waiting:
        library = waiting.pop()
        if library not in found:
            found[library] = None
            if library.name in KERNELS:
                waiting.extend(library._linking_libraries)
    return list(found)


def _finalize(self: Any) -> None:
    if not _is_kernel(self):
        for library in _with_what_they_call(self._linking_libraries):
            self.add_linking_library(library)
        _plain_finalize(self)
        return
    # What a kernel calls is linked where it is run, once: here it would be copied at every level of nesting.
    self._raise_if_finalized()
    self._finalize_dynamic_globals()
    self._final_module.__library = weakref.proxy(self)
    self._finalized = True


def _get_executable(self: Any, library: Any, fndesc: Any, env: Any) -> Any:
    """What Python gets when it calls a kernel by mistake: a function that refuses every argument.

    Numba takes built-in functions only and finds a kernel's code by the identity of this one, so each has its own.
    """
    if _is_kernel(library):
        refusal: dict[Any, Any] = {}
        return refusal.__getitem__
    return _plain_executable(self, library, fndesc, env)


def _declare_function(self: Any, module: Any, fndesc: Any) -> Any:
    name = f"{fndesc.modname}.{fndesc.qualname}"
    if name in SEPARATE:
        fndesc.noalias = True
    function = _plain_declare(self, module, fndesc)
    if name in ROUTINES:
        function.attributes.add("noinline")
    return function


_plain_finalize = codegen.CPUCodeLibrary.finalize
_plain_executable = cpu.CPUContext.get_executable
_plain_declare = cpu.CPUContext.declare_function
codegen.CPUCodeLibrary.finalize = _finalize
cpu.CPUContext.get_executable = _get_executable
cpu.CPUContext.declare_function = _declare_function
