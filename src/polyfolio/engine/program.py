"""A convex program of one lane: built once, with numbers that change from decision to decision as its parameters."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.kernels.cost_terms import CUBE, LINEAR, POWER, ROOT, SQUARE, TERMS
from polyfolio.rules.optimise import OptimiseSection

SOLVERS = {"clarabel": "CLARABEL", "scs": "SCS"}
# By default SCS stops at 1e-4, which is a trade of its own.
SETTINGS: dict[str, dict[str, float]] = {
    "clarabel": {"tol_gap_abs": 1e-9, "tol_gap_rel": 1e-9, "tol_feas": 1e-9},
    "scs": {"eps_abs": 1e-8, "eps_rel": 1e-8, "max_iters": 100_000},
}


class Unsolved(Exception):  # noqa: N818 - an answer, which the next step of the chain takes
    """A step of the chain that found no weights, with the cause."""


class Program:
    """The program of `engine.multi_period` over so many decisions.

    Parameters stand where disciplined parametrised programming allows them, so that cvxpy compiles it once and a
    decision only fills in numbers. Built for the terms of cost that a lane can have: others are 0 in each decision.

    Args:
        names: slots.
        horizon: decisions.
        optimise: the lane's section.
        exponent: e of the cost term |z|^(1 + e).
        bounds: on sum abs(w), on sum w from above and from below; infinite ones are left out.
        max_turnover: on sum abs(z) of a decision.
    """

    def __init__(
        self,
        names: int,
        horizon: int,
        optimise: OptimiseSection,
        *,
        exponent: float,
        bounds: tuple[float, float, float],
        max_turnover: float,
    ) -> None:
        cp = cvxpy()
        self.cp, self.solver, self.horizon = cp, optimise.solver, horizon
        self.fading = 1.0 if optimise.half_life is None else 0.5 ** (1.0 / optimise.half_life)
        self.weights = [cp.Variable(names) for _ in range(horizon)]
        # A variable bound to a parameter: costs, parameters too, may be multiplied only by what has none in it.
        self.held = cp.Variable(names)
        self.start, self.low, self.high = cp.Parameter(names), cp.Parameter(names), cp.Parameter(names)
        self.reward = [cp.Parameter(names) for _ in range(horizon)]
        self.root = cp.Parameter((names, names))
        self.costs = [cp.Parameter(names, nonneg=True) for _ in range(TERMS)]
        self.exponents = {LINEAR: 1.0, ROOT: 1.5, SQUARE: 2.0, POWER: 1.0 + exponent, CUBE: 3.0}
        self.optimise, self.bounds, self.max_turnover = optimise, bounds, max_turnover
        self.problems: dict[tuple[int, ...], Any] = {}

    def solve(
        self, *, start: Floats, rewards: Floats, covariance: Floats, costs: Floats, box: tuple[Floats, Floats]
    ) -> Floats:
        """The first decision's weights.

        Args:
            start: weights held.
            rewards: expected return until the next decision.
            covariance: of one decision's returns.
            costs: float64[TERMS, names], see `kernels.cost_terms`.
            box: least and largest weights.

        Raises:
            Unsolved: there is no solution, or the solver found none.
        """
        # Daily variances are of 1e-4: unscaled, a solver stops where a zone without trades is 1e-3 wrong.
        scale = self.optimise.risk_aversion * float(np.diag(covariance).mean()) or float(np.abs(rewards).max()) or 1.0
        values, vectors = np.linalg.eigh(covariance * (self.optimise.risk_aversion / scale))
        self.root.value = np.sqrt(np.maximum(values, 0.0))[:, None] * vectors.T
        self.start.value, self.low.value, self.high.value = start, box[0], box[1]
        for period, reward in enumerate(self.reward):
            reward.value = rewards * (self.fading**period / scale)
        for term, numbers in zip(self.costs, costs, strict=True):
            term.value = numbers / scale
        return self._answer(self._problem(tuple(np.flatnonzero(costs.any(axis=1)).tolist())))

    def _answer(self, problem: Any) -> Floats:
        try:
            with warnings.catch_warnings():
                warnings.filterwarnings("ignore", "Solution may be inaccurate")  # its status says so
                # Started warm, the last bits would depend on the decision before.
                problem.solve(solver=SOLVERS[self.solver], warm_start=False, **SETTINGS[self.solver])
        except self.cp.error.SolverError as error:
            raise Unsolved(str(error).splitlines()[0]) from error
        if problem.status != self.cp.OPTIMAL or self.weights[0].value is None:
            raise Unsolved(str(problem.status).replace("_", " "))
        return np.array(self.weights[0].value, dtype=np.float64)

    def _problem(self, terms: tuple[int, ...]) -> Any:
        """The program with these terms of cost."""
        if terms not in self.problems:
            cp, merit, before = self.cp, 0.0, self.held
            limits = [before == self.start]
            for period, weights in enumerate(self.weights):
                trade = cp.abs(weights - before)
                cost = sum(self.costs[term] @ self._power(trade, term) for term in terms)
                risk = cp.sum_squares(self.root @ weights)
                merit += self.reward[period] @ weights - 0.5 * risk
                merit -= self.optimise.cost_aversion * cost
                limits += [weights >= self.low, weights <= self.high, *self._limits(weights, trade)]
                before = weights
            self.problems[terms] = cp.Problem(cp.Maximize(merit), limits)
        return self.problems[terms]

    def _power(self, trade: Any, term: int) -> Any:
        """The trade to the exponent of a term of cost.

        As a power cone: by cvxpy's default, a tower of second-order cones, Clarabel gave up on two of three books.
        """
        return trade if term == LINEAR else self.cp.power(trade, self.exponents[term], approx=False)

    def _limits(self, weights: Any, trade: Any) -> list[Any]:
        gross, net, least = self.bounds
        total = self.cp.sum(weights)
        found = [
            (self.cp.norm1(weights) <= gross) if gross < np.inf else None,
            (total <= net) if net < np.inf else None,
            (total >= least) if least > -np.inf else None,
            (self.cp.sum(trade) <= self.max_turnover) if self.max_turnover < np.inf else None,
        ]
        return [limit for limit in found if limit is not None]


def cvxpy() -> Any:
    """cvxpy, or the extra that brings it."""
    try:
        import cvxpy as found  # noqa: PLC0415 - it takes two seconds
    except ImportError as error:
        remedy = "Install the extra: pip install 'polyfolio[research]'."
        raise ConfigError("cvxpy", None, f"installed ({error})", remedy) from error
    return found
