"""The tasks of benchmarks/backtest_tasks.py in bt; started by benchmarks/peers.py.

bt trades at the price of the row that decides. It is given the opens, and in each row what the close before decided;
one more row with the last closes values what is held.
"""

from __future__ import annotations

from typing import Any

import bt
import numpy as np
import pandas as pd
from answering import Run, answer


class Transact(bt.Algo):
    """Trades by date, in units."""

    def __init__(self, trades: dict[Any, float]) -> None:
        super().__init__()
        self.trades = trades

    def __call__(self, target: Any) -> bool:
        """The trades of now."""
        if target.now in self.trades:
            target.transact(self.trades[target.now], child="a0")
        return True


def run_one(name: str, algos: list[Any], valued: pd.DataFrame, task: dict[str, Any]) -> float:
    test = bt.Backtest(
        bt.Strategy(name, algos),
        valued,
        initial_capital=task["cash"],
        commissions=lambda quantity, price: abs(quantity) * price * task["fee"],
        integer_positions=False,
        progress_bar=False,
    )
    test.run()
    return float(test.strategy.values.iloc[-1])


def crossover(closes: pd.DataFrame, valued: pd.DataFrame, task: dict[str, Any]) -> list[float]:
    found = []
    for fast, slow in task["pairs"]:
        gap = closes["a0"].rolling(fast).mean() - closes["a0"].rolling(slow).mean()
        before = gap.shift(1)
        up, down = (before < 0.0) & (gap > 0.0), (before > 0.0) & (gap < 0.0)
        side = pd.Series(np.where(up, 1.0, np.where(down, 0.0, np.nan)), closes.index).ffill().fillna(0.0)
        traded = task["units"] * side.shift(1, fill_value=0.0).diff().fillna(0.0)
        found.append(run_one("crossover", [Transact(traded[traded != 0.0].to_dict())], valued, task))
    return found


def weights(closes: pd.DataFrame, valued: pd.DataFrame, task: dict[str, Any]) -> list[float]:
    wanted = pd.DataFrame(1.0, index=closes.index, columns=closes.columns)
    if task["pairs"]:
        averages = {period: closes.rolling(period).mean() for pair in task["pairs"] for period in pair}
        known = sum(averages[slow].notna().astype(float) for _, slow in task["pairs"])
        wanted = sum((averages[fast] > averages[slow]).astype(float) for fast, slow in task["pairs"])
        wanted = wanted / known.clip(lower=1.0)
    wanted = (task["invested"] / closes.shape[1] * wanted).shift(1).iloc[1:]
    return [run_one("weights", [bt.algos.WeighTarget(wanted), bt.algos.Rebalance()], valued, task)]


def ready(opens: Any, closes: Any, task: dict[str, Any]) -> Run:
    dates = pd.date_range("2000-01-03", periods=len(closes) + 1, freq="D" if task["weights"] else "5min")
    names = [f"a{slot}" for slot in range(closes.shape[1])]
    closing = pd.DataFrame(closes, index=dates[:-1], columns=names)
    valued = pd.DataFrame(np.vstack([opens, closes[-1:]]), index=dates, columns=names)
    return lambda: (weights if task["weights"] else crossover)(closing, valued, task)


if __name__ == "__main__":
    answer(bt.__version__, ready)
