"""What a page is made of, as data: numbers, words, tables, lines, matrices. `render` turns a Page into HTML.

Whoever has results writes parts; only the renderer knows HTML and charts. Every id is unique in its page, lower case
with dashes, so that a reader can be sent to it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Unit = Literal["", "percent", "money", "number", "ratio", "count", "days", "bars", "date", "text"]
Tone = Literal["plain", "good", "warning", "bad"]
LineKind = Literal["line", "dashed", "step", "area", "stacked", "bars", "points", "up", "down"]


@dataclass(frozen=True)
class Fact:
    """One number in a tile.

    Attributes:
        label: what it is, a few words.
        value: the number, or words; None is shown as a dash.
        unit: how it is printed; shares are percent (0.05 -> 5 %).
        card: name of the definition card that opens beside it, "" for none.
        note: small print below it.
    """

    label: str
    value: float | int | str | None
    unit: Unit = "number"
    card: str = ""
    note: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True)
class Facts:
    """A row of tiles."""

    id: str
    items: tuple[Fact, ...]
    title: str = ""


@dataclass(frozen=True)
class Words:
    """Sentences; `tone` puts them in a box."""

    id: str
    paragraphs: tuple[str, ...]
    title: str = ""
    tone: Tone = "plain"


@dataclass(frozen=True)
class Column:
    """A column of a table."""

    title: str
    unit: Unit = "text"
    card: str = ""
    coloured: bool = False


@dataclass(frozen=True)
class Table:
    """A table; a row is one value per column, None an empty cell.

    Attributes:
        folded: True hides it behind its title until it is opened.
        rows_shown: rows shown at once; the rest can be opened.
        totals: how many of the last rows are sums of those above: they stay below when the table is sorted.
    """

    id: str
    title: str
    columns: tuple[Column, ...]
    rows: Sequence[Sequence[Any]]
    note: str = ""
    folded: bool = False
    rows_shown: int = 40
    totals: int = 0


@dataclass(frozen=True, eq=False)
class Line:
    """One series of a chart.

    Attributes:
        x: datetime64 stamps, numbers or names.
        y: numbers; NaN is a gap.
        kind: up and down are marks of entries and exits.
        right: True puts it on an axis of its own at the right.
        text: one per point, shown when it is pointed at.
    """

    name: str
    x: Any
    y: Any
    kind: LineKind = "line"
    right: bool = False
    text: Sequence[str] = ()
    hidden: bool = False


@dataclass(frozen=True)
class Span:
    """A shaded stretch of the x axis."""

    start: Any
    end: Any
    label: str = ""


@dataclass(frozen=True)
class Level:
    """A horizontal line to be held against."""

    value: float
    label: str


@dataclass(frozen=True, eq=False)
class Chart:
    """Series over one x axis."""

    id: str
    title: str
    lines: tuple[Line, ...]
    unit: Unit = "number"
    note: str = ""
    spans: tuple[Span, ...] = ()
    levels: tuple[Level, ...] = ()
    log: bool = False
    height: int = 320


@dataclass(frozen=True, eq=False)
class Heat:
    """A matrix with colours and numbers: monthly returns, timing times costs, correlations.

    Attributes:
        signed: True tints what is above 0 as good and what is below as bad; False tints by size alone.
    """

    id: str
    title: str
    x: tuple[str, ...]
    y: tuple[str, ...]
    values: Any
    unit: Unit = "percent"
    note: str = ""
    signed: bool = True


Part = Facts | Words | Table | Chart | Heat


@dataclass(frozen=True, eq=False)
class Section:
    """Parts under one heading; a line in the page's contents."""

    id: str
    title: str
    parts: tuple[Part, ...]
    intro: str = ""


@dataclass(frozen=True)
class Card:
    """What a number means: shown where a fact or a column names it."""

    name: str
    meaning: str
    formula: str = ""
    detail: str = ""


@dataclass(frozen=True, eq=False)
class Page:
    """A whole page.

    Attributes:
        title: its heading.
        subtitle: one line below: what ran, on which rows.
        sections: in order.
        cards: definition cards by name.
        footer: what the numbers depend on: run id, digests, versions.
        links: pages beside this one, title -> relative address.
    """

    title: str
    subtitle: str
    sections: tuple[Section, ...]
    cards: Mapping[str, Card] = field(default_factory=dict)
    footer: Mapping[str, str] = field(default_factory=dict)
    links: Mapping[str, str] = field(default_factory=dict)
