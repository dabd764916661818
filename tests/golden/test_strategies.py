"""Recorded runs of every registered strategy give today what they gave when they were recorded."""

from __future__ import annotations

import functools
import json

import pytest

from polyfolio.engine.engine import Engine
from tests.golden.record import platform_tag, recorded
from tests.golden.record_strategies import CASES, PATH, run
from tests.golden.test_golden import differing

STORED = json.loads(PATH.read_text(encoding="utf-8"))
SAME_PLATFORM = STORED["platform"] == platform_tag()
DIGESTS = ("book", "journal", "reasons")


@functools.cache
def engine_of(case: str) -> Engine:
    return run(case)


def test_every_strategy_is_recorded() -> None:
    assert set(STORED["cases"]) == set(CASES), "run `python -m tests.golden.record_strategies`"


@pytest.mark.parametrize("case", CASES)
def test_statistics_are_those_recorded(case: str) -> None:
    found = differing(recorded(engine_of(case))["lanes"], STORED["cases"][case]["lanes"])
    assert not found, "\n".join(found)


@pytest.mark.parametrize("case", CASES)
def test_digests_are_those_recorded(case: str) -> None:
    if not SAME_PLATFORM:
        pytest.skip(f"recorded on {STORED['platform']}; statistics are compared everywhere")
    now, then = recorded(engine_of(case)), STORED["cases"][case]
    assert {key: now[key] for key in DIGESTS} == {key: then[key] for key in DIGESTS}


# The same rule from two sides: a portfolio brought back to equal weights.
SAME = {"equal_weight", "ucrp"}


def test_every_strategy_trades_and_no_two_make_the_same_book() -> None:
    books: dict[tuple[str, str], set[str]] = {}
    for case, numbers in STORED["cases"].items():
        (lane,) = numbers["lanes"].values()
        assert lane["fills"] >= 2, case
        name, tape = case.split(" on ")
        books.setdefault((tape, numbers["lanes"][name]["equity"]), set()).add(name)
    twins = [names for names in books.values() if len(names) > 1 and names != SAME]
    assert not twins, twins
