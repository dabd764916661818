"""Daily 1/N rebalancing in bt; started by benchmarks/peers.py with the task as JSON."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import bt
import numpy as np
import pandas as pd


def run(prices: pd.DataFrame, task: dict[str, Any]) -> float:
    weights = dict.fromkeys(prices.columns, task["invested"] / prices.shape[1])
    algos = [bt.algos.RunDaily(), bt.algos.WeighSpecified(**weights), bt.algos.Rebalance()]
    test = bt.Backtest(
        bt.Strategy("equal weight", algos),
        prices,
        initial_capital=task["cash"],
        commissions=lambda quantity, price: abs(quantity) * price * task["fee"],
        integer_positions=False,
        progress_bar=False,
    )
    test.run()
    return float(test.strategy.values.iloc[-1])


def main() -> None:
    task = json.loads(sys.argv[1])
    closes = np.load(task["closes"])
    dates = pd.bdate_range("2000-01-03", periods=len(closes))
    prices = pd.DataFrame(closes, index=dates, columns=[f"a{slot}" for slot in range(closes.shape[1])])
    seconds, equity = [], 0.0
    for _ in range(task["repeats"]):
        start = time.perf_counter()
        equity = run(prices, task)
        seconds.append(time.perf_counter() - start)
    print(json.dumps({"version": bt.__version__, "seconds": seconds, "final_equity": equity}))


if __name__ == "__main__":
    main()
