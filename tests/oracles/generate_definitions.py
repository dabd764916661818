"""The value of every metric on one stored run, with the version of its definition.

    python tests/oracles/generate_definitions.py      after raising a version: writes definitions.json

The test beside it fails when a value changes and the version does not.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from polyfolio.kernels.measures.cards import cards
from polyfolio.kernels.measures.trades import TRADE
from polyfolio.report.metrics import Activity, Benchmark, Convention, metrics_from_returns

HERE = Path(__file__).parent


def measured() -> dict[str, float]:
    """Every metric of the reference series with a benchmark, made-up exposures and made-up trades."""
    with np.load(HERE / "measures.npz") as stored:
        returns, benchmark = stored["f1_returns"], stored["f1_benchmark"]
        times = np.concatenate([[stored["f1_base"]], stored["f1_days"]]).astype("datetime64[D]")
    n = returns.size
    equity = 1e6 * np.cumprod(1.0 + returns)
    share = (np.arange(n) % 7) / 5.0 - 0.2
    bars = np.stack([equity, equity * np.abs(share), equity * share, np.abs(np.diff(share, prepend=0.0))])
    closed = np.zeros(40, dtype=TRADE)
    closed["profit"], closed["entry_notional"] = 1e4 * returns[:40], 1e5
    closed["exit_row"] = np.arange(40) % 9 + 1
    convention = Convention(periods_per_year=252.0, risk_free=0.01)
    return dict(
        metrics_from_returns(returns, times, convention, Benchmark(benchmark, times[1:]), Activity(bars, closed))
    )


def main() -> None:
    found = measured()
    table = {name: [card.version, found[name]] for name, card in cards().items()}
    (HERE / "definitions.json").write_text(json.dumps(table, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
