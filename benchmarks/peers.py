"""Other backtesters on one task: the same prices, fee and fills, one core each.

    python benchmarks/peers.py                              JSON, one object per peer: daily 1/N of 100 assets
    python benchmarks/peers.py --task crossover             another task of backtest_tasks.py
    python benchmarks/peers.py --python bt=/path/python     use an environment that has the peer
    python benchmarks/peers.py --only vectorbt --bars 5000

The conventions stand in `backtest_tasks.py`. Each file in `peers/` is what a user of that library would write. A peer
that is slow gets the beginning of the same prices, so that one run stays under two minutes; the rate is per asset, bar
and system. `difference` is the relative distance of final equity from plain loops: it shows whether the peer made the
same trades.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from backtest_tasks import TASKS, TOLERANCE, Task, difference, final_equities, prices
from peer_venv import Peer, PeerError, ask, each, parser_of

FOLDER = Path(__file__).resolve().parent / "peers"
REPEATS = 3
SECONDS = 300.0  # one peer may take no longer for one task
FRAMES = ("numpy==2.4.6", "pandas==3.1.1")


@dataclass(frozen=True, kw_only=True)
class Backtester(Peer):
    """A backtester.

    Attributes:
        bars: most bars of one run by task; tasks it cannot do are absent.
        timed: what its time includes.
        remark: what it does otherwise.
    """

    bars: Mapping[str, int]
    timed: str
    remark: str = ""


PEERS = {
    peer.name: peer
    for peer in (
        Backtester(
            name="vectorbt",
            bars={"crossover": 100_000, "equal_weight": 2_520, "portfolio": 2_520, "systems": 10_000},
            timed="MA.run, Portfolio.from_signals or from_orders(call_seq='auto') and final_value(), compiled before",
            requirements=("vectorbt==1.2.0", "numba==0.68.1", *FRAMES),
        ),
        Backtester(
            name="backtesting",
            bars={"crossover": 100_000, "systems": 10_000},
            timed="Backtest(...) and run() of each system",
            requirements=("backtesting==0.6.6", *FRAMES),
            remark="one asset a run",
        ),
        Backtester(
            name="nautilus_trader",
            bars={"crossover": 100_000, "equal_weight": 400, "portfolio": 250, "systems": 10_000},
            timed="BacktestEngine.run(), bars and quotes made and added before",
            requirements=("nautilus_trader==1.221.0",),
            remark="whole shares",
        ),
        Backtester(
            name="bt",
            bars={"crossover": 20_000, "equal_weight": 750, "portfolio": 750, "systems": 1_000},
            timed="signals in pandas, Backtest(...) and run() of each system",
            requirements=("bt==1.4.1", *FRAMES),
            remark="prices are the opens and the last close; fees are paid out of what a trade is given",
        ),
        Backtester(
            name="backtrader",
            bars={"crossover": 100_000, "equal_weight": 400, "portfolio": 250, "systems": 10_000},
            timed="Cerebro.run(), feeds made before; sizes by hand, cheaper than order_target_percent",
            requirements=("backtrader==1.9.78.123", *FRAMES),
        ),
    )
}


def run_peer(
    name: str,
    *,
    task: Task = TASKS["equal_weight"],
    bars: int | None = None,
    repeats: int = REPEATS,
    python: Path | None = None,
    cache: Path | None = None,
) -> dict[str, Any]:
    """Time one peer. Raises PeerError where it cannot be installed or run, or cannot do the task.

    Args:
        name: of the peer.
        task: what to do.
        bars: most bars; None leaves the peer its own number.
        repeats: runs that are timed.
        python: an interpreter that has the peer.
        cache: folder of the environments.
    """
    peer = PEERS[name]
    if task.name not in peer.bars:
        raise PeerError(f"{name} cannot do {task.name}: {peer.remark}")
    task = task.smaller(bars or peer.bars[task.name])
    opens, closes = prices(task)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "prices.npz"
        np.savez(path, opens=opens, closes=closes)
        told = {"prices": str(path), "repeats": repeats, **task.facts()}
        script, slow = FOLDER / f"with_{name}.py", f"{task.bars} bars: lower --bars"
        answer = ask(peer, script, told, python=python, cache=cache, seconds=SECONDS, slow=slow)
    seconds = statistics.median(answer["seconds"])
    off = difference(answer["final_equities"], final_equities(task, opens, closes))
    return {
        "what": task.name,
        "peer": name,
        "version": answer["version"],
        "asset_bars_per_second": task.cells / seconds,
        "seconds": seconds,
        "all_seconds": answer["seconds"],
        "bars": task.bars,
        "assets": task.assets,
        "systems": task.systems,
        "fee": task.fee,
        "final_equity": sum(answer["final_equities"]),
        "difference": off,
        "agrees": off <= TOLERANCE,
        "timed": peer.timed,
        "remark": peer.remark,
    }


def run_all(
    *,
    names: Sequence[str] | None = None,
    task: Task = TASKS["equal_weight"],
    bars: int | None = None,
    repeats: int = REPEATS,
    pythons: Mapping[str, Path] | None = None,
    cache: Path | None = None,
) -> list[dict[str, Any]]:
    """One row per peer that can do the task; one that cannot run says why."""
    known, able = pythons or {}, [name for name, peer in PEERS.items() if task.name in peer.bars]
    return each(
        able if names is None else names,
        lambda name: run_peer(name, task=task, bars=bars, repeats=repeats, python=known.get(name), cache=cache),
    )


def main() -> None:
    parser = parser_of(__doc__, tuple(PEERS))
    parser.add_argument("--task", choices=tuple(TASKS), default="equal_weight")
    parser.add_argument("--bars", type=int, help="for every peer; without it each has its own number")
    parser.add_argument("--assets", type=int, help="fewer than the task has")
    options = parser.parse_args()
    rows = run_all(
        names=options.only,
        task=TASKS[options.task].smaller(assets=options.assets),
        bars=options.bars,
        pythons=dict(options.python),
        cache=options.cache,
    )
    print(json.dumps(rows, indent=1))
    sys.exit(any("error" in row for row in rows))


if __name__ == "__main__":
    main()
