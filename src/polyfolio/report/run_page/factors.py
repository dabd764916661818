"""Returns attributed to the user's factors, as a section."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from polyfolio.report.factors import Factors, FactorSplit, split_by_factors
from polyfolio.report.page.parts import Chart, Column, Line, Section, Table
from polyfolio.report.run_page.lane import LaneView


def factors_section(view: LaneView, factors: Factors) -> Section:
    """A table that adds up to the return, and the parts over time."""
    found = split_by_factors(view.returns, view.dates[1:], factors)
    intro = (
        f"Return of a bar = sum of beta times factor return, plus what is specific, exactly; the factors explain "
        f"{found.explained:.1%} of the variance.".replace("%", " %")
    )
    return Section("factors", "Attribution to factors", (table(found), chart(view, found)), intro)


def table(found: FactorSplit) -> Table:
    """Beta, its error and the part of the return."""
    rows: list[tuple[Any, ...]] = [
        (name, beta, None if math.isnan(error) else error, part)
        for name, beta, error, part in zip(
            found.names[:-1], found.betas.tolist(), found.errors.tolist(), found.linked.tolist(), strict=False
        )
    ]
    rows.append((found.names[-1], None, None, float(found.linked[-1])))
    rows.append(("return", None, None, found.total))
    columns = (
        Column("Factor"),
        Column("Beta", "ratio"),
        Column("Standard error", "ratio"),
        Column("Part of the return", "percent", coloured=True),
    )
    note = (
        "Parts of the bars are linked after Carino, so that the column adds up. The constant is in the specific part."
    )
    return Table("factor-table", "Parts of the return", columns, rows, note, totals=1)


def chart(view: LaneView, found: FactorSplit) -> Chart:
    """Parts summed over the bars."""
    paths = np.cumsum(found.parts, axis=0)
    lines = tuple(Line(name, view.dates[1:], paths[:, at]) for at, name in enumerate(found.names))
    note = "Plain sums of the bars' parts, not compounded."
    return Chart("factor-chart", "Parts over time", lines, "percent", note, height=260)
