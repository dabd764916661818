"""How long the page of a run takes and how large it is: ten years of days, a hundred tickers, momentum with limits.

    python benchmarks/report.py [--days 2520] [--tickers 100] [--json FILE]

The first page of a process packs the charts' script once; it is timed apart from the page.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from polyfolio.backtests.result import Result
from polyfolio.backtests.run import backtest
from polyfolio.core.tape import Tape
from polyfolio.market.frame import tape_from_arrays
from polyfolio.report.page.packing import library
from polyfolio.report.page.render import write
from polyfolio.report.results import Results
from polyfolio.report.run_page.page import run_page

DAY = 86_400_000_000_000
TURNS = 3
SPEC: dict[str, Any] = {
    "name": "ten years",
    "journal": "full",
    "lanes": [
        {
            "name": "momentum",
            "strategy": {"name": "momentum", "params": {"lookback": 60}},
            "account": {"initial_capital": 1_000_000.0, "benchmark": "S000"},
            "sizing": {"method": "equal_weight", "gross_target": 0.95},
            "limits": {"max_position": 0.05, "max_gross": 1.0},
            "risk": {"max_volatility": 0.3, "max_var": 0.03},
            "rebalance": {"every": 5},
            "execution": {"commission": {"model": "percentage", "percentage_fee": 0.001}},
        }
    ],
}


def market(rows: int, slots: int, seed: int = 1) -> Tape:
    """A tape of geometric random walks."""
    rng = np.random.default_rng(seed)
    close = 100.0 * np.exp(np.cumsum(rng.normal(0.0002, 0.015, (rows, slots)), axis=0))
    opening = close * np.exp(rng.normal(0.0, 0.003, close.shape))
    fields = {
        "open": opening,
        "high": np.maximum(opening, close) * 1.004,
        "low": np.minimum(opening, close) * 0.996,
        "close": close,
        "volume": rng.uniform(1e5, 1e6, close.shape),
    }
    times = 1_388_534_400_000_000_000 + np.arange(rows) * DAY
    return tape_from_arrays(times, [f"S{at:03d}" for at in range(slots)], fields, interval="1d", stamps="close")


def finished(days: int, tickers: int) -> Result:
    """The run whose page is written."""
    return backtest(SPEC, market(days, tickers))


def report_time(result: Result, folder: Path) -> dict[str, float]:
    """Seconds for the packed script and for a page, the best of several, and the page's megabytes."""
    library.cache_clear()
    begun = time.perf_counter()
    library()
    packed = time.perf_counter() - begun
    times = []
    for _ in range(TURNS):
        # A new Results: nothing that an earlier page computed is left.
        fresh = Results(result.spec, result.plan, result.tape, result.journal, result.run_id, result.book)
        begun = time.perf_counter()
        page = write(run_page(fresh, 0), folder / "report.html")
        times.append(time.perf_counter() - begun)
    return {"script_seconds": packed, "seconds": min(times), "megabytes": page.stat().st_size / 1e6}


def main(days: int, tickers: int, kept: str | None) -> None:
    result = finished(days, tickers)
    with tempfile.TemporaryDirectory() as folder:
        found = {"what": f"page of {days:,} days x {tickers} tickers", **report_time(result, Path(folder))}
    fills = result.journal.fills.size
    print(
        f"{found['what']}, {fills:,} fills: {found['seconds']:.2f} s, {found['megabytes']:.2f} MB, "
        f"and {found['script_seconds']:.2f} s once for the charts' script"
    )
    if kept:
        Path(kept).write_text(json.dumps({"rows": [found]}, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=2520)
    parser.add_argument("--tickers", type=int, default=100)
    parser.add_argument("--json", metavar="FILE", help="keep the figures")
    arguments = parser.parse_args()
    main(arguments.days, arguments.tickers, arguments.json)
