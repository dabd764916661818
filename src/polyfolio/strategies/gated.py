"""A strategy that acts in some states of the market and rests, or does less, in others."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np

from polyfolio.core.codes import Sizing
from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.features.regimes.base import Regime, labels_of
from polyfolio.rules.arguments import closest, finite
from polyfolio.rules.plan import Plan
from polyfolio.strategies.aggregate.regime_weights import regime_of
from polyfolio.strategies.composed import Composed

BY = ("label", "probability")
TREND: Mapping[str, Any] = {"name": "trend"}
BULL: Mapping[str, float] = {"bull": 1.0}
# Methods that divide by the sum of the signals: a number in front of all of them does nothing there.
NORMALISING = (
    Sizing.EQUAL_WEIGHT,
    Sizing.SIGNAL_STRENGTH,
    Sizing.INVERSE_VOLATILITY,
    Sizing.RISK_PARITY,
    Sizing.MIN_VARIANCE,
)


class Gated(Composed):
    """The signals of another strategy times a number for the state the market is in.

    Where the number changes, the last opinion is said again with the new one, so that a closed gate also closes what
    is held; where it stays, silence of the strategy stays silence.

    Args:
        strategy: `{"name": ..., "params": {...}}`; None for `momentum`.
        regime: `{"name": ..., "params": {...}}` of a registered regime. One that learns is fitted with the strategy on
            its training rows, or wrapped in `walk_forward`. None for `trend`.
        scale: number by state; a state that is not named has 0. None for 1 in a bull market. Numbers other than 0 and
            1 need a sizing method that keeps the size of signals: weights, units or money.
        unknown: number while the state is unknown.
        by: "label" takes the number of the likeliest state, "probability" the mean over all of them.
    """

    space: ClassVar[Mapping[str, Any]] = {"unknown": [0.0, 1.0], "by": ["label", "probability"]}
    regime_: Regime

    def __init__(
        self,
        *,
        strategy: Mapping[str, Any] | None = None,
        regime: Mapping[str, Any] | None = None,
        scale: Mapping[str, float] | None = None,
        unknown: float = 0.0,
        by: str = "label",
    ) -> None:
        self.strategy = strategy
        self.regime = regime
        self.scale = scale
        self.unknown = unknown
        self.by = by

    @property
    def warmup(self) -> int:
        """That of the slower one of strategy and regime."""
        return max(self.inner().warmup, self._regime().warmup + 1)

    def fit(self, tape: Tape) -> Self:
        """Let the strategy and the regime learn from the training rows."""
        self.regime_ = self._regime().fit(tape)
        self.strategy_ = self.inner().fit(tape)
        return self

    def signals(self, tape: Tape) -> Floats:
        """Signals times the number of the row's state."""
        said, numbers = self.inner().signals(tape), self.numbers(tape)
        rows = np.arange(tape.rows)[:, None]
        latest = np.maximum.accumulate(np.where(np.isnan(said), 0, rows), axis=0)
        speaks = ~np.isnan(said) | (np.diff(numbers, prepend=numbers[:1]) != 0.0)[:, None]
        return np.where(speaks, np.take_along_axis(said, latest, axis=0) * numbers[:, None] + 0.0, np.nan)

    def numbers(self, tape: Tape) -> Floats:
        """The number of each row, float64[rows]."""
        regime = self._regime()
        probabilities = regime.probabilities(tape)
        table = np.array([self._number(regime, state) for state in regime.states] + [share("unknown", self.unknown)])
        if self.by == "label":
            return table[labels_of(probabilities)]
        if self.by != "probability":
            raise ConfigError("by", self.by, " or ".join(BY), "Choose one of the two.")
        total = np.zeros(tape.rows)
        for state, number in enumerate(table[:-1]):
            total += probabilities[:, state] * number
        return np.where(np.isnan(total), table[-1], total)

    def accept(self, plan: Plan, lane: int, tape: Tape) -> None:
        """Refuse a lane whose sizing would take no notice of the numbers, and what the strategy inside refuses."""
        super().accept(plan, lane, tape)
        method = Sizing(int(plan.rules["method"][lane]))
        scale = BULL if self.scale is None else self.scale
        if method in NORMALISING and (self.by == "probability" or not {*scale.values(), self.unknown} <= {0, 1}):
            bound = f"0 or 1, by label, where sizing.method is {method.name.lower()}, which divides it out"
            raise ConfigError("scale", dict(scale), bound, "Write `sizing: {method: weights}` in the lane.")

    def _regime(self) -> Regime:
        return self.regime_ if hasattr(self, "regime_") else regime_of(self.regime or TREND)

    def _number(self, regime: Regime, state: str) -> float:
        scale = BULL if self.scale is None else self.scale
        if not isinstance(scale, Mapping):
            raise ConfigError("scale", scale, "a map of states and numbers", "Write it as {bull: 1, bear: 0}.")
        for word, number in scale.items():
            if word not in regime.states:
                bound = "a number of a state: " + ", ".join(regime.states)
                raise ConfigError(f"scale.{word}", number, bound, closest(word, regime.states))
        return share(f"scale.{state}", scale.get(state, 0.0))


def share(name: str, value: Any) -> float:
    """A number from -1 to 1."""
    if math.fabs(finite(name, value)) > 1.0:
        raise ConfigError(name, value, "from -1 to 1", "Put leverage into sizing.per_signal.")
    return float(value)
