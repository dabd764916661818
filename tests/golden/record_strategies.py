"""Recorded runs of every registered strategy: `python -m tests.golden.record_strategies` writes strategies.json.

Each runs with its first small arguments on two tapes: hourly bars, and daily bars with every kind of event.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from polyfolio.core.tape import Tape
from polyfolio.engine.engine import Engine
from polyfolio.market.demo import demo_tape
from polyfolio.rules.built_in import BUILT_IN
from polyfolio.rules.plan import compile_spec
from polyfolio.rules.spec import Spec
from polyfolio.strategies.run import signals_for
from tests.golden.record import COSTS, platform_tag, recorded, synthetic
from tests.strategies.small import ELSEWHERE, SMALL

PATH = Path(__file__).with_name("strategies.json")
RISK = {"min_history": 15, "covariance": {"window": 20}}
NAMES = [name for name in BUILT_IN["strategy"] if name not in ELSEWHERE]
CASES = [f"{name} on {tape} bars" for name in NAMES for tape in ("hourly", "daily")]


def hourly() -> Tape:
    """A month and a half of the bundled tape, with the listing of a coin in it."""
    return demo_tape(start="2024-03-01", end="2024-04-14")


def spec_of(name: str) -> Spec:
    """A lane of one strategy, with costs and shorts allowed."""
    arguments: dict[str, Any] = SMALL.get(name, [{}])[-1]
    lane = {
        "name": name,
        "strategy": {"name": name, "params": arguments},
        "sizing": {"allow_short": True},
        "execution": COSTS,
        "risk": RISK,
    }
    return Spec(name=name, journal="full", checked=True, lanes=[lane])


def run(case: str) -> Engine:
    """One case, checked."""
    name, _, tape_name = case.removesuffix(" bars").partition(" on ")
    tape = hourly() if tape_name == "hourly" else synthetic()
    plan = compile_spec(spec_of(name), tape.universe)
    return Engine(plan, tape, signals_for(plan, tape)).run()


def main() -> None:
    """Run every case and write the file."""
    cases = {case: recorded(run(case)) for case in CASES}
    PATH.write_text(json.dumps({"platform": platform_tag(), "cases": cases}, indent=1, sort_keys=True) + "\n")
    for case, numbers in cases.items():
        (lane,) = numbers["lanes"].values()
        sys.stdout.write(f"{case}: equity {lane['equity']:,.2f}, {lane['fills']:.0f} fills\n")


if __name__ == "__main__":
    main()
