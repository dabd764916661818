"""Importing is light and leaves everything as it was; the command line answers at once."""

from __future__ import annotations

import json
import sys
import time
from pathlib import Path

import pytest

from tests.house.sources import run_python

IMPORT_SECONDS = 0.2
HELP_SECONDS = 0.4
# Seconds `calibration` takes on the machine the limits were set for (2 cores, x86-64). A slower machine gets
# its limits scaled; a faster one keeps them.
REFERENCE = 0.021

LOADED = """
import sys
before = set(sys.modules)
import polyfolio
import json
print(json.dumps(sorted({name.split(".")[0] for name in set(sys.modules) - before})))
"""

STATE = """
import json, logging, os, random, sys, warnings
import numpy, numba, scipy.stats, pandas, pyarrow.parquet, pydantic, yaml

def state():
    ours = [name for name in sorted(logging.root.manager.loggerDict) if name.startswith("polyfolio")]
    loggers = [logging.root, *map(logging.getLogger, ours)]
    return {
        "warnings": [repr(item) for item in warnings.filters],
        "logging": [(logger.name, logger.level, len(logger.handlers)) for logger in loggers],
        "disabled": logging.root.manager.disable,
        "random": repr(random.getstate()),
        "numpy random": repr(numpy.random.get_state()),
        "numpy errors": numpy.geterr(),
        "environment": dict(os.environ),
    }

before = state()
import polyfolio
for name in polyfolio.__all__ if sys.argv[1] == "names" else ():
    getattr(polyfolio, name)
after = state()
after["logging"] = [entry for entry in after["logging"] if entry[0] == "root" or entry[2]]
print(json.dumps([key for key in before if before[key] != after[key]]))
"""


def calibration() -> float:
    """Seconds of a fixed piece of interpreted work, best of five."""

    def once() -> float:
        start = time.perf_counter()
        total = 0
        for number in range(1_000_000):
            total += number
        return time.perf_counter() - start

    return min(once() for _ in range(5))


def best_of_five(*arguments: str) -> float:
    """Wall seconds of the fastest of five processes."""

    def once() -> float:
        start = time.perf_counter()
        done = run_python(*arguments)
        assert done.returncode == 0, done.stderr
        return time.perf_counter() - start

    return min(once() for _ in range(5))


def scaled(limit: float) -> float:
    """A limit in seconds for this machine."""
    return limit * max(1.0, calibration() / REFERENCE)


@pytest.mark.pitfall("SPD-03")
def test_import_reads_only_the_standard_library_and_numpy() -> None:
    done = run_python("-c", LOADED)
    assert done.returncode == 0, done.stderr
    foreign = set(json.loads(done.stdout)) - set(sys.stdlib_module_names) - {"polyfolio", "numpy"}
    assert not foreign, f"`import polyfolio` also imports {sorted(foreign)}"


@pytest.mark.pitfall("SPD-03")
def test_import_is_fast() -> None:
    assert best_of_five("-c", "import polyfolio") < scaled(IMPORT_SECONDS)


@pytest.mark.pitfall("SPD-03")
def test_help_is_fast() -> None:
    assert best_of_five("-m", "polyfolio", "--help") < scaled(HELP_SECONDS)


@pytest.mark.pitfall("REP-02")
@pytest.mark.parametrize("what", ["package", "names"])
def test_import_leaves_warnings_logging_random_numbers_and_environment_alone(what: str, tmp_path: Path) -> None:
    done = run_python("-c", STATE, what, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [], "changed by the import"
