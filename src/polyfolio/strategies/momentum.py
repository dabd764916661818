"""What rose goes on rising: each name on its own, or the best of all."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.rules.arguments import at_least
from polyfolio.strategies.base import Strategy


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
    """

    sizing: ClassVar[str] = "equal_weight"

    def __init__(
        self,
        *,
        lookback: int = 20,
        skip: int = 0,
        threshold: float = 0.0,
        top_k: int | None = None,
        long_short: bool = False,
    ) -> None:
        self.lookback = lookback
        self.skip = skip
        self.threshold = threshold
        self.top_k = top_k
        self.long_short = long_short

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
        out[np.isnan(change)] = np.nan
        return out

    def _refuse_bad_arguments(self) -> None:
        at_least("lookback", self.lookback, 1)
        at_least("skip", self.skip, 0)
        at_least("threshold", self.threshold, 0.0, whole=False)
        if self.top_k is not None:
            at_least("top_k", self.top_k, 1)

    def _returns(self, tape: Tape) -> Floats:
        held = np.where(tape.tradable != 0, tape.close, np.nan)
        if tape.splits is not None:
            # One unit becomes this many; later splits never reach back into earlier rows.
            held = held * units_of(tape.splits)
        if tape.dividends is not None:
            held = held * reinvested(tape.dividends, held, tape.splits)
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


def units_of(splits: Floats) -> Floats:
    """What one unit of the first row has become by each row."""
    return np.asarray(np.cumprod(np.where(splits > 0.0, splits, 1.0), axis=0))


def reinvested(payouts: Floats, held: Floats, splits: Floats | None) -> Floats:
    """What one holding has become by each row where every payout buys more of it at the close.

    Args:
        payouts: money per unit on the ex-date; NaN = none.
        held: worth of one unit of the first row, NaN where it has no close; the last one stands in there.
        splits: new units per old.
    """
    rows = np.arange(held.shape[0])[:, None]
    last = np.maximum.accumulate(np.where(np.isnan(held), 0, rows), axis=0)
    worth = np.take_along_axis(held, last, axis=0)
    paid = np.nan_to_num(payouts) if splits is None else np.nan_to_num(payouts) * units_of(splits)
    more = np.where(paid != 0.0, 1.0 + paid / worth, 1.0)
    return np.asarray(np.cumprod(np.where(np.isnan(more), 1.0, more), axis=0))
