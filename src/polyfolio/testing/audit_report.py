"""What an audit found: a verdict per check, as lines, as data and as a page."""

from __future__ import annotations

import html
import math
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from polyfolio.errors import StopTrading


class Outcome(StrEnum):
    """How a check ended."""

    PASSED = "passed"
    FAILED = "failed"
    SKIPPED = "skipped"


@dataclass(frozen=True)
class Verdict:
    """The end of one check.

    Attributes:
        outcome: how it ended.
        sentence: what was seen, or why nothing could be.
        figures: what was measured.
        check: the check's name.
        law: what had to hold.
        remedy: what to do where it failed.
    """

    outcome: Outcome
    sentence: str
    figures: dict[str, float | int | str] = field(default_factory=dict)
    check: str = ""
    law: str = ""
    remedy: str = ""

    def record(self) -> dict[str, Any]:
        """The verdict as plain data."""
        figures = {name: value if _plain(value) else None for name, value in self.figures.items()}
        return {
            "check": self.check,
            "outcome": self.outcome.value,
            "law": self.law,
            "sentence": self.sentence,
            "figures": figures,
            "remedy": self.remedy if self.outcome is Outcome.FAILED else "",
        }


def passed(sentence: str, **figures: float | str) -> Verdict:
    """The law held."""
    return Verdict(Outcome.PASSED, sentence, figures)


def failed(sentence: str, **figures: float | str) -> Verdict:
    """The law was broken."""
    return Verdict(Outcome.FAILED, sentence, figures)


def skipped(sentence: str, **figures: float | str) -> Verdict:
    """The question could not be asked."""
    return Verdict(Outcome.SKIPPED, sentence, figures)


@dataclass(frozen=True)
class AuditReport:
    """An audit.

    Attributes:
        subject: what was asked.
        seed: what was drawn from.
        verdicts: one per check, in their order.
        versions: of what the answers depend on.
    """

    subject: str
    seed: int
    verdicts: tuple[Verdict, ...]
    versions: dict[str, str]

    @property
    def failures(self) -> tuple[Verdict, ...]:
        """The checks that failed."""
        return self.of(Outcome.FAILED)

    def of(self, outcome: Outcome) -> tuple[Verdict, ...]:
        """The verdicts of one outcome."""
        return tuple(verdict for verdict in self.verdicts if verdict.outcome is outcome)

    def verdict(self, check: str) -> Verdict:
        """The verdict of a check."""
        return next(verdict for verdict in self.verdicts if verdict.check == check)

    @property
    def summary(self) -> str:
        """One line."""
        counts = ", ".join(f"{len(self.of(outcome))} {outcome.value}" for outcome in Outcome)
        return f"{self.subject}: {counts} (seed {self.seed})"

    def text(self) -> str:
        """Lines for a terminal."""
        lines = [self.summary]
        for verdict in self.verdicts:
            lines.append(f"{verdict.outcome.value.upper():<8}{verdict.check:<14}{verdict.sentence}")
            if verdict.outcome is Outcome.FAILED:
                lines += [f"{'':<22}must hold  {verdict.law}", f"{'':<22}remedy     {verdict.remedy}"]
        return "\n".join(lines)

    def record(self) -> dict[str, Any]:
        """The report as plain data."""
        return {
            "subject": self.subject,
            "seed": self.seed,
            "versions": self.versions,
            "failed": [verdict.check for verdict in self.failures],
            "verdicts": [verdict.record() for verdict in self.verdicts],
        }

    def page(self) -> str:
        """A self-contained HTML page."""
        rows = "\n".join(_row(verdict) for verdict in self.verdicts)
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        return PAGE.format(title=html.escape(self.subject), summary=html.escape(self.summary), rows=rows, foot=versions)

    def error(self) -> StopTrading:
        """The first failure as an error."""
        first = self.failures[0]
        return StopTrading(f"{self.subject}: {first.check}", first.sentence, first.law, first.remedy)


def _row(verdict: Verdict) -> str:
    figures = "<br>".join(f"{html.escape(name)}: {html.escape(_shown(v))}" for name, v in verdict.figures.items())
    remedy = f"<p class=remedy>{html.escape(verdict.remedy)}</p>" if verdict.outcome is Outcome.FAILED else ""
    return (
        f'<tr class="{verdict.outcome.value}"><td><b>{verdict.outcome.value}</b></td>'
        f"<td><code>{html.escape(verdict.check)}</code><p class=law>{html.escape(verdict.law)}</p></td>"
        f"<td>{html.escape(verdict.sentence)}{remedy}</td><td class=figures>{figures}</td></tr>"
    )


def _plain(value: float | str) -> bool:
    """Whether JSON has the value."""
    return isinstance(value, str) or math.isfinite(value)


def _shown(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"


PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>Audit of {title}</title>
<style>
:root {{ color-scheme: light dark; --line: #8884; --good: #1a7f37; --bad: #cf222e; }}
@media (prefers-color-scheme: dark) {{ :root {{ --good: #3fb950; --bad: #ff7b72; }} }}
body {{ font: 16px/1.45 system-ui, sans-serif; margin: 2rem auto; padding: 0 1rem; max-width: 70rem; }}
h1, p, td + td + td {{ overflow-wrap: anywhere; }}
table {{ border-collapse: collapse; width: 100%; }}
td, th {{ border-top: 1px solid var(--line); padding: .5rem; text-align: left; vertical-align: top; }}
.law, .figures, footer {{ opacity: .75; font-size: .85rem; margin: .2rem 0 0; }}
.remedy {{ margin: .3rem 0 0; font-style: italic; }}
.passed b {{ color: var(--good); }} .failed b {{ color: var(--bad); }} .skipped {{ opacity: .6; }}
@media (max-width: 40rem) {{ td, th {{ display: block; border: 0; padding: .2rem 0; }} thead {{ display: none; }}
  tr {{ display: block; border-top: 1px solid var(--line); padding: .5rem 0; }} }}
@media print {{ body {{ margin: 0; max-width: none; }} tr {{ break-inside: avoid; }} }}
</style></head><body>
<h1>Audit of {title}</h1><p>{summary}</p>
<table><thead><tr><th>outcome</th><th>check</th><th>what was seen</th><th>figures</th></tr></thead><tbody>
{rows}
</tbody></table><footer>{foot}</footer></body></html>
"""
