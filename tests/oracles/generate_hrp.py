"""Freeze other libraries' weights of hierarchical risk parity: `python generate_hrp.py PRICES WEIGHTS OUT`.

PRICES is `tests/stock_prices_3.csv` and WEIGHTS `tests/HC_HRP.csv` of the source distribution of Riskfolio-Lib 7.4.0
(BSD-3-Clause, Copyright (c) 2020-2026, Dany Cajas). The weights were recorded with these prices: the returns of the
last 200 days of ten names, single linkage, ordered leaves, column MV. (Its `stock_prices.csv` has other names: one of
the ten, NBL, is missing there.) PyPortfolioOpt 1.6.0 (MIT) gives the weights of the same returns without the ordering.
Neither library is needed by the package or its tests; both run in an environment of their own.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from pypfopt.hierarchical_portfolio import HRPOpt


def main(prices: Path, recorded: Path, out: Path) -> None:
    weights = pd.read_csv(recorded, index_col=0)["MV"]
    returns = pd.read_csv(prices, index_col=0)[list(weights.index)].pct_change().dropna().iloc[-200:]
    other = HRPOpt(returns).optimize(linkage_method="single")
    np.savez_compressed(
        out,
        names=np.array(weights.index, dtype=str),
        returns=returns.to_numpy(),
        riskfolio=weights.to_numpy(),
        pypfopt=np.array([other[name] for name in weights.index]),
    )


if __name__ == "__main__":
    main(*(Path(argument) for argument in sys.argv[1:4]))
