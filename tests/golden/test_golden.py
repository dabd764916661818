"""Recorded runs give today what they gave when they were recorded."""

from __future__ import annotations

import functools
import json
import math
from typing import Any

import pytest

from polyfolio.engine.engine import Engine
from tests.golden.record import CASES, PATH, platform_tag, recorded, run

STORED = json.loads(PATH.read_text(encoding="utf-8"))
SAME_PLATFORM = STORED["platform"] == platform_tag()


@functools.cache
def engine_of(name: str) -> Engine:
    return run(name)


def differing(now: dict[str, Any], then: dict[str, Any]) -> list[str]:
    """Numbers that differ by more than 1e-9 of themselves (or of the account, where they are near zero)."""
    found = []
    for lane, numbers in then.items():
        for key, value in numbers.items():
            mine = now[lane][key]
            both_undefined = math.isnan(value) and math.isnan(mine)
            small = 1e-9 * (abs(value) + (1.0 if key in ("sharpe", "volatility") or abs(value) < 1.0 else 1e3))
            if not both_undefined and not abs(mine - value) <= small:
                found.append(f"{lane} {key}: {mine!r}, recorded {value!r}")
    return found


def test_every_case_is_recorded() -> None:
    assert set(STORED["cases"]) == set(CASES), "run `python -m tests.golden.record`"


@pytest.mark.parametrize("name", CASES)
def test_statistics_are_those_recorded(name: str) -> None:
    now, then = recorded(engine_of(name))["lanes"], STORED["cases"][name]["lanes"]
    assert set(now) == set(then)
    assert not differing(now, then), "\n".join(differing(now, then))


@pytest.mark.parametrize("name", CASES)
def test_digests_are_those_recorded(name: str) -> None:
    if not SAME_PLATFORM:
        pytest.skip(f"recorded on {STORED['platform']}; statistics are compared everywhere")
    now, then = recorded(engine_of(name)), STORED["cases"][name]
    assert {key: now[key] for key in ("book", "journal", "reasons")} == {
        key: then[key] for key in ("book", "journal", "reasons")
    }


@pytest.mark.parametrize("name", CASES)
def test_the_recorded_lanes_trade(name: str) -> None:
    """A lane that never traded would record nothing worth keeping."""
    for lane, numbers in STORED["cases"][name]["lanes"].items():
        assert numbers["fills"] >= 1, lane
        assert numbers["equity"] > 0.0


def test_a_number_that_moved_is_found() -> None:
    name = next(iter(CASES))
    now = recorded(engine_of(name))["lanes"]
    lane = next(iter(now))
    moved = {**now, lane: {**now[lane], "total_commission": now[lane]["total_commission"] * (1.0 + 1e-6)}}
    assert differing(moved, now)
    assert not differing(now, now)
