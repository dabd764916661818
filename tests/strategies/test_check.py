"""The checker finds each broken promise: known cheats fail, each with its reason."""

from __future__ import annotations

import re

import numpy as np
import pytest

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.market.demo import demo_tape
from polyfolio.market.window import window
from polyfolio.strategies.base import Strategy
from polyfolio.strategies.check import check_strategy


@pytest.fixture(scope="module")
def tape() -> Tape:
    return demo_tape(start="2024-03-20", end="2024-04-10")


def closes(tape: Tape) -> Floats:
    return np.where(tape.tradable != 0, tape.close, np.nan)


class Honest(Strategy):
    def __init__(self, *, rows: int = 5) -> None:
        self.rows = rows

    @property
    def warmup(self) -> int:
        return self.rows + 1

    def signals(self, tape: Tape) -> Floats:
        close = closes(tape)
        out = np.full(close.shape, np.nan)
        out[self.rows :] = np.sign(close[self.rows :] - close[: -self.rows])
        return out


class Shifted(Honest):
    """Knows tomorrow's close."""

    def signals(self, tape: Tape) -> Floats:
        close = closes(tape)
        return np.sign(np.vstack([close[1:] - close[:-1], np.zeros((1, tape.slots))]))


class Scaled(Honest):
    """Scales by the largest move of the whole tape."""

    def signals(self, tape: Tape) -> Floats:
        moves = np.nan_to_num(closes(tape) / np.nanmean(closes(tape), axis=0) - 1.0)
        return moves / np.abs(moves).max()


class FilledBack(Honest):
    """Fills a late listing from its first close."""

    def signals(self, tape: Tape) -> Floats:
        known = ~np.isnan(closes(tape))
        return np.repeat(known.any(axis=0)[None].astype(float), tape.rows, axis=0)


class Other(Honest):
    """Answers otherwise for the last row."""

    def signal(self, tape: Tape) -> Floats:
        return np.zeros(tape.slots)


class Forgetful(Honest):
    """Needs more rows than it says."""

    @property
    def warmup(self) -> int:
        return 3


class Counting(Honest):
    """Keeps a state between calls."""

    def signals(self, tape: Tape) -> Floats:
        self.calls_ = getattr(self, "calls_", 0) + 1
        return np.full((tape.rows, tape.slots), 1.0 / self.calls_)


class Loud(Honest):
    def signals(self, tape: Tape) -> Floats:
        return 2.0 * super().signals(tape)


class Endless(Honest):
    def signals(self, tape: Tape) -> Floats:
        return super().signals(tape) / 0.0


class Narrow(Honest):
    def signals(self, tape: Tape) -> Floats:
        return super().signals(tape)[:, :1]


class Whole(Honest):
    def signals(self, tape: Tape) -> Floats:
        return np.ones((tape.rows, tape.slots), dtype=np.int64)


class Converting(Honest):
    def __init__(self, *, rows: float = 5.5) -> None:
        self.rows = int(rows) + 1


class Losing(Honest):
    def __init__(self, *, rows: int = 5, other: int = 1) -> None:
        self.rows = rows


class Positional(Honest):
    def __init__(self, rows: int = 5) -> None:
        self.rows = rows


def test_an_honest_strategy_passes(tape: Tape) -> None:
    check_strategy(Honest(), tape)


def test_a_strategy_that_remembers_may_need_every_row(tape: Tape) -> None:
    class Remembering(Forgetful):
        remembers = True

    check_strategy(Remembering(), tape)


@pytest.mark.pitfall("LAH-04")
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        (Shifted(), "Shifted: signals of the first 6 rows: [5, "),
        (Scaled(), "Row t may use rows up to t: look for shifts, fills or statistics that reach beyond row 5."),
        (FilledBack(), "must be 1.0, as in the whole. Row t may use rows up to t"),
        (Other(), "Other: signal at row 5: [5, "),
        (Forgetful(), "signal of the last 3 rows"),
        (Counting(), "Counting: asked twice: [0, BTC/USDT]: got 0.5, must be 1.0, as in the whole. Keep no state"),
        (Loud(), "must be from -1 to 1. Scale the signal, or name a sizing method that takes other numbers."),
        (Endless(), "must be finite, or NaN."),
        (Narrow(), "Narrow: signals: got (528, 1), must be of shape (528, 6)."),
        (Whole(), "Whole: signals: got 'int64', must be an array of float64."),
        (Converting(), "Converting.rows: got 7, must be as it was given: 6."),
        (Losing(), "Losing.other: got None, must be the argument as it was given. Store it: self.other = other."),
        (Positional(), "Positional.__init__: got \"rows: 'int' = 5\", must be a keyword argument, written out."),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Strategy) else "",
)
def test_each_cheat_is_caught(tape: Tape, strategy: Strategy, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        check_strategy(strategy, tape)


def test_a_tape_that_is_too_short_proves_nothing(tape: Tape) -> None:
    with pytest.raises(ConfigError, match=re.escape("must be longer than the warm-up (6 rows)")):
        check_strategy(Honest(), window(tape, 0, 7))


def test_a_clone_has_the_arguments_and_has_learned_nothing() -> None:
    class Learning(Honest):
        def fit(self, tape: Tape) -> Learning:
            self.mean_ = 1.0
            return self

    strategy = Learning(rows=7).fit(demo_tape())
    clone = strategy.clone()
    assert clone.params() == {"rows": 7}
    assert not hasattr(clone, "mean_")
    assert repr(clone) == "Learning(rows=7)"
