"""The feature contract: columns of numbers computed from a tape, in one go or row by row with the same bits.

A feature is an estimator like a strategy: its constructor takes keyword arguments, each written out, and stores them
under their own names. `compute` answers for all rows of a tape; `start` gives a stream that continues after its last
row. A slot's feature is computed over its own bars: a row without a bar holds NaN and is no bar of the indicator.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Protocol, Self

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats


class Stream(Protocol):
    """What a feature remembers between two rows."""

    def update(self, bar: Mapping[str, Floats]) -> Floats:
        """The next row's values.

        Args:
            bar: the feature's inputs, float64[slots] each; NaN where a slot has no bar.

        Returns:
            float64[outputs, slots], the same bits as `compute` on the longer tape.
        """
        ...


class Feature(ABC):
    """Base of features.

    Attributes:
        name: the registered name, "rsi".
        inputs: fields of the tape it reads, "close"; "times" and "day" are a row's stamp and session day.
        outputs: ("",) for one column, else a word per column.
        meaning: what it says, in one line.
        remembers: True where a value depends on every row since the first, not on the last `warmup` rows alone.
        across: True where a slot's value depends on other slots.
    """

    name: ClassVar[str]
    inputs: ClassVar[tuple[str, ...]]
    outputs: ClassVar[tuple[str, ...]] = ("",)
    meaning: ClassVar[str]
    remembers: ClassVar[bool] = False
    across: ClassVar[bool] = False

    @property
    @abstractmethod
    def warmup(self) -> int:
        """A slot's bars before its first value: the value stands at its bar `warmup`, counted from 0."""

    @abstractmethod
    def compute(self, tape: Tape) -> Floats:
        """Values, float64[outputs, rows, slots]; NaN before the warm-up and where a slot has no bar."""

    @abstractmethod
    def start(self, tape: Tape) -> Stream:
        """The stream that continues after the tape's last row."""

    def params(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def clone(self) -> Self:
        """A feature with the same arguments."""
        return type(self)(**self.params())

    def columns(self) -> tuple[str, ...]:
        """A name per output: "rsi_14", "bbands_20_upper".

        Whole numbers always stand in it, other arguments where they are not the default: "bbands_20_deviations2p5".
        """
        parts = [self.name]
        for key, parameter in inspect.signature(type(self)).parameters.items():
            value = getattr(self, key)
            if isinstance(value, int) and not isinstance(value, bool):
                parts.append(str(value))
            elif isinstance(value, str) and value != parameter.default:
                parts.append(value)
            elif value != parameter.default:
                parts.append(key + str(value).replace(".", "p").replace("-", "m"))
        return tuple("_".join([*parts, output] if output else parts) for output in self.outputs)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.params().items())})"
