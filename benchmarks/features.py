"""How fast features are, beside a pandas pipeline and TA-Lib called for each ticker and indicator.

    python benchmarks/features.py [--quick] [--only SIZE] [--json FILE]

Sixty indicators (`polyfolio.features.sets.sixty`) on 150 daily and on 60 five-minute tickers, each contestant in a
process of its own: best wall time of several repetitions, peak memory of the process, memory of the result. `without
cycles` leaves out the seven Hilbert transforms, on which TA-Lib spends most of its time. Then the update of the streams
by one row of 100 tickers.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from features_pandas import groupby_pipeline
from features_talib import called_one_by_one

from polyfolio.core.tape import Tape
from polyfolio.features.base import Feature
from polyfolio.features.compute import compute
from polyfolio.features.sets import sixty, wealth200
from polyfolio.features.stream import Streams, bar_of
from polyfolio.market.frame import tape_from_arrays

SIZES = {"150 x 2,400 days": (2400, 150, "1d"), "60 x 9,400 bars of five minutes": (9400, 60, "5min")}
CYCLES = {"mama", "ht_dcperiod", "ht_phasor", "ht_trendline", "ht_dcphase", "ht_sine", "ht_trendmode"}
THREADS = 2
REPEATS = {"polyfolio": 8, "talib": 5, "pandas": 2}


def market(rows: int, slots: int, interval: str, seed: int = 1) -> Tape:
    """A tape of geometric random walks."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0, 0.01, (rows, slots)), axis=0))
    opening = close * np.exp(rng.normal(0.0, 0.003, close.shape))
    fields = {
        "open": opening,
        "high": np.maximum(opening, close) * (1.0 + np.abs(rng.normal(0.0, 0.003, close.shape))),
        "low": np.minimum(opening, close) * (1.0 - np.abs(rng.normal(0.0, 0.003, close.shape))),
        "close": close,
        "volume": rng.uniform(1e5, 1e6, close.shape),
    }
    step = 86_400_000_000_000 if interval == "1d" else 300_000_000_000
    times = 1_641_600_000_000_000_000 + np.arange(rows) * step
    return tape_from_arrays(times, [f"S{i:03d}" for i in range(slots)], fields, interval=interval, stamps="close")


def chosen(cycles: bool) -> tuple[Feature, ...]:
    return tuple(feature for feature in sixty() if cycles or feature.name not in CYCLES)


def contestant(name: str, features: tuple[Feature, ...], tape: Tape) -> Callable[[], Any]:
    """What is timed. Ours begins from a tape it has never seen."""
    if name == "polyfolio":
        fresh = dataclasses.replace(tape)
        return lambda: compute(features, fresh, threads=THREADS).bytes
    if name == "talib":
        return lambda: called_one_by_one(features, tape)
    return lambda: groupby_pipeline(features, tape)


def child(name: str, size: str, cycles: bool, repeats: int) -> dict[str, Any]:
    """One contestant in this process."""
    features, tape = chosen(cycles), market(*SIZES[size])
    times, size_of_result = [], 0
    for _ in range(repeats):
        work = contestant(name, features, tape)
        start = time.perf_counter()
        size_of_result = work()
        times.append(time.perf_counter() - start)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": min(times), "peak_mb": peak, "result_mb": size_of_result / 1e6, "indicators": len(features)}


def streams() -> list[dict[str, Any]]:
    """One row of 100 tickers through the streams of each set."""
    tape = market(700, 100, "1d")
    half = dataclasses.replace(
        tape,
        **{name: getattr(tape, name)[:600] for name in ("times", "open", "high", "low", "close", "volume", "tradable")},
        calendar=dataclasses.replace(tape.calendar, day=tape.calendar.day[:600]),
    )
    found = []
    for name, features in (("sixty", sixty()), ("wealth200", wealth200())):
        together = Streams(features, half)
        times = []
        for row in range(600, 700):
            bar = bar_of(tape, row, together.inputs)
            start = time.perf_counter()
            together.update(bar)
            times.append(time.perf_counter() - start)
        found.append(
            {
                "what": f"stream of {name}, 100 tickers",
                "best_ms": min(times) * 1e3,
                "median_ms": float(np.median(times)) * 1e3,
                "columns": len(together.columns),
            }
        )
    return found


def measured(name: str, size: str, cycles: bool, quick: bool) -> dict[str, Any]:
    repeats = REPEATS[name] if not quick else 1 if name == "pandas" else 3
    arguments = ["--child", name, size, "1" if cycles else "0", str(repeats)]
    done = subprocess.run([sys.executable, __file__, *arguments], capture_output=True, text=True, check=True)
    return {"contestant": name, "size": size, "cycles": cycles, **json.loads(done.stdout)}


def compare(quick: bool, only: str) -> list[dict[str, Any]]:
    rows = []
    for size in (size for size in SIZES if only in size):
        for cycles in (True, False):
            group = [measured(name, size, cycles, quick) for name in ("polyfolio", "talib", "pandas")]
            ours = group[0]["seconds"]
            kind = "" if cycles else ", without cycles"
            print(f"\n{group[0]['indicators']} indicators, {size}{kind}")
            for row in group:
                row["times_ours"] = row["seconds"] / ours
                print(
                    f"  {row['contestant']:<12}{row['seconds'] * 1e3:9.1f} ms {row['times_ours']:6.1f} x ours"
                    f"   peak {row['peak_mb']:6.0f} MB   result {row['result_mb']:5.0f} MB",
                    flush=True,
                )
            rows += group
    return rows


def main() -> None:
    """Measure, print, save."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer repetitions")
    parser.add_argument("--only", default="", help="sizes whose name holds this word: days, minutes")
    parser.add_argument("--json", type=Path, help="write the figures here")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        name, size, cycles, repeats = arguments.child
        print(json.dumps(child(name, size, cycles == "1", int(repeats))))
        return
    rows = compare(arguments.quick, arguments.only)
    print()
    for row in streams():
        print(
            f"{row['what']:<36}{row['best_ms']:6.2f} ms best, {row['median_ms']:6.2f} ms median,"
            f" {row['columns']} columns"
        )
        rows.append(row)
    if arguments.json:
        arguments.json.write_text(json.dumps(rows, indent=1), encoding="utf-8")


if __name__ == "__main__":
    main()
