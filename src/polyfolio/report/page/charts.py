"""Charts as plain data for the page's script: x axes once each, y rounded, long lines thinned."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import numpy as np

from polyfolio.core.types import Floats, Ints
from polyfolio.errors import ConfigError
from polyfolio.report.page.parts import Chart, Line
from polyfolio.report.page.tables import head, note
from polyfolio.report.page.text import escaped

# No screen shows more points of a line than these; more make a page heavy and slow to draw.
MOST_POINTS = 3000
DIGITS = 6
# Charts of this height and less stand side by side where there is room.
SMALL = 260
# Marks stand each for themselves and are never thinned.
MARKS = ("points", "up", "down")
SHARED = ("stacked", "bars")


def chart(part: Chart) -> str:
    """The place where a chart will be drawn."""
    name, title = escaped(part.id), escaped(part.title)
    plot = f'<div class="plot" id="{name}" role="img" aria-label="{title}" style="--tall:{part.height}px"></div>'
    kind = "part small" if part.height <= SMALL else "part"
    return f'<figure class="{kind}">{head(part.id, part.title, "points")}{plot}{note(part.note)}</figure>'


def figures(parts: Iterable[Chart]) -> str:
    """Every chart of a page as JSON."""
    axes: dict[str, tuple[int, dict[str, Any]]] = {}
    found = {part.id: figure(part, axes) for part in parts}
    whole = {"figures": found, "axes": [axis for _, axis in axes.values()]}
    return json.dumps(whole, allow_nan=False, separators=(",", ":"), ensure_ascii=False)


def figure(part: Chart, axes: dict[str, tuple[int, dict[str, Any]]]) -> dict[str, Any]:
    """One chart; its x axes are added to those of the page."""
    shared = common_rows(part)
    lines = []
    for line in part.lines:
        x, y = np.asarray(line.x), np.asarray(line.y, dtype=np.float64)
        if x.size != y.size or len(line.text) not in (0, y.size):
            bound = f"as long as y, {y.size}"
            raise ConfigError(f"chart {part.id} line {line.name}", (x.size, len(line.text)), bound, "One x per y.")
        kept = shared if shared is not None else thinned(line, y)
        lines.append(_line(line, x, y, kept, axes))
    return {
        "unit": part.unit,
        "log": part.log,
        "height": part.height,
        "lines": lines,
        "spans": [[_point(span.start), _point(span.end), span.label] for span in part.spans],
        "levels": [[float(level.value), level.label] for level in part.levels],
    }


def _line(
    line: Line, x: np.ndarray, y: Floats, kept: Ints, axes: dict[str, tuple[int, dict[str, Any]]]
) -> dict[str, Any]:
    axis = axis_of(x[kept])
    content = json.dumps(axis)
    at = axes.setdefault(content, (len(axes), axis))[0]
    out: dict[str, Any] = {"name": line.name, "kind": line.kind, "x": at, "y": rounded(y[kept])}
    if line.right:
        out["right"] = 1
    if line.hidden:
        out["hidden"] = 1
    if line.text:
        # Names and words of others are shown, never read as markup.
        out["text"] = [escaped(line.text[row]) for row in kept.tolist()]
    return out


def common_rows(part: Chart) -> Ints | None:
    """Rows kept by every line where lines are stacked on each other; None where each is thinned by itself."""
    if not any(line.kind in SHARED for line in part.lines) or len({len(line.y) for line in part.lines}) != 1:
        return None
    rows = len(part.lines[0].y)
    return np.unique(np.linspace(0, rows - 1, min(rows, MOST_POINTS)).astype(np.int64))


def thinned(line: Line, y: Floats) -> Ints:
    """Rows of a line that are drawn: of each stretch its lowest and its highest, so that no peak is lost."""
    if y.size <= MOST_POINTS or line.kind in MARKS:
        return np.arange(y.size)
    width = -(-y.size // (MOST_POINTS // 2))
    stretches = -(-y.size // width)
    padded = np.full(stretches * width, np.nan)
    padded[: y.size] = y
    block = padded.reshape(stretches, width)
    known, first = np.isfinite(block), np.arange(stretches) * width
    some, gap = known.any(axis=1), ~known.all(axis=1)
    kept = np.concatenate(
        [
            [0, y.size - 1],
            (first + np.where(known, block, np.inf).argmin(axis=1))[some],
            (first + np.where(known, block, -np.inf).argmax(axis=1))[some],
            (first + known.argmin(axis=1))[gap],  # a point that is not known breaks the line
        ]
    )
    return np.unique(kept[kept < y.size])


def axis_of(x: np.ndarray) -> dict[str, Any]:
    """An x axis: stamps as steps of their common unit, numbers, or names."""
    if x.dtype.kind == "M":
        millis = x.astype("datetime64[ms]").astype(np.int64)
        steps = np.diff(millis)
        unit = int(np.gcd.reduce(steps)) if steps.size and steps.any() else 1
        first, ahead = (int(millis[0]), [0, *(steps // unit).tolist()]) if millis.size else (0, [])
        return {"t": "date", "from": first, "unit": unit, "d": ahead}
    if x.dtype.kind in "iuf":
        return {"t": "number", "v": rounded(x.astype(np.float64))}
    return {"t": "name", "v": [str(one) for one in x.tolist()]}


def rounded(values: Floats) -> list[float | None]:
    """Numbers of six digits; None for what is not finite."""
    out: list[float | None] = []
    for value in values.tolist():
        if value - value != 0.0:
            out.append(None)
            continue
        short = float(f"{value:.{DIGITS}g}")
        out.append(int(short) if short.is_integer() and abs(short) < 1e15 else short)
    return out


def _point(value: Any) -> Any:
    """A point of the x axis: a stamp as the script writes them, a number, a name."""
    if isinstance(value, np.datetime64):
        return str(np.datetime_as_string(value.astype("datetime64[s]"))).replace("T", " ")
    if isinstance(value, np.generic):
        return value.item()
    return value
