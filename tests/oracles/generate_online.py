"""Freeze the relatives and per-day logs of the OLPS toolbox's djia market: `python generate_online.py FOLDER OUT`.

FOLDER holds `olps/djia.parquet` (price relatives, 507 days of 30 names, no dates) and
`oracles/olps_djia_daily_logs.parquet` (strategy, day, daily_return, total_return; six decimals). Both are from
github.com/OLPS/OLPS at 9120783cd5, Apache-2.0: `Data/djia.mat` and the authors' own logs of their programs without
costs, with these parameters: eg eta .05, pamr eps .5, pamr_1 and pamr_2 C 500, olmar1 eps 10 and window 5, olmar2 eps
10 and alpha .5, ons eta 0 beta 1 delta .125, cwmr_var phi 2 and eps .5. Nothing is changed but the layout: daily
returns are kept as whole millionths.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd

STRATEGIES = ("ubah", "ucrp", "eg", "pamr", "pamr_1", "pamr_2", "olmar1", "olmar2", "ons", "cwmr_var")


def main(folder: Path, out: Path) -> None:
    relatives = pd.read_parquet(folder / "olps" / "djia.parquet").sort_values("t").drop(columns="t")
    logs = pd.read_parquet(folder / "oracles" / "olps_djia_daily_logs.parquet")
    table = logs.pivot(index="day", columns="strategy", values="daily_return")
    millionths = {name: np.rint(table[name].to_numpy() * 1e6).astype(np.int32) for name in STRATEGIES}
    np.savez_compressed(out, relatives=relatives.to_numpy(), **millionths)


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
