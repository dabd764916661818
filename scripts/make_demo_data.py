"""Make the bundled hourly bars from five-minute bars, and write where they come from.

Usage: python scripts/make_demo_data.py INPUT [--output FOLDER]

INPUT is a Parquet file with the columns timestamp (opening of the bar, UTC), symbol, open, high, low, close, volume,
holding the rows of the source named in PROVENANCE.
"""

from __future__ import annotations

import argparse
import hashlib
from pathlib import Path

import pandas as pd
import pyarrow

ROOT = Path(__file__).resolve().parents[1]
BARS_PER_HOUR = 12

PROVENANCE = """# Where the demo's prices come from

* Rows: six coins against USDT on Binance's spot market, one row per hour, {first} to {last} (closing times, UTC).
* Source: five-minute bars in the public repository <https://github.com/imsatoshi/GeneTrader>, commit 2b5dfc6e, folder
  `user_data/data/binance`. The files were deleted from the repository later and stand in its history. They hold
  Binance's public klines; the exchange's own terms of use were not checked.
* Licence as the repository states it: MIT.
* What was done: twelve bars of an hour were made one (first open, highest high, lowest low, last close, sum of the
  volumes); the row is stamped with the hour's end; hours with less than twelve bars were left out ({dropped} rows).
  Prices are as traded: not adjusted, not rounded. Volume is in coins.
* Checked: no missing value, no time twice, no gap inside a symbol's span, low <= open, close <= high. ENA/USDT was
  listed on {listed}; its rows start there.
* `instruments.csv`: price and quantity steps and least order values as typical of that market in 2024, written by hand.
  Every price of the file is a multiple of its tick. The currency USDT is booked as USD, one to one. The labels are
  ours.
* Made by `scripts/make_demo_data.py` with pandas {pandas} and pyarrow {pyarrow}.

| file | rows | sha256 |
|---|---|---|
| bars.parquet | {rows} | {digest} |
| the source's rows, converted to Parquet | {source_rows} | {source_digest} |
"""


def hourly(bars: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Complete hours, stamped with their end, and how many rows were left out with the incomplete ones."""
    hour = bars["timestamp"].dt.floor("h") + pd.Timedelta(hours=1)
    grouped = bars.groupby([bars["symbol"], hour], sort=True)
    table = grouped.agg(
        open=("open", "first"),
        high=("high", "max"),
        low=("low", "min"),
        close=("close", "last"),
        volume=("volume", "sum"),
        count=("close", "size"),
    ).reset_index()
    whole = table["count"] == BARS_PER_HOUR
    columns = ["timestamp", "symbol", "open", "high", "low", "close", "volume"]
    return table.loc[whole, columns].reset_index(drop=True), int(table["count"][~whole].sum())


def check(bars: pd.DataFrame) -> None:
    """Refuse rows that PROVENANCE would describe wrongly."""
    if bars.isna().any(axis=None):
        raise SystemExit("a value is missing")
    for symbol, rows in bars.groupby("symbol"):
        steps = rows["timestamp"].diff().dropna()
        if not (steps == pd.Timedelta(hours=1)).all():
            raise SystemExit(f"{symbol} has a gap or a time twice")
    ends = bars[["open", "close"]]
    if (bars["low"] > ends.min(axis=1)).any() or (bars["high"] < ends.max(axis=1)).any():
        raise SystemExit("a low or a high does not hold")


def make(source: Path, folder: Path) -> None:
    """Write bars.parquet and PROVENANCE.md."""
    given = pd.read_parquet(source).sort_values(["symbol", "timestamp"], kind="stable")
    bars, dropped = hourly(given)
    check(bars)
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / "bars.parquet"
    bars.to_parquet(target, engine="pyarrow", compression="zstd", index=False)
    stamps = bars["timestamp"].dt.strftime("%Y-%m-%d %H:%M")
    (folder / "PROVENANCE.md").write_text(
        PROVENANCE.format(
            first=stamps.min(),
            last=stamps.max(),
            dropped=dropped,
            rows=len(bars),
            source_rows=len(given),
            listed=given["timestamp"][given["symbol"] == "ENA/USDT"].min().strftime("%Y-%m-%d"),
            pandas=pd.__version__,
            pyarrow=pyarrow.__version__,
            digest=hashlib.sha256(target.read_bytes()).hexdigest(),
            source_digest=hashlib.sha256(source.read_bytes()).hexdigest(),
        ),
        encoding="utf-8",
    )
    print(f"{target}: {len(bars)} rows, {target.stat().st_size} bytes")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("input", type=Path)
    parser.add_argument("--output", type=Path, default=ROOT / "src" / "polyfolio" / "data" / "demo")
    arguments = parser.parse_args()
    make(arguments.input, arguments.output)


if __name__ == "__main__":
    main()
