"""Nearest feasible books by an independent solver, frozen as tests/oracles/limits.json.

Run with an interpreter that has cvxpy and Clarabel (checked with cvxpy 1.9.3, Clarabel 0.11):

    python tests/oracles/generate_limits.py --out tests/oracles/limits.json
"""

from __future__ import annotations

import argparse
import json
import warnings
from importlib.metadata import version
from pathlib import Path

import cvxpy
import numpy as np

KINDS = ("regular", "singular", "rank one", "zero")


def covariance_of(kind: str, slots: int, generator: np.random.Generator) -> np.ndarray:
    if kind == "zero":
        return np.zeros((slots, slots))
    factors = {"rank one": 1, "singular": max(slots // 2, 1), "regular": 2 * slots + 2}[kind]
    loadings = generator.normal(size=(slots, factors)) * 0.01 / np.sqrt(factors)
    return loadings @ loadings.T


def problem(kind: str, slots: int, generator: np.random.Generator) -> dict:
    want = generator.normal(size=slots) * 0.4
    want[generator.random(slots) < 0.2] = 0.0
    covariance = covariance_of(kind, slots, generator)
    volatility = float(np.sqrt(want @ covariance @ want * 252)) or 1.0
    frozen = (generator.random(slots) < 0.15) & (generator.random() < 0.3)
    return {
        "kind": kind,
        "want": want.tolist(),
        "covariance": covariance[np.tril_indices(slots)].tolist(),
        "frozen": frozen.astype(int).tolist(),
        "labels": generator.integers(0, 3, size=(2, slots)).tolist(),
        "caps": [[0, 0, float(generator.choice([0.05, 0.2, 0.5]))], [1, 2, float(generator.choice([0.1, 0.4, 2.0]))]],
        "max_position": float(generator.choice([0.1, 0.3, 1.0, np.inf])),
        "max_gross": float(generator.choice([0.5, 1.0, 2.0, np.inf])),
        "min_net": float(generator.choice([0.0, -0.2, -np.inf])),
        "max_net": float(generator.choice([0.0, 0.1, 0.5, np.inf])),
        "max_volatility": volatility * float(generator.choice([0.05, 0.3, 0.9, np.inf])),
    }


def nearest(case: dict) -> tuple[list[float], float] | None:
    """The reference solution and its distance; None where there is none or the solver is not sure of it."""
    want = np.array(case["want"])
    slots = want.size
    frozen = np.array(case["frozen"]) == 1
    packed = np.zeros((slots, slots))
    packed[np.tril_indices(slots)] = case["covariance"]
    covariance = packed + np.tril(packed, -1).T
    book = cvxpy.Variable(slots)
    signs = np.sign(want)
    moving = ~frozen
    limits = [book[frozen] == want[frozen], cvxpy.multiply(signs, book)[moving] >= 0, book[moving & (signs == 0)] == 0]
    if np.isfinite(case["max_position"]):
        limits.append(cvxpy.abs(book[moving]) <= case["max_position"])
    if np.isfinite(case["max_gross"]):
        limits.append(cvxpy.norm1(book) <= case["max_gross"])
    if np.isfinite(case["min_net"]):
        limits.append(cvxpy.sum(book) >= case["min_net"])
    if np.isfinite(case["max_net"]):
        limits.append(cvxpy.sum(book) <= case["max_net"])
    for vector, label, cap in case["caps"]:
        members = np.array(case["labels"][int(vector)]) == label
        if members.any():
            limits.append(cvxpy.norm1(book[members]) <= cap)
    if np.isfinite(case["max_volatility"]):
        values, vectors = np.linalg.eigh(covariance)
        root = (vectors * np.sqrt(np.maximum(values, 0.0) * 252)).T / case["max_volatility"]
        limits.append(cvxpy.norm2(root @ book) <= 1.0)
    task = cvxpy.Problem(cvxpy.Minimize(cvxpy.sum_squares(book - want)), limits)
    try:
        task.solve(solver="CLARABEL", tol_gap_abs=1e-13, tol_gap_rel=1e-13, tol_feas=1e-13)
    except cvxpy.SolverError:
        return None
    if task.status != "optimal":
        return ([], -1.0) if task.status == "infeasible" else None
    return book.value.tolist(), float(np.linalg.norm(book.value - want))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("limits.json"))
    parser.add_argument("--cases", type=int, default=60)
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    generator = np.random.default_rng(20240105)
    cases = []
    while len(cases) < arguments.cases:
        case = problem(KINDS[len(cases) % 4], int(generator.choice([2, 3, 5, 10, 20])), generator)
        solution = nearest(case)
        if solution is not None:
            case["nearest"], case["distance"] = solution
            cases.append({key: "inf" if v == np.inf else "-inf" if v == -np.inf else v for key, v in case.items()})
    versions = {name: version(name) for name in ("cvxpy", "clarabel", "numpy")}
    arguments.out.write_text(json.dumps({"versions": versions, "cases": cases}) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
