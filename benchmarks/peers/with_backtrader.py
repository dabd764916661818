"""Daily 1/N rebalancing in backtrader; started by benchmarks/peers.py with the task as JSON."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import backtrader
import numpy as np
import pandas as pd


class EqualWeight(backtrader.Strategy):
    """Sells before buys: the broker drops a buy that the cash does not cover."""

    params = (("invested", 1.0),)

    def next(self) -> None:
        """Orders of one close; filled at the next open, which is the same price."""
        target = self.p.invested * self.broker.getvalue() / len(self.datas)
        trades = [(target / data.close[0] - self.getposition(data).size, data) for data in self.datas]
        for size, data in trades:
            if size < 0.0:
                self.sell(data=data, size=-size)
        for size, data in trades:
            if size > 0.0:
                self.buy(data=data, size=size)


def engine(closes: np.ndarray, task: dict[str, Any]) -> backtrader.Cerebro:
    """A broker and one feed per asset; each bar opens at the close before it."""
    opens = np.vstack([closes[:1], closes[:-1]])
    dates = pd.bdate_range("2000-01-03", periods=len(closes))
    cerebro = backtrader.Cerebro(stdstats=False)
    cerebro.broker.setcash(task["cash"])
    cerebro.broker.setcommission(commission=task["fee"])
    for slot in range(closes.shape[1]):
        start, end = opens[:, slot], closes[:, slot]
        bars = {"open": start, "high": np.maximum(start, end), "low": np.minimum(start, end), "close": end}
        frame = pd.DataFrame({**bars, "volume": 1e9, "openinterest": 0.0}, index=dates)
        cerebro.adddata(backtrader.feeds.PandasData(dataname=frame), name=f"a{slot}")
    cerebro.addstrategy(EqualWeight, invested=task["invested"])
    return cerebro


def main() -> None:
    task = json.loads(sys.argv[1])
    closes = np.load(task["closes"])
    seconds, equity = [], 0.0
    for _ in range(task["repeats"]):
        cerebro = engine(closes, task)
        start = time.perf_counter()
        cerebro.run()
        seconds.append(time.perf_counter() - start)
        equity = cerebro.broker.getvalue()
    print(json.dumps({"version": backtrader.__version__, "seconds": seconds, "final_equity": equity}))


if __name__ == "__main__":
    main()
