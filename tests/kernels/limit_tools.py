"""What the tests of the limits share: rules with every bound off, and a risk view over random or given risk."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import strategies as st

from polyfolio.core.codes import CorrelationRule, VarMethod, Warmup
from polyfolio.core.records import RULES
from polyfolio.core.types import Flags, Floats
from polyfolio.kernels.bounds import tail_factors
from polyfolio.kernels.risk import KNOWN, RiskView, scratch_size
from tests.kernels.risk_tools import triangle

UPPER = (
    *("max_position", "max_gross", "max_net", "max_leverage", "max_long_positions", "max_short_positions"),
    *("max_positions", "max_volatility", "max_var", "max_es", "correlation_limit", "max_position_risk"),
    *("risk_adjustment_speed", "risk_band_high"),
)


def rules(**settings: float) -> Any:
    """A RULES record: every bound off, daily observations, then the given fields."""
    record = np.zeros(1, RULES).view(np.recarray)[0]
    for name in UPPER:
        record[name] = np.inf
    record.min_net = -np.inf
    record.allow_short = 1
    record.periods_per_year = 252.0
    record.var_confidence = 0.95
    record.var_method = int(VarMethod.PARAMETRIC)
    record.warmup = int(Warmup.BLOCK)
    record.correlation_rule = int(CorrelationRule.DAMP)
    record.hedge_slot = -1
    for name, value in settings.items():
        record[name] = value
    factors = np.empty(2)
    tail_factors(record.var_confidence, factors)
    record.normal_var, record.normal_es = factors
    return record


def view(covariance: Any, returns: Any = None, correlation: Any = None, end: int | None = None) -> RiskView:
    """A risk view over a full covariance matrix and, where given, slot-major returns."""
    matrix = np.asarray(covariance, dtype=float)
    slots = matrix.shape[0]
    series = np.zeros((slots, 0)) if returns is None else np.ascontiguousarray(returns, dtype=float)
    length = series.shape[1] if end is None else end
    sigma = np.sqrt(np.diag(matrix))
    if correlation is None:
        correlation = np.eye(slots)
    return RiskView(
        triangle(matrix),
        triangle(np.asarray(correlation, dtype=float)),
        sigma,
        series,
        length,
        length,
        np.empty(length + 1),
        np.empty(scratch_size(length)),
        np.zeros(slots + KNOWN),
    )


def free(slots: int) -> Flags:
    """No slot is frozen."""
    return np.zeros(slots, np.uint8)


def no_caps() -> tuple[Any, Floats]:
    """Labels and a cap table without caps."""
    return np.zeros((1, 64), np.int64), np.zeros((0, 3))


def covariance_of(kind: str, slots: int, seed: int) -> Floats:
    """A random covariance of daily returns: regular, singular, of rank 1, or zero."""
    generator = np.random.default_rng(seed)
    if kind == "zero":
        return np.zeros((slots, slots))
    factors = {"rank one": 1, "singular": max(slots // 2, 1), "regular": 2 * slots + 2}[kind]
    loadings = generator.normal(size=(slots, factors)) * 0.01 / np.sqrt(factors)
    return loadings @ loadings.T


kinds = st.sampled_from(["regular", "singular", "rank one", "zero"])
seeds = st.integers(0, 10_000)


def wants(slots: int) -> st.SearchStrategy[Floats]:
    """Weights in [-2, 2] in steps of 0.001, some of them zero: none hides in the slack of a limit."""
    weight = st.one_of(st.just(0.0), st.integers(-2000, 2000).map(lambda steps: steps / 1000))
    return st.lists(weight, min_size=slots, max_size=slots).map(np.array)
