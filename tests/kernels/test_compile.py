"""What the compilation of kernels relies on still holds: hooks into parts of Numba, options, the cache folder."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba.core import types

from polyfolio.kernels import compile as house
from polyfolio.kernels.compile import callable_kernel, entry, kernel, routine
from tests.house.sources import PACKAGE, ROOT, run_python

FLOATS = types.Array(types.float64, 1, "C")


@kernel
def polyfolio_inner(values: Any) -> float:
    """A kernel with an array argument, in a module of the tests: its name carries the package's."""
    total = 0.0
    for i in range(values.size):
        total += values[i] * values[i]
    return total


@kernel
def polyfolio_outer(values: Any) -> float:
    """A kernel that calls another one."""
    return polyfolio_inner(values) + polyfolio_inner(values[1:])


@routine
def polyfolio_called(values: Any) -> float:
    """A routine."""
    values[0] += 1.0
    return polyfolio_outer(values)


@entry
def polyfolio_entry(values: Any) -> float:
    """What Python calls."""
    return polyfolio_called(values) + polyfolio_called(values)


def library(function: Any) -> Any:
    """The code library of a function compiled for one array."""
    function.compile((FLOATS,))
    return function.overloads[(FLOATS,)].library


def test_an_entry_gives_what_its_kernels_say() -> None:
    assert polyfolio_entry(np.array([1.0, 2.0])) == (4.0 + 4.0) + 4.0 + (9.0 + 4.0) + 4.0


def has_machine_code(function: Any) -> bool:
    """Whether the code generator was given the function."""
    made = library(function)
    return made.codegen._engine.is_symbol_defined(function.overloads[(FLOATS,)].fndesc.llvm_func_name)


def test_a_kernel_has_no_machine_code_of_its_own() -> None:
    """Only the entry that runs a kernel is optimised and generated; a plain function of Numba's always is."""
    assert has_machine_code(callable_kernel(polyfolio_entry))
    assert has_machine_code(callable_kernel(polyfolio_inner))
    assert not has_machine_code(polyfolio_inner)


def test_a_routine_is_called_and_not_inlined() -> None:
    text = library(callable_kernel(polyfolio_entry)).get_llvm_str()  # an entry may come from the disk, without its text
    assert "polyfolio_called" in text
    assert [line for line in text.splitlines() if "call" in line and "polyfolio_called" in line]
    assert not [line for line in text.splitlines() if "call" in line and "polyfolio_outer" in line]


def test_nothing_counts_references() -> None:
    text = library(callable_kernel(polyfolio_entry)).get_llvm_str()  # an entry may come from the disk, without its text
    assert "NRT_incref" not in text
    assert "NRT_decref" not in text


def test_a_kernel_called_by_mistake_refuses() -> None:
    with pytest.raises((TypeError, KeyError)):
        polyfolio_inner(np.ones(2))


def test_a_kernel_can_be_called_with_a_wrapper() -> None:
    assert callable_kernel(polyfolio_outer)(np.array([1.0, 2.0])) == 9.0
    assert polyfolio_outer.py_func is not None


def test_fast_arithmetic_is_off() -> None:
    text = library(callable_kernel(polyfolio_entry)).get_llvm_str()  # an entry may come from the disk, without its text
    assert not [line for line in text.splitlines() if "fadd fast" in line or "fmul fast" in line or "reassoc" in line]


CACHE = (
    "from polyfolio.kernels import compile as house\nfrom numba.core import config\nprint(house.CACHE)\n"
    "assert str(house.CACHE) == config.CACHE_DIR"
)


def cache_of(code: str = CACHE, **environment: str) -> Path:
    """The cache folder that a fresh process chooses."""
    kept = {key: os.environ.get(key) for key in environment}
    os.environ.update(environment)
    try:
        done = run_python("-c", code)
    finally:
        for key, value in kept.items():
            if value is None:
                del os.environ[key]
            else:
                os.environ[key] = value
    assert done.returncode == 0, done.stderr[-2000:]
    return Path(done.stdout.strip())


def test_the_cache_folder_stands_below_the_one_the_user_chose(tmp_path: Path) -> None:
    assert cache_of(NUMBA_CACHE_DIR=str(tmp_path)).parent == tmp_path / "polyfolio" / "numba"


def test_numba_imported_first_still_lands_in_our_folder(tmp_path: Path) -> None:
    folder = cache_of("import numba\n" + CACHE, XDG_CACHE_HOME=str(tmp_path))
    assert folder.parent == tmp_path / "polyfolio" / "numba"


def test_an_unwritable_home_falls_through_to_the_temporary_folder(tmp_path: Path) -> None:
    closed = tmp_path / "file"
    closed.write_text("not a folder")
    spare = tmp_path / "spare"
    spare.mkdir()
    folder = cache_of(HOME=str(closed), XDG_CACHE_HOME=str(closed / "below"), TMPDIR=str(spare))
    assert folder.is_relative_to(spare)


@pytest.mark.pitfall("REP-03")
def test_a_changed_callee_changes_the_cache_folder(tmp_path: Path) -> None:
    """A copy of the package with one number in one called formula edited compiles into another folder."""
    copy = tmp_path / "copy" / "polyfolio"
    shutil.copytree(PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__", "data"))
    code = f"import sys; sys.path.insert(0, {str(copy.parent)!r})\n" + CACHE
    same = cache_of(code, XDG_CACHE_HOME=str(tmp_path))
    assert same == cache_of(XDG_CACHE_HOME=str(tmp_path))
    path = copy / "kernels" / "costs.py"
    text = path.read_text()
    path.write_text(text.replace("1.0 + side * rate", "1.0 + 2.0 * side * rate"))
    assert path.read_text() != text
    assert cache_of(code, XDG_CACHE_HOME=str(tmp_path)) != same


def test_old_folders_are_swept_and_others_kept(tmp_path: Path) -> None:
    for name, days in (("old", house.KEEP_DAYS + 1), ("young", 1), ("kept", house.KEEP_DAYS + 1)):
        (tmp_path / name).mkdir()
        stamp = (tmp_path / name).stat().st_mtime - days * 86_400
        os.utime(tmp_path / name, (stamp, stamp))
    house._sweep(tmp_path, "kept")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept", "young"]


@pytest.mark.pitfall("REP-02")
def test_an_import_changes_no_setting_of_the_process() -> None:
    code = (
        "import warnings, logging, random, numpy as np\n"
        "before = (list(warnings.filters), logging.root.level, list(logging.root.handlers), random.getstate(),"
        " np.random.get_state()[1].tolist(), np.geterr())\n"
        "import polyfolio.engine.engine, polyfolio.rules.spec, polyfolio.market.frame\n"
        "after = (list(warnings.filters), logging.root.level, list(logging.root.handlers), random.getstate(),"
        " np.random.get_state()[1].tolist(), np.geterr())\n"
        "assert before[1:] == after[1:], (before[1:3], after[1:3])\n"
        "ours = [f for f in after[0] if f not in before[0] and 'polyfolio' in str(f)]\n"
        "assert not ours, ours\nprint('same')"
    )
    done = run_python("-c", code, cwd=ROOT)
    assert done.stdout.strip() == "same", done.stderr[-2000:]
