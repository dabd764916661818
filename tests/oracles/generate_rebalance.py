"""Monthly rebalancing to target weights: what bt, vectorbt and the self-financing equation make of it.

Weights refer to equity after the trade. V is equity before, x the notionals held, w the targets:

    V' = V - cost(w V' - x)        holding after = w V'        cash after = V' (1 - sum w)

A rebalance trades at the close of its row (decision and fill in one); equity is taken at the close, after the trades.
bt sizes each trade so that its fee is paid from the amount allocated to it, on equity before the trade: with costs it
is near the equation above and not equal. vectorbt pays fees from the last buy; its own sizing is stored for zero cost
only. With costs it is given the units of the reference (engine "vectorbt_units"): its books show that they pay for
themselves.

    python tests/oracles/generate_rebalance.py          writes rebalance.json beside this script
    python tests/oracles/generate_rebalance.py --check  prints how far the stored engines are from the reference

Made with Python 3.11.7, numpy 2.4.6, pandas 3.1.1, bt 1.4.1, vectorbt 1.2.0 (numba 0.68.1), all in one environment.

rebalance.json:
    closes_cents   int[500][4]     price = cents / 100
    rebalance_rows int[24]         0, 21, 42, ...
    starting_cash  float
    schedules      {name: float[24][4]}      target weights, one line per rebalance row
    cases          list of {schedule, fee, engine, equity float[500], positions float[4], cash float}
                   fee 0.0: engines reference, bt, vectorbt
                   fee 0.001 (of notional): reference, bt, vectorbt_units
    versions       {package: version}
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import math
import platform
import random
import sys
from pathlib import Path
from typing import Any

import numpy as np

PATH = Path(__file__).resolve().parent / "rebalance.json"
BARS, SLOTS, MONTH = 500, 4, 21
CASH = 1_000_000.0
FEE = 0.001
SEED = 4_711


def gauss(stream: random.Random) -> float:
    return math.sqrt(-2.0 * math.log(1.0 - stream.random())) * math.cos(2.0 * math.pi * stream.random())


def prices_in_cents(stream: random.Random) -> list[list[int]]:
    """A random walk per slot with its own start and volatility."""
    last = [20.0, 55.0, 140.0, 390.0]
    rows = []
    for _ in range(BARS):
        last = [price * math.exp(0.0002 + 0.01 * (1 + slot) * gauss(stream)) for slot, price in enumerate(last)]
        rows.append([round(100.0 * price) for price in last])
    return rows


def weight_schedules(stream: random.Random, count: int) -> dict[str, list[list[float]]]:
    """Fully invested and constant; random with cash left and names dropped; long and short."""
    varying, long_short = [], []
    for _ in range(count):
        raw = [stream.random() if stream.random() < 0.75 else 0.0 for _ in range(SLOTS)]
        total = sum(raw) or 1.0
        varying.append([round(0.95 * part / total, 4) for part in raw])
        long_short.append([round(0.8 * stream.random() - 0.4, 4) for _ in range(SLOTS)])
    return {"constant": [[0.4, 0.3, 0.2, 0.1]] * count, "varying": varying, "long_short": long_short}


def after_costs(value: float, held: list[float], weights: list[float], fee: float) -> float:
    """V' by bisection: V' + cost(w V' - x) rises in V' and must meet V."""
    low, high = 0.0, value
    for _ in range(200):
        middle = 0.5 * (low + high)
        traded = math.fsum(abs(weight * middle - notional) for weight, notional in zip(weights, held, strict=True))
        low, high = (middle, high) if middle + fee * traded <= value else (low, middle)
    return low


def run_reference(closes: np.ndarray, targets: dict[int, list[float]], fee: float) -> dict[str, Any]:
    units, cash, equity, plan = [0.0] * SLOTS, CASH, [], []
    for row, prices in enumerate(closes.tolist()):
        held = [quantity * price for quantity, price in zip(units, prices, strict=True)]
        value = cash + math.fsum(held)
        if row in targets:
            value = after_costs(value, held, targets[row], fee) if fee else value
            units = [weight * value / price for weight, price in zip(targets[row], prices, strict=True)]
            cash = value - math.fsum(quantity * price for quantity, price in zip(units, prices, strict=True))
            plan.append(units)
        equity.append(value)
    return {"equity": equity, "positions": units, "cash": cash, "plan": plan}


def run_bt(closes: np.ndarray, targets: dict[int, list[float]], fee: float) -> dict[str, Any]:
    import bt
    import pandas as pd

    index = pd.bdate_range("2020-01-02", periods=BARS)
    names = [f"s{slot}" for slot in range(SLOTS)]
    prices = pd.DataFrame(closes, index=index, columns=names)
    weights = pd.DataFrame(list(targets.values()), index=index[list(targets)], columns=names)
    algos = [bt.algos.RunOnDate(*weights.index), bt.algos.WeighTarget(weights), bt.algos.Rebalance()]
    test = bt.Backtest(
        bt.Strategy("case", algos),
        prices,
        initial_capital=CASH,
        commissions=lambda quantity, price: abs(quantity) * price * fee,
        integer_positions=False,
        progress_bar=False,
    )
    bt.run(test)
    positions = test.strategy.positions.reindex(columns=names, fill_value=0.0).iloc[-1]
    # bt puts a row with the starting capital before the first bar.
    equity = test.strategy.values.loc[index[0] :]
    return {
        "equity": equity.tolist(),
        "positions": positions.tolist(),
        "cash": float(equity.iloc[-1] - (positions * prices.iloc[-1]).sum()),
    }


def run_vectorbt_units(closes: np.ndarray, targets: dict[int, list[float]], fee: float) -> dict[str, Any]:
    plan = run_reference(closes, targets, fee)["plan"]
    return run_vectorbt(closes, dict(zip(targets, plan, strict=True)), fee, size_type="targetamount")


def run_vectorbt(
    closes: np.ndarray, targets: dict[int, list[float]], fee: float, size_type: str = "targetpercent"
) -> dict[str, Any]:
    import pandas as pd
    import vectorbt

    sizes = np.full(closes.shape, np.nan)
    sizes[list(targets)] = list(targets.values())
    portfolio = vectorbt.Portfolio.from_orders(
        pd.DataFrame(closes, index=pd.bdate_range("2020-01-02", periods=BARS)),
        size=sizes,
        size_type=size_type,
        direction="both",
        fees=fee,
        init_cash=CASH,
        group_by=True,
        cash_sharing=True,
        call_seq="auto",
        freq="1D",
    )
    return {
        "equity": portfolio.value().to_numpy().ravel().tolist(),
        "positions": portfolio.assets().to_numpy()[-1].tolist(),
        "cash": float(portfolio.cash().to_numpy().ravel()[-1]),
    }


def generate() -> dict[str, Any]:
    stream = random.Random(SEED)
    cents = prices_in_cents(stream)
    rows = list(range(0, BARS, MONTH))
    schedules = weight_schedules(stream, len(rows))
    closes = np.array(cents) / 100.0
    cases = []
    for name, weights in schedules.items():
        targets = dict(zip(rows, weights, strict=True))
        for fee, engines in (
            (0.0, (run_reference, run_bt, run_vectorbt)),
            (FEE, (run_reference, run_bt, run_vectorbt_units)),
        ):
            for engine in engines:
                label = engine.__name__.removeprefix("run_")
                result = engine(closes, targets, fee)
                result.pop("plan", None)
                cases.append({"schedule": name, "fee": fee, "engine": label, **result})
    packages = ("numpy", "pandas", "bt", "vectorbt", "numba")
    versions = {package: importlib.metadata.version(package) for package in packages}
    return {
        "starting_cash": CASH,
        "closes_cents": cents,
        "rebalance_rows": rows,
        "schedules": schedules,
        "versions": {"python": platform.python_version(), **versions},
        "cases": cases,
    }


def check(stored: dict[str, Any]) -> None:
    """Print the largest relative difference of equity and the largest of positions in money over equity."""
    closes = np.array(stored["closes_cents"]) / 100.0
    reference = {(case["schedule"], case["fee"]): case for case in stored["cases"] if case["engine"] == "reference"}
    for case in stored["cases"]:
        ours = reference[case["schedule"], case["fee"]]
        equity = np.max(np.abs(np.array(case["equity"]) / np.array(ours["equity"]) - 1.0))
        moved = np.abs(np.array(case["positions"]) - np.array(ours["positions"])) * closes[-1] / ours["equity"][-1]
        numbers = (
            f"equity {equity:.1e}  positions {moved.max():.1e}  final {case['equity'][-1]!r}  cash {case['cash']:.6f}"
        )
        sys.stdout.write(f"{case['schedule']:10} fee {case['fee']}  {case['engine']:14} {numbers}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=PATH)
    parser.add_argument("--check", action="store_true", help="only compare what is stored")
    options = parser.parse_args()
    if not options.check:
        options.out.write_text(json.dumps(generate(), separators=(",", ":"), sort_keys=True) + "\n")
    check(json.loads(options.out.read_text()))


if __name__ == "__main__":
    main()
