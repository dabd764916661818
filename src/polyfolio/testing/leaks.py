"""The proof that nothing leaks: change what a value may not depend on, and require every bit of it to stay.

Row t of an answer may depend on rows up to t, on its own slot unless it says otherwise, and on nothing learned outside
the training rows. The future is cut off, redrawn, shuffled, swapped between slots, scaled, emptied and moved in time,
at many rows; then the slots are reordered and the other ones redrawn, the training rows' surroundings replaced, the
stream compared with the batch, and the past shortened.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np

from polyfolio.core.codes import FillAt
from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats, Ints
from polyfolio.errors import ConfigError
from polyfolio.features.stream import bar_of
from polyfolio.market.window import window
from polyfolio.testing.answers import Difference, first_difference, unequal
from polyfolio.testing.folds import split_leaks
from polyfolio.testing.futures import FUTURES, alone, other_close, outside, redrawn, reordered
from polyfolio.testing.reasons import Reason, why
from polyfolio.testing.report import Leak, Report
from polyfolio.testing.stability import Stability, recursive_stability
from polyfolio.testing.subjects import Answer, Subject, fitted, learned_values, subject_of

# Sums over slots in another order differ in their last bits.
ORDER_SLACK = 1e-9
# The value a stated warm-up leaves open: windows begin sums and averages anew.
WARMUP_SLACK = 1e-9
SHORTEST = 30  # rows of the shortest tape a rule is asked about
LONGEST_STREAM = 40  # rows that are streamed after each cut


def check_leaks(
    thing: Any,
    tape: Tape,
    *,
    kind: str | None = None,
    train: tuple[int, int] | None = None,
    trials: int = 4,
    seed: int = 0,
) -> Report:
    """Prove that an object's answers never depend on what they may not depend on; the report says what was tried.

    Args:
        thing: a feature, normaliser, regime or strategy (a class is made with its defaults), an object with
            `trades(tape)`, quantities traded in each row, or a function of a tape that returns an array of rows,
            (rows, slots) or (columns, rows, slots). With kind "split": a function of a tape that returns folds.
        tape: rows to try it on; more than its warm-up. Missing bars and late listings find more.
        kind: one of `subjects.KINDS`, where the object does not tell.
        train: the training rows (first, end) of what learns; the first 40 % where it is not given.
        trials: rows at which each kind of future is tried.
        seed: of the futures.

    Raises:
        ConfigError: it leaks; the message names the first row and column, and why.

    Example:
        >>> check_leaks(Momentum(lookback=20), demo_tape(end="2024-02-15"))
    """
    report = find_leaks(thing, tape, kind=kind, train=train, trials=trials, seed=seed)
    if report.leaks:
        raise report.first.error(report.subject)
    return report


def find_leaks(
    thing: Any,
    tape: Tape,
    *,
    kind: str | None = None,
    train: tuple[int, int] | None = None,
    trials: int = 4,
    seed: int = 0,
) -> Report:
    """What `check_leaks` does, with every leak in the report instead of an error."""
    if trials < 1:
        raise ConfigError("trials", trials, "at least 1", "Try each kind of future at one row or more.")
    random = np.random.default_rng(seed)
    if kind == "split":
        return split_leaks(thing, tape, seed=seed)
    fresh, subject = (subject_of(one, tape, kind=kind, train=train) for one in (unasked(thing), thing))
    proof = Proof(subject, fresh, tape, random)
    leaks = list(proof.unrepeatable())
    stability = None
    if not leaks:
        leaks = [*proof.later_rows(trials), *proof.same_bar(trials), *proof.outside_training(), *proof.across_slots()]
        leaks += proof.stream(trials)
        stability = recursive_stability(subject, tape) if subject.kind not in ("trades", "run") else None
        leaks += _short_warmup(subject, tape, stability, bool(leaks))
    return Report(subject.name, subject.kind, tape.rows, tape.slots, proof.asked, tuple(leaks), stability)


class Proof:
    """One subject on one tape.

    Attributes:
        asked: answers that were compared.
    """

    def __init__(self, subject: Subject, fresh: Subject, tape: Tape, random: np.random.Generator) -> None:
        self.subject = subject
        self.fresh = fresh  # the same, before it was asked anything
        self.tape = tape
        self.random = random
        self.asked = 1
        # Learned once: later rows cannot reach the training rows, and what is learned is compared by itself.
        self.learned = subject.learn(tape)
        self.answer = self.learned(tape)
        self.first = max(subject.train[1], 1)  # no earlier row is in the future of what was learned
        self._refuse_silence()

    def _refuse_silence(self) -> None:
        first = self.first
        if np.isnan(self.answer[:, first:]).all():
            raise ConfigError(
                f"{self.subject.name}: values",
                "all NaN",
                f"numbers after row {first}",
                f"Give a tape longer than {self.tape.rows} rows: a warm-up proves nothing.",
            )

    def ask(self, tape: Tape, what: str, learned: Answer | None = None) -> Floats:
        """The answer for another tape, by what was learned at first or by another; an error says which tape it was."""
        self.asked += 1
        try:
            return (learned or self.learned)(tape)
        except Exception as error:
            error.add_note(f"while {self.subject.name} was asked about a tape {what}")
            raise

    def unrepeatable(self) -> Iterator[Leak]:
        """Asked twice, or first about another tape, the same bits."""
        found = first_difference(self.answer, self.ask(self.tape, "it was asked about before", self.subject.ask))
        if found is not None:
            yield self.leak(Reason.UNREPEATABLE, found, "asked twice")
            return
        # What is kept of the first tape hides from all later questions: here the first one is another tape.
        learned = self.fresh.learn(self.tape)
        every = np.ones((self.tape.rows, self.tape.slots), dtype=bool)
        self.ask(redrawn(self.tape, every, np.random.default_rng(0)), "of other bars", learned)
        found = first_difference(self.answer, self.ask(self.tape, "it was asked about after another", learned))
        if found is not None:
            yield self.leak(Reason.UNREPEATABLE, found, "asked about after another tape")

    def later_rows(self, trials: int) -> Iterator[Leak]:
        """Every future, at random rows: nothing before them changes."""
        first: Difference | None = None
        ways: dict[str, int] = {}
        changed = np.zeros(self.answer.shape, dtype=bool)
        for way, future in FUTURES.items():
            for cut in self.cuts(trials, self.shortest if way == "truncated" else 0):
                other = self.ask(future(self.tape, cut, self.random), f"{way} from row {cut} on")
                # The last row of a tape takes no order, so the last row of a run on a shorter tape may differ.
                end = cut - 1 if way == "truncated" and self.subject.kind == "run" else cut
                before = np.ascontiguousarray(self.answer[:, :end])
                after = np.ascontiguousarray(other[:, :end])
                found = first_difference(before, after)
                if found is None:
                    continue
                changed[:, :end] |= unequal(before, after)
                ways.setdefault(way, cut)
                if first is None or found.row < first.row:
                    first = found
        if first is not None:
            reason, reach = why(self.learned, self.tape, self.answer, changed, self.first)
            what = ", ".join(f"{way} from row {cut} on" for way, cut in ways.items())
            yield self.leak(reason, first, what, reach)

    def cuts(self, trials: int, least: int = 0) -> list[int]:
        """Rows from which on the future is another one: after the first answer, the last row, and random ones."""
        last = self.tape.rows - 1
        first = min(max(self.first, least), last)
        after = min(max(first, self.answered + 1), last)
        return sorted({after, last, *self.random.integers(first, self.tape.rows, trials - 1).tolist()})

    @property
    def answered(self) -> int:
        """The first row with an answer."""
        return int(np.argmax((~np.isnan(self.answer)).any(axis=(0, 2))))

    @property
    def shortest(self) -> int:
        """Rows that any rule should have an answer for: an error on fewer is no leak."""
        return max(SHORTEST, 2 * (self.answered + 1), (self.subject.warmup or 0) + 2)

    def same_bar(self, trials: int) -> Iterator[Leak]:
        """Trades of a row were decided before it: another close of that row changes none."""
        if self.subject.kind == "run":
            yield from self._same_close()
        if self.subject.kind != "trades":
            return
        for row in range(2, self.tape.rows, max(1, self.tape.rows // (10 * trials))):
            other = self.ask(other_close(self.tape, row, self.random), f"with another close at row {row}")
            found = first_difference(self.answer[:, : row + 1], other[:, : row + 1])
            if found is not None and found.row == row:
                yield self.leak(Reason.SAME_BAR, found, f"with another close at row {row}")
                return

    def _same_close(self) -> Iterator[Leak]:
        """Lanes whose orders fill at the close they were decided on, as their configuration says."""
        for number, lane in enumerate(self.subject.thing.lanes):
            if lane.execution.fill == FillAt.SAME_CLOSE:
                found = Difference(number, 0, 0, np.nan, np.nan)
                yield self.leak(Reason.SAME_BAR, found, "the same: execution.fill is same_close")

    def outside_training(self) -> Iterator[Leak]:
        """What a normaliser learns stays where rows before and after the training rows are others."""
        subject = self.subject
        if subject.kind != "normaliser":
            return
        first, end = subject.train
        rows = (first + (end - first) // 4, end)
        tapes = (self.tape, outside(self.tape, *rows, self.random))
        one, other = (learned_values(fitted(subject.thing, tape, rows)) for tape in tapes)
        self.asked += 2
        for name, value in one.items():
            if not isinstance(value, np.ndarray):
                continue
            differ = unequal(np.ascontiguousarray(value, np.float64), np.ascontiguousarray(other[name], np.float64))
            if differ.any():
                place = tuple(int(index) for index in np.argwhere(differ)[0])
                slot = place[1] if len(place) > 1 and value.shape[1] == self.tape.slots else 0
                found = Difference(place[0], rows[0], slot, float(value[place]), float(other[name][place]))
                yield self.leak(
                    Reason.OUTSIDE_TRAINING, found, f"{name} with other rows outside {rows[0]} to {rows[1]}"
                )
                return

    def across_slots(self) -> Iterator[Leak]:
        """Slots in another order give the same values in that order; what reads one slot ignores the others."""
        if self.tape.slots < 2 or self.answer.shape[2] == 1:
            return
        order = np.roll(np.arange(self.tape.slots), 1)[::-1]
        other = self.ask(reordered(self.tape, order), "with its slots in another order", self.subject.ask)
        found = self._moved(other, order)
        if found is not None:
            yield self.leak(Reason.ACROSS_SLOTS, found, "with its slots in another order")
            return
        if self.subject.across is not False:
            return
        for slot in range(self.tape.slots):
            other = self.ask(
                alone(self.tape, slot, self.random), f"with other bars in every slot but {slot}", self.subject.ask
            )
            found = first_difference(self.answer[:, :, [slot]], other[:, :, [slot]])
            if found is not None:
                found = Difference(found.column, found.row, slot, found.before, found.after)
                yield self.leak(Reason.ACROSS_SLOTS, found, f"with other bars in every slot but {slot}")
                return

    def _moved(self, other: Floats, order: Ints) -> Difference | None:
        slack = 0.0 if self.subject.across is False else ORDER_SLACK
        return first_difference(self.answer, other[:, :, np.argsort(order)], slack)

    def stream(self, trials: int) -> Iterator[Leak]:
        """A feature's stream after a prefix says what its batch says of the longer tape."""
        feature = self.subject.thing
        if self.subject.kind != "feature":
            return
        for cut in self.cuts(trials, self.shortest):
            stream = feature.start(window(self.tape, 0, cut))
            end = min(cut + LONGEST_STREAM, self.tape.rows)
            rows = [stream.update(self._bar(row)) for row in range(cut, end)]
            self.asked += 1
            wanted = self.answer[:, cut:end]
            found = first_difference(wanted, np.stack([np.asarray(row, np.float64) for row in rows], axis=1))
            if found is not None:
                found = Difference(found.column, found.row + cut, found.slot, found.before, found.after)
                yield self.leak(Reason.STREAM, found, f"streamed from row {cut} on")
                return

    def _bar(self, row: int) -> dict[str, Any]:
        """A row as a stream takes it; the splits of a tape come with it, on days without a bar too."""
        bar = bar_of(self.tape, row, self.subject.thing.inputs)
        return bar if self.tape.splits is None else {**bar, "splits": self.tape.splits[row]}

    def leak(self, reason: Reason, found: Difference, what: str, reach: int = 0) -> Leak:
        """A difference with the names of its places."""
        return Leak(
            reason,
            what,
            found.row,
            str(np.datetime64(int(self.tape.times[found.row]), "ns")),
            self.subject.column(found.column),
            self.tape.symbols[found.slot] if self.answer.shape[2] > 1 else "",
            found.before,
            found.after,
            reach,
        )


def unasked(thing: Any) -> Any:
    """A copy of a thing that was not asked yet; itself where it cannot be copied."""
    try:
        return copy.deepcopy(thing)
    except (TypeError, ValueError, AttributeError, RuntimeError, copy.Error):  # what foreign parts say of copies
        return thing


def _short_warmup(subject: Subject, tape: Tape, stability: Stability | None, leaks: bool) -> list[Leak]:
    """A declared warm-up is enough for the value, unless every row since the first is said to count."""
    if stability is None or leaks or subject.remembers or stability.declared is None:
        return []
    needed = stability.bars[WARMUP_SLACK]
    if needed is not None and needed <= max(stability.declared, 2):
        return []
    shown = float(needed) if needed is not None else float(tape.rows)
    last, column = tape.rows - 1, subject.column(0)
    when = str(np.datetime64(int(tape.times[last]), "ns"))
    return [Leak(Reason.WARMUP, "bars needed", last, when, column, "", float(stability.declared), shown, 0)]
