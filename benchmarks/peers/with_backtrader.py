"""The tasks of benchmarks/backtest_tasks.py in backtrader; started by benchmarks/peers.py."""

from __future__ import annotations

import math
from typing import Any

import backtrader
import numpy as np
import pandas as pd
from answering import Run, answer


class Crossover(backtrader.Strategy):
    """Buys where the averages cross, leaves where they cross back."""

    params = (("fast", 10), ("slow", 50), ("units", 1.0))

    def __init__(self) -> None:
        fast = backtrader.ind.SMA(self.data.close, period=self.p.fast)
        self.cross = backtrader.ind.CrossOver(fast, backtrader.ind.SMA(self.data.close, period=self.p.slow))

    def next(self) -> None:
        """Orders of one close; filled at the next open."""
        if self.cross[0] > 0.0 and not self.position:
            self.buy(size=self.p.units)
        elif self.cross[0] < 0.0 and self.position:
            self.close()


class Weights(backtrader.Strategy):
    """Sells before buys: the broker drops a buy that the cash does not cover."""

    params = (("invested", 1.0), ("pairs", ()))

    def __init__(self) -> None:
        periods = {period for pair in self.p.pairs for period in pair}
        averages = [
            {period: backtrader.ind.SMA(data.close, period=period) for period in periods} for data in self.datas
        ]
        self.pairs = [[(of[fast], of[slow]) for fast, slow in self.p.pairs] for of in averages]

    def prenext(self) -> None:
        """While averages are unknown."""
        self.next()

    def share(self, slot: int) -> float:
        """The part of the strategies that want an asset; the averages of one that is not known yet are NaN."""
        pairs = self.pairs[slot]
        if not pairs:
            return 1.0
        values = [(fast[0], slow[0]) for fast, slow in pairs]
        return sum(fast > slow for fast, slow in values) / max(sum(not math.isnan(slow) for _, slow in values), 1)

    def next(self) -> None:
        """Orders of one close; filled at the next open, which is the same price."""
        each = self.p.invested * self.broker.getvalue() / len(self.datas)
        trades = [
            (self.share(slot) * each / data.close[0] - self.getposition(data).size, data)
            for slot, data in enumerate(self.datas)
        ]
        for size, data in trades:
            if size < 0.0:
                self.sell(data=data, size=-size)
        for size, data in trades:
            if size > 0.0:
                self.buy(data=data, size=size)


def engine(opens: Any, closes: Any, task: dict[str, Any]) -> backtrader.Cerebro:
    """A broker and one feed per asset."""
    dates = pd.date_range("2000-01-03", periods=len(closes), freq="D" if task["weights"] else "5min")
    cerebro = backtrader.Cerebro(stdstats=False)
    cerebro.broker.setcash(task["cash"])
    cerebro.broker.setcommission(commission=task["fee"])
    for slot in range(closes.shape[1]):
        start, end = opens[:, slot], closes[:, slot]
        bars = {"open": start, "high": np.maximum(start, end), "low": np.minimum(start, end), "close": end}
        frame = pd.DataFrame({**bars, "volume": 1e9, "openinterest": 0.0}, index=dates)
        cerebro.adddata(backtrader.feeds.PandasData(dataname=frame), name=f"a{slot}")
    return cerebro


def ready(opens: Any, closes: Any, task: dict[str, Any]) -> Run:
    if task["weights"]:
        engines = [engine(opens, closes, task)]
        engines[0].addstrategy(Weights, invested=task["invested"], pairs=task["pairs"])
    else:
        engines = []
        for fast, slow in task["pairs"]:
            engines.append(engine(opens, closes, task))
            engines[-1].addstrategy(Crossover, fast=fast, slow=slow, units=task["units"])

    def run() -> list[float]:
        for each in engines:
            each.run()
        return [each.broker.getvalue() for each in engines]

    return run


if __name__ == "__main__":
    answer(backtrader.__version__, ready)
