"""A feature's value compared with that of the other slots in the same row."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.features.base import Feature, Stream
from polyfolio.features.compiled.across import centred, ranked


class Across(Feature):
    """Base of comparisons of another feature across slots. Slots without a value take no part."""

    across: ClassVar[bool] = True

    def __init__(self, *, of: Feature) -> None:
        if not isinstance(of, Feature):
            remedy = "Give an instance, such as Returns(period=20)."
            raise ConfigError(f"{self.name} of", of, "a feature", remedy)
        self.of = of
        vars(self).update(inputs=of.inputs, outputs=of.outputs, remembers=of.remembers)

    @property
    def warmup(self) -> int:
        """A slot's bars before its first value."""
        return self.of.warmup

    def columns(self) -> tuple[str, ...]:
        """A name per output: "rank_rsi_14"."""
        return tuple(f"{self.name}_{column}" for column in self.of.columns())

    def compute(self, tape: Tape) -> Floats:
        """Values, float64[outputs, rows, slots]."""
        return np.stack([self.compare(values) for values in self.of.compute(tape)])

    def start(self, tape: Tape) -> Stream:
        """The stream of the feature compared."""
        return AcrossStream(self, self.of.start(tape))

    def compare(self, values: Floats) -> Floats:
        """Compare values[rows, slots] row by row."""
        values = np.ascontiguousarray(values)
        out = np.empty(values.shape)
        self.write(values, np.argsort(values, axis=1, kind="stable"), out)
        return out

    def write(self, values: Floats, order: np.ndarray, out: Floats) -> None:
        """Write the comparison; `order` sorts each row."""
        raise NotImplementedError


class AcrossStream:
    """The stream of a comparison."""

    def __init__(self, feature: Across, inner: Stream) -> None:
        self.feature = feature
        self.inner = inner

    def update(self, bar: Mapping[str, Floats]) -> Floats:
        """The next row's values."""
        return self.feature.compare(self.inner.update(bar))


class Rank(Across):
    """Rank among the slots."""

    name = "rank"
    meaning = "Rank of a feature among the slots of the row, 0 to 1; equal values share a rank."

    def write(self, values: Floats, order: np.ndarray, out: Floats) -> None:
        """Write ranks."""
        ranked(values, order, out)


class CrossZscore(Across):
    """Standard deviations from the mean of the slots."""

    name = "cross_zscore"
    meaning = "A feature less the mean of the row's slots, in their standard deviations; 0 where all are equal."

    def write(self, values: Floats, order: np.ndarray, out: Floats) -> None:
        """Write standard deviations."""
        centred(values, order, True, out)


class CrossExcess(Across):
    """Difference from the mean of the slots."""

    name = "cross_excess"
    meaning = "A feature less the mean of the row's slots."

    def write(self, values: Floats, order: np.ndarray, out: Floats) -> None:
        """Write differences."""
        centred(values, order, False, out)
