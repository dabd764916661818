"""Splits: rows to learn from and rows to test on share nothing, and no value of the tape moves them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Ints
from polyfolio.errors import ConfigError
from polyfolio.testing.futures import changed, emptied, scaled, shuffled
from polyfolio.testing.reasons import Reason
from polyfolio.testing.report import Leak, Report

Split = Callable[[Tape], Iterable[Any]]
Rows = tuple[Ints, Ints]

MOVES = (changed, scaled, shuffled, emptied)  # other values at the same times


def split_leaks(split: Split, tape: Tape, *, horizon: int = 0, seed: int = 0) -> Report:
    """What a split lets its training rows know.

    Args:
        split: a function of a tape that returns folds: objects with `train` and `test`, or pairs of them; slices or
            row numbers.
        tape: rows to split.
        horizon: rows until the label of a row is known; a training label may not reach a test row, nor the other way.
        seed: of the other values that are tried.
    """
    name = getattr(split, "__name__", None) or repr(split)
    random = np.random.default_rng(seed)
    found = folds_of(split, tape)
    leaks = [leak for number, fold in enumerate(found) for leak in _overlap(fold, number, tape, horizon)][:1]
    for future in MOVES:
        cut = int(random.integers(2, tape.rows))
        other = folds_of(split, future(tape, cut, random))
        moved = [number for number, pair in enumerate(zip(found, other, strict=False)) if not _same(*pair)]
        if moved or len(found) != len(other):
            number = moved[0] if moved else min(len(found), len(other))
            sizes = tuple(float(folds[number][0].size) if number < len(folds) else 0.0 for folds in (found, other))
            what = f"{future.__name__} from row {cut} on"
            leaks.append(_leak(Reason.LATER_ROWS, what, cut, f"rows of fold {number}", (sizes[0], sizes[1]), tape))
            break
    return Report(name, "split", tape.rows, tape.slots, 1 + len(MOVES), tuple(leaks))


def folds_of(split: Split, tape: Tape) -> list[Rows]:
    """The folds as pairs of ascending row numbers.

    Raises:
        ConfigError: no fold, an empty one, or rows the tape does not have.
    """
    found = [_pair(fold, tape) for fold in split(tape)]
    if not found:
        raise ConfigError("split", 0, "at least one fold", "Ask for folds that fit the tape.")
    for number, fold in enumerate(found):
        for word, rows in zip(("train", "test"), fold, strict=True):
            if rows.size == 0 or rows.min() < 0 or rows.max() >= tape.rows or (np.diff(rows) <= 0).any():
                raise ConfigError(
                    f"fold {number}: {word}",
                    f"{rows.size} rows",
                    f"ascending rows from 0 to {tape.rows - 1}, at least one",
                    "Correct the split.",
                )
    return found


def _pair(fold: Any, tape: Tape) -> Rows:
    train, test = (fold.train, fold.test) if hasattr(fold, "train") else (fold[0], fold[1])
    numbers = np.arange(tape.rows)
    rows = [numbers[part] if isinstance(part, slice) else np.asarray(part, np.int64) for part in (train, test)]
    return rows[0], rows[1]


def _overlap(fold: Rows, number: int, tape: Tape, horizon: int) -> list[Leak]:
    """A training row whose label, or itself, is in reach of a test row's."""
    train, test = fold
    after = np.searchsorted(test, train)
    below = np.where(after > 0, train - test[np.maximum(after - 1, 0)], tape.rows)
    above = np.where(after < test.size, test[np.minimum(after, test.size - 1)] - train, tape.rows)
    near = np.minimum(below, above)
    wrong = near < max(horizon, 1)
    if not wrong.any():
        return []
    row = int(train[np.argmax(wrong)])
    away = (float(horizon), float(near[np.argmax(wrong)]))
    return [_leak(Reason.OVERLAP, f"split with labels of {horizon} rows", row, f"fold {number} train", away, tape)]


def _same(one: Rows, other: Rows) -> bool:
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


def _leak(reason: Reason, what: str, row: int, column: str, values: tuple[float, float], tape: Tape) -> Leak:
    when = str(np.datetime64(int(tape.times[row]), "ns"))
    return Leak(reason, what, row, when, column, "", *values, 0)
