"""Random order lists and what backtrader, vectorbt and a plain loop make of them.

An order is decided at the close of a row and filled at the open of the next one:

    fill = open * (1 + side * slippage)      fee = fee_rate * abs(quantity) * fill
    cash -= quantity * fill + fee            equity = cash + sum(position * close)

Run once per engine, each with an interpreter that has it (the reference first, it writes the lists):

    python tests/oracles/generate_orders.py --engine reference
    python tests/oracles/generate_orders.py --engine backtrader
    python tests/oracles/generate_orders.py --engine vectorbt
    python tests/oracles/generate_orders.py --check

Add `--prices FILE` (long parquet of daily bars: timestamp, symbol, open, close) for the lists on market prices. Those
prices are not stored, only their digest. The lists without `--prices` run on stored synthetic prices in cents.

Made with Python 3.11.7, numpy 2.4.6, pandas 3.1.1, pyarrow 26.0.1, backtrader 1.9.78.123, vectorbt 1.2.0 (numba
0.68.1), none of them patched. The versions of each run are stored in orders.json.

Files, beside this script:
    orders_<prices>_<sides>.npz   prices: synthetic or market; sides: long (never below zero) or both
        rows, slots int64[10000]           row of the decision (fill at row + 1) and column; sorted by row, then slot
        quantities float64[10000]          signed units, multiples of 1/8, so that positions are exact sums
        sample_rows int64[n]               rows at which the series below are stored: every tenth and the last
        open_cents, close_cents int32[rows, slots]     synthetic only; price = cents / 100
        <engine>_cash, <engine>_equity float64[n]      at the close of sample_rows; the last entry is the final value
        <engine>_positions float64[slots], <engine>_fees float64[], <engine>_fills int64[]     at the end
    orders.json   by "<prices>_<sides>": the rates, starting cash, symbols, span, digest of the prices, versions
"""

from __future__ import annotations

import argparse
import hashlib
import importlib.metadata
import json
import math
import platform
import random
import sys
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

ENGINES = ("reference", "backtrader", "vectorbt")
SIDES = ("long", "both")
PACKAGES = {
    "reference": ("numpy",),
    "backtrader": ("backtrader", "pandas"),
    "vectorbt": ("vectorbt", "numba", "pandas"),
}
SYMBOLS = [
    *("AAPL", "AMD", "AMZN", "BA", "BAC", "BKNG", "C", "CAT"),
    *("GE", "ISRG", "JNJ", "KO", "NVDA", "PG", "WMT", "XOM"),
]
ORDERS = 10_000
SEED = 20_240_229
CASH = 10_000_000.0
FEE = 0.001
SLIPPAGE = 0.0005
POSITION_CAP = 0.03  # largest target of one slot as a fraction of the starting cash
UNIT = 8  # quantities are multiples of 1 / UNIT
SYNTHETIC_SHAPE = (1_500, 12)
SAMPLE_EVERY = 10


# prices


def gauss(stream: random.Random) -> float:
    """One normal number from two uniform ones; only `random()` keeps its sequence from one Python to the next."""
    return math.sqrt(-2.0 * math.log(1.0 - stream.random())) * math.cos(2.0 * math.pi * stream.random())


def synthetic_cents(seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Opens and closes in cents: a random walk with gaps overnight, one volatility and one starting price per slot."""
    stream = random.Random(seed)
    rows, slots = SYNTHETIC_SHAPE
    opens, closes = np.empty(SYNTHETIC_SHAPE, np.int32), np.empty(SYNTHETIC_SHAPE, np.int32)
    last = [8.0 * 1.5**slot for slot in range(slots)]
    for row in range(rows):
        for slot in range(slots):
            daily = 0.008 + 0.001 * slot
            start = last[slot] * math.exp(0.4 * daily * gauss(stream))
            last[slot] = start * math.exp(0.0002 + daily * gauss(stream))
            opens[row, slot] = max(round(100.0 * start), 1)
            closes[row, slot] = max(round(100.0 * last[slot]), 1)
    return opens, closes


def market_prices(path: Path, symbols: list[str]) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Opens, closes and dates of a complete rectangle of bars."""
    import pandas as pd

    bars = pd.read_parquet(path, columns=["timestamp", "symbol", "open", "close"])
    bars = bars[bars["symbol"].isin(symbols)]
    opens, closes = (
        bars.pivot(index="timestamp", columns="symbol", values=name)[symbols] for name in ("open", "close")
    )
    if opens.isna().to_numpy().any() or closes.isna().to_numpy().any():
        raise SystemExit(f"--prices: {path} must hold every symbol of {symbols} on every date; choose others")
    return opens.to_numpy(np.float64), closes.to_numpy(np.float64), [str(stamp.date()) for stamp in opens.index]


def digest(opens: np.ndarray, closes: np.ndarray) -> str:
    """SHA-256 of the bytes of float64[2, rows, slots], opens first, little-endian, C order."""
    return hashlib.sha256(np.ascontiguousarray(np.stack([opens, closes]), dtype="<f8").tobytes()).hexdigest()


# the list


def random_orders(closes: np.ndarray, sides: str, seed: int) -> dict[str, np.ndarray]:
    """Random cells in time order; each order moves its slot to a random target, one time in eight to exactly zero."""
    stream = random.Random(seed)
    rows, slots = closes.shape
    keys = sorted((stream.random(), row, slot) for row in range(rows - 1) for slot in range(slots))
    held = [0.0] * slots
    orders = []
    for row, slot in sorted((row, slot) for _, row, slot in keys[:ORDERS]):
        quantity = 0.0
        while quantity == 0.0:
            share = stream.random() if sides == "long" else 2.0 * stream.random() - 1.0
            flat = stream.random() < 0.125
            units = 0 if flat else math.floor(UNIT * POSITION_CAP * CASH * share / closes[row, slot])
            quantity = units / UNIT - held[slot]
        held[slot] += quantity
        orders.append((row, slot, quantity))
    columns = list(zip(*orders, strict=True))
    return {
        "rows": np.array(columns[0], np.int64),
        "slots": np.array(columns[1], np.int64),
        "quantities": np.array(columns[2], np.float64),
    }


# the engines: each returns series over all rows and totals


def run_reference(opens: np.ndarray, closes: np.ndarray, orders: Any) -> SimpleNamespace:
    """The four formulas of the head of this file in Python floats."""
    price, mark = opens.tolist(), closes.tolist()
    due: list[list[tuple[int, float]]] = [[] for _ in price]
    for row, slot, quantity in zip(*(orders[key].tolist() for key in ("rows", "slots", "quantities")), strict=True):
        due[row + 1].append((slot, quantity))
    cash, fees, fills = CASH, 0.0, 0
    held = [0.0] * len(price[0])
    series = []
    for row, fillable in enumerate(due):
        for slot, quantity in fillable:
            fill = price[row][slot] * (1.0 + math.copysign(SLIPPAGE, quantity))
            fee = FEE * abs(quantity) * fill
            cash -= quantity * fill + fee
            held[slot] += quantity
            fees += fee
            fills += 1
        series.append((cash, cash + math.fsum(units * close for units, close in zip(held, mark[row], strict=True))))
    cashes, equity = np.array(series).T
    return SimpleNamespace(cash=cashes, equity=equity, positions=np.array(held), fees=fees, fills=fills)


def run_backtrader(opens: np.ndarray, closes: np.ndarray, orders: Any) -> SimpleNamespace:
    """Market orders; `slip_open` and `slip_out` let the slipped open leave the range of the bar."""
    import backtrader
    import pandas as pd

    due: dict[int, list[tuple[int, float]]] = {}
    for row, slot, quantity in zip(*(orders[key].tolist() for key in ("rows", "slots", "quantities")), strict=True):
        due.setdefault(row, []).append((slot, quantity))
    series, totals = [], {"fees": 0.0, "fills": 0}

    class Replay(backtrader.Strategy):
        def next(self) -> None:
            series.append((self.broker.getcash(), self.broker.getvalue()))
            for slot, quantity in due.get(len(self) - 1, ()):
                (self.buy if quantity > 0 else self.sell)(data=self.datas[slot], size=abs(quantity))

        def notify_order(self, order: Any) -> None:
            if order.status in (order.Canceled, order.Margin, order.Rejected):
                raise SystemExit("backtrader refused an order: the starting cash is too small")
            if order.status == order.Completed:
                totals["fees"] += order.executed.comm
                totals["fills"] += 1

    cerebro = backtrader.Cerebro(stdstats=False)
    cerebro.broker.setcash(CASH)
    cerebro.broker.setcommission(commission=FEE)
    cerebro.broker.set_slippage_perc(SLIPPAGE, slip_open=True, slip_match=True, slip_limit=True, slip_out=True)
    cerebro.broker.set_coc(False)
    dates = pd.date_range("2000-01-01", periods=len(opens), freq="D")
    for slot in range(opens.shape[1]):
        start, end = opens[:, slot], closes[:, slot]
        columns = {"open": start, "high": np.maximum(start, end), "low": np.minimum(start, end), "close": end}
        frame = pd.DataFrame({**columns, "volume": 1e9, "openinterest": 0.0}, index=dates)
        cerebro.adddata(backtrader.feeds.PandasData(dataname=frame), name=str(slot))
    cerebro.addstrategy(Replay)
    strategy = cerebro.run()[0]
    positions = np.array([strategy.getposition(data).size for data in strategy.datas], np.float64)
    cash, equity = np.array(series).T
    return SimpleNamespace(cash=cash, equity=equity, positions=positions, **totals)


def run_vectorbt(opens: np.ndarray, closes: np.ndarray, orders: Any) -> SimpleNamespace:
    """`from_orders` with sizes moved down one row, priced at the open, one cash account for all columns."""
    import pandas as pd
    import vectorbt

    sizes = np.full(opens.shape, np.nan)
    sizes[orders["rows"] + 1, orders["slots"]] = orders["quantities"]
    index = pd.date_range("2000-01-01", periods=len(opens), freq="D")
    portfolio = vectorbt.Portfolio.from_orders(
        pd.DataFrame(closes, index=index),
        size=sizes,
        size_type="amount",
        direction="both",
        price=opens,
        fees=FEE,
        slippage=SLIPPAGE,
        init_cash=CASH,
        group_by=True,
        cash_sharing=True,
        call_seq="default",
        allow_partial=False,
        raise_reject=True,
        freq="1D",
    )
    records = portfolio.orders.records
    return SimpleNamespace(
        cash=portfolio.cash().to_numpy().ravel(),
        equity=portfolio.value().to_numpy().ravel(),
        positions=portfolio.assets().to_numpy()[-1],
        fees=float(records["fees"].sum()),
        fills=len(records),
    )


RUN = {"reference": run_reference, "backtrader": run_backtrader, "vectorbt": run_vectorbt}


# files


@dataclass(frozen=True)
class Case:
    """One list and the folder of its files; `source` is the parquet of market prices, None for the synthetic ones."""

    sides: str
    source: Path | None
    folder: Path
    seed: int = SEED

    @property
    def name(self) -> str:
        return f"{'market' if self.source else 'synthetic'}_{self.sides}"

    @property
    def path(self) -> Path:
        return self.folder / f"orders_{self.name}.npz"


def read_meta(folder: Path) -> dict[str, Any]:
    path = folder / "orders.json"
    return json.loads(path.read_text()) if path.exists() else {}


def load(path: Path) -> dict[str, np.ndarray]:
    with np.load(path) as stored:
        return dict(stored)


def new_list(case: Case) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """A list's entry for orders.json and its arrays, still without results."""
    arrays: dict[str, np.ndarray] = {}
    if case.source:
        opens, closes, dates = market_prices(case.source, SYMBOLS)
        origin = {"file": case.source.name, "symbols": SYMBOLS, "first": dates[0], "last": dates[-1]}
    else:
        arrays["open_cents"], arrays["close_cents"] = synthetic_cents(case.seed)
        opens, closes = arrays["open_cents"] / 100.0, arrays["close_cents"] / 100.0
        symbols = [f"S{slot:02d}" for slot in range(opens.shape[1])]
        origin = {"file": None, "symbols": symbols, "first": None, "last": None}
    arrays.update(random_orders(closes, case.sides, case.seed + 1 + SIDES.index(case.sides)))
    arrays["sample_rows"] = np.unique(np.append(np.arange(0, len(opens), SAMPLE_EVERY), len(opens) - 1))
    rates = {"starting_cash": CASH, "fee": FEE, "slippage": SLIPPAGE, "seed": case.seed}
    shape = {"shape": list(opens.shape), "prices_sha256": digest(opens, closes)}
    return {**rates, **shape, **origin, "versions": {}}, arrays


def prices_of(case: Case, arrays: dict[str, np.ndarray], entry: dict[str, Any]) -> tuple[np.ndarray, np.ndarray]:
    if case.source:
        opens, closes, _ = market_prices(case.source, entry["symbols"])
    else:
        opens, closes = arrays["open_cents"] / 100.0, arrays["close_cents"] / 100.0
    if digest(opens, closes) != entry["prices_sha256"]:
        raise SystemExit(
            f"--prices: {case.source} does not hold the prices of {case.path.name}; run --engine reference"
        )
    return opens, closes


def add_engine(engine: str, case: Case) -> None:
    """Run one engine on one list and store its results beside the others'."""
    if engine == "reference":
        entry, arrays = new_list(case)
    elif case.path.exists():
        entry, arrays = read_meta(case.folder)[case.name], load(case.path)
    else:
        raise SystemExit(f"{case.path} is missing: run --engine reference first, it writes the lists")
    opens, closes = prices_of(case, arrays, entry)
    result = RUN[engine](opens, closes, arrays)
    if result.fills != ORDERS or not result.cash.min() > 0.0:
        raise SystemExit(f"{engine}: {result.fills} of {ORDERS} orders filled, lowest cash {result.cash.min():.2f}")
    kept = arrays["sample_rows"]
    values = {"cash": result.cash[kept], "equity": result.equity[kept], "positions": result.positions}
    values |= {"fees": np.float64(result.fees), "fills": np.int64(result.fills)}
    arrays.update({f"{engine}_{key}": np.asarray(value) for key, value in values.items()})
    np.savez_compressed(case.path, **arrays)
    versions = {package: importlib.metadata.version(package) for package in PACKAGES[engine]}
    entry["versions"][engine] = {"python": platform.python_version(), **versions}
    meta = read_meta(case.folder) | {case.name: entry}
    (case.folder / "orders.json").write_text(json.dumps(meta, indent=1, sort_keys=True) + "\n")
    sys.stdout.write(f"{case.path.name}: {engine} equity {float(result.equity[-1])!r}\n")


def check(folder: Path) -> None:
    """Print the largest relative difference of each stored engine from the reference."""
    for name in sorted(read_meta(folder)):
        arrays = load(folder / f"orders_{name}.npz")
        for engine in ENGINES[1:]:
            parts = []
            for key in ("cash", "equity", "positions", "fees"):
                ours, theirs = arrays[f"reference_{key}"], arrays.get(f"{engine}_{key}", np.nan)
                parts.append(f"{key} {np.max(np.abs(theirs - ours) / np.maximum(np.abs(ours), 1e-12)):.1e}")
            sys.stdout.write(f"{name:15} {engine:10} {'  '.join(parts)}\n")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--engine", choices=ENGINES)
    parser.add_argument("--prices", type=Path, help="parquet of daily bars; without it the synthetic prices are used")
    parser.add_argument("--seed", type=int, default=SEED, help="of the lists and the synthetic prices; reference only")
    parser.add_argument("--out", type=Path, default=Path(__file__).resolve().parent, help="folder of the files")
    parser.add_argument("--check", action="store_true", help="print how far the stored engines are from the reference")
    options = parser.parse_args()
    if options.engine:
        for sides in SIDES:
            add_engine(options.engine, Case(sides, options.prices, options.out, options.seed))
    if options.check or not options.engine:
        check(options.out)


if __name__ == "__main__":
    main()
