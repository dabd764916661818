"""The stage `multi_period`: weights that trade expected gain against risk and the lane's own costs over decisions.

    maximise  sum_t  r_t'w_t - (risk_aversion / 2) w_t' C w_t - cost_aversion cost(w_t - w_{t-1}),   t = 1..horizon

with w_0 what is held, r_t what the signals stand for t decisions from now, C the covariance of one decision's returns
and the costs of `kernels.cost_terms` (Boyd et al. 2017, multi-period trading via convex optimisation). The first w is
wanted. Gross and net exposure, positions and turnover stay within the lane's limits; the stages that follow certify the
others.
"""

from __future__ import annotations

import logging
from collections import Counter
from typing import NamedTuple

import numpy as np

from polyfolio.core.codes import Reason
from polyfolio.core.types import Flags, Floats
from polyfolio.engine.extend import StageView
from polyfolio.engine.memory import records
from polyfolio.engine.program import Program, Unsolved
from polyfolio.errors import ConfigError
from polyfolio.kernels.cost_terms import TERMS, cost_terms, exposure_bounds
from polyfolio.rules.optimise import OptimiseSection

log = logging.getLogger("polyfolio")

# Interior points end about 1e-8 from a bound: a weight this near to nothing, or to what is held, is meant to be there.
DUST = 1e-6
LAST = "hold"


class Fallback(NamedTuple):
    """A decision that the program did not make."""

    row: int
    lane: str
    failed: str  # the step without a solution
    cause: str
    used: str  # the step that decided


class MultiPeriod:
    """The stage. One instance serves the lanes of one engine.

    Attributes:
        fallbacks: decisions that the program did not make, with the cause.
    """

    def __init__(self) -> None:
        self.fallbacks: list[Fallback] = []
        self._programs: dict[tuple[int, int], Program] = {}

    def counts(self) -> Counter[tuple[str, str]]:
        """How often each step decided in place of another, by (lane, step)."""
        return Counter((fallback.lane, fallback.used) for fallback in self.fallbacks)

    def __call__(self, want: Floats, view: StageView) -> Reason | None:
        """Replace the wants of free slots."""
        if view.plan.slot_of.size != len(view.symbols):
            bound = "a lane without sleeves"
            raise ConfigError("program", "multi_period", bound, "Leave `sleeves` out: it plans one weight per symbol.")
        optimise = view.plan.optimisers[view.number] or OptimiseSection()
        failed: list[tuple[str, str]] = []
        for step in ("multi_period", *optimise.fallback, LAST):
            try:
                found = self._solved(step, optimise, want, view)
            except Unsolved as failure:
                failed.append((step, str(failure)))
                continue
            free = view.frozen == 0
            want[free] = found[free]
            return self._note(failed, step, view)
        return None

    def _solved(self, step: str, optimise: OptimiseSection, want: Floats, view: StageView) -> Floats:
        """Weights by one step of the chain."""
        if step == LAST:
            return view.held
        if step == "inverse_volatility":
            return _by_volatility(view)
        alone = step == "single_period"
        program = self._program(1 if alone else optimise.horizon, optimise, view, turnover=not alone)
        unknown = ~np.isfinite(view.sigma)
        fixed = (view.frozen != 0) | unknown
        stays = np.where(view.frozen != 0, want, view.held)
        if fixed.all():
            return stays
        covariance = dense(view.covariance, len(view.symbols)) * optimise.span
        covariance[unknown] = 0.0
        covariance[:, unknown] = 0.0
        if not np.isfinite(covariance).all():
            raise Unsolved("a covariance between two names is unknown")
        found = program.solve(
            start=view.held,
            rewards=rewards(optimise, view),
            covariance=covariance,
            costs=_costs(view),
            box=_box(fixed, stays, view),
        )
        found[np.abs(found) < DUST] = 0.0
        return np.where(np.abs(found - view.held) < DUST, view.held, found)

    def _program(self, horizon: int, optimise: OptimiseSection, view: StageView, *, turnover: bool) -> Program:
        """The compiled program of a lane, made once."""
        key = (view.number, horizon if turnover else 0)
        if key not in self._programs:
            lane = view.plan.rules[view.number]
            bounds = np.empty(3)
            exposure_bounds(records(view.plan.rules[view.number : view.number + 1]), bounds)
            most = min(float(lane["max_turnover"]), np.inf if optimise.max_turnover is None else optimise.max_turnover)
            self._programs[key] = Program(
                len(view.symbols),
                horizon,
                optimise,
                exponent=float(lane["impact_exponent"]),
                bounds=(float(bounds[0]), float(bounds[1]), float(bounds[2])),
                max_turnover=most if turnover else np.inf,
            )
        return self._programs[key]

    def _note(self, failed: list[tuple[str, str]], used: str, view: StageView) -> Reason | None:
        if not failed:
            return None
        known = {(fallback.lane, fallback.cause) for fallback in self.fallbacks}
        for step, cause in failed:
            if (view.lane, cause) not in known:
                told = (view.lane, view.row, step, cause, used)
                log.warning("lane %r, row %d: %s was not solved (%s); %s decides", *told)
            self.fallbacks.append(Fallback(view.row, view.lane, step, cause, used))
        return Reason.FALLBACK


def dense(triangle: Floats, size: int) -> Floats:
    """A symmetric matrix from its packed lower triangle."""
    out = np.zeros((size, size))
    out[np.tril_indices(size)] = triangle
    return out + np.tril(out, -1).T


def rewards(optimise: OptimiseSection, view: StageView) -> Floats:
    """Expected return of each name until the next decision, float64[slots]; 0 without an opinion."""
    expected = np.nan_to_num(view.signal) * optimise.return_per_signal
    if optimise.expected == "volatility":
        expected = expected * np.nan_to_num(view.sigma) * np.sqrt(optimise.span)
    return np.asarray(expected)


def _by_volatility(view: StageView) -> Floats:
    """Signs of the signals over volatility, as large in all as sizing.gross_target."""
    signs = np.sign(np.nan_to_num(view.signal))
    known = (view.sigma > 0.0) & (signs != 0.0) & (view.frozen == 0)
    if not known.any():
        raise Unsolved("no name has a signal and a known volatility")
    parts = np.zeros(signs.size)
    parts[known] = signs[known] / view.sigma[known]
    return np.asarray(parts / np.abs(parts).sum() * view.plan.rules["gross_target"][view.number])


def _box(fixed: Flags, stays: Floats, view: StageView) -> tuple[Floats, Floats]:
    """Least and largest weight of each slot."""
    lane = view.plan.rules[view.number]
    most = min(float(lane["max_position"]), 1e3)
    low = np.full(stays.size, -most if lane["allow_short"] else 0.0)
    return np.where(fixed, stays, low), np.where(fixed, stays, most)


def _costs(view: StageView) -> Floats:
    """The terms of the lane's costs at the row's prices."""
    market, number = view.market, view.number
    prices, units, spreads = (
        array[view.row if array.shape[0] > 1 else 0] for array in (market.mark, market.unit, market.spread)
    )
    out = np.empty((TERMS, len(view.symbols)))
    lane = records(view.plan.rules[number : number + 1])
    table = view.plan.tiers[lane["tier_table"][0]]
    cost_terms(
        view.equity, prices, units, spreads, market.base_volume[view.row], market.sigma[view.row], lane, table, out
    )
    return out
