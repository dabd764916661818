"""Why a lane did better or worse than a benchmark portfolio: which groups it held, which names in them, and trading.

Brinson and Fachler (1985) for each bar, linked over the bars after Carino (1999), by `kernels.attribution`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from polyfolio.core.types import Floats, Ints
from polyfolio.errors import ConfigError, DataError
from polyfolio.kernels import attribution
from polyfolio.kernels.measures import exposure
from polyfolio.rules.arguments import closest
from polyfolio.rules.plan import Plan

CASH = "cash"
TRADING = "trading"
BY_SYMBOL = "symbol"
UNLABELLED = "(none)"
_NET = exposure.NAMES.index("exposure_net")


@dataclass(frozen=True)
class Brinson:
    """A lane's active return, split. All effects are returns over the whole run and add up to `active`.

    Attributes:
        groups: names of the groups, cash last.
        allocation: per group, from holding more or less of it than the benchmark does.
        selection: per group, from what was held inside it.
        interaction: per group, both at once.
        trading: what the lane earned beyond what it held at each close before: fills, costs, interest.
        own: compounded return of the lane.
        benchmark: compounded return of the benchmark.
        active: own less benchmark.
    """

    groups: tuple[str, ...]
    allocation: Floats
    selection: Floats
    interaction: Floats
    trading: float
    own: float
    benchmark: float
    active: float

    def rows(self) -> list[tuple[str, float, float, float]]:
        """(group, allocation, selection, interaction) of each group; trading last, as its own."""
        effects = zip(self.allocation.tolist(), self.selection.tolist(), self.interaction.tolist(), strict=True)
        return [(name, *each) for name, each in zip(self.groups, effects, strict=True)]


@dataclass(frozen=True, eq=False)
class Period:
    """What a split is made of; bars are those after the first close.

    Attributes:
        weights: what the lane held, shares of equity, float64[bars, slots], at the close before each bar.
        benchmark: weights of the benchmark, float64[slots]; it goes back to them at every close.
        returns: per slot and bar, in the base currency, float64[bars, slots].
        own: return of the lane per bar, after all costs.
    """

    weights: Floats
    benchmark: Floats
    returns: Floats
    own: Floats


def brinson(period: Period, group_of: Ints, names: tuple[str, ...]) -> Brinson:
    """Split the active return over groups; cash is the group that comes after them.

    Args:
        period: weights and returns.
        group_of: number of the group of each slot.
        names: name of each group.
    """
    refuse_gaps(period)
    bars, groups = period.own.size, len(names) + 1
    member = (group_of[:, None] == np.arange(len(names))[None, :]).astype(np.float64)
    earned = np.where(period.weights != 0.0, period.weights * period.returns, 0.0)
    theirs = np.where(period.benchmark != 0.0, period.benchmark * period.returns, 0.0)
    ours, other = with_cash(period.weights @ member), with_cash((period.benchmark @ member)[None, :])[0]
    own, against = share(earned @ member, ours[:, :-1]), share(theirs @ member, other[None, :-1])
    parts, totals = np.zeros((bars, 3 * groups + 1)), np.empty(4)
    benchmark, effects = np.empty(bars), np.empty((groups, 3))
    for t in range(bars):
        attribution.brinson(ours[t], other, np.append(own[t], 0.0), np.append(against[t], 0.0), effects, totals)
        benchmark[t] = totals[1]
        parts[t, :-1] = effects.ravel()
        parts[t, -1] = period.own[t] - totals[0]
    linked, totals = np.empty(parts.shape[1]), np.empty(4)
    attribution.carino(parts, period.own, benchmark, linked, totals)
    split = linked[:-1].reshape(groups, 3)
    return Brinson(
        (*names, CASH),
        split[:, 0].copy(),
        split[:, 1].copy(),
        split[:, 2].copy(),
        float(linked[-1]),
        float(totals[0]),
        float(totals[1]),
        float(totals[2]),
    )


def refuse_gaps(period: Period) -> None:
    """Refuse shorts and returns that are not known where something is held."""
    if (period.weights < 0.0).any():
        raise DataError("weights", float(period.weights.min()), "0 or more", "A lane with shorts has no such split.")
    for name, held in (
        ("weights", period.weights),
        ("benchmark", np.broadcast_to(period.benchmark, period.weights.shape)),
    ):
        gap = (held != 0.0) & ~np.isfinite(period.returns)
        if gap.any():
            bar, slot = (int(index) for index in np.argwhere(gap)[0])
            raise DataError(
                f"returns[{bar}, {slot}]",
                float(period.returns[bar, slot]),
                f"known where the {name} are not 0",
                "Leave the symbol out of the benchmark, or begin the tape where it has prices.",
            )
    if not (period.own > -1.0).all():
        raise DataError("own", float(period.own.min()), "above -1", "A ruined lane has no split of its return.")


def with_cash(weights: Floats) -> Floats:
    """The weights with cash as the last group: what is left of 1."""
    return np.concatenate([weights, 1.0 - weights.sum(axis=1, keepdims=True)], axis=1)


def share(part: Floats, whole: Floats) -> Floats:
    """part / whole, 0 where the whole is 0."""
    return np.asarray(np.divide(part, whole, out=np.zeros(part.shape), where=np.broadcast_to(whole, part.shape) != 0.0))


def weights_of(equity: Floats, value: Floats) -> Floats:
    """Shares of equity, float64[closes, slots]: the net exposure of each slot at each close."""
    out, scratch, found = np.empty(value.shape), np.empty(exposure.SIZE), np.empty(len(exposure.NAMES))
    for row in range(value.shape[0]):
        for slot in np.flatnonzero(value[row]):
            worth, one = value[row, slot : slot + 1], equity[row : row + 1]
            exposure.summary(one, worth, worth, np.zeros(1), 1.0, scratch, found)
            out[row, slot] = found[_NET]
        out[row, value[row] == 0.0] = 0.0
    return out


def groups(plan: Plan, by: str) -> tuple[Ints, tuple[str, ...]]:
    """Number of the group of each slot, and the groups' names: the symbols, or the values of a label."""
    if by == BY_SYMBOL:
        return np.arange(len(plan.symbols)), plan.symbols
    if by not in plan.label_names:
        known = (BY_SYMBOL, *plan.label_names)
        raise ConfigError("by", by, "one of " + ", ".join(known), closest(str(by), known))
    at = plan.label_names.index(by)
    names = plan.label_values[at]
    numbers = np.where(plan.labels[at] >= 0, plan.labels[at], len(names))
    return numbers, (*names, UNLABELLED) if (numbers == len(names)).any() else names
