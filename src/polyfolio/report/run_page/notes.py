"""What stands beneath the numbers: conventions, every metric, where they come from."""

from __future__ import annotations

import math

from polyfolio.kernels.compile import source_digest
from polyfolio.kernels.measures.cards import cards, definitions_version
from polyfolio.report.page.parts import Column, Section, Table, Unit, Words
from polyfolio.report.results import Results
from polyfolio.report.run_page.lane import LaneView
from polyfolio.report.saved import versions
from polyfolio.report.terminal import convention_lines

UNITS: dict[str, Unit] = {"fraction": "percent", "probability": "percent", "money": "money", "count": "count"}


def numbers(view: LaneView) -> Section:
    """Every metric, and how it was computed."""
    rows = [
        (name, shown(value, cards()[name].unit), view.metrics.reasons.get(name, ""), cards()[name].formula)
        for name, value in view.metrics.items()
    ]
    columns = (Column("Name"), Column("Value"), Column("Not defined because"), Column("Formula"))
    note = "performance.json has them unrounded."
    table = Table("every-number", "Every number", columns, rows, note, folded=True, rows_shown=len(rows))
    lines = tuple(convention_lines(view.results))
    return Section("conventions", "How it was computed", (Words("convention-lines", lines), table))


def shown(value: float, unit: str) -> str | None:
    """A metric as words, by the unit of its card."""
    from_card = next((kind for word, kind in UNITS.items() if unit.startswith(word)), "number")
    if math.isnan(value):
        return None
    return f"{value:.4%}".replace("%", " %") if from_card == "percent" else f"{value:,.6g}"


def footer(results: Results) -> dict[str, str]:
    """What the numbers depend on."""
    return {
        "run": results.run_id,
        "data": results.tape.digest(),
        "journal": f"{results.journal.digest()} (level {results.journal.level.name.lower()})",
        "kernels": source_digest(),
        "definitions": definitions_version(),
        "seed": str(results.spec.seed),
        "versions": ", ".join(f"{name} {version}" for name, version in versions().items()),
    }
