"""A small market, strategies whose worth is known beforehand, and benchmarks of them."""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar, Self

import numpy as np

from polyfolio.backtests.benchmark import Benchmarked, benchmark
from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.market.frame import tape_from_arrays
from polyfolio.strategies.base import Strategy

HERE = "tests.backtests.benches"
DAY = 86_400_000_000_000
SYMBOLS = ("INDEX", "A", "B")
FEE = 0.01


@cache
def market(rows: int = 240, seed: int = 1) -> Tape:
    """Daily bars that open where the one before closed, so that fills can be computed by hand."""
    random = np.random.default_rng(seed)
    close = 50.0 * np.exp(np.cumsum(random.standard_t(5, (rows, 3)) * 0.01, axis=0))
    open_ = np.vstack([close[:1], close[:-1]])
    return bars(close, open_)


def bars(close: Floats, open_: Floats | None = None, symbols: tuple[str, ...] = SYMBOLS) -> Tape:
    """A tape of closes."""
    opened = np.vstack([close[:1], close[:-1]]) if open_ is None else open_
    opened = np.where(np.isnan(opened), close, opened)
    arrays = {"open": opened, "high": np.fmax(opened, close), "low": np.fmin(opened, close), "close": close}
    arrays["volume"] = np.full(close.shape, 1e6)
    return tape_from_arrays(np.arange(1, close.shape[0] + 1) * DAY, symbols, arrays, interval="1d")


class Holds(Strategy):
    """All of the equity in one symbol, said at every row: `slot`."""

    sizing: ClassVar[str] = "weights"

    def __init__(self, *, slot: int = 1) -> None:
        self.slot = slot

    def signals(self, tape: Tape) -> Floats:
        """1 in the slot."""
        out = np.zeros((tape.rows, tape.slots))
        out[:, self.slot] = 1.0
        return out


class Learner(Strategy):
    """Holds the symbol that rose most in what it learned from; `asked` notes the times it learned from."""

    sizing: ClassVar[str] = "weights"
    asked: ClassVar[list[list[int]]] = []

    def fit(self, tape: Tape) -> Self:
        """The best slot."""
        type(self).asked.append((tape.times // DAY - 1).tolist())
        self.best_ = int(np.argmax(tape.close[-1] / tape.close[0]))
        return self

    def signals(self, tape: Tape) -> Floats:
        """1 in the best slot."""
        return Holds(slot=self.best_).signals(tape)


class Seer(Strategy):
    """Knows the next close: no strategy can be better, and none may be."""

    sizing: ClassVar[str] = "weights"

    def signals(self, tape: Tape) -> Floats:
        """1 in the slot that rises most in the next row."""
        out = np.zeros((tape.rows, tape.slots))
        ahead = tape.close[1:] / tape.close[:-1]
        out[np.arange(tape.rows - 1), np.argmax(ahead, axis=1)] = 1.0
        return out


class Raises(Strategy):
    """Fails in the rounds that reach row `row`."""

    def __init__(self, *, row: int = 0) -> None:
        self.row = row

    def fit(self, tape: Tape) -> Self:
        """Learns nothing, but is asked in each round."""
        return self

    def signals(self, tape: Tape) -> Floats:
        """Nothing, or a mistake."""
        if tape.rows > self.row:
            raise ZeroDivisionError("one divided by nothing")
        return np.zeros((tape.rows, tape.slots))


def lane(name: str, cls: str, params: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A lane with a strategy of this file, or a registered one."""
    known = cls if cls.islower() else f"{HERE}:{cls}"
    return {"name": name, "strategy": {"name": known, "params": params or {}}, **more}


def document(*lanes: dict[str, Any], fee: float = FEE, fill: str = "next_open", **section: Any) -> dict[str, Any]:
    """A benchmark of lanes with a fee; quick, without the tests of many at once."""
    return {
        "name": "rules",
        "seed": 3,
        "defaults": {
            "account": {"initial_capital": 100_000.0, "benchmark": "INDEX"},
            "execution": {"fill": fill, "commission": {"model": "percentage", "percentage_fee": fee}},
        },
        "lanes": list(lanes) or [lane("held", "Holds")],
        "benchmark": {"draws": 100, "tests": [], "split": {"folds": 3}, **section},
    }


def judged(*lanes: dict[str, Any], tape: Tape | None = None, **given: Any) -> Benchmarked:
    """A finished benchmark on the small market."""
    return benchmark(document(*lanes, **given), market() if tape is None else tape)
