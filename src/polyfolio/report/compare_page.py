"""The page of a comparison as data, from its record alone: what is not in the record is not on the page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from polyfolio.report import comparison_words as words
from polyfolio.report.comparison import SHOWN
from polyfolio.report.page.definitions import definition_cards
from polyfolio.report.page.parts import Chart, Column, Fact, Facts, Line, Page, Part, Section, Table, Unit, Words

UNITS: Mapping[str, Unit] = dict.fromkeys(words.SHARES, "percent")
MEASURES = {"sharpe": "Sharpe ratio", "growth": "log growth a year"}
PERCENT: Unit = "percent"


def page(record: Mapping[str, Any]) -> Page:
    """A comparison of runs."""
    return Page(
        f"Comparison: {', '.join(record['judged'][:3])}" + (" ..." if len(record["judged"]) > 3 else ""),
        lead(record),
        tuple(sections(record, words.verdict(record))),
        definition_cards(),
        footer(record),
    )


def lead(record: Mapping[str, Any]) -> str:
    """What was compared, in one line."""
    period = record["period"]
    span = f"{period['bars']:,} bars from {period['start']} to {period['end']} UTC"
    return f"{span}, after all costs, money in {period['currency']}"


def footer(record: Mapping[str, Any]) -> dict[str, str]:
    """What the numbers depend on."""
    method, period = record["method"], record["period"]
    return {
        **{name: str(value) for name, value in record.get("digests", {}).items()},
        "resampled histories": f"{method['draws']:,}, mean block {method['block']:.1f} bars, seed {method['seed']}",
        "periods a year": f"{period['periods_per_year']:.2f} ({period['periods_per_year_source']})"
        if period["periods_per_year"] is not None
        else period["periods_per_year_source"],
    }


def sections(record: Mapping[str, Any], verdict: list[str]) -> list[Section]:
    """Verdict, figures, paths, differences, tests of many at once."""
    return [
        Section("verdict", "What it comes to", (Words("sentences", tuple(verdict)), headline(record))),
        Section("accounts", "Figures", (figures(record), intervals(record))),
        Section("paths", "Growth and drawdown", charts(record)),
        Section("differences", "Differences", (differences(record),), differing(record)),
        Section("many", "All at once", many(record)),
        Section("luck", "Luck of the choice", (luck(record),), LUCK),
    ]


LUCK = (
    "The best of many tries looks good by luck alone. The deflated Sharpe ratio is the probability that the true ratio "
    "lies above what the best of so many would show without skill."
)


def headline(record: Mapping[str, Any]) -> Facts:
    """The best of the judged, by Sharpe ratio."""
    found = {name: record["entries"][name]["metrics"] for name in record["judged"]}
    best = max(found, key=lambda name: -np.inf if found[name]["sharpe"] is None else found[name]["sharpe"])
    mine = found[best]
    items = (
        Fact("highest Sharpe ratio", best, "text"),
        Fact("Sharpe ratio", mine["sharpe"], "ratio", "sharpe"),
        Fact("return a year", mine["cagr"], PERCENT, "cagr"),
        Fact("largest drawdown", mine["max_drawdown"], PERCENT, "max_drawdown"),
    )
    return Facts("best", items)


def figures(record: Mapping[str, Any]) -> Table:
    """Every account with the metrics that a reader looks for first."""
    columns = [Column("", "text"), Column("", "text")]
    columns += [Column(name.replace("_", " "), UNITS.get(name, "ratio"), name) for name in SHOWN]
    rows = [
        [name, kind_of(record, name), *(record["entries"][name]["metrics"][measure] for measure in SHOWN)]
        for name in names_of(record)
    ]
    return Table("metrics", "Every account", tuple(columns), rows)


def intervals(record: Mapping[str, Any]) -> Table:
    """Measures with the ends of their intervals."""
    coverage = f"{record['method']['coverage']:.0%}".replace("%", " %")
    columns = [Column("", "text"), Column("measure", "text"), Column("value"), Column("from"), Column("to")]
    rows = []
    for name in names_of(record):
        for measure, found in record["entries"][name]["measures"].items():
            ends = [words.number(measure, found[end]) for end in ("value", "low", "high")]
            rows.append([name, measure.replace("_", " "), *ends])
    note = f"{coverage} intervals over resampled histories."
    return Table("intervals", "How sure each figure is", tuple(columns), rows, note, folded=True)


def charts(record: Mapping[str, Any]) -> tuple[Chart, Chart]:
    """Growth of 1 and the fall from the highest value so far."""
    series = record["series"]
    times = np.array(series["times"], dtype="datetime64[s]")

    def lines(which: str) -> tuple[Line, ...]:
        return tuple(
            Line(name, times, np.array(series[which][name]), "dashed" if name in record["baselines"] else "line")
            for name in names_of(record)
        )

    note = "Dashed: what the others are held against."
    return (
        Chart("growth", "Growth of 1", lines("growth"), note=note, log=True),
        Chart("drawdown", "Below the highest value so far", lines("drawdown"), PERCENT, height=240),
    )


def differing(record: Mapping[str, Any]) -> str:
    """How the differences are found."""
    method = record["method"]
    return (
        f"Both of a pair are resampled with the same blocks of time ({method['draws']:,} histories, mean block "
        f"{method['block']:.1f} bars). p corrected: {method['correction']}; below {method['level']:g} it is called a "
        "difference."
    )


def differences(record: Mapping[str, Any]) -> Table:
    """Every judged account against every baseline."""
    titles = ("", "held against", "measure", "difference", "from", "to", "ahead in", "p", "p corrected", "verdict")
    units: tuple[Unit, ...] = ("text", "text", "text", "ratio", "ratio", "ratio", "percent", "number", "number", "text")
    rows = [
        [
            pair["policy"],
            pair["baseline"],
            MEASURES[pair["measure"]],
            *(pair[name] for name in ("difference", "low", "high", "probability", "p", "adjusted", "word")),
        ]
        for pair in record["comparisons"]
    ]
    columns = tuple(Column(title, unit) for title, unit in zip(titles, units, strict=True))
    return Table("pairs", "Paired differences", columns, rows)


def many(record: Mapping[str, Any]) -> tuple[Part, ...]:
    """Hansen's test against each baseline, and the confidence set."""
    found = record["many"]
    if found["left_out"]:
        return (Words("tests", (f"Not tested together: {found['left_out']}.",)),)
    parts: list[Part] = []
    if found["spa"]:
        columns = tuple(
            Column(title, "text" if not title else "number") for title in ("", "lower", "consistent", "upper")
        )
        rows = [
            [name, *(test[side] for side in ("lower", "consistent", "upper"))] for name, test in found["spa"].items()
        ]
        note = "p of: none of the judged is better in growth (superior predictive ability, Hansen 2005)."
        parts.append(Table("spa", "Is any better than ...", columns, rows, note))
    if found["mcs"] is not None:
        inside = found["mcs"]["included"]
        rows = [
            [name, p, "in" if name in inside else "out"]
            for name, p in sorted(found["mcs"]["p"].items(), key=lambda one: -one[1])
        ]
        note = "Who may be the best in growth (model confidence set, Hansen, Lunde and Nason 2011)."
        columns = (Column("", "text"), Column("p", "number"), Column("set", "text"))
        parts.append(Table("mcs", "The set of the best", columns, rows, note))
    return tuple(parts) or (Words("tests", ("None was asked for.",)),)


def luck(record: Mapping[str, Any]) -> Table:
    """Deflated Sharpe ratios."""
    titles = ("", "deflated Sharpe ratio", "tries", "ratio per bar that luck shows", "counted")
    units: tuple[Unit, ...] = ("text", "percent", "count", "number", "text")
    rows = []
    for name in record["judged"]:
        found = record["entries"][name]["deflated"]
        rows.append([name, found["probability"], found["trials"], found["luck"], found["source"]])
    return Table("deflated", "Deflated Sharpe ratios", tuple(map(Column, titles, units)), rows)


def names_of(record: Mapping[str, Any]) -> list[str]:
    """The judged first."""
    return [*record["judged"], *record["baselines"]]


def kind_of(record: Mapping[str, Any], name: str) -> str:
    """Whether a name is judged, or held against."""
    return "judged" if name in record["judged"] else "held against"
