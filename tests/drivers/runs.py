"""One tape and one spec for every door: lanes that differ in sizing, limits, costs, orders and exits, and a group.

Run as a program it walks the spec and prints the digests of book and journal, for a process with other settings.
"""

from __future__ import annotations

import dataclasses
import sys
from typing import Any

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.engine.engine import Engine
from polyfolio.rules.plan import Plan, compile_spec
from polyfolio.rules.spec import Spec
from tests.laws.tapes import Shape, make_tape

SHAPE = Shape(
    seed=5,
    rows=300,
    slots=5,
    per_day=4,
    volatility=0.01,
    missing=0.05,
    late=True,
    dividends=True,
    splits=True,
    spread=True,
    borrow=True,
    funding=True,
    thin=True,
    lots=True,
    foreign=True,
    jumps=0.005,
)
RISK = {"min_history": 10, "var_window": 40, "covariance": {"window": 30}}
COSTS: dict[str, Any] = {
    "commission": {"model": "percentage", "percentage_fee": 0.001, "min_fee": 0.5},
    "slippage": {"model": "linear", "base_slippage": 0.0002, "volume_impact": 1e-8},
    "market_impact": {
        "model": "square_root",
        "permanent_impact": 0.1,
        "temporary_impact": 0.05,
        "propagate": True,
        "impact_decay": 0.8,
    },
}
LANES: tuple[dict[str, Any], ...] = (
    {"name": "equal", "sizing": {"method": "equal_weight"}, "execution": COSTS, "rebalance": {"every": "1d"}},
    {
        "name": "parity",
        "sizing": {"method": "risk_parity"},
        "risk": RISK,
        "execution": {"commission": COSTS["commission"]},
    },
    {
        "name": "full",
        "sizing": {"method": "signal_strength", "allow_short": True},
        "limits": {
            "max_position": 0.3,
            "max_gross": 0.9,
            "max_long_positions": 3,
            "labels": [{"by": "sector", "cap": 0.5}],
        },
        "risk": {**RISK, "max_volatility": 0.2, "max_var": 0.01, "max_drawdown": 0.2},
        "correlation": {"limit": 0.3},
        "feedback": {"iterations": 3},
        "exits": {"stop_loss": 0.03, "take_profit": 0.05, "trailing_stop": 0.04},
        "execution": COSTS,
    },
    {
        "name": "limit",
        "sizing": {"method": "weights", "allow_short": True},
        "limits": {"max_leverage": 2.0},
        "execution": {**COSTS, "order_type": "limit", "time_in_force": "gtc", "price_threshold": 0.002},
    },
    {
        "name": "close",
        "sizing": {"method": "inverse_volatility"},
        "risk": {**RISK, "max_es": 0.01, "projection": "qp"},
        "execution": {"fill": "next_close", "sizing": "fill", "sell_out": True},
    },
    {
        "name": "same",
        "sizing": {"method": "volatility_target", "target_volatility": 0.1},
        "risk": RISK,
        "execution": {"fill": "same_close"},
        "rebalance": {"threshold": 0.02},
    },
    {
        "name": "kelly",
        "sizing": {"method": "kelly", "kelly_window": 20, "allow_short": True},
        "risk": {**RISK, "covariance": {"method": "ewma", "window": 30}, "max_volatility": 0.3},
    },
    {
        "name": "least",
        "sizing": {"method": "min_variance"},
        "risk": {**RISK, "covariance": {"method": "ledoit_wolf", "window": 30}},
        "correlation": {"limit": 0.5, "rule": "drop"},
    },
)
GROUP = {"name": "account", "lanes": ["full", "limit"], "max_gross": 1.2, "max_position": 0.4, "netting": True}


def spec_of(
    lanes: tuple[dict[str, Any], ...] = LANES, groups: tuple[dict[str, Any], ...] = (GROUP,), **keys: Any
) -> Spec:
    """The spec of these lanes."""
    return Spec(
        **{
            "name": "doors",
            "journal": "full",
            "checked": True,
            "observation": "bar",
            "lanes": list(lanes),
            "groups": list(groups),
            **keys,
        }
    )


def signals_of(plan: Plan, rows: int) -> np.ndarray:
    """Signals that turn and fall silent; a source's signals depend on the first word of its name alone."""
    out = np.empty((len(plan.sources), rows, plan.slot_of.size))
    for number, source in enumerate(plan.sources):
        rng = np.random.default_rng([3, *source.name.split()[0].encode()])
        out[number] = np.clip(np.round(np.cumsum(0.3 * rng.standard_normal(out.shape[1:]), axis=0), 1), -1.0, 1.0)
        out[number][rng.random(out.shape[1:]) < 0.02] = np.nan
    return out


def engine_of(spec: Spec | None = None, tape: Tape | None = None, **options: Any) -> Engine:
    """An engine before its first row."""
    tape = make_tape(SHAPE) if tape is None else tape
    plan = compile_spec(spec_of() if spec is None else spec, tape.universe)
    return Engine(plan, tape, signals_of(plan, tape.rows), **options)


def digests(engine: Engine) -> tuple[str, str]:
    """Of book and journal."""
    return engine.book.digest(), engine.journal.digest()


def of_lane(engine: Engine, name: str) -> tuple[bytes, bytes]:
    """Book and journal of one lane, whatever its number."""
    return engine.book.lane_bytes(engine.plan.lane(name)), engine.journal.lane(name).to_bytes()


def main() -> None:
    """Print the digests of a run over so many rows."""
    shape = dataclasses.replace(SHAPE, rows=int(sys.argv[1]))
    sys.stdout.write("\n".join(digests(engine_of(tape=make_tape(shape)).run())) + "\n")


if __name__ == "__main__":
    main()
