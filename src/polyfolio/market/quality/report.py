"""The report: what was checked, what was found, a table, a page, and the cleaned copy."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from polyfolio.market.intervals import word
from polyfolio.market.quality.findings import Finding, Repair
from polyfolio.market.quality.fix import Change, cleaned
from polyfolio.market.quality.kinds import KINDS, SEVERITIES
from polyfolio.market.quality.page import page
from polyfolio.market.quality.table import Table
from polyfolio.market.stamps import show


@dataclass(frozen=True, eq=False)
class Report:
    """What is known about some market rows.

    Attributes:
        read: the rows, as they could be read.
        calendar: the one they were checked against; None where none could be.
        findings: errors first.
        repairs: what the cleaned copy changes.
    """

    read: Table
    calendar: str | None
    findings: tuple[Finding, ...]
    repairs: tuple[Repair, ...]

    @property
    def ok(self) -> bool:
        """Whether there is no error."""
        return not any(item.severity == "error" for item in self.findings)

    def of(self, kind: str) -> tuple[Finding, ...]:
        """The findings of a kind."""
        return tuple(item for item in self.findings if item.kind == kind)

    def kinds(self) -> tuple[str, ...]:
        """The kinds that were found, errors first."""
        return tuple(dict.fromkeys(item.kind for item in self.findings))

    def facts(self) -> dict[str, str]:
        """What was checked, in words."""
        rows = self.read.rows
        span = f"{show(int(rows.stamps.min()))} to {show(int(rows.stamps.max()))}" if rows.size else "none"
        return {
            "source": self.read.name,
            "rows": f"{len(self.read.frame)}, {rows.size} readable",
            "symbols": str(len(rows.names)),
            "times": span,
            "shape": self.read.shape,
            "interval": word(self.read.length) if self.read.length else "none",
            "calendar": self.calendar or "none",
        }

    def table(self) -> str:
        """The report as text: one block per kind, with its first examples."""
        lines = [f"{name:<9} {value}" for name, value in self.facts().items()]
        lines += ["", self.verdict(), ""]
        for kind in self.kinds():
            group = self.of(kind)
            told = KINDS[kind]
            lines.append(f"{told.severity.upper():<8} {kind}: {_counted(group)}. {told.meaning}")
            lines += [f"         {example}" for example in examples(group)]
            lines.append(f"         -> {told.fix}")
        return "\n".join(lines).rstrip() + "\n"

    def verdict(self) -> str:
        """How many findings of each severity there are."""
        counts = {name: sum(item.severity == name for item in self.findings) for name in SEVERITIES}
        told = ", ".join(f"{count} {name}{'s' if count != 1 else ''}" for name, count in counts.items())
        return f"findings: {told}"

    def html(self) -> str:
        """The report as one page that needs nothing else."""
        return page(self.facts(), self.verdict(), self.findings)

    def fixed(self) -> tuple[Any, tuple[Change, ...]]:
        """A cleaned copy of the rows as a long frame, and what was changed in it."""
        return cleaned(self.read, self.repairs)


def examples(group: Iterable[Finding]) -> list[str]:
    """The first examples of some findings, of as many symbols as there are."""
    lists = [list(item.examples) for item in group]
    turns = [items[turn] for turn in range(3) for items in lists if turn < len(items)]
    return turns[:3]


def _counted(group: tuple[Finding, ...]) -> str:
    total = sum(item.count for item in group)
    named = [item.symbol for item in group if item.symbol]
    if not named:
        return str(total)
    shown = ", ".join(named[:8]) + (", ..." if len(named) > 8 else "")
    return f"{total} in {len(named)} symbol{'s' if len(named) > 1 else ''} ({shown})"
