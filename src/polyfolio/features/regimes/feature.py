"""A regime as columns beside the other features: the label and a probability per state, the same for every slot."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.features.base import Feature
from polyfolio.features.regimes.base import Regime, RegimeStream, labels_of
from polyfolio.rules import registry


class RegimeFeature(Feature):
    """The number of the likeliest state and the probability of each; NaN where unknown or where a slot has no bar.

    Args:
        regime: a fitted regime, or the registered name of one that needs no fit.
    """

    name: ClassVar[str] = "regime"
    inputs: ClassVar[tuple[str, ...]] = ("close",)  # and the splits of a tape that has them
    meaning: ClassVar[str] = "state of the market and its probabilities"
    remembers: ClassVar[bool] = True
    across: ClassVar[bool] = True

    def __init__(self, *, regime: Regime | str = "trend") -> None:
        self.regime = regime

    @property
    def outputs(self) -> tuple[str, ...]:  # type: ignore[override]
        """The label and a word per state: they depend on the regime."""
        return ("label", *self._regime().states)

    def columns(self) -> tuple[str, ...]:
        """The regime's title and the output: "trend_label", "trend_fast5_slow20_bull"."""
        return tuple(f"{title(self._regime())}_{output}" for output in self.outputs)

    @property
    def warmup(self) -> int:
        """The regime's: the market's rows count, not those of a slot."""
        return self._regime().warmup

    def compute(self, tape: Tape) -> Floats:
        """Label and probabilities, float64[outputs, rows, slots]."""
        columns = _columns(self._regime().probabilities(tape))
        bars = (tape.tradable != 0) & ~np.isnan(tape.close)
        return np.where(bars[None], columns[:, :, None], np.nan)

    def start(self, tape: Tape) -> RegimeFeatureStream:
        """The stream that continues after the tape's last row."""
        return RegimeFeatureStream(self._regime().start(tape))

    def _regime(self) -> Regime:
        chosen = registry.resolve("regime", self.regime)() if isinstance(self.regime, str) else self.regime
        if not isinstance(chosen, Regime):
            raise ConfigError("regime", self.regime, "a regime or its name", "Give an instance, such as Trend().")
        return chosen


class RegimeFeatureStream:
    """A regime's stream, spread over the slots."""

    def __init__(self, stream: RegimeStream) -> None:
        self.stream = stream

    def update(self, bar: Mapping[str, Floats]) -> Floats:
        """Label and probabilities of the next row, float64[outputs, slots]."""
        column = _columns(self.stream.update(bar)[None])
        return np.where(np.isnan(bar["close"])[None], np.nan, column)


def title(regime: Regime) -> str:
    """The regime's name, and the arguments that are not the default: "trend", "trend_fast5_slow20"."""
    parts = [regime.name]
    for key, parameter in inspect.signature(type(regime)).parameters.items():
        value = getattr(regime, key)
        if isinstance(value, Regime):
            parts.append(title(value))
        elif value != parameter.default:
            said = "_".join(str(item) for item in value) if isinstance(value, tuple) else str(value)
            parts.append(key + said.replace(".", "p").replace("-", "m"))
    return "_".join(parts)


def _columns(probabilities: Floats) -> Floats:
    """Label and probabilities of each row, [outputs, rows]."""
    labels = labels_of(probabilities).astype(np.float64)
    return np.vstack([np.where(labels < 0.0, np.nan, labels)[None], probabilities.T])
