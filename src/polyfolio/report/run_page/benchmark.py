"""Against the benchmark: what moved with it, and where the difference came from."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.engine.rows import rows_of
from polyfolio.errors import DataError
from polyfolio.report.brinson import Brinson, Period, brinson, groups
from polyfolio.report.page.parts import Chart, Column, Fact, Facts, Line, Part, Section, Table, Unit, Words
from polyfolio.report.run_page.lane import LaneView

SHOWN_GROUPS = 25
FIGURES: tuple[tuple[str, str, Unit], ...] = (
    ("Active return a year", "active_return", "percent"),
    ("Alpha a year", "alpha", "percent"),
    ("Beta", "beta", "ratio"),
    ("Correlation", "correlation", "ratio"),
    ("Tracking error", "tracking_error", "percent"),
    ("Information ratio", "information_ratio", "ratio"),
    ("Captured of rises", "up_capture", "percent"),
    ("Captured of falls", "down_capture", "percent"),
)


def against(view: LaneView) -> Section | None:
    """Figures, the ratio of the two paths, and Brinson's split; None without a benchmark."""
    if view.benchmark is None:
        return None
    figures = [fact(view, *figure) for figure in FIGURES]
    parts: list[Part] = [Facts("benchmark-figures", tuple(figures)), ahead(view), *split(view)]
    intro = f"The benchmark is {view.benchmark_name}, held from the first row without costs."
    return Section("benchmark", f"Against {view.benchmark_name}", tuple(parts), intro)


def fact(view: LaneView, label: str, name: str, unit: Unit) -> Fact:
    """One measure."""
    value = view.metrics[name]
    return Fact(label, None if math.isnan(value) else value, unit, name, view.metrics.reasons.get(name, ""))


def ahead(view: LaneView) -> Chart:
    """The lane's growth over the benchmark's: it rises where the lane does better."""
    theirs = np.concatenate([[1.0], np.cumprod(1.0 + np.asarray(view.benchmark))])
    line = Line("ahead", view.dates, view.wealth / theirs - 1.0, "area")
    note = "Growth of the lane over growth of the benchmark, less 1: it rises in bars in which the lane did better."
    return Chart("ahead-chart", f"Ahead of {view.benchmark_name}", (line,), "percent", note, height=200)


def split(view: LaneView) -> list[Part]:
    """Allocation, selection, interaction and trading, by the first label of the tape or by symbol."""
    if not view.full:
        return [Words("no-brinson", ("The split by group needs a journal at level full.",))]
    labels = view.results.plan.label_names
    by = labels[0] if labels else "symbol"
    theirs = np.zeros(len(view.symbols))
    theirs[view.symbols.index(view.benchmark_name)] = 1.0
    try:
        found = brinson(period(view, theirs), *groups(view.results.plan, by))
    except DataError as error:
        return [Words("no-brinson", (f"There is no split of the active return: {error}",))]
    return [effects(found, by, view.benchmark_name)]


def period(view: LaneView, theirs: Floats) -> Period:
    """Weights before each bar, `theirs` of the benchmark, returns of the slots and of the lane."""
    moved = np.ascontiguousarray(rows_of(view.results.tape, "bar").returns.T)[view.rows[1:] - 1]
    return Period(np.ascontiguousarray(view.holdings.weight[:-1]), theirs, moved, view.returns)


def effects(found: Brinson, by: str, benchmark: str) -> Table:
    """The split as a table; the smallest groups in one line, trading and the sum last."""
    rows: list[tuple[Any, ...]] = [(*row, sum(row[1:])) for row in found.rows()]
    rows.sort(key=lambda row: -abs(row[-1]))
    if len(rows) > SHOWN_GROUPS:
        small = rows[SHOWN_GROUPS - 1 :]
        rest = [sum(row[at] for row in small) for at in range(1, 5)]
        rows = [*rows[: SHOWN_GROUPS - 1], (f"{len(small)} others", *rest)]
    rows.append(("trading: fills, costs, interest", None, None, None, found.trading))
    sums = [float(part.sum()) for part in (found.allocation, found.selection, found.interaction)]
    rows.append(("active return", *sums, found.active))
    columns = (
        Column(by.capitalize()),
        *(Column(name, "percent") for name in ("Allocation", "Selection", "Interaction")),
        Column("Together", "percent", coloured=True),
    )
    note = (
        f"Brinson and Fachler for each bar, linked after Carino: the lane made {found.own:.2%}, {benchmark} "
        f"{found.benchmark:.2%}, and the column adds up to the difference."
    )
    return Table(
        "brinson-table", f"Where the difference came from, by {by}", columns, rows, note.replace("%", " %"), totals=1
    )
