"""Freeze what arch says about block lengths and GARCH with Student's t: writes synthetic.json beside this file.

Version the file in the repository was made with: arch 8.0.0. It is not needed by the package or by its tests.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
from pathlib import Path

import numpy as np
from arch import arch_model
from arch.bootstrap import optimal_block_length


def clustered(seed: int, rows: int, degrees: float) -> np.ndarray:
    """Returns of a GARCH(1,1) process with Student's t."""
    random = np.random.default_rng(seed)
    out, variance = np.empty(rows), 1e-4
    for t in range(rows):
        error = np.sqrt(variance * (degrees - 2.0) / degrees) * random.standard_t(degrees)
        out[t] = 4e-4 + error
        variance = 3e-6 + 0.09 * error * error + 0.88 * variance
    return out


def autoregressive(seed: int, rows: int, rho: float) -> np.ndarray:
    """A first-order autoregression."""
    random = np.random.default_rng(seed)
    out = np.zeros(rows)
    for t in range(1, rows):
        out[t] = rho * out[t - 1] + random.standard_normal()
    return out


def garch(returns: np.ndarray) -> dict[str, object]:
    """arch's fit, in units of the returns."""
    fitted = arch_model(100.0 * returns, mean="Constant", vol="GARCH", p=1, q=1, dist="t", rescale=False).fit(
        disp="off", options={"ftol": 1e-13, "maxiter": 1000}
    )
    return {
        "returns": returns.tolist(),
        "parameters": (fitted.params.to_numpy() / np.array([100.0, 1e4, 1.0, 1.0, 1.0])).tolist(),
        "log_likelihood": float(fitted.loglikelihood) + returns.size * float(np.log(100.0)),
        "sigma": (np.asarray(fitted.conditional_volatility) / 100.0).tolist(),
    }


def block(series: np.ndarray) -> dict[str, object]:
    """arch's mean block length for the stationary bootstrap."""
    return {"series": series.tolist(), "length": float(optimal_block_length(series)["stationary"].iloc[0])}


def main() -> None:
    """Write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("synthetic.json"))
    found = {
        "versions": {name: importlib.metadata.version(name) for name in ("arch", "numpy", "scipy")},
        "garch": [garch(clustered(3, 900, 5.0)), garch(clustered(4, 700, 9.0))],
        "blocks": [
            block(autoregressive(5, 500, 0.0)),
            block(autoregressive(6, 500, 0.7)),
            block(np.abs(clustered(7, 600, 5.0))),
            block(autoregressive(8, 64, 0.95)),
        ],
    }
    parser.parse_args().out.write_text(json.dumps(found) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
