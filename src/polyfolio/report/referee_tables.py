"""Tables, charts and tiles of the referee's page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from polyfolio.report.page.parts import Chart, Column, Fact, Facts, Heat, Line, Part, Table, Words

Record = Mapping[str, Any]
BINS = 30
NO_ROOT = {
    "no_costs": "trading is free in this run",
    "never_earns": "nothing is earned even without costs",
    "always_earns": "more than was tried",
}
NO_COPIES = {
    "no_trades": "It never traded, so there is nothing to draw anew.",
    "always_in": "It holds nearly every name nearly all the time: there is no moment or name to choose.",
    "no_choice": "Every copy comes to the same: nothing was left to choose.",
}
TITLES = {"moments": "Random moments", "names": "Random names"}
MEASURES = {"total_return": ("Total return", "percent"), "sharpe": ("Sharpe ratio", "ratio")}


def break_even(record: Record) -> Facts:
    """The two break-even numbers."""
    found = record["break_even"]
    return Facts(
        "referee-break-even",
        (
            Fact(
                "break-even multiple of costs", found["multiple"], "ratio", note=NO_ROOT.get(found["why_multiple"], "")
            ),
            Fact(
                "break-even cost, basis points of what is traded",
                found["rate_bp"],
                "number",
                note=NO_ROOT.get(found["why_rate"], ""),
            ),
            Fact("costs paid, basis points", record["facts"]["outcome"]["costs_bp"], "number"),
        ),
    )


def grid(record: Record, measure: str) -> Heat:
    """One measure by fill and multiple of the costs."""
    found = record["timing"]
    title, unit = MEASURES[measure]
    return Heat(
        f"referee-grid-{measure.replace('_', '-')}",
        title,
        tuple(f"costs x {multiple:g}" for multiple in found["multiples"]),
        tuple(fill.replace("_", " ") for fill in found["fills"]),
        numbers(found[measure]),
        unit,  # type: ignore[arg-type]
        f"The portfolio's own cell: {found['own_fill'].replace('_', ' ')}, costs x 1.",
    )


def numbers(values: Any) -> Any:
    """Values as an array, NaN where there is none."""
    return np.array(values, dtype=np.float64)


def capacity(record: Record) -> tuple[Part, ...]:
    """Tiles, curve and table."""
    found, money = record["capacity"], record["facts"]["currency"]
    points = found["points"]
    sizes = [short(point["capital"]) for point in points]
    tiles = Facts(
        "referee-capacity-facts",
        (
            Fact(f"half of the return is left at, {money}", found["half"], "money", note=half_note(found)),
            Fact(f"most profit at, {money}", found["best"], "money", note=best_note(found)),
        ),
    )
    curve = Chart(
        "referee-capacity-curve",
        "Return by capital",
        (Line("total return", sizes, [point["total_return"] for point in points]),),
        "percent",
        f"Capital in {money}; the steps are those of the table, not even.",
    )
    columns = (
        Column("Capital", "count"),
        Column("Total return", "percent", coloured=True),
        Column("Sharpe", "ratio"),
        Column("Profit", "count", coloured=True),
        Column("Costs, bp", "number"),
        Column("Turnover a year", "ratio"),
        Column("Max drawdown", "percent"),
    )
    rows = [
        (
            round(point["capital"]),
            point["total_return"],
            point["sharpe"],
            None if point["profit"] is None else round(point["profit"]),
            point["costs_bp"],
            point["annual_turnover"],
            point["max_drawdown"],
        )
        for point in points
    ]
    return tiles, curve, Table("referee-capacity-table", "By capital", columns, rows)


def short(value: float) -> str:
    """`500 k`, `20 M`: a capital on an axis."""
    for size, letter in ((1e9, "bn"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:g} {letter}"
    return f"{value:g}"


def half_note(found: Record) -> str:
    """Why there is no such point."""
    if found["half"] is not None:
        return ""
    return "nothing is earned" if found["why"] else "beyond what was tried"


def best_note(found: Record) -> str:
    """Whether more capital might earn more still."""
    return "the most that was tried" if found["best"] == found["points"][-1]["capital"] else ""


def copies(found: Record, name: str) -> Iterator[Part]:
    """Tiles and histogram of one kind of random copies."""
    one = found[name]
    if one["why"]:
        yield Words(f"referee-luck-{name}", (NO_COPIES[one["why"]],), TITLES[name])
        return
    yield Facts(
        f"referee-luck-{name}-facts",
        (
            Fact("beats copies", f"{one['beaten']:,} of {found['draws']:,}", "text"),
            Fact("p", one["p"], "ratio", note="share of copies at least as good, the portfolio counted"),
            Fact("its trades replayed", found["replayed"], "percent"),
            Fact("copy in the middle", one["median"], "percent"),
            Fact("trades", found["trades"], "count"),
        ),
        TITLES[name],
    )
    counts, edges = np.histogram(100.0 * np.array(one["returns"]), bins=BINS)
    middles = (edges[:-1] + edges[1:]) / 2.0
    own = Line("its trades replayed", [100.0 * found["replayed"]] * 2, [0, int(counts.max())], "dashed")
    yield Chart(
        f"referee-luck-{name}-chart",
        f"{TITLES[name]}: total return of {found['draws']:,} copies, percent",
        (Line("copies", middles, counts, "bars"), own),
        "count",
    )


def crises(record: Record) -> Iterator[Part]:
    """The worst stretches of the market."""
    if not record["crises"]:
        yield Words(
            "referee-crises",
            ("The tape is too short for a worst week, or its market never fell in one.",),
            "Crisis windows",
        )
        return
    columns = (
        Column("Window"),
        Column("From", "date"),
        Column("To", "date"),
        Column("Market", "percent", coloured=True),
        Column("Portfolio", "percent", coloured=True),
        Column("Most from"),
        Column("Costs", "percent"),
    )
    rows = [
        (one["name"], one["start"], one["end"], one["market"], one["lane"], heaviest(one), paid(one))
        for one in record["crises"]
    ]
    note = "The market is all names in equal parts. Most from: the name with the largest part of the loss or gain."
    yield Table("referee-crises", "Crisis windows", columns, rows, note)


def heaviest(one: Record) -> str:
    """The name with the largest part, with its sign's side of the change."""
    total = one["lane"] if "lane" in one else one["effect"]
    sign = -1.0 if (total or 0.0) < 0.0 else 1.0
    name = max(one["by_asset"], key=lambda symbol: sign * one["by_asset"][symbol], default="")
    return f"{name} {100.0 * one['by_asset'][name]:+.1f} %" if name else ""


def paid(one: Record) -> float:
    """Commission, slippage and impact together, negative."""
    return sum(float(one["by_kind"].get(kind, 0.0)) for kind in ("commission", "slippage", "impact"))


def stress(record: Record) -> Iterator[Part]:
    """The scenarios, with their effect by name."""
    found = record["stress"]
    if found["runs"]:
        columns = (
            Column("Scenario"),
            Column("Effect", "percent", coloured=True),
            Column("Most from"),
            Column("Costs", "percent"),
            Column("Whole run", "percent", coloured=True),
            Column("Max drawdown", "percent"),
            Column("At the end"),
        )
        rows = [
            (
                run["name"],
                run["effect"],
                heaviest(run),
                paid(run),
                run["total_return"],
                run["max_drawdown"],
                run["ended"].replace("_", " "),
            )
            for run in found["runs"]
        ]
        yield Table("referee-stress-table", "Stress", columns, rows)
        yield Words("referee-stress-words", tuple(f"{run['name']}: {run['words']}" for run in found["runs"]))
        yield by_name(found["runs"])
    if found["skipped"]:
        told = tuple(f"{one['name']}: {one['why']}" for one in found["skipped"])
        yield Words("referee-stress-skipped", told, "Scenarios that were not run")


def by_name(runs: Any) -> Heat:
    """Effects by scenario and name; the twelve names that matter most, the rest and what no name has in one column."""
    sums: dict[str, float] = {}
    for run in runs:
        for symbol, share in run["by_asset"].items():
            sums[symbol] = sums.get(symbol, 0.0) + abs(share)
    names = sorted(sums, key=lambda symbol: (-sums[symbol], symbol))[:12]
    values = [[run["by_asset"].get(symbol, 0.0) for symbol in names] for run in runs]
    rest = [(run["effect"] or 0.0) - sum(row) for run, row in zip(runs, values, strict=True)]
    return Heat(
        "referee-stress-names",
        "Effect by name",
        (*names, "other"),
        tuple(run["name"] for run in runs),
        numbers([[*row, more] for row, more in zip(values, rest, strict=True)]),
        "percent",
        "Shares of equity; a row adds up to the scenario's effect.",
    )


def neighbours(record: Record) -> Iterator[Part]:
    """The settings a step away."""
    found = record["neighbours"]
    if found["why"] == "no_strategy":
        return
    if found["why"] == "no_space":
        nothing = "The strategy names no values to try, so no neighbouring setting was run."
        yield Words("referee-neighbours-none", (nothing,), "Neighbouring settings")
        return
    columns = (
        Column("Parameter"),
        Column("Value"),
        Column("Total return", "percent", coloured=True),
        Column("Sharpe", "ratio", coloured=True),
        Column("Max drawdown", "percent"),
    )
    own = found["own"]
    rows = [("as it is", "", own["total_return"], own["sharpe"], own["max_drawdown"])] if own else []
    rows += [
        (one["parameter"], changed(one), one["total_return"], one["sharpe"], one["max_drawdown"])
        for one in found["points"]
    ]
    note = "One parameter a step away, everything else the same."
    yield Table("referee-neighbours", "Neighbouring settings", columns, rows, note)
    if found["refused"]:
        told = tuple(f"{one['parameter']} {changed(one)}: {one['why']}" for one in found["refused"])
        yield Words("referee-neighbours-refused", told, "Settings the strategy refuses")


def changed(one: Record) -> str:
    """`504 -> 403`."""
    shown = (f"{value:g}" if isinstance(value, float) else str(value) for value in (one["own"], one["value"]))
    return " -> ".join(shown)


def data(record: Record) -> Part:
    """What the data check found."""
    kinds = record["data"]["kinds"]
    if not kinds:
        return Words("referee-data-table", ("Nothing was found.",), tone="good")
    columns = (
        Column("Severity"),
        Column("Kind"),
        Column("Count", "count"),
        Column("Meaning"),
        Column("Example"),
        Column("What to do"),
    )
    rows = [
        (
            kind["severity"],
            kind["kind"].replace("_", " "),
            kind["count"],
            kind["meaning"],
            kind["example"],
            kind["fix"],
        )
        for kind in kinds
    ]
    return Table("referee-data-table", "Findings", columns, rows)
