"""A small market, a configuration for it, and strategies whose worth is known beforehand."""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.market.frame import tape_from_arrays
from polyfolio.rules.load import load
from polyfolio.rules.spec import Spec, Strategy
from polyfolio.strategies.base import Strategy as Base
from polyfolio.train.evaluation import Evaluation, Settings, evaluate
from polyfolio.train.evaluation_contenders import Contender

DAY = 86_400_000_000_000
SYMBOLS = ("INDEX", "A", "B", "C")
HERE = "tests.train.evaluation.tools"
QUICK = Settings(folds=3, draws=400, randoms=12)


@cache
def market(rows: int = 500, seed: int = 1, gap: bool = False) -> Tape:
    """Daily bars of four names without a drift that is worth anything; `gap`: B misses ten days of the test."""
    random = np.random.default_rng(seed)
    change = random.standard_t(5, (rows, 4)) * 0.008
    change[:, 1:] += 0.6 * change[:, :1]
    close = 50.0 * np.exp(np.cumsum(change, axis=0))
    open_ = np.vstack([close[:1], close[:-1]]) * np.exp(random.normal(0.0, 0.002, close.shape))
    high, low = np.maximum(open_, close) * 1.002, np.minimum(open_, close) * 0.998
    arrays = {"open": open_, "high": high, "low": low, "close": close, "volume": np.full(close.shape, 1e6)}
    if gap:
        for name in ("open", "high", "low", "close"):
            arrays[name][440:450, 2] = np.nan
    return tape_from_arrays(np.arange(1, rows + 1) * DAY, SYMBOLS, arrays, interval="1d")


def spec(fee: float = 0.001, **lane: Any) -> Spec:
    """One lane with an index and a fee."""
    rules = {
        "account": {"initial_capital": 100_000.0, "benchmark": "INDEX"},
        "execution": {"commission": {"model": "percentage", "percentage_fee": fee}},
    }
    return load({"name": "judged", "seed": 3, "lanes": [{"name": "mine", **rules, **lane}]})


def named(name: str, *params: dict[str, Any], cls: str = "", **more: Any) -> Contender:
    """A contender with a member for each set of arguments."""
    members = tuple(Strategy(name=cls or name, params=given) for given in (params or ({},)))
    return Contender(name, members, **more)


def local(cls: str) -> str:
    """A strategy of this file by its place."""
    return f"{HERE}:{cls}"


def judged(*contenders: Contender, **given: Any) -> Evaluation:
    """An evaluation on the small market."""
    lane, settings = given.pop("lane", {}), given.pop("settings", QUICK)
    return evaluate(spec(**lane), contenders, given.pop("tape", market()), settings, **given)


class Guess(Base):
    """Weights drawn anew every few rows: no skill."""

    sizing: ClassVar[str] = "weights"

    def __init__(self, *, seed: int = 0, every: int = 5, short: bool = False) -> None:
        self.seed = seed
        self.every = every
        self.short = short

    def signals(self, tape: Tape) -> Floats:
        """Even on the simplex; with shorts a third of them negative."""
        random = np.random.default_rng(self.seed)
        drawn = random.dirichlet(np.ones(tape.slots), tape.rows)
        if self.short:
            drawn = drawn * np.where(random.random(drawn.shape) < 0.33, -1.0, 1.0)
        drawn[np.arange(tape.rows) % self.every != 0] = np.nan
        return drawn


class Seer(Base):
    """Holds what opens low and closes high tomorrow: it cheats, and must be found better than everything."""

    sizing: ClassVar[str] = "weights"

    def signals(self, tape: Tape) -> Floats:
        """All in the name whose next bar rises most."""
        out = np.zeros(tape.close.shape)
        rise = np.nan_to_num(tape.close / tape.open, nan=0.0)
        out[np.arange(tape.rows - 1), rise[1:].argmax(axis=1)] = 1.0
        return out


class Idle(Base):
    """Says flat for ever."""

    def signals(self, tape: Tape) -> Floats:
        """Zeros."""
        return np.zeros(tape.close.shape)


class Learner(Base):
    """Learns how many rows it was shown, and says so: weights of rows / 1,000 in the second name."""

    sizing: ClassVar[str] = "weights"
    asked: ClassVar[list[tuple[int, int]]] = []

    def fit(self, tape: Tape) -> Learner:
        """Count the rows."""
        self.rows_ = tape.rows
        Learner.asked.append((int(tape.times[0] // DAY), int(tape.times[-1] // DAY)))
        return self

    def signals(self, tape: Tape) -> Floats:
        """What was learned."""
        out = np.zeros(tape.close.shape)
        out[:, 1] = self.rows_ / 1000.0
        return out


class Own(Base):
    """Keeps a book of its own, which begins at `first`: it buys then, and never again."""

    sizing: ClassVar[str] = "weights"
    remembers: ClassVar[bool] = True

    def __init__(self, *, first: int = 0) -> None:
        self.first = first

    def signals(self, tape: Tape) -> Floats:
        """A half of the second name at the row its book begins."""
        out = np.full(tape.close.shape, np.nan)
        out[self.first] = [0.0, 0.5, 0.0, 0.0]
        return out


class Picky(Idle):
    """Accepts no lane but the one named."""

    def __init__(self, *, lane: str = "nobody") -> None:
        self.lane = lane

    def accept(self, plan: Any, lane: int, tape: Tape) -> None:
        """Refuse the others."""
        if plan.names[lane] != self.lane:
            raise ValueError(f"lane {plan.names[lane]} is not {self.lane}")
