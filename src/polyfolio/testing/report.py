"""What a leak proof found, in sentences."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from polyfolio.errors import ConfigError
from polyfolio.testing.reasons import MEANING, Reason
from polyfolio.testing.stability import Stability


@dataclass(frozen=True)
class Leak:
    """One thing that an answer depends on and may not.

    Attributes:
        reason: why.
        changed: what was changed when it showed.
        row: the first row that differs.
        time: its time, UTC.
        column: its column.
        symbol: its symbol; empty where the answer has no slots.
        before: the value of the untouched tape.
        after: the other value.
        reach: rows it reads ahead, as far as seen; 0 where that is no question.
    """

    reason: Reason
    changed: str
    row: int
    time: str
    column: str
    symbol: str
    before: float
    after: float
    reach: int

    @property
    def place(self) -> str:
        """Column, row and symbol."""
        return f"{self.column}[row {self.row}{', ' + self.symbol if self.symbol else ''}]"

    @property
    def values(self) -> str:
        """What became of the value: six digits, or the change where they do not show it."""
        shown = f"{self.before:.6g}", f"{self.after:.6g}"
        if shown[0] == shown[1] and self.before != self.after:
            return f"{shown[0]} changed by {self.after - self.before:.0e}"
        return f"{shown[0]} became {shown[1]}"

    @property
    def sentence(self) -> str:
        """Why, and how far."""
        ahead = f", up to {self.reach} rows ahead" if self.reach else ""
        return f"{self.reason.value}: {MEANING[self.reason][0]}{ahead}"

    def error(self, subject: str) -> ConfigError:
        """The leak as an error."""
        bound = f"{self.before!r} at {self.time}, as it was, where the tape is {self.changed}"
        remedy = f"It leaks, {self.sentence}. {MEANING[self.reason][1]}"
        return ConfigError(f"{subject}: {self.place}", self.after, bound, remedy)

    def record(self) -> dict[str, Any]:
        """The leak as plain data."""
        return {
            "reason": self.reason.value,
            "changed": self.changed,
            "row": self.row,
            "time": self.time,
            "column": self.column,
            "symbol": self.symbol,
            "before": repr(self.before),
            "after": repr(self.after),
            "reach": self.reach,
        }


@dataclass(frozen=True)
class Report:
    """A leak proof.

    Attributes:
        subject: what was asked.
        kind: its kind.
        rows: rows of the tape.
        slots: slots of the tape.
        answers: answers that were compared.
        leaks: what was found; empty where nothing leaks.
        stability: bars a value needs; None where the subject is repeatable for no tape, or is a split.
    """

    subject: str
    kind: str
    rows: int
    slots: int
    answers: int
    leaks: tuple[Leak, ...]
    stability: Stability | None = None

    @property
    def first(self) -> Leak:
        """The leak of the earliest row."""
        return min(self.leaks, key=lambda leak: leak.row)

    def text(self) -> str:
        """A few lines for a terminal."""
        lines = [f"{self.subject} ({self.kind}): {self.answers} answers over {self.rows} rows, {self.slots} slots"]
        for leak in self.leaks:
            lines += [
                f"LEAK {leak.sentence}",
                f"  first     {leak.place} at {leak.time}: {leak.values}",
                f"  changed   {leak.changed}",
                f"  remedy    {MEANING[leak.reason][1]}",
            ]
        if not self.leaks:
            lines.append("nothing leaks")
        if self.stability is not None:
            lines.append(self.stability.text())
        return "\n".join(lines)

    def record(self) -> dict[str, Any]:
        """The report as plain data."""
        bars = None if self.stability is None else {f"{k:g}": v for k, v in self.stability.bars.items()}
        return {
            "subject": self.subject,
            "kind": self.kind,
            "rows": self.rows,
            "slots": self.slots,
            "answers": self.answers,
            "leaks": [leak.record() for leak in self.leaks],
            "bars": bars,
        }
