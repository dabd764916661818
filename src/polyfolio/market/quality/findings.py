"""Findings, the repairs that belong to them, and the way from a mask of rows to one finding per symbol."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from polyfolio.core.types import Ints
from polyfolio.market.quality.kinds import KINDS, SEVERITIES
from polyfolio.market.rows import Rows

SHOWN = 3


@dataclass(frozen=True)
class Finding:
    """Something about the rows that a reader must know.

    Attributes:
        kind: a key of `KINDS`.
        severity: "error", "warning" or "note".
        symbol: whose rows; empty where it concerns all.
        count: how many rows, bars, sessions or symbols.
        examples: up to three places, each with what stands there.
        explanation: what it means.
        fix: what to do.
    """

    kind: str
    severity: str
    symbol: str
    count: int
    examples: tuple[str, ...]
    explanation: str
    fix: str


@dataclass(frozen=True, eq=False)
class Repair:
    """What the cleaned copy changes on account of one kind of finding.

    Attributes:
        kind: a key of `KINDS`.
        verb: "drop" rows, "put" values into a field, "rename" a field, or "sort" the rows.
        origin: numbers of the rows in the source.
        field: canonical name of the column; the old name of a "rename".
        values: one per row for "put"; the new name of a "rename".
    """

    kind: str
    verb: str
    origin: Ints = field(default_factory=lambda: np.zeros(0, np.int64))
    field: str = ""
    values: Any = None


@dataclass(frozen=True)
class Found:
    """The findings and repairs of one check."""

    findings: tuple[Finding, ...] = ()
    repairs: tuple[Repair, ...] = ()

    def __add__(self, other: Found) -> Found:
        return Found(self.findings + other.findings, self.repairs + other.repairs)


NOTHING = Found()


def finding(kind: str, symbol: str, count: int, examples: Iterable[str]) -> Finding:
    """A finding of a kind, with the words that belong to the kind."""
    told = KINDS[kind]
    return Finding(kind, told.severity, symbol, int(count), tuple(examples)[:SHOWN], told.meaning, told.fix)


def one(kind: str, count: int, *examples: str, symbol: str = "") -> Found:
    """A single finding as what a check gives."""
    return Found((finding(kind, symbol, count, examples),))


def marked(kind: str, rows: Rows, mask: Any, tell: str | Callable[[int], str]) -> Found:
    """One finding per symbol that has marked rows; `tell` says what stands in a row, or is said of each.

    Rows of a symbol stand together.
    """
    where = np.flatnonzero(mask)
    if where.size == 0:
        return NOTHING
    found = []
    for own in np.split(where, np.flatnonzero(np.diff(rows.codes[where])) + 1):
        examples = [f"{rows.at(row)}: {tell if isinstance(tell, str) else tell(row)}" for row in own[:SHOWN].tolist()]
        found.append(finding(kind, rows.names[rows.codes[own[0]]], own.size, examples))
    return Found(tuple(found))


def emptied(kind: str, rows: Rows, mask: Any, names: Iterable[str]) -> Found:
    """The repair that makes fields unknown where marked."""
    origin = rows.origin[np.flatnonzero(mask)]
    if origin.size == 0:
        return NOTHING
    unknown = np.full(origin.size, np.nan)
    return Found((), tuple(Repair(kind, "put", origin, name, unknown) for name in names if name in rows.fields))


def dropped(kind: str, origin: Any) -> Found:
    """The repair that leaves rows out."""
    origin = np.asarray(origin, dtype=np.int64)
    return Found((), (Repair(kind, "drop", origin),)) if origin.size else NOTHING


def by_severity(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """Errors first; within a severity, kinds in the order of `KINDS`, then the most frequent."""
    order = list(KINDS)
    return tuple(
        sorted(findings, key=lambda item: (SEVERITIES.index(item.severity), order.index(item.kind), -item.count))
    )
