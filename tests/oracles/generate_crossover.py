"""Trades of moving-average crossovers as backtesting.py makes them, on the bundled hourly prices.

    python -m venv VENV && VENV/bin/pip install backtesting==0.6.6 pyarrow
    VENV/bin/python tests/oracles/generate_crossover.py

Conventions, the same on both sides:
    averages     sma: mean of the last n closes; ema: weight 2 / (n + 1), started with the mean of the first n closes
    decision     at the close of a bar, by `backtesting.lib.crossover`: below (above) at the bar before, above (below)
                 at this one. Nothing is held before the first cross
    fill         market orders at the open of the next bar, whole, without slippage
    size         one unit; a cross to the other side closes the trade and, where `long_short`, opens the opposite one
    commission   a share of the executed notional, paid at entry and at exit
    profit       side x (exit - entry) x size, less both commissions
    open trades  the trade that is open at the last bar is not listed

Bars are numbered from 0 in the symbol's own rows of bars.parquet, from the first one up to END.
crossover.json: {"backtesting": version, "end": ..., "cases": [{... arguments ..., "rows": number of bars,
"trades": [[size, entry bar, exit bar, entry price, exit price, profit], ...]}]}

backtesting.py is under the AGPL: it is run here to write numbers down and is no part of polyfolio or its tests.
"""

from __future__ import annotations

import importlib.metadata
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

HERE = Path(__file__).resolve().parent
PRICES = HERE.parents[1] / "src" / "polyfolio" / "data" / "demo" / "bars.parquet"
END = "2024-04-30"
CASES: tuple[dict[str, Any], ...] = (
    {"symbol": "BTC/USDT", "fast": 10, "slow": 50, "kind": "sma", "commission": 0.001, "long_short": False},
    {"symbol": "ETH/USDT", "fast": 20, "slow": 100, "kind": "sma", "commission": 0.0, "long_short": True},
    {"symbol": "SOL/USDT", "fast": 12, "slow": 26, "kind": "ema", "commission": 0.002, "long_short": True},
    {"symbol": "BTC/USDT", "fast": 3, "slow": 8, "kind": "sma", "commission": 0.0005, "long_short": False},
)


def sma(closes: Any, period: int) -> np.ndarray:
    """Mean of the last closes, each from its window alone."""
    values = np.asarray(closes, dtype=float)
    out = np.full(len(values), np.nan)
    for end in range(period, len(values) + 1):
        out[end - 1] = sum(values[end - period : end].tolist()) / period
    return out


def ema(closes: Any, period: int) -> np.ndarray:
    """Weight 2 / (n + 1), started with a mean."""
    values = np.asarray(closes, dtype=float)
    out = np.full(len(values), np.nan)
    out[period - 1] = sum(values[:period].tolist()) / period
    for row in range(period, len(values)):
        out[row] = out[row - 1] + 2.0 / (period + 1.0) * (values[row] - out[row - 1])
    return out


def bars_of(symbol: str) -> pd.DataFrame:
    """A symbol's bars under the names backtesting.py wants."""
    frame = pd.read_parquet(PRICES)
    frame = frame[(frame["symbol"] == symbol) & (frame["timestamp"] <= pd.Timestamp(END, tz="UTC"))]
    frame = frame.set_index(frame["timestamp"].dt.tz_localize(None)).drop(columns=["symbol", "timestamp"])
    return frame.rename(columns=str.capitalize)


def trades_of(case: dict[str, Any]) -> list[list[float]]:
    """The closed trades of one case."""
    from backtesting import Backtest, Strategy
    from backtesting.lib import crossover

    average = {"sma": sma, "ema": ema}[case["kind"]]

    class Crossover(Strategy):  # type: ignore[misc]
        def init(self) -> None:
            self.fast = self.I(average, self.data.Close, case["fast"])
            self.slow = self.I(average, self.data.Close, case["slow"])

        def next(self) -> None:
            if crossover(self.fast, self.slow):
                self.position.close()
                self.buy(size=1)
            elif crossover(self.slow, self.fast):
                self.position.close()
                if case["long_short"]:
                    self.sell(size=1)

    test = Backtest(bars_of(case["symbol"]), Crossover, cash=1_000_000, commission=case["commission"])
    trades = test.run()["_trades"]
    whole = ("Size", "EntryBar", "ExitBar")
    return [
        [*(int(row[name]) for name in whole), *(float(row[name]) for name in ("EntryPrice", "ExitPrice", "PnL"))]
        for _, row in trades.sort_values("EntryBar").iterrows()
    ]


def main() -> None:
    """Run every case and write the file."""
    cases = [{**case, "rows": len(bars_of(case["symbol"])), "trades": trades_of(case)} for case in CASES]
    whole = {"backtesting": importlib.metadata.version("backtesting"), "end": END, "cases": cases}
    lines = json.dumps(whole).replace("]], ", "]],\n").replace("], [", "],\n[").replace('{"symbol', '\n{"symbol')
    (HERE / "crossover.json").write_text(lines + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
