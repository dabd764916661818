"""The crossovers of benchmarks/backtest_tasks.py in backtesting.py; started by benchmarks/peers.py.

backtesting.py is under the AGPL: it runs here in an environment of its own and is no part of polyfolio.
"""

from __future__ import annotations

import importlib.metadata
import warnings
from typing import Any

import numpy as np
import pandas as pd
from answering import Run, answer
from backtesting import Backtest, Strategy
from backtesting.lib import crossover


def average(closes: Any, period: int) -> Any:
    return pd.Series(closes).rolling(period).mean()


class Crossover(Strategy):  # type: ignore[misc]
    """Buys where the averages cross, leaves where they cross back; filled at the next open."""

    fast = 10
    slow = 50
    units = 1.0

    def init(self) -> None:
        """The averages."""
        self.quick = self.I(average, self.data.Close, self.fast)
        self.slack = self.I(average, self.data.Close, self.slow)

    def next(self) -> None:
        """Orders of one close."""
        if crossover(self.quick, self.slack):
            self.buy(size=self.units)
        elif crossover(self.slack, self.quick):
            self.position.close()


def ready(opens: Any, closes: Any, task: dict[str, Any]) -> Run:
    warnings.simplefilter("ignore")  # it asks to close the trade that is open at the end
    start, end = opens[:, 0], closes[:, 0]
    columns = {"Open": start, "High": np.maximum(start, end), "Low": np.minimum(start, end), "Close": end}
    dates = pd.date_range("2000-01-03", periods=len(end), freq="5min")
    frame = pd.DataFrame({**columns, "Volume": 1e9}, index=dates)

    def run() -> list[float]:
        found = []
        for fast, slow in task["pairs"]:
            test = Backtest(frame, Crossover, cash=task["cash"], commission=task["fee"])
            found.append(float(test.run(fast=fast, slow=slow, units=int(task["units"]))["Equity Final [$]"]))
        return found

    return run


if __name__ == "__main__":
    answer(importlib.metadata.version("backtesting"), ready)
