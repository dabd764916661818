"""Recorded runs: `python -m tests.golden.record` runs every case again and writes recorded.json.

A case is a tape and a spec. Recorded are, for each lane, final money and statistics (compared everywhere, to 1e-9) and
the digests of book and journal (compared where the platform is the one they were recorded on: the C library's
logarithm may differ in the last bit elsewhere). A changed formula shows as the difference of this file.
"""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import llvmlite.binding
import numba
import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.engine.engine import Engine
from polyfolio.market.demo import demo_tape
from polyfolio.report.metrics import metrics_from_marks
from polyfolio.rules.plan import compile_spec
from polyfolio.rules.spec import Spec
from polyfolio.strategies.run import signals_for
from tests.laws.tapes import Shape, make_tape

PATH = Path(__file__).with_name("recorded.json")
MONEY = (
    "equity",
    "cash",
    "gross",
    "total_gain",
    "total_dividends",
    "total_interest",
    "total_commission",
    "total_slippage",
    "total_impact",
    "total_borrow",
    "total_funding",
    "total_turnover",
    "total_realised",
)
STATISTICS = ("total_return", "volatility", "sharpe", "max_drawdown", "turnover")
COSTS: dict[str, Any] = {
    "commission": {"model": "percentage", "percentage_fee": 0.001},
    "slippage": {"model": "percentage", "base_slippage": 0.0005},
    "market_impact": {"model": "square_root", "permanent_impact": 0.05, "temporary_impact": 0.05},
}
RISK = {"min_history": 30, "var_window": 60, "covariance": {"window": 60}}
SYNTHETIC = Shape(
    seed=17,
    rows=600,
    slots=6,
    volatility=0.015,
    missing=0.02,
    late=True,
    dividends=True,
    splits=True,
    spread=True,
    borrow=True,
    lots=True,
    foreign=True,
    jumps=0.004,
)
MOMENTUM = {"name": "momentum", "params": {"lookback": 48}}


def demo() -> Tape:
    """The first three months of the bundled tape."""
    return demo_tape(end="2024-03-31")


def synthetic() -> Tape:
    """Daily bars with every kind of event."""
    return make_tape(SYNTHETIC)


CASES: dict[str, tuple[Callable[[], Tape], dict[str, Any]]] = {
    "daily equal weight with costs": (
        demo,
        {
            "lanes": [
                {
                    "name": "equal",
                    "strategy": {"name": "equal_weight"},
                    "execution": COSTS,
                    "rebalance": {"every": "1d"},
                }
            ]
        },
    ),
    "risk parity": (
        demo,
        {
            "lanes": [
                {
                    "name": "parity",
                    "strategy": {"name": "equal_weight"},
                    "sizing": {"method": "risk_parity"},
                    "risk": RISK,
                    "execution": COSTS,
                    "rebalance": {"every": "1d"},
                }
            ]
        },
    ),
    "full risk program": (
        demo,
        {
            "observation": "bar",
            "lanes": [
                {
                    "name": "full",
                    "strategy": MOMENTUM,
                    "sizing": {"method": "signal_strength"},
                    "execution": COSTS,
                    "limits": {
                        "max_position": 0.3,
                        "max_gross": 0.9,
                        "max_long_positions": 4,
                        "min_cash_reserve": 0.05,
                    },
                    "risk": {**RISK, "max_volatility": 0.6, "max_var": 0.01, "max_drawdown": 0.3},
                    "correlation": {"limit": 0.6},
                    "feedback": {"iterations": 3},
                    "exits": {"stop_loss": 0.05, "take_profit": 0.1, "trailing_stop": 0.08},
                }
            ],
        },
    ),
    "shorts with borrow": (
        synthetic,
        {
            "observation": "bar",
            "lanes": [
                {
                    "name": "shorts",
                    "strategy": {"name": "momentum", "params": {"lookback": 20, "long_short": True}},
                    "sizing": {"method": "inverse_volatility", "allow_short": True},
                    "risk": RISK,
                    "execution": COSTS,
                    "account": {"interest_rate": 0.02, "loan_rate": 0.05, "borrow_rate": 0.01},
                    "limits": {"max_leverage": 2.0},
                }
            ],
        },
    ),
    "orders of every type": (
        synthetic,
        {
            "lanes": [
                {
                    "name": kind,
                    "strategy": {"name": "momentum", "params": {"lookback": 5}},
                    "sizing": {"method": "weights"},
                    "execution": {**COSTS, "order_type": kind, "time_in_force": life, "price_threshold": 0.003},
                    "exits": {"stop_loss": 0.04},
                }
                for kind, life in (("market", "day"), ("limit", "gtc"), ("stop", "day"), ("stop_limit", "ioc"))
            ]
        },
    ),
    "a group that nets its orders": (
        demo,
        {
            "lanes": [
                {
                    "name": "fast",
                    "strategy": {"name": "momentum", "params": {"lookback": 12}},
                    "execution": COSTS,
                    "sizing": {"method": "signal_strength"},
                },
                {
                    "name": "slow",
                    "strategy": {"name": "momentum", "params": {"lookback": 96}},
                    "execution": COSTS,
                    "sizing": {"method": "signal_strength"},
                },
                {"name": "apart", "strategy": {"name": "buy_and_hold"}, "execution": COSTS},
            ],
            "groups": [{"name": "account", "lanes": ["fast", "slow"], "max_gross": 0.8, "netting": True}],
        },
    ),
    "nearest feasible want": (
        synthetic,
        {
            "observation": "bar",
            "lanes": [
                {
                    "name": "nearest",
                    "strategy": {"name": "equal_weight"},
                    "sizing": {"method": "min_variance"},
                    "risk": {**RISK, "max_volatility": 0.08, "projection": "qp"},
                    "limits": {"max_position": 0.4, "labels": [{"by": "sector", "cap": 0.5}]},
                    "execution": COSTS,
                }
            ],
        },
    ),
}


def platform_tag() -> str:
    """What decides the last bit: system, processor, C library, Numba."""
    parts = (
        sys.platform,
        platform.machine(),
        llvmlite.binding.get_host_cpu_name(),
        *platform.libc_ver(),
        numba.__version__,
        np.__version__,
    )
    return " ".join(parts)


def run(name: str) -> Engine:
    """One case, checked."""
    tape_of, keys = CASES[name]
    tape = tape_of()
    plan = compile_spec(Spec(**{"name": name, "journal": "full", "checked": True, **keys}), tape.universe)
    return Engine(plan, tape, signals_for(plan, tape)).run()


def statistics(engine: Engine) -> dict[str, dict[str, float]]:
    """Money, counts and statistics of each lane; None where a statistic is undefined."""
    out = {}
    for lane, name in enumerate(engine.plan.names):
        account = engine.book.account[lane]
        numbers = {key: float(account[key]) for key in MONEY} | {"fills": float(account["fills"])}
        measured = metrics_from_marks(engine.journal.marks, engine.tape.times, lane=lane)
        numbers |= {key: float(measured[key]) for key in STATISTICS if key in measured}
        out[name] = numbers
    return out


def recorded(engine: Engine) -> dict[str, Any]:
    """What recorded.json holds of one case."""
    events = engine.journal.events
    kinds = np.bincount(events["reason"], minlength=1)
    reasons = hashlib.sha256(kinds.astype("<i8").tobytes()).hexdigest()[:16]
    return {
        "book": engine.book.digest(),
        "journal": engine.journal.digest(),
        "reasons": reasons,
        "lanes": statistics(engine),
    }


def main() -> None:
    """Run every case and write the file."""
    cases = {name: recorded(run(name)) for name in CASES}
    PATH.write_text(json.dumps({"platform": platform_tag(), "cases": cases}, indent=1, sort_keys=True) + "\n")
    for name, case in cases.items():
        final = {lane: round(numbers["equity"], 2) for lane, numbers in case["lanes"].items()}
        sys.stdout.write(f"{name}: {final}\n")


if __name__ == "__main__":
    main()
