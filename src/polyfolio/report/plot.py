"""A line plot made of characters: braille where the terminal can show it, plain letters where it cannot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from rich.text import Text

COLOURS = ("cyan", "yellow", "magenta", "green", "blue", "red")
LETTERS = "abcdefghijklmnopqrstuvwxyz"
EMPTY = 0x2800
# Bit of the dot in column x (0, 1) and row y (0 to 3) of a braille cell.
DOTS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))
LABEL = 12


def lines_plot(
    series: Mapping[str, npt.ArrayLike],
    width: int,
    height: int,
    ends: Sequence[str] = ("", ""),
    *,
    braille: bool = True,
) -> Text:
    """Several series on one scale, each in its own colour; where two meet the later one is on top.

    Args:
        series: values by name, equally long, finite.
        width: columns of the whole picture, the scale included.
        height: lines of the plot.
        ends: what stands under the left and the right end.
        braille: False draws letters.
    """
    columns = max(width - LABEL - 1, 10)
    across, down = (2, 4) if braille else (1, 1)
    stacked = np.stack([np.asarray(values, dtype=np.float64) for values in series.values()])
    low, high = float(stacked.min()), float(stacked.max())
    levels = _levels(stacked, low, high, columns * across, height * down)
    cells = np.full((height, columns), EMPTY if braille else 0, dtype=np.int64)
    owner = np.full((height, columns), -1, dtype=np.int64)
    for number, path in enumerate(levels):
        for x, (first, last) in enumerate(_strokes(path)):
            for y in range(first, last + 1):
                row, column = height - 1 - y // down, x // across
                cells[row, column] |= DOTS[x % 2][3 - y % 4] if braille else 1
                owner[row, column] = number
    return _drawn(cells, owner, _labels(low, high, height), ends, braille)


def legend(names: Sequence[str], braille: bool = True) -> Text:
    """Which line is which."""
    from rich.text import Text  # noqa: PLC0415

    out = Text(" " * (LABEL + 1))
    for number, name in enumerate(names):
        mark = "━━" if braille else LETTERS[number % len(LETTERS)] * 2
        out.append(f"{mark} {name}   ", style=COLOURS[number % len(COLOURS)])
    out.rstrip()
    return out


def _levels(stacked: np.ndarray, low: float, high: float, columns: int, steps: int) -> np.ndarray:
    """Dot of each column, 0 at the bottom; a column shows the last value that falls into it."""
    count = stacked.shape[1]
    chosen = np.linspace(0, count - 1, columns).round().astype(np.int64)
    span = high - low if high > low else 1.0
    return np.asarray(np.clip(((stacked[:, chosen] - low) / span * (steps - 1)).round(), 0, steps - 1), dtype=np.int64)


def _strokes(path: np.ndarray) -> list[tuple[int, int]]:
    """First and last dot of each column, so that neighbours join."""
    strokes = []
    before = int(path[0])
    for level in path.tolist():
        low, high = min(before, level), max(before, level)
        # The dot of the column before is drawn already.
        strokes.append((low, high) if high - low < 2 else ((low + 1, high) if level > before else (low, high - 1)))
        before = level
    return strokes


def _labels(low: float, high: float, height: int) -> dict[int, str]:
    middle = height // 2
    at = {0: high, middle: low + (high - low) * (height - 1 - middle) / max(height - 1, 1), height - 1: low}
    return {row: f"{value:,.0f}" if abs(high) >= 1000 else f"{value:.4g}" for row, value in at.items()}


def _drawn(cells: np.ndarray, owner: np.ndarray, labels: dict[int, str], ends: Sequence[str], braille: bool) -> Text:
    from rich.text import Text  # noqa: PLC0415

    out = Text()
    for row in range(cells.shape[0]):
        out.append(f"{labels.get(row, ''):>{LABEL - 1}} ", style="dim")
        out.append("│" if braille else "|", style="dim")
        for code, number in zip(cells[row].tolist(), owner[row].tolist(), strict=True):
            shown = " " if number < 0 else chr(code) if braille else LETTERS[number % len(LETTERS)]
            out.append(shown, style=COLOURS[number % len(COLOURS)] if number >= 0 else "")
        out.append("\n")
    room = cells.shape[1]
    out.append(" " * (LABEL + 1) + ends[0] + ends[1].rjust(room - len(ends[0])), style="dim")
    return out
