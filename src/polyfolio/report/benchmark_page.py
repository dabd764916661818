"""The page of a benchmark as data: the comparison's sections, and the rounds, regimes and targets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from polyfolio.report import benchmark_words, compare_page
from polyfolio.report.comparison_words import number
from polyfolio.report.page.definitions import definition_cards
from polyfolio.report.page.parts import Column, Heat, Page, Part, Section, Table, Unit, Words

STATES: dict[str, Unit] = {"annual_return": "percent", "volatility": "percent", "sharpe": "ratio"}
PERCENT: Unit = "percent"


def page(record: Mapping[str, Any]) -> Page:
    """A benchmark."""
    made = compare_page.sections(record, benchmark_words.verdict(record))
    more = [
        Section("rounds", "Round by round", rounds(record), ROUNDS),
        Section("regimes", "By regime", regimes(record), REGIMES),
        Section("targets", "Held against targets", targets(record), TARGETS),
        Section("costs", "What was paid", (costs(record),)),
    ]
    return Page(
        f"Benchmark: {record['name']}",
        benchmark_words.lead(record),
        (*made[:3], *more, *made[3:]),
        definition_cards(),
        compare_page.footer(record),
    )


ROUNDS = "Each round begins in cash and pays for its first trades; who learns does so for each round anew."
REGIMES = "The state at the close of the decision, told from the rows up to it, for the return of the next bar."
TARGETS = (
    "Figures wished for before anything ran, and multiples of an index's return. They are lines to be held against."
)


def rounds(record: Mapping[str, Any]) -> tuple[Part, ...]:
    """Where each round is, and total returns and Sharpe ratios in it."""
    found, names = record["by_round"], compare_page.names_of(record)
    columns = (
        Column(""),
        Column("from"),
        Column("to"),
        Column("bars", "count"),
        Column("learned from", "count"),
        Column(""),
    )
    rows = [
        [one["name"], one["start"], one["end"], one["bars"], one["learned_from"], role(one)]
        for one in record["split"]["rounds"]
    ]

    def heat(id_: str, title: str, measure: str, unit: Unit) -> Heat:
        values = [[found[one][name][measure] for one in found] for name in names]
        return Heat(id_, title, tuple(found), tuple(names), np.array(values, dtype=np.float64), unit)

    return (
        Table("spans", "The rounds", columns, rows),
        heat("round-returns", "Total return", "total_return", PERCENT),
        heat("round-sharpe", "Sharpe ratio", "sharpe", "ratio"),
    )


def role(one: Mapping[str, Any]) -> str:
    """What a round counts for."""
    return "learned from: proves nothing" if one["seen"] else "judged" if one["judged"] else "beside"


def regimes(record: Mapping[str, Any]) -> tuple[Part, ...]:
    """A table per regime: each account in each state."""
    parts: list[Part] = []
    for at, one in enumerate(record["by_regime"]):
        columns = [Column(""), Column("state"), Column("bars", "count"), Column("share", PERCENT)]
        columns += [Column(name.replace("_", " "), unit) for name, unit in STATES.items()]
        rows = [
            [name, state, found["bars"], found["share"], *(found["lanes"][name][measure] for measure in STATES)]
            for name in compare_page.names_of(record)
            for state, found in one["states"].items()
        ]
        parts.append(Table(f"regime-{at}", f"{one['regime']}: {one['meaning']}", tuple(columns), rows))
    return tuple(parts) or (Words("no-regimes", ("None was asked for.",)),)


def targets(record: Mapping[str, Any]) -> tuple[Part, ...]:
    """A table per judged account."""
    parts: list[Part] = []
    for at, name in enumerate(record["judged"]):
        facts = record["entries"][name]
        rows = [[aim["name"], wish(aim), number(aim["measure"], aim["value"]), answer(aim)] for aim in facts["targets"]]
        rows += [
            [aim["name"], number("cagr", aim["from"]), number("cagr", aim["value"]), answer(aim)]
            for aim in facts["multiples"]
        ]
        columns = (Column(""), Column("wished"), Column("found"), Column(""))
        parts.append(Table(f"targets-{at}", name, columns, rows))
    return tuple(parts)


def wish(aim: Mapping[str, Any]) -> str:
    """A target in words."""
    low, high = (number(aim["measure"], aim[end]) for end in ("from", "to"))
    if aim["measure"] == "max_drawdown":
        return f"no deeper than {low}"
    if aim["from"] is None:
        return f"at most {high}"
    return f"{low} to {high}" if aim["to"] is not None else f"{low} or more"


def answer(aim: Mapping[str, Any]) -> str:
    """Whether it was met."""
    return "undefined" if aim["met"] is None else "met" if aim["met"] else "missed"


def costs(record: Mapping[str, Any]) -> Table:
    """Costs of every account by kind."""
    names = compare_page.names_of(record)
    kinds = list(record["entries"][names[0]]["costs"])
    rows = [[name, *(record["entries"][name]["costs"][kind] for kind in kinds)] for name in names]
    note = f"In {record['period']['currency']}, over the judged rounds."
    return Table("paid", "By kind", (Column(""), *(Column(kind, "money") for kind in kinds)), rows, note)
