"""The figures a reader looks for first, and what happened in sentences."""

from __future__ import annotations

import math
from collections.abc import Iterator

from polyfolio.core import words
from polyfolio.core.codes import FillAt, Level, Status
from polyfolio.report.page.parts import Fact, Facts, Part, Section, Tone, Unit, Words
from polyfolio.report.page.text import printed
from polyfolio.report.run_page.growth import deepest
from polyfolio.report.run_page.lane import LaneView, day_text

FIGURES: tuple[tuple[str, str, Unit], ...] = (
    ("Return", "total_return", "percent"),
    ("Return a year", "cagr", "percent"),
    ("Volatility a year", "annual_volatility", "percent"),
    ("Sharpe ratio", "sharpe", "ratio"),
    ("Sortino ratio", "sortino", "ratio"),
    ("Largest drawdown", "max_drawdown", "percent"),
    ("Calmar ratio", "calmar", "ratio"),
    ("Expected shortfall", "expected_shortfall", "percent"),
    ("Beta", "beta", "ratio"),
    ("Turnover a year", "annual_turnover", "ratio"),
    ("Closed trades", "closed_trades", "count"),
    ("Winning trades", "win_rate", "percent"),
)
NOTES = {
    "annual_turnover": "times equity, both sides",
    "expected_shortfall": "mean loss of the worst 5 % of bars",
}
FILLED = {
    FillAt.NEXT_OPEN: "Orders are decided at a close and filled at the next open.",
    FillAt.NEXT_CLOSE: "Orders are decided at a close and filled at the next close.",
    FillAt.NEXT_TYPICAL: "Orders are decided at a close and filled at the typical price of the next bar.",
    FillAt.SAME_CLOSE: (
        "Orders are filled at the very close they were decided at: a price that could be known only when it was over."
    ),
}


def headline(view: LaneView) -> Section:
    """Tiles and sentences."""
    parts: list[Part] = [Facts("figures-at-a-glance", tuple(tiles(view)))]
    parts.append(Words("in-words", tuple(sentences(view))))
    found = tuple(warnings(view))
    if found:
        parts.append(Words("to-know", found, "To know before anything else", "warning"))
    return Section("at-a-glance", "At a glance", tuple(parts))


def tiles(view: LaneView) -> Iterator[Fact]:
    """Figures with their cards; what is not defined says why."""
    costs = view.results.costs(view.name)
    yield Fact("Equity at the end", float(view.marks["equity"][-1]), "money", note=view.currency)
    for label, name, unit in FIGURES:
        if name == "beta" and view.benchmark is None:
            continue
        value = view.metrics[name]
        tone: Tone = "bad" if name == "total_return" and value < 0.0 else "plain"
        note = view.metrics.reasons.get(name, NOTES.get(name, ""))
        yield Fact(label, None if math.isnan(value) else value, unit, name, note, tone)
    basis = costs["cost_bp"]
    note = "" if math.isnan(basis) else f"trading: {basis:.1f} bp of what was traded"
    yield Fact("Costs", costs["costs"], "money", note=note)


def sentences(view: LaneView) -> Iterator[str]:
    """What happened, from the same numbers."""
    metrics, marks = view.metrics, view.marks
    total = metrics["total_return"]
    if math.isfinite(total):
        moved = "gained" if total >= 0.0 else "lost"
        span = f"from {day_text(view.dates[0])} to {day_text(view.dates[-1])}"
        yield (
            f"{view.name} {moved} {words.share(abs(total))} after all costs {span}: "
            f"{printed(float(view.path[0]), 'money')} became {printed(float(marks['equity'][-1]), 'money')} "
            f"{view.currency}."
        )
    worst = deepest(view)
    if worst is not None:
        ended = "is not recovered" if worst["open"] else f"was recovered on {day_text(view.dates[worst['recovery']])}"
        yield (
            f"Its largest fall was {words.share(-worst['depth'])}, from {day_text(view.dates[worst['peak']])} to "
            f"{day_text(view.dates[worst['trough']])}; it {ended}."
        )
    if view.benchmark is not None and not math.isnan(metrics["beta"]):
        yield (
            f"Against {view.benchmark_name} its beta was {metrics['beta']:.2f}, its active return "
            f"{words.share(metrics['active_return'])} a year."
        )
    yield FILLED[view.results.spec.lanes[view.index].execution.fill]


WHY = {
    Status.REDUCE_ONLY: "Its drawdown passed risk.max_drawdown: exposure may only fall until half of it is regained.",
    Status.HALTED: "The day's loss reached limits.max_daily_loss: no new risk until the next day.",
    Status.LIQUIDATING: "Its equity fell below account.maintenance_margin of its gross exposure: everything is sold.",
    Status.RUINED: "Its equity was used up.",
    Status.TERMINATED: "Its drawdown reached risk.max_drawdown, which ends it by risk.drawdown_action.",
    Status.RETIRED: "It was taken out of the run.",
}


def warnings(view: LaneView) -> Iterator[str]:
    """What a reader must know before believing anything."""
    status = Status(int(view.marks["status"][-1]))
    if status != Status.LIVE:
        yield f"At the end the lane was {words.STATES[status]}."
        yield WHY[status]
    last = int(view.results.journal.marks["row"].max())
    if int(view.rows[-1]) < last:
        yield f"The lane ended on {day_text(view.dates[-1])}, before the run did."
    if view.benchmark_name and view.benchmark is None:
        bars, known = view.rows.size - 1, view.metrics.common
        yield f"The benchmark {view.benchmark_name} has a return in {known:,} of {bars:,} bars: it is not drawn."
    for note in view.results.plan.notes:
        yield f"{note[:1].upper()}{note[1:]}."
    if view.results.spec.lanes[view.index].execution.fill is FillAt.SAME_CLOSE:
        yield "Fills at the close of the decision cannot be had in a market; next_open is the cautious choice."
    if view.journal.level < Level.FULL:
        yield "The journal was kept at level summary: trades, holdings, limits and cuts are not on this page."
