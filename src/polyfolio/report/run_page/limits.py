"""Risk limits over time: how much of each was used, what was cut and why, what was refused."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyfolio.core import words
from polyfolio.core.codes import Event, Reason, Stage, Status
from polyfolio.core.types import Floats
from polyfolio.report.page.parts import Chart, Column, Heat, Level, Line, Part, Section, Table, Words
from polyfolio.report.run_page.lane import LaneView

SHOWN_LINES = 3
MOST_COLUMNS = 13
# Orders are sized at one price and certified at another: from here on a limit counts as reached.
REACHED = 0.999
SHOWN_NAMES = 3
# Counts and correlations are printed as numbers, the rest are shares.
NUMBERS = (
    Reason.MAX_POSITIONS,
    Reason.MAX_LONG_POSITIONS,
    Reason.MAX_SHORT_POSITIONS,
    Reason.CORRELATION,
)
# These hold from below, so their use is no share of the bound; FROZEN is no limit of its own.
APART = (Reason.MIN_NET, Reason.NO_SHORTING, Reason.FROZEN)


def limits(view: LaneView) -> Section:
    """Use of the limits, cuts, refusals, changes of status."""
    title = "Limits, and what was cut"
    if not view.full:
        return Section("limits", title, (Words("no-limits", ("Limits and cuts need a journal at level full.",)),))
    events = view.journal.events
    parts = [*used(view, events), *cuts(view, events), *refused(view, events), *statuses(view, events)]
    if not parts:
        parts = [Words("no-cuts", ("No limit was on, and nothing was cut or refused.",))]
    return Section("limits", title, tuple(parts))


def used(view: LaneView, events: np.ndarray) -> list[Part]:
    """How much of each limit was used after each decision's orders."""
    found = events[events["event"] == Event.LIMIT]
    lines, rows = [], []
    for code in np.unique(found["reason"]).tolist():
        reason = Reason(code)
        some = found[found["reason"] == code]
        value, bound = np.array(some["before"]), np.array(some["after"])
        if reason in APART:
            continue
        at, share = highest(some["row"], use(value, bound))
        lines.append(Line(words.NAMES[reason], view.stamps[at], share, "step"))
        full = share >= REACHED
        last = words.bound(float(bound[-1]), reason)
        largest = float(np.nanmax(share)) if np.isfinite(share).any() else None
        mean = float(np.nanmean(share)) if np.isfinite(share).any() else None
        rows.append((words.NAMES[reason], last, mean, largest, int(full.sum()), int(at.size)))
    if not rows:
        return []
    lines.sort(key=lambda line: -float(np.nan_to_num(line.y).mean()))
    note = "Value over bound after the orders of each decision; the limits with the largest mean use."
    drawn = tuple(lines[:SHOWN_LINES])
    columns = (
        Column("Limit"),
        Column("Bound at the end"),
        Column("Mean use", "percent"),
        Column("Largest use", "percent"),
        Column("Decisions at the bound", "count"),
        Column("Decisions", "count"),
    )
    rows.sort(key=lambda row: -(row[3] or 0.0))
    return [
        Chart("limit-chart", "Use of the limits", drawn, "percent", note, levels=(Level(1.0, "bound"),), height=260),
        by_period(lines),
        Table("limit-table", "Limits", columns, rows),
    ]


def by_period(lines: list[Line]) -> Heat:
    """The largest use of each limit in each month, quarter or year."""
    months = np.concatenate([line.x for line in lines]).astype("datetime64[M]").astype(np.int64)
    span = int(months.max() - months.min()) + 1
    width, words_for = next(
        (size, name)
        for size, name in ((1, "month"), (3, "quarter"), (12, "year"))
        if size == 12 or span <= size * MOST_COLUMNS
    )
    first, last = int(months.min()) // width, int(months.max()) // width
    table = np.full((len(lines), last - first + 1), np.nan)
    for row, line in zip(table, lines, strict=True):
        at = np.asarray(line.x).astype("datetime64[M]").astype(np.int64) // width - first
        np.fmax.at(row, at, line.y)
    columns = tuple(period_name(number, width) for number in range(first, last + 1))
    names = tuple(line.name for line in lines)
    return Heat("limit-heat", f"Largest use by {words_for}, in %", columns, names, table, "percent", signed=False)


def period_name(number: int, width: int) -> str:
    """A period of `width` months, counted from 1970."""
    year, month = divmod(number * width, 12)
    return {1: f"{year + 1970}-{month + 1:02d}", 3: f"{year + 1970} Q{month // 3 + 1}", 12: f"{year + 1970}"}[width]


def use(value: Floats, bound: Floats) -> Floats:
    """Value over bound; NaN for a bound of 0 or a value that is not known."""
    return np.asarray(np.divide(value, bound, out=np.full(value.size, np.nan), where=bound > 0.0))


def highest(rows: np.ndarray, share: Floats) -> tuple[np.ndarray, Floats]:
    """Of several lines at one row, such as label caps, the one used most."""
    seen, at = np.unique(rows, return_inverse=True)
    out = np.full(seen.size, -np.inf)
    np.maximum.at(out, at, np.where(np.isnan(share), -np.inf, share))
    return seen, np.where(np.isneginf(out), np.nan, out)


def cuts(view: LaneView, events: np.ndarray) -> list[Part]:
    """What the stages took from what was wanted, by reason."""
    found = events[events["event"] == Event.CUT]
    rows = [cut(view, found, stage, reason) for stage, reason in pairs(found)]
    rows.sort(key=lambda row: -row[2])
    columns = (
        Column("Reason"),
        Column("Stage"),
        Column("Times", "count"),
        Column("Mean change of a weight", "percent"),
        Column("Most often"),
    )
    note = "Each time a stage changed a wanted weight. `polyfolio why` tells the story of one decision."
    return [Table("cut-table", "Cuts by reason", columns, rows, note)] if rows else []


def pairs(found: np.ndarray) -> list[tuple[int, int]]:
    """Distinct (stage, reason)."""
    return sorted(set(zip(found["stage"].tolist(), found["reason"].tolist(), strict=True)))


def cut(view: LaneView, found: np.ndarray, stage: int, reason: int) -> tuple[Any, ...]:
    """One line: how often, how much, which names."""
    some = found[(found["stage"] == stage) & (found["reason"] == reason)]
    size = float(np.abs(some["after"] - some["before"]).mean())
    return (words.NAMES[Reason(reason)], stage_name(view, stage), int(some.size), size, often(view, some))


def stage_name(view: LaneView, stage: int) -> str:
    """What a stage is called; an added one by its own name."""
    if stage >= Stage.EXTENSION:
        at, named = stage - int(Stage.EXTENSION), view.results.plan.extensions
        return str(getattr(named[at], "name", named[at])) if at < len(named) else "an added stage"
    return Stage(stage).name.lower() if stage else ""


def often(view: LaneView, some: np.ndarray) -> str:
    """The names it met most often."""
    slots = some["slot"][some["slot"] >= 0]
    counts = np.bincount(slots, minlength=len(view.symbols))
    order = np.argsort(-counts, kind="stable")[:SHOWN_NAMES]
    return ", ".join(f"{view.symbols[slot]} ({counts[slot]:,})" for slot in order.tolist() if counts[slot])


def refused(view: LaneView, events: np.ndarray) -> list[Part]:
    """Orders that were refused or cut on their way, by reason."""
    found = events[events["event"] == Event.REFUSED]
    rows = []
    for reason in np.unique(found["reason"]).tolist():
        some = found[found["reason"] == reason]
        rows.append((words.NAMES[Reason(reason)], int(some.size), often(view, some)))
    rows.sort(key=lambda row: -row[1])
    columns = (Column("Reason"), Column("Times", "count"), Column("Most often"))
    return [Table("refused-table", "Orders refused or cut", columns, rows)] if rows else []


def statuses(view: LaneView, events: np.ndarray) -> list[Part]:
    """When the lane changed its status, and why."""
    found = events[events["event"] == Event.STATUS]
    rows = [
        (
            view.stamps[event["row"]],
            words.STATES[Status(int(event["after"]))],
            "" if event["reason"] == Reason.NONE else words.NAMES[Reason(int(event["reason"]))],
        )
        for event in found
    ]
    columns = (Column("When", "date"), Column("Status"), Column("Because of"))
    return [Table("status-table", "Changes of status", columns, rows)] if rows else []
