"""How fast whole backtests are: portfolios, systems side by side, pages, the demo; with --peers, beside other people's.

    python benchmarks/backtest.py                           every figure of ours
    python benchmarks/backtest.py --peers                   and of the peers, who are installed the first time
    python benchmarks/backtest.py --peers --task portfolio --only vectorbt
    python benchmarks/backtest.py --peers --markdown        tables for docs/why/speed.md
    python benchmarks/backtest.py --quick                   small sizes, for a look at whether it runs

A task and its conventions are the same for everybody: `backtest_tasks.py`. A figure is the median by the clock of
several runs on one core, the least and the most beside it; compilation and the making of tapes, frames and feeds come
before the clock. A run of ours is one call of `polyfolio.backtest` with a configuration and a tape that nobody has used
before, its journal as the row says. `off` is the largest relative distance of final equity from plain loops; a row
whose distance passes the tolerance says that its work is another. A slow peer gets the beginning of the prices, and is
compared with a run of ours of as many bars, journal full.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import peers
import report
from backtest_tables import lines, markdown
from backtest_tasks import INVESTED, TASKS, TOLERANCE, UNITS, Task, difference, final_equities, prices
from peer_venv import add_options

from polyfolio.backtests.run import backtest
from polyfolio.core.tape import Tape
from polyfolio.market.frame import tape_from_arrays
from polyfolio.report.page.packing import library
from polyfolio.report.results import Results
from polyfolio.report.results_folder import PAGE, write_pages

REPEATS = 5
QUICK = {"bars": 200, "assets": 4, "pairs": 3}
DAY = 86_400_000_000_000
JOURNALS = ("full", "summary")
OTHERS = ("report", "demo")


# our side of the tasks


def tape_of(task: Task, opens: Any, closes: Any) -> Tape:
    """A tape nobody has used: what a run prepares of it is inside its time."""
    step, interval = (DAY, "1d") if task.weights else (DAY // 288, "5min")
    fields = {"open": opens, "high": np.maximum(opens, closes), "low": np.minimum(opens, closes), "close": closes}
    times = 946_684_800_000_000_000 + (1 + np.arange(len(closes))) * step
    fields["volume"] = np.full(closes.shape, 1e9)
    names = [f"S{slot:03d}" for slot in range(closes.shape[1])]
    return tape_from_arrays(times, names, fields, interval=interval, stamps="close")


def crossover(fast: int, slow: int, *, wait: bool) -> dict[str, Any]:
    return {"name": "ma_crossover", "params": {"fast": fast, "slow": slow, "wait": wait}}


def lanes_of(task: Task) -> list[dict[str, Any]]:
    """The lanes that do the task."""
    execution = {
        "fill": "next_open",
        "commission": {"model": "percentage", "percentage_fee": task.fee},
        "market_impact": {"participation_rate_limit": None},
    }
    common = {"account": {"initial_capital": task.cash}, "execution": execution}
    if not task.weights:
        sizing = {"method": "units", "per_signal": UNITS, "resize": False}
        return [
            {"name": f"system{number}", "strategy": crossover(*pair, wait=True), "sizing": sizing, **common}
            for number, pair in enumerate(task.pairs)
        ]
    if not task.pairs:
        sizing = {"method": "equal_weight", "gross_target": INVESTED}
        return [{"name": "equal", "strategy": {"name": "equal_weight"}, "sizing": sizing, **common}]
    members = {f"{fast}/{slow}": crossover(fast, slow, wait=False) for fast, slow in task.pairs}
    strategy = {"name": "portfolio", "params": {"members": members, "aggregator": {"name": "weighted_average"}}}
    sizing = {"method": "weights", "per_signal": INVESTED / task.assets}
    return [{"name": "portfolio", "strategy": strategy, "sizing": sizing, **common}]


def own_figure(task: Task, journal: str, repeats: int) -> dict[str, Any]:
    """Our time for a task, and how far off its result is."""
    opens, closes = prices(task)
    spec = {"name": task.name, "journal": journal, "observation": "bar", "lanes": lanes_of(task)}
    found: list[float] = []

    def ready() -> Callable[[], None]:
        tape = tape_of(task, opens, closes)

        def run() -> None:
            result = backtest(spec, tape)
            found[:] = [float(result.equity(lane)[-1]) for lane in result.lanes]

        return run

    row = timed(ready, repeats)
    return {
        "what": task.name,
        "peer": "polyfolio",
        "journal": journal,
        "bars": task.bars,
        "assets": task.assets,
        "systems": task.systems,
        "asset_bars_per_second": task.cells / row["seconds"],
        "difference": difference(found, final_equities(task, opens, closes)),
        **row,
    }


def timed(ready: Callable[[], Callable[[], Any]], repeats: int) -> dict[str, Any]:
    """Median and all times of a run that is made anew for each; one goes before that nobody times."""
    ready()()
    seconds = []
    for _ in range(repeats):
        run = ready()
        gc.collect()
        begun = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - begun)
    return {"seconds": statistics.median(seconds), "all_seconds": seconds}


def one_more(task: Task, repeats: int) -> dict[str, Any]:
    """What a further system adds to a run, beside what a run of its own takes."""
    alone = own_figure(task.smaller(pairs=1), JOURNALS[0], repeats)["seconds"]
    together = own_figure(task, JOURNALS[0], repeats)["seconds"]
    each = (together - alone) / (task.systems - 1)
    return {"what": "one more system", "systems": task.systems, "bars": task.bars, "seconds": each, "alone": alone}


# pages and the demo


def report_figure(days: int, tickers: int, repeats: int) -> dict[str, Any]:
    """Every page and file of a run, as `write_pages` leaves them in the run's folder."""
    result = report.finished(days, tickers)
    sizes: dict[str, int] = {}

    def ready() -> Callable[[], None]:
        # New results, for nothing that earlier pages computed shall be left; and the script is packed anew.
        fresh = Results(result.spec, result.plan, result.tape, result.journal, result.run_id, result.book)
        library.cache_clear()

        def run() -> None:
            with tempfile.TemporaryDirectory() as folder:
                files = write_pages(fresh, folder)
                sizes["page"] = max(file.stat().st_size for file in files if file.name == PAGE)
                sizes["bytes"] = sum(file.stat().st_size for file in files)

        return run

    return {"what": "report", "bars": days, "assets": tickers, **timed(ready, repeats), **sizes}


def demo_figure(repeats: int) -> dict[str, Any]:
    """`polyfolio demo` in a process of its own: two portfolios, their benchmark and their pages."""

    def ready() -> Callable[[], None]:
        return demo

    def demo() -> None:
        with tempfile.TemporaryDirectory() as folder:
            command = [sys.executable, "-m", "polyfolio", "demo"]
            subprocess.run(command, check=True, capture_output=True, cwd=folder, env=os.environ)

    return {"what": "demo", **timed(ready, repeats)}


# everything


def task_rows(task: Task, options: argparse.Namespace, say: Callable[[dict[str, Any]], None]) -> None:
    """Our figures of a task, and the peers', each with ours of as many bars."""
    ours = {}
    for journal in JOURNALS:
        row = own_figure(task, journal, options.repeats)
        ours[task.bars, journal] = row
        say(row)
    if not options.peers:
        return
    wanted = [name for name in options.only or peers.PEERS if task.name in peers.PEERS[name].bars]
    found = peers.run_all(
        names=wanted,
        task=task,
        repeats=min(options.repeats, peers.REPEATS),
        pythons=dict(options.python),
        cache=options.cache,
    )
    for row in found:
        row["what"] = task.name
        if "error" not in row:
            key = (row["bars"], JOURNALS[0])
            if key not in ours:
                ours[key] = own_figure(task.smaller(row["bars"]), JOURNALS[0], options.repeats)
            row["times"] = row["seconds"] / ours[key]["seconds"]
        say(row)


def measure(options: argparse.Namespace) -> list[dict[str, Any]]:
    """Every figure, said as it comes."""
    rows: list[dict[str, Any]] = []

    def say(row: dict[str, Any]) -> None:
        rows.append(row)
        if not options.markdown:
            print("\n".join(lines(row)), flush=True)

    small = QUICK if options.quick else {}
    for name in options.task or (*TASKS, *OTHERS):
        if name in TASKS:
            task_rows(TASKS[name].smaller(**small), options, say)
        if name == "systems":
            say(one_more(TASKS[name].smaller(**small), options.repeats))
        if name == "report":
            say(report_figure(300 if options.quick else 2_520, 5 if options.quick else 100, options.repeats))
        if name == "demo":
            say(demo_figure(options.repeats))
    return rows


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--task", choices=(*TASKS, *OTHERS), action="append", help="may be repeated; all without it")
    parser.add_argument("--peers", action="store_true", help="other backtesters too")
    parser.add_argument("--quick", action="store_true", help="small sizes")
    parser.add_argument("--repeats", type=int, default=REPEATS, help="runs of each figure; a peer at most 3")
    parser.add_argument("--markdown", action="store_true", help="print tables")
    parser.add_argument("--json", type=Path, help="write the figures here")
    add_options(parser, tuple(peers.PEERS))
    return parser


def main() -> None:
    """Measure, print, save; 1 where a peer could not run or a result is off."""
    options = parser().parse_args()
    rows = measure(options)
    if options.markdown:
        print(markdown(rows))
    if options.json:
        machine = platform.processor() or platform.machine()
        kept = {"machine": machine, "python": platform.python_version(), "rows": rows}
        options.json.write_text(json.dumps(kept, indent=1), encoding="utf-8")
    sys.exit(any("error" in row or row.get("difference", 0.0) > TOLERANCE for row in rows))


if __name__ == "__main__":
    main()
