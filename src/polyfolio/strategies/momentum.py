"""What rose goes on rising: each name on its own, or the best of all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.rules.arguments import at_least, closest
from polyfolio.strategies.base import Strategy
from polyfolio.strategies.worth import worth

BETWEEN = ("flat", "hold")


class Momentum(Strategy):
    """The sign of the return over `lookback` rows that ended `skip` rows ago, or the names where it was largest.

    The return is the total return of one unit held through splits, its dividends put back into it at the close of
    their ex-date; a tape without dividends gives the return of the price. A name without a close at either end, or not
    tradable now, gets no opinion.

    Args:
        lookback: rows the return covers.
        skip: latest rows left out, against reversal.
        threshold: least absolute return that counts.
        top_k: the k names of the largest return are held (and with `long_short` the k of the smallest sold), as far
            as it passes the threshold; None judges each name on its own.
        long_short: True also gives -1; False gives 1 or 0.
        between: what a return inside the threshold says: "flat", or "hold" what is held (NaN). With "hold" each name
            is judged on its own.
    """

    sizing: ClassVar[str] = "equal_weight"
    space: ClassVar[Mapping[str, Any]] = {
        "lookback": {"low": 5, "high": 250, "log": True, "whole": True},
        "skip": {"low": 0, "high": 21, "whole": True},
        "threshold": {"low": 0.0, "high": 0.1},
        "top_k": [None, 1, 2, 3, 5, 10],
        "long_short": [False, True],
    }

    def __init__(
        self,
        *,
        lookback: int = 20,
        skip: int = 0,
        threshold: float = 0.0,
        top_k: int | None = None,
        long_short: bool = False,
        between: str = "flat",
    ) -> None:
        self.lookback = lookback
        self.skip = skip
        self.threshold = threshold
        self.top_k = top_k
        self.long_short = long_short
        self.between = between

    @property
    def warmup(self) -> int:
        """Both ends of the return, and what is skipped."""
        return self.lookback + self.skip + 1

    def signals(self, tape: Tape) -> Floats:
        """-1, 0 or 1; NaN where the return is unknown."""
        self._refuse_bad_arguments()
        change = self._returns(tape)
        rising, falling = change > self.threshold, change < -self.threshold
        if self.top_k is not None:
            best, worst = self._ranks(change, tape)
            rising, falling = rising & best, falling & worst
        out = rising.astype(np.float64)
        if self.long_short:
            out -= falling
        if self.between == "hold":
            out[~rising & ~falling] = np.nan
        out[np.isnan(change)] = np.nan
        return out

    def _refuse_bad_arguments(self) -> None:
        at_least("lookback", self.lookback, 1)
        at_least("skip", self.skip, 0)
        at_least("threshold", self.threshold, 0.0, whole=False)
        if self.top_k is not None:
            at_least("top_k", self.top_k, 1)
        if self.between not in BETWEEN:
            raise ConfigError("between", self.between, "one of " + ", ".join(BETWEEN), closest(self.between, BETWEEN))
        if self.between == "hold" and self.top_k is not None:
            raise ConfigError("between", self.between, "flat beside top_k", "Write top_k: null, or between: flat.")

    def _returns(self, tape: Tape) -> Floats:
        held = worth(tape)
        change = np.full(held.shape, np.nan)
        span = self.lookback + self.skip
        if tape.rows > span:
            change[span:] = held[self.lookback : tape.rows - self.skip] / held[: tape.rows - span] - 1.0
        change[tape.tradable == 0] = np.nan
        return change

    def _ranks(self, change: Floats, tape: Tape) -> tuple[np.ndarray, np.ndarray]:
        """Whether a name is among the best, and the worst, of its row. Ties go by symbol: slot order is irrelevant."""
        by_symbol = np.argsort(np.array(tape.symbols), kind="stable")
        ranked = np.argsort(np.argsort(-change[:, by_symbol], axis=1, kind="stable"), axis=1, kind="stable")
        rank = np.empty_like(ranked)
        rank[:, by_symbol] = ranked
        known = (~np.isnan(change)).sum(axis=1, keepdims=True)
        count = np.full_like(known, self.top_k)
        if self.long_short:
            count = np.minimum(count, known // 2)
        return rank < count, (rank >= known - count) & (rank < known)
