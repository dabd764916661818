"""Other weights in other markets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.features.regimes.base import Regime
from polyfolio.rules import registry
from polyfolio.rules.arguments import closest
from polyfolio.strategies.aggregate.base import Aggregator, Weights, refuse_bad_voices, weights_of
from polyfolio.strategies.aggregate.weighted_average import average, shares


class RegimeWeights(Aggregator):
    """The weighted average with the weights of the state the market is in.

    Args:
        regime: `{"name": ..., "params": {...}}` of a registered regime. One that learns is fitted with the strategy on
            its training rows, or wrapped in `walk_forward`.
        states: state of the regime to the weights of the members in it, as of `weighted_average`.
        otherwise: weights in a state that is not listed, and while the state is unknown; None is no opinion.
        by_confidence: False leaves confidences out.
    """

    space: ClassVar[Mapping[str, Any]] = {"by_confidence": [True, False]}

    def __init__(
        self,
        *,
        regime: Mapping[str, Any],
        states: Mapping[str, Weights],
        otherwise: Weights | None = None,
        by_confidence: bool = True,
    ) -> None:
        self.regime = regime
        self.states = states
        self.otherwise = otherwise
        self.by_confidence = by_confidence

    def fit(self, signals: Floats, confidences: Floats | None, tape: Tape, names: Sequence[str] = ()) -> Self:  # noqa: ARG002
        """Learn the regime from the training rows."""
        self.regime_ = regime_of(self.regime).fit(tape)
        return self

    def combine(self, signals: Floats, confidences: Floats | None, tape: Tape, names: Sequence[str] = ()) -> Floats:
        """The average, clamped to -1 and 1."""
        weights = self._weights(signals, confidences, tape, names)
        return average(signals, confidences if self.by_confidence else None, weights)

    def weigh(self, signals: Floats, confidences: Floats | None, tape: Tape, names: Sequence[str] = ()) -> Floats:
        """The state's weight times confidence, over their sum."""
        weights = self._weights(signals, confidences, tape, names)
        return shares(signals, confidences if self.by_confidence else None, weights)

    def _weights(self, signals: Floats, confidences: Floats | None, tape: Tape, names: Sequence[str]) -> Floats:
        """The weights of each row, float64[members, rows, slots]."""
        refuse_bad_voices(signals, confidences, tape, names)
        regime: Regime = getattr(self, "regime_", None) or regime_of(self.regime)
        members = len(signals)
        silent = np.zeros((members, tape.slots))
        rest = silent if self.otherwise is None else weights_of(self.otherwise, names, tape, members)
        table = [rest] * (len(regime.states) + 1)  # the last one for the label -1, unknown
        for state, weights in self.states.items():
            if state not in regime.states:
                bound = f"of a state of {self.regime.get('name')}: " + ", ".join(regime.states)
                raise ConfigError(f"states.{state}", weights, bound, closest(state, regime.states))
            table[regime.states.index(state)] = weights_of(weights, names, tape, members)
        return np.ascontiguousarray(np.stack(table)[regime.labels(tape)].transpose(1, 0, 2))


def regime_of(described: Any, field: str = "regime") -> Regime:
    """A regime of `{"name": ..., "params": {...}}`; a parameter `regime` is described the same way.

    Raises:
        ConfigError: the name or an argument is unknown.
    """
    if not isinstance(described, Mapping) or not isinstance(described.get("name"), str):
        remedy = 'Write it as {"name": "trend", "params": {}}.'
        raise ConfigError(field, described, "a map with the name of a regime", remedy)
    params = dict(described.get("params") or {})
    if "regime" in params:
        params["regime"] = regime_of(params["regime"], f"{field}.params.regime")
    cls = registry.resolve("regime", described["name"], f"{field}.name")
    try:
        made: Regime = cls(**params)
    except TypeError as error:
        raise ConfigError(
            f"{field}.params", params, f"arguments of {cls.__name__} ({error})", "Correct them."
        ) from None
    return made
