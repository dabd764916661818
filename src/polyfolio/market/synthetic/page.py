"""A page of HTML with a table and line plots, nothing loaded from elsewhere."""

from __future__ import annotations

import html
from collections.abc import Sequence

import numpy as np

from polyfolio.core.types import Floats

WIDTH, HEIGHT, EDGE = 560.0, 260.0, 44.0
STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; margin: 2rem auto; max-width: 75rem; padding: 0 1rem; color: #1b1b1b }
table { border-collapse: collapse } th, td { padding: .2rem .7rem; text-align: right; border-bottom: 1px solid #ddd }
th:nth-child(-n+2), td:nth-child(-n+2), th:last-child, td:last-child { text-align: left }
figure { display: inline-block; margin: 1rem 1rem 0 0 } figcaption { font-weight: 600 }
""".strip()


def written(title: str, lead: str, titles: Sequence[str], rows: Sequence[Sequence[str]], plots: Sequence[str]) -> str:
    """The page."""
    top = "".join(f"<th>{html.escape(name)}</th>" for name in titles)
    body = "\n".join("<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{html.escape(title)}</title>\n'
        f"<style>\n{STYLE}\n</style></head><body>\n<h1>{html.escape(title)}</h1>\n<p>{html.escape(lead)}</p>\n"
        f"<table><thead><tr>{top}</tr></thead><tbody>\n{body}\n</tbody></table>\n"
        + "\n".join(plots)
        + "\n</body></html>\n"
    )


def plot(title: str, across: str, x: Floats, curves: Sequence[Floats]) -> str:
    """Four curves: original, mean of the synthetic tapes, low and high of their band; empty where nothing is known."""
    stacked = np.array(curves)
    known = ~np.isnan(stacked).any(axis=0)
    if not known.any():
        return ""
    x, stacked = x[known], stacked[:, known]
    bottom, top = float(min(stacked.min(), 0.0)), float(stacked.max())
    span = top - bottom if top > bottom else 1.0
    along = EDGE + (x - x[0]) / max(float(x[-1] - x[0]), 1e-12) * (WIDTH - EDGE - 10.0)
    lines = [_points(along, HEIGHT - EDGE - (row - bottom) / span * (HEIGHT - EDGE - 10.0)) for row in stacked]
    band = lines[2] + " " + " ".join(reversed(lines[3].split(" ")))
    zero = HEIGHT - EDGE + bottom / span * (HEIGHT - EDGE - 10.0)
    return (
        f"<figure><figcaption>{html.escape(title)}</figcaption>"
        f'<svg width="{WIDTH:g}" height="{HEIGHT:g}" role="img" aria-label="{html.escape(title)}">'
        f'<polygon points="{band}" fill="#9ecae1" fill-opacity="0.5"/>'
        f'<line x1="{EDGE:g}" x2="{WIDTH - 10.0:g}" y1="{zero:.1f}" y2="{zero:.1f}" stroke="#999"/>'
        f'<polyline points="{lines[1]}" fill="none" stroke="#3182bd" stroke-width="1.5"/>'
        f'<polyline points="{lines[0]}" fill="none" stroke="#222" stroke-width="2"/>'
        f'<text x="2" y="18" font-size="11">{top:.3g}</text>'
        f'<text x="2" y="{HEIGHT - EDGE:g}" font-size="11">{bottom:.3g}</text>'
        f'<text x="{EDGE:g}" y="{HEIGHT - 24.0:g}" font-size="11">{x[0]:g}</text>'
        f'<text x="{WIDTH - 40.0:g}" y="{HEIGHT - 24.0:g}" font-size="11">{x[-1]:g}</text>'
        f'<text x="{EDGE:g}" y="{HEIGHT - 6.0:g}" font-size="11">{html.escape(across)}; black: original, '
        "blue: synthetic, mean and 5 % to 95 %</text></svg></figure>"
    )


def _points(along: Floats, up: Floats) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(along, up, strict=True))
