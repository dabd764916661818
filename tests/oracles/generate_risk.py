"""Freeze what other libraries say about covariances, tails and GARCH: writes risk.json beside this file.

Versions the file in the repository was made with: NumPy, pandas and SciPy as printed in it, arch 8.0.0,
scikit-learn 1.9.1, skfolio 1.12.2, quantstats 0.0.86. None is needed by the package or by its tests.
The riskfolio values of the boundary table are copied from its published behaviour: riskfolio-lib 7.4.0, VaR_Hist.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
from pathlib import Path

import numpy as np
import pandas as pd
import quantstats
import skfolio.measures
from arch import arch_model
from arch.univariate import ConstantMean, EWMAVariance
from sklearn.covariance import LedoitWolf

BOUNDARY = [-0.05, -0.03, -0.02, -0.01, -0.005, 0, 0.005, 0.01, 0.015, 0.02]
BOUNDARY += [0.025, 0.03, -0.04, 0.035, 0.04, 0.002, -0.002, 0.001, -0.001, 0.003]


def reference_series() -> np.ndarray:
    """756 daily returns, Student t around a benchmark, a loss first."""
    rng = np.random.default_rng(7)
    benchmark = rng.standard_t(4, 756) * 0.008 + 0.0003
    returns = 0.9 * benchmark + rng.standard_t(4, 756) * 0.006 + 0.0004
    returns[0] = -0.05
    return returns


def clustered_series() -> np.ndarray:
    """1,000 returns of a GARCH(1,1) process."""
    rng = np.random.default_rng(11)
    errors, variance = np.empty(1000), 1e-4
    for t in range(errors.size):
        errors[t] = np.sqrt(variance) * rng.standard_normal()
        variance = 2e-6 + 0.08 * errors[t] ** 2 + 0.9 * variance
    return errors + 0.0003


def garch(returns: np.ndarray) -> dict[str, object]:
    """arch's fit, in units of the returns."""
    fitted = arch_model(100.0 * returns, mean="Constant", vol="GARCH", p=1, q=1, rescale=False).fit(
        disp="off", options={"ftol": 1e-13, "maxiter": 1000}
    )
    return {
        "parameters": (fitted.params.to_numpy() / np.array([100.0, 1e4, 1.0, 1.0])).tolist(),
        "log_likelihood": float(fitted.loglikelihood) + returns.size * float(np.log(100.0)),
        "sigma": (np.asarray(fitted.conditional_volatility) / 100.0).tolist(),
        "forecast": float(np.sqrt(fitted.forecast(horizon=1).variance.to_numpy()[-1, 0])) / 100.0,
    }


def panels() -> dict[str, np.ndarray]:
    """Return panels [slots, observations]: plain, more slots than observations, one slot, two equal slots."""
    rng = np.random.default_rng(3)
    common = rng.standard_normal(120) * 0.01
    plain = 0.7 * common + rng.standard_normal((6, 120)) * 0.008 * np.arange(1, 7)[:, None]
    return {
        "plain": plain,
        "wide": rng.standard_normal((12, 8)) * 0.02,
        "single": plain[:1],
        "equal": np.vstack([plain[0], plain[0]]),
    }


def main() -> None:
    """Run every library once and write the file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("risk.json"))
    out = parser.parse_args().out
    reference, clustered = reference_series(), clustered_series()
    boundary = np.array(BOUNDARY)
    ewma = ConstantMean(100.0 * clustered, volatility=EWMAVariance(0.94), rescale=False).fit(disp="off")
    frozen = {
        "versions": {
            name: importlib.metadata.version(name)
            for name in ("numpy", "pandas", "scipy", "arch", "scikit-learn", "skfolio", "quantstats")
        },
        "reference": reference.tolist(),
        "clustered": clustered.tolist(),
        "skfolio": {
            "value_at_risk_95": float(skfolio.measures.value_at_risk(reference, beta=0.95)),
            "cvar": {str(c): float(skfolio.measures.cvar(reference, beta=c)) for c in (0.9, 0.95, 0.975, 0.99)},
            "boundary_cvar": {str(c): float(skfolio.measures.cvar(boundary, beta=c)) for c in (0.95, 0.9, 0.88)},
        },
        "boundary": boundary.tolist(),
        "quantstats": {
            "var_95": -float(quantstats.stats.value_at_risk(pd.Series(reference), confidence=0.95)),
        },
        "garch": {"reference": garch(reference), "clustered": garch(clustered)},
        "arch_ewma": {
            "mean": float(ewma.params["mu"]) / 100.0,
            "sigma": (np.asarray(ewma.conditional_volatility) / 100.0).tolist(),
        },
        "ledoit_wolf": {
            name: {"returns": panel.tolist(), "covariance": LedoitWolf().fit(panel.T).covariance_.tolist()}
            for name, panel in panels().items()
        },
    }
    out.write_text(json.dumps(frozen) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
