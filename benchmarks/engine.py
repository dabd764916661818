"""How fast the engine is, beside the bare loop of the same arithmetic and, with --peers, other backtesters.

    python benchmarks/engine.py [--quick] [--json FILE] [--peers]

Prints lane-bars a second on one core for (a) mark + cost only and (b) the full program (sizing, caps, counts,
volatility and VaR limits, correlation damping, feedback, exits), with lanes that differ in signals and fees. Best of
several repetitions of CPU time of this thread; the journal level stands beside each figure. Then what the first
compilation and a start from the cache take, and how much memory a long run without a journal grows by.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from bare import bare_loop

from polyfolio.engine.engine import Engine
from polyfolio.market.frame import tape_from_arrays
from polyfolio.objects import MarketData, PortfolioManager, PositionSizer
from polyfolio.rules.plan import compile_spec
from polyfolio.rules.spec import Spec

REPEATS = 5
WARM_UP = 300  # rows before the full programs are timed: their windows are 252 rows long
FEE, SLIPPAGE = 0.001, 0.0001


def market(rows: int, slots: int, seed: int = 1) -> Any:
    """A tape of geometric random walks."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, (rows, slots)), axis=0))
    opening = np.vstack([close[:1], close[:-1]]) * np.exp(rng.normal(0.0, 0.002, (rows, slots)))
    times = (np.arange(rows) + 19_000) * 86_400_000_000_000
    fields = {
        "open": opening,
        "high": np.maximum(opening, close) * 1.003,
        "low": np.minimum(opening, close) * 0.997,
        "close": close,
        "volume": rng.uniform(1e5, 1e6, (rows, slots)),
    }
    return tape_from_arrays(times, [f"S{i:03d}" for i in range(slots)], fields, interval="1d", stamps="close")


def execution(lane: int) -> dict[str, Any]:
    """Costs that differ from lane to lane."""
    return {
        "commission": {"model": "percentage", "percentage_fee": FEE + 1e-7 * lane},
        "slippage": {"model": "percentage", "base_slippage": SLIPPAGE},
        "market_impact": {"participation_rate_limit": None},
    }


def lane_spec(number: int, sources: int, program: str) -> dict[str, Any]:
    """One lane of a kind of program."""
    lane: dict[str, Any] = {
        "name": f"lane{number}",
        "signal": f"s{number % sources}",
        "execution": execution(number),
        "sizing": {"method": "weights"},
    }
    if program == "cost":
        return lane
    lane["sizing"] = {"method": "signal_strength"}
    lane["limits"] = {"max_position": 0.3, "max_gross": 1.0, "max_long_positions": 8}
    method = "historical" if program == "historical" else "parametric"
    lane["risk"] = {"max_volatility": 0.5, "max_var": 0.02, "var_method": method, "max_drawdown": 0.5}
    lane["correlation"] = {"limit": 0.5}
    lane["feedback"] = {"iterations": 3}
    lane["exits"] = {"stop_loss": 0.1, "take_profit": 0.2}
    return lane


def signals(sources: int, rows: int, slots: int) -> Any:
    """Different weights in every source and row: equal ones would flatter the branch predictor."""
    return np.random.default_rng(2).dirichlet(np.ones(slots), (sources, rows)) * 0.98


def best_of(action: Any, repeats: int = REPEATS) -> float:
    """CPU seconds of this thread, the best of REPEATS."""
    times = []
    for _ in range(repeats):
        run = action()
        begun = time.thread_time()
        run()
        times.append(time.thread_time() - begun)
    return min(times)


def engine_speed(slots: int, lanes: int, rows: int, program: str, journal: str = "off") -> dict[str, Any]:
    """Lane-bars a second of the engine."""
    rows += WARM_UP if program != "cost" else 0
    tape, sources = market(rows, slots), min(lanes, 64)
    spec = Spec(
        name="benchmark",
        journal=journal,
        observation="bar",
        lanes=[lane_spec(number, sources, program) for number in range(lanes)],
    )
    plan = compile_spec(spec, tape.universe)
    given = signals(sources, rows, slots)
    # The first rows have no history for limits: they are walked before the clock starts.
    begun = WARM_UP if program != "cost" else 0
    seconds = best_of(lambda: Engine(plan, tape, given).run(begun).run, 2 if slots >= 100 else REPEATS)
    rows -= begun
    return {
        "what": program,
        "slots": slots,
        "lanes": lanes,
        "rows": rows,
        "journal": journal,
        "lane_bars_per_second": lanes * rows / seconds,
        "ns_per_lane_bar": 1e9 * seconds / (lanes * rows),
    }


def bare_speed(slots: int, lanes: int, rows: int) -> dict[str, Any]:
    """The same arithmetic as program `cost`, written by hand in one loop."""
    tape, sources = market(rows, slots), min(lanes, 64)
    given = signals(sources, rows, slots)
    fees = FEE + 1e-7 * np.arange(lanes)
    arguments = (np.array(tape.open), np.array(tape.close), given, fees, SLIPPAGE)
    bare_loop(*arguments)
    seconds = best_of(lambda: lambda: bare_loop(*arguments))
    return {
        "what": "bare loop",
        "slots": slots,
        "lanes": lanes,
        "rows": rows,
        "journal": "none",
        "lane_bars_per_second": lanes * rows / seconds,
        "ns_per_lane_bar": 1e9 * seconds / (lanes * rows),
    }


def rebalance_speed(rows: int) -> dict[str, Any]:
    """Daily 1/N rebalancing of 100 assets with a fee."""
    tape = market(rows, 100)
    lane = {
        "name": "equal",
        "sizing": {"method": "equal_weight", "gross_target": 0.99},
        "execution": {
            "fill": "next_open",
            "commission": {"model": "percentage", "percentage_fee": FEE},
            "market_impact": {"participation_rate_limit": None},
        },
    }
    plan = compile_spec(Spec(name="rebalance", journal="off", lanes=[lane]), tape.universe)
    given = np.ones((1, 1, 100))
    seconds = best_of(lambda: Engine(plan, tape, given).run)
    return {
        "what": "1/N of 100 assets",
        "slots": 100,
        "lanes": 1,
        "rows": rows,
        "journal": "off",
        "asset_bars_per_second": 100 * rows / seconds,
        "ns_per_lane_bar": 1e9 * seconds / rows,
    }


def sizer_speed() -> dict[str, Any]:
    """`PositionSizer.calculate_position_sizes` for 10 tickers."""
    tickers = [f"T{i}" for i in range(10)]
    data = {name: MarketData.at(100.0 + i, volatility=0.01 + 0.001 * i, volume=1e6) for i, name in enumerate(tickers)}
    asked = dict.fromkeys(tickers, 1.0)
    state = PortfolioManager({"initial_capital": 1_000_000.0}).get_portfolio_state()
    sizer = PositionSizer({"method": "equal_weight", "max_position_size": 0.2})
    sizer.calculate_position_sizes(asked, state, data)
    calls = 2_000
    seconds = best_of(lambda: lambda: [sizer.calculate_position_sizes(asked, state, data) for _ in range(calls)])
    return {"what": "PositionSizer, 10 tickers", "microseconds": 1e6 * seconds / calls}


def start_speed() -> list[dict[str, Any]]:
    """Wall seconds of `import polyfolio` and `polyfolio --help`, the best of REPEATS, a bare interpreter taken off."""

    def wall(*arguments: str) -> float:
        times = []
        for _ in range(REPEATS):
            begun = time.perf_counter()
            subprocess.run([sys.executable, *arguments], check=True, capture_output=True)
            times.append(time.perf_counter() - begun)
        return min(times)

    bare = wall("-c", "pass")
    return [
        {"what": "import polyfolio", "seconds": wall("-c", "import polyfolio") - bare},
        {"what": "polyfolio --help", "seconds": wall("-m", "polyfolio", "--help")},
    ]


LOAD = """
import time
from polyfolio.market.demo import demo_tape
from polyfolio.engine.engine import Engine
from polyfolio.rules.plan import compile_spec
from polyfolio.rules.spec import Spec
tape = demo_tape()
plan = compile_spec(Spec(name="load", lanes=[{"name": "a"}]), tape.universe)
engine = Engine(plan, tape, [[[1.0] * tape.slots]])
begun = time.process_time()
engine.run(2)
print(time.process_time() - begun)
"""


def compile_speed() -> list[dict[str, Any]]:
    """CPU seconds of `polyfolio warm` in an empty cache, and of a first run from a full one; start-up apart."""
    with tempfile.TemporaryDirectory() as folder:
        own = {**os.environ, "NUMBA_CACHE_DIR": folder, "XDG_CACHE_HOME": folder}

        def spent(*arguments: str) -> float:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            subprocess.run([sys.executable, *arguments], check=True, capture_output=True, env=own)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime

        first = spent("-m", "polyfolio", "warm")
        again = min(spent("-m", "polyfolio", "warm") for _ in range(REPEATS))
        loads = [
            float(
                subprocess.run([sys.executable, "-c", LOAD], check=True, capture_output=True, env=own, text=True).stdout
            )
            for _ in range(REPEATS)
        ]
    return [
        {"what": "first compilation (warm)", "seconds": first - again},
        {"what": "first run from the cache", "seconds": min(loads)},
    ]


def memory_growth(slots: int, lanes: int, rows: int) -> dict[str, Any]:
    """Megabytes a run without a journal adds to the process once it has begun."""
    tape, sources = market(rows, slots), min(lanes, 64)
    spec = Spec(name="memory", journal="off", lanes=[lane_spec(number, sources, "cost") for number in range(lanes)])
    engine = Engine(compile_spec(spec, tape.universe), tape, signals(sources, rows, slots))
    engine.run(rows // 10)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    engine.run()
    grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024.0
    return {"what": "memory grown over a run", "slots": slots, "lanes": lanes, "rows": rows, "megabytes": grown}


def line(row: dict[str, Any]) -> str:
    """One row as text."""
    if "megabytes" in row:
        return f"{row['what']:<26}{row['slots']:>4} slots {row['lanes']:>5} lanes{row['megabytes']:>24.1f} MB"
    where = (
        f"{row['slots']:>4} slots {row['lanes']:>5} lanes  journal {row['journal']:<7}" if "slots" in row else " " * 34
    )
    for key, unit in (("lane_bars_per_second", "M lane-bars/s"), ("asset_bars_per_second", "M asset-bars/s")):
        if key in row:
            return (
                f"{row['what']:<26}{where}{row[key] / 1e6:>9.2f} {unit}  {row['ns_per_lane_bar']:>9.0f} ns a lane-bar"
            )
    if "microseconds" in row:
        return f"{row['what']:<26}{where}{row['microseconds']:>9.2f} us"
    if "asset_bars_per_second" not in row and "peer" in row:
        return f"{row['peer']}: {row.get('error', '')}"
    return f"{row['what']:<26}{where}{row['seconds']:>9.3f} s"


def measure(quick: bool) -> list[dict[str, Any]]:
    """Every figure, printed as it comes."""
    rows = []

    def add(row: dict[str, Any]) -> None:
        rows.append(row)
        print(line(row), flush=True)

    bars = {1: 4_000, 10: 2_000, 30: 1_000, 100: 400, 500: 120}
    for slots in (1, 10, 30) if quick else (1, 10, 30, 100, 500):
        for lanes in (1, 64) if quick else (1, 64, 1_024):
            length = bars[slots] * (16 if lanes == 1 else 1) // (8 if lanes > 64 else 1)
            add(bare_speed(slots, lanes, length))
            add(engine_speed(slots, lanes, length, "cost"))
            add(engine_speed(slots, lanes, max(length // 8, 20), "parametric"))
            add(engine_speed(slots, lanes, max(length // 8, 20), "historical"))
    for journal in ("summary", "full"):
        add(engine_speed(10, 64, 2_000, "cost", journal))
        add(engine_speed(10, 64, 1_000, "parametric", journal))
    add(rebalance_speed(20_000))
    add(sizer_speed())
    for row in start_speed():
        add(row)
    add(memory_growth(10, 64, 2_000 if quick else 20_000))
    if not quick:
        for row in compile_speed():
            add(row)
    return rows


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer sizes")
    parser.add_argument("--peers", action="store_true", help="other backtesters on 1/N of 100 assets too")
    parser.add_argument("--json", type=Path, help="write the figures here")
    arguments = parser.parse_args()
    rows = measure(arguments.quick)
    if arguments.peers:
        import peers  # noqa: PLC0415  (other people's libraries, needed with --peers only)

        for row in peers.run_all():
            row["what"] = row["peer"]
            rows.append({**row, "slots": 100, "lanes": 1, "journal": "its own"} if "error" not in row else row)
            speed = f"{row['asset_bars_per_second'] / 1e6:.3f} M asset-bars/s" if "error" not in row else row["error"]
            print(f"{row['peer']:<26}{speed}", flush=True)
    if arguments.json:
        arguments.json.write_text(
            json.dumps(
                {
                    "machine": platform.processor() or platform.machine(),
                    "python": platform.python_version(),
                    "rows": rows,
                },
                indent=1,
            )
        )


if __name__ == "__main__":
    main()
