"""Tables and matrices of numbers as HTML: sorted, opened and saved by the page's script, readable without it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from polyfolio.errors import ConfigError
from polyfolio.report.page.packing import packed
from polyfolio.report.page.parts import Column, Heat, Table
from polyfolio.report.page.text import WORDS, escaped, number_of, printed, prose

# Words of this many characters may run over several lines.
LONG = 32


def key(card: str, cards: Iterable[str]) -> str:
    """What opens the definition card beside a number; nothing where the page has no such card."""
    if card not in cards:
        return ""
    name = escaped(card)
    return f'<a class="key" href="#card-{name}" aria-label="What {name} means" title="What this means">?</a>'


def table(part: Table, cards: Iterable[str]) -> str:
    """A table; rows beyond `rows_shown` are packed and opened by the reader.

    Raises:
        ConfigError: a row that has not one value per column.
    """
    for number, row in enumerate(part.rows):
        if len(row) != len(part.columns):
            bound = f"{len(part.columns)} values, one per column"
            raise ConfigError(f"table {part.id} row {number}", len(row), bound, "Give None for an empty cell.")
    cut = len(part.rows) - part.totals
    name, rows, sums = escaped(part.id), part.rows[:cut], part.rows[cut:]
    # A few more rows than asked for are shown at once: a button for them would take as much room.
    shown = len(rows) if len(rows) <= part.rows_shown + 3 else max(part.rows_shown, 1)
    heads = "".join(heading(column, cards) for column in part.columns)
    first = rows_of(rows[:shown], part.columns)
    foot = f"<tfoot>{rows_of(sums, part.columns)}</tfoot>" if sums else ""
    body = f'<div class="wide" tabindex="0" role="region" aria-label="{escaped(part.title)}">'
    body += f'<table class="rows" id="{name}"><thead><tr>{heads}</tr></thead><tbody>{first}</tbody>{foot}</table></div>'
    if shown < len(rows):
        body += f'<p class="more"><button class="tool" data-act="rows" data-of="{name}" type="button">'
        body += f"Show all {len(rows):,} rows</button></p>"
        rest = packed(rows_of(rows[shown:], part.columns))
        body += f'<script type="application/octet-stream" id="{name}-rest">{rest}</script>'
    body += note(part.note)
    return folded(part, body) if part.folded else f'<div class="part">{head(part.id, part.title, "csv")}{body}</div>'


def folded(part: Table, body: str) -> str:
    """Hidden behind its title until it is opened."""
    title = f"{escaped(part.title)} <small>{len(part.rows):,} rows</small>"
    return f'<details class="part"><summary>{title}</summary>{tool(part.id, "csv")}{body}</details>'


def head(name: str, title: str, act: str) -> str:
    """Title of a part with what saves it."""
    return f'<div class="head"><h3>{escaped(title)}</h3>{tool(name, act)}</div>'


def tool(name: str, act: str) -> str:
    """What saves a part as CSV."""
    words = "Save as CSV"
    return (
        f'<button class="tool" type="button" data-act="{act}" data-of="{escaped(name)}" title="{words}" '
        f'aria-label="{words}">CSV</button>'
    )


def note(text: str) -> str:
    """Small print under a part."""
    return f'<p class="note">{prose(text)}</p>' if text else ""


def heading(column: Column, cards: Iterable[str]) -> str:
    """Heading of a column; a click sorts by it."""
    kind = "" if column.unit in WORDS else ' class="n"'
    title = f'<button class="sort" type="button">{escaped(column.title)}</button>'
    return f'<th scope="col"{kind}>{title}{key(column.card, cards)}</th>'


def rows_of(rows: Sequence[Sequence[Any]], columns: Sequence[Column]) -> str:
    """Body rows."""
    return "".join(f"<tr>{''.join(map(cell, row, columns))}</tr>" for row in rows)


def cell(value: Any, column: Column) -> str:
    """One value; `data-v` is the number behind the words, unrounded, for sorting and CSV."""
    number = None if column.unit in WORDS else number_of(value)
    words = "" if value is None else escaped(printed(value, column.unit))
    if number is None:
        kind = "n" if column.unit not in WORDS else "long" if len(words) > LONG else ""
        return f'<td class="{kind}" data-c="">{words}</td>' if kind == "n" else f"<td{_class(kind)}>{words}</td>"
    # What is printed as zero has no colour.
    seen = column.coloured and any(digit in words for digit in "123456789")
    tone = (" good" if number > 0.0 else " bad") if seen else ""
    return f'<td class="n{tone}" data-v="{number:.10g}">{words}</td>'


def _class(kind: str) -> str:
    return f' class="{kind}"' if kind else ""


def heat(part: Heat) -> str:
    """A matrix as a table whose cells are tinted by sign and size.

    Raises:
        ConfigError: the values have not a row per name in y and a column per name in x.
    """
    values = np.asarray(part.values, dtype=np.float64)
    if values.shape != (len(part.y), len(part.x)):
        raise ConfigError(f"heat {part.id}", values.shape, f"{(len(part.y), len(part.x))}", "Give y rows of x values.")
    sizes = np.abs(values[np.isfinite(values)])
    # The full tint is reached at the 95th percentile: one large cell would leave the others pale.
    largest = float(np.quantile(sizes, 0.95)) if sizes.size else 0.0
    heads = "".join(f'<th scope="col" class="n">{escaped(name)}</th>' for name in part.x)
    kind = "heat" if part.signed else "heat plain"
    lines = []
    for name, row in zip(part.y, values.tolist(), strict=True):
        cells = "".join(tinted(value, part, largest) for value in row)
        lines.append(f'<tr><th scope="row">{escaped(name)}</th>{cells}</tr>')
    name, title = escaped(part.id), escaped(part.title)
    top = f"<thead><tr><td></td>{heads}</tr></thead>"
    rows = f"<tbody>{''.join(lines)}</tbody>"
    body = f'<table class="{kind}" id="{name}" style="--columns:{len(part.x)}">{top}{rows}</table>'
    wide = f'<div class="wide" tabindex="0" role="region" aria-label="{title}">{body}</div>'
    return f'<div class="part">{head(part.id, part.title, "csv")}{wide}{note(part.note)}</div>'


def tinted(value: float, part: Heat, largest: float) -> str:
    """One cell of a matrix."""
    if not np.isfinite(value):
        return f'<td data-c="">{"" if np.isnan(value) else printed(value, part.unit)}</td>'
    share = min(abs(value) / largest, 1.0) if largest else 0.0
    side = "up" if value > 0.0 else "down" if value < 0.0 else ""
    words = printed(value, part.unit).removesuffix("\u00a0%")
    return f'<td{_class(side)} style="--v:{share:.2f}" data-v="{value:.10g}">{escaped(words)}</td>'
