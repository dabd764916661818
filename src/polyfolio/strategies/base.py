"""The strategy contract.

A strategy is an estimator. Its constructor takes keyword arguments, each written out, and stores them under their own
names. `fit` learns from a tape; what it learns ends in `_`. `signals` answers for all rows of a tape, `signal` for its
last one, and both agree: a signal of row t uses the rows up to t. `check.check_strategy` proves it.
"""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats


class Strategy(ABC):
    """Base of strategies.

    Attributes:
        sizing: sizing method that a lane with this strategy should use where it names none.
        space: values a search may try, by parameter: a list, or a map of `low`, `high`, `log`, `whole`.
        remembers: True where a signal depends on every row since the start, not on the last `warmup` rows alone.
        once: True where an opinion is said in one row and then no more: it stands until the first row at which the
            lane decides and the slot trades.
    """

    sizing: ClassVar[str] = "equal_weight"
    space: ClassVar[Mapping[str, Any]] = {}
    remembers: ClassVar[bool] = False
    once: ClassVar[bool] = False

    def fit(self, tape: Tape) -> Self:  # noqa: ARG002
        """Learn from a tape; what is learned ends in `_`. This one learns nothing."""
        return self

    @abstractmethod
    def signals(self, tape: Tape) -> Floats:
        """Signals, float64[rows, slots]: -1 to 1, 0 = flat, NaN = no opinion, which keeps what is held."""

    def signal(self, tape: Tape) -> Floats:
        """Signals of the tape's last row, float64[slots]."""
        return np.array(self.signals(tape)[-1])

    @property
    def warmup(self) -> int:
        """Rows that the last row's signal needs, itself included."""
        return 1

    def params(self) -> dict[str, Any]:
        """The arguments of the constructor."""
        names = list(inspect.signature(type(self)).parameters)
        return {name: getattr(self, name) for name in names}

    def clone(self) -> Self:
        """A strategy with the same arguments that has learned nothing."""
        return type(self)(**self.params())

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in self.params().items())})"
