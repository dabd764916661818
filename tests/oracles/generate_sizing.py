"""Write sizing.json: weights of independent libraries on random covariances, read by tests/kernels.

Run once with each interpreter; the second run adds to the file of the first:

    python generate_sizing.py --library skfolio    # skfolio 1.12.2, cvxpy 1.9.3 with Clarabel 0.11.1
    python generate_sizing.py --library ffn        # ffn 1.4.1

Cases are built here from a seed, so both runs see the same numbers; the covariance of each case is stored. Clarabel
may warn that 1e-14 was out of reach; the tests ask for 1e-9 of the objective.
"""

from __future__ import annotations

import argparse
import json
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

OUTPUT = Path(__file__).with_suffix("").with_name("sizing.json")


def returns_of(seed: int, names: int, rows: int, market: float, highest: float) -> pd.DataFrame:
    """Returns with a common factor of strength `market` and volatilities between 1 % and about `highest`."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(rows, 1)) * rng.uniform(0.3, 1.5, names) * market
    own = rng.normal(size=(rows, names))
    values = (common + own) * np.linspace(0.01, highest, names)
    dates = pd.date_range("2020-01-01", periods=rows)
    return pd.DataFrame(values, index=dates, columns=[f"s{i}" for i in range(names)])


def cases() -> dict[str, tuple[pd.DataFrame, list[float]]]:
    """Name of a case -> returns and risk budget."""
    return {
        "five_equal": (returns_of(1, 5, 80, 0.5, 0.04), [0.2] * 5),
        "ten_equal": (returns_of(2, 10, 120, 1.0, 0.08), [0.1] * 10),
        "ten_budgets": (returns_of(3, 10, 120, 0.7, 0.015), [0.19, 0.01, 0.05, 0.15, 0.1, 0.1, 0.02, 0.18, 0.13, 0.07]),
        "twenty_short_sample": (returns_of(4, 20, 30, 0.5, 0.013), [0.05] * 20),
    }


def by_skfolio(returns: pd.DataFrame, budget: list[float]) -> dict[str, list[float]]:
    from skfolio.optimization import InverseVolatility, RiskBudgeting

    tight = {"tol_gap_abs": 1e-13, "tol_gap_rel": 1e-13, "tol_feas": 1e-13}
    parity = RiskBudgeting(risk_budget=dict(zip(returns.columns, budget, strict=True)), solver_params=tight)
    return {
        "inverse_volatility": InverseVolatility().fit(returns).weights_.tolist(),
        "risk_parity_skfolio": parity.fit(returns).weights_.tolist(),
        "min_variance": by_clarabel(returns.cov().to_numpy()),
    }


def by_clarabel(covariance: np.ndarray[Any, Any]) -> list[float]:
    import cvxpy

    weights = cvxpy.Variable(len(covariance))
    scaled = covariance / np.mean(np.diag(covariance))
    goal = cvxpy.Minimize(cvxpy.quad_form(weights, cvxpy.psd_wrap(scaled)))
    problem = cvxpy.Problem(goal, [cvxpy.sum(weights) == 1, weights >= 0])
    tight = {"tol_gap_abs": 1e-14, "tol_gap_rel": 1e-14, "tol_feas": 1e-14, "tol_ktratio": 1e-12}
    problem.solve(solver=cvxpy.CLARABEL, **tight)
    kept = np.maximum(weights.value, 0.0)
    return (kept / kept.sum()).tolist()


def by_ffn(returns: pd.DataFrame, budget: list[float]) -> dict[str, list[float]]:
    import ffn

    weights = ffn.calc_erc_weights(
        returns, risk_weights=np.array(budget), covar_method="standard", maximum_iterations=10_000, tolerance=1e-28
    )
    return {"risk_parity_ffn": weights.reindex(returns.columns).tolist()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--library", choices=["skfolio", "ffn"], required=True)
    library = parser.parse_args().library
    stored = json.loads(OUTPUT.read_text()) if OUTPUT.exists() else {"versions": {}, "cases": {}}
    packages = ["skfolio", "cvxpy", "clarabel"] if library == "skfolio" else ["ffn"]
    stored["versions"].update({package: version(package) for package in packages})
    solve = by_skfolio if library == "skfolio" else by_ffn
    for name, (returns, budget) in cases().items():
        case = stored["cases"].setdefault(name, {})
        case["covariance"] = returns.cov().to_numpy().tolist()
        case["budget"] = budget
        case.update(solve(returns, budget))
    OUTPUT.write_text(json.dumps(stored, indent=1, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
