"""How much of a lane's return is explained by factors the user brings: r_t = sum_f beta_f F_ft + specific_t, exactly.

Betas are those of an ordinary regression over the whole run with a constant, which stays in the specific part, or they
are given for each bar. Parts of bars are linked after Carino (1999), so that they add up to the compounded return.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from polyfolio.core.types import Floats
from polyfolio.errors import DataError
from polyfolio.kernels import attribution

SPECIFIC = "specific"


@dataclass(frozen=True, eq=False)
class Factors:
    """Returns of factors by date.

    Attributes:
        dates: one per bar, strictly ascending: datetime64, whole days where the run's bars are days.
        returns: simple returns of each factor by name, one per date.
        exposures: betas by name, one per date, known at the close before; None has them estimated.
    """

    dates: npt.ArrayLike
    returns: Mapping[str, npt.ArrayLike]
    exposures: Mapping[str, npt.ArrayLike] | None = None

    def table(self, name: str, columns: Mapping[str, npt.ArrayLike], dates: np.ndarray) -> Floats:
        """Columns at the given dates, float64[dates, factors].

        Raises:
            DataError: dates that do not ascend, a date without values, or values that are not finite.
        """
        known = np.asarray(self.dates).astype(dates.dtype)
        if known.size == 0 or (np.diff(known) <= np.timedelta64(0)).any():
            raise DataError("factors.dates", known.size, "strictly ascending", "Sort them and leave out repetitions.")
        at = np.clip(np.searchsorted(known, dates), 0, known.size - 1)
        missing = dates[known[at] != dates]
        if missing.size:
            bound = f"with a value for each bar of the run; {missing.size:,} are missing"
            raise DataError("factors.dates", str(missing[0]), bound, "Give factor returns over the whole run.")
        out = np.empty((dates.size, len(self.returns)))
        for column, factor in enumerate(self.returns):
            values = np.asarray(columns.get(factor, ()), dtype=np.float64)
            if values.shape != known.shape or not np.isfinite(values[at]).all():
                bound = f"{known.size:,} finite numbers, one per date"
                raise DataError(f"factors.{name}.{factor}", values.shape, bound, "Fill or leave out the gaps.")
            out[:, column] = values[at]
        return out


@dataclass(frozen=True, eq=False)
class FactorSplit:
    """A lane's return, split.

    Attributes:
        names: of the factors, `specific` last.
        betas: mean exposure to each factor.
        errors: standard error of each estimated beta, NaN where they were given.
        parts: beta times factor return per bar, and the specific return, float64[bars, factors + 1]; rows add up to
            the bar's return.
        linked: parts of the compounded return.
        total: compounded return: the sum of `linked`.
        explained: share of the variance of the returns that the factors explain.
    """

    names: tuple[str, ...]
    betas: Floats
    errors: Floats
    parts: Floats
    linked: Floats
    total: float
    explained: float


def split_by_factors(returns: Floats, dates: np.ndarray, factors: Factors) -> FactorSplit:
    """Split a series of simple returns.

    Args:
        returns: of the lane, per bar.
        dates: of the bars, datetime64.
        factors: factor returns, and exposures where they are known.

    Raises:
        DataError: too few bars, factors that are combinations of each other, a return of -1 or less.
    """
    moved = factors.table("returns", factors.returns, dates)
    if factors.exposures is None:
        betas, errors = estimated(returns, moved)
        exposure = np.broadcast_to(betas, moved.shape)
    else:
        exposure = factors.table("exposures", factors.exposures, dates)
        betas, errors = exposure.mean(axis=0), np.full(moved.shape[1], np.nan)
    parts = np.empty((returns.size, moved.shape[1] + 1))
    parts[:, :-1] = exposure * moved
    parts[:, -1] = returns - parts[:, :-1].sum(axis=1)
    if not (returns > -1.0).all():
        raise DataError("returns", float(returns.min()), "above -1", "A ruined lane has no split of its return.")
    linked, totals = np.empty(parts.shape[1]), np.empty(4)
    attribution.carino(parts, returns, np.zeros(returns.size), linked, totals)
    spread = float(np.var(returns))
    explained = 1.0 - float(np.var(parts[:, -1])) / spread if spread > 0.0 else float("nan")
    return FactorSplit((*factors.returns, SPECIFIC), betas, errors, parts, linked, float(totals[0]), explained)


def estimated(returns: Floats, moved: Floats) -> tuple[Floats, Floats]:
    """Betas of an ordinary regression with a constant, and their standard errors."""
    design = np.column_stack([np.ones(returns.size), moved])
    free = returns.size - design.shape[1]
    if free < 1:
        bound = f"more than {design.shape[1]}, the number of betas and the constant"
        raise DataError("bars", returns.size, bound, "Use fewer factors or a longer run.")
    if np.linalg.matrix_rank(design) < design.shape[1]:
        bound = "factors none of which is a combination of the others or constant"
        raise DataError("factors", design.shape[1] - 1, bound, "Leave out the factor that the others make up.")
    found: Any = np.linalg.lstsq(design, returns, rcond=None)[0]
    rest = returns - design @ found
    spread = np.diag(np.linalg.inv(design.T @ design)) * (rest @ rest / free)
    return np.asarray(found[1:]), np.sqrt(spread[1:])
