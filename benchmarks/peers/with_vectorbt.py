"""Daily 1/N rebalancing in vectorbt; started by benchmarks/peers.py with the task as JSON."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import numpy as np
import pandas as pd
import vectorbt


def run(prices: pd.DataFrame, task: dict[str, Any]) -> float:
    portfolio = vectorbt.Portfolio.from_orders(
        prices,
        size=task["invested"] / prices.shape[1],
        size_type="targetpercent",
        fees=task["fee"],
        init_cash=task["cash"],
        group_by=True,
        cash_sharing=True,
        call_seq="auto",
        freq="1D",
    )
    return float(portfolio.final_value())


def main() -> None:
    task = json.loads(sys.argv[1])
    closes = np.load(task["closes"])
    prices = pd.DataFrame(closes, index=pd.bdate_range("2000-01-03", periods=len(closes)))
    run(prices, task)  # compiles
    seconds, equity = [], 0.0
    for _ in range(task["repeats"]):
        start = time.perf_counter()
        equity = run(prices, task)
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"version": vectorbt.__version__, "seconds": seconds, "final_equity": equity}))


if __name__ == "__main__":
    main()
