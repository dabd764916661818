"""The tasks of benchmarks/backtest_tasks.py in vectorbt; started by benchmarks/peers.py."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import vectorbt
from answering import Run, answer


def crossover(opens: pd.DataFrame, closes: pd.DataFrame, task: dict[str, Any]) -> list[float]:
    """One column per system; each has its own cash."""
    fast = vectorbt.MA.run(closes[0], [pair[0] for pair in task["pairs"]], short_name="fast")
    slow = vectorbt.MA.run(closes[0], [pair[1] for pair in task["pairs"]], short_name="slow")
    portfolio = vectorbt.Portfolio.from_signals(
        closes[0],
        fast.ma_crossed_above(slow).vbt.signals.fshift(1),
        fast.ma_crossed_below(slow).vbt.signals.fshift(1),
        size=task["units"],
        price=opens[0],
        fees=task["fee"],
        init_cash=task["cash"],
        freq="5min",
    )
    return np.atleast_1d(portfolio.final_value()).tolist()


def weights(opens: pd.DataFrame, closes: pd.DataFrame, task: dict[str, Any]) -> list[float]:
    """Shares decided at a close, traded at the next open."""
    portfolio = vectorbt.Portfolio.from_orders(
        closes,
        size=(task["invested"] / closes.shape[1] * votes(closes, task)).shift(1),
        size_type="targetpercent",
        price=opens,
        fees=task["fee"],
        init_cash=task["cash"],
        group_by=True,
        cash_sharing=True,
        call_seq="auto",
        freq="1D",
    )
    return [float(portfolio.final_value())]


def votes(closes: pd.DataFrame, task: dict[str, Any]) -> pd.DataFrame:
    """The part of the strategies that want an asset; each average is computed once."""
    if not task["pairs"]:
        return pd.DataFrame(1.0, index=closes.index, columns=closes.columns)
    periods = {period for pair in task["pairs"] for period in pair}
    averages = {period: vectorbt.MA.run(closes, period).ma.to_numpy() for period in periods}
    wanted, known = np.zeros(closes.shape), np.zeros(closes.shape)
    for fast, slow in task["pairs"]:
        wanted += averages[fast] > averages[slow]
        known += ~np.isnan(averages[slow])
    return pd.DataFrame(wanted / np.maximum(known, 1.0), index=closes.index, columns=closes.columns)


def ready(opens: Any, closes: Any, task: dict[str, Any]) -> Run:
    dates = pd.date_range("2000-01-03", periods=len(closes), freq="D" if task["weights"] else "5min")
    frames = pd.DataFrame(opens, index=dates), pd.DataFrame(closes, index=dates)
    return lambda: (weights if task["weights"] else crossover)(*frames, task)


if __name__ == "__main__":
    answer(vectorbt.__version__, ready, warm=True)
