"""Results in a notebook: the terminal's table as HTML, and equity over drawdown as a figure."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

from polyfolio.report.extras import loaded
from polyfolio.report.plot import COLOURS
from polyfolio.report.results import Results
from polyfolio.report.terminal import COLUMNS, convention_lines, number

if TYPE_CHECKING:
    import pandas as pd

HEIGHT = 480
SHARES = [0.7, 0.3]


def html(results: Results) -> str:
    """One row per lane: return, risk, turnover and costs, with what the numbers mean below."""
    titles = "".join(f"<th>{escape(title)}</th>" for title, _, _ in COLUMNS)
    rows = []
    for lane in results.lanes:
        metrics = results.metrics(lane)
        cells = "".join(f"<td>{number(metrics[name], kind)}</td>" for _, name, kind in COLUMNS)
        rows.append(f"<tr><th>{escape(lane)}</th>{cells}<td>{results.costs(lane)['costs']:,.0f}</td></tr>")
    currency = escape(results.tape.universe.base_currency)
    head = f"<tr><th>lane</th>{titles}<th>costs {currency}</th></tr>"
    lines = "<br>".join(escape(line) for line in convention_lines(results))
    return f"<table><thead>{head}</thead><tbody>{''.join(rows)}</tbody></table><p><small>{lines}</small></p>"


def figure(paths: pd.DataFrame, depths: pd.DataFrame, currency: str) -> Any:
    """A plotly figure of equity at each close, and the fall below its highest point, a line per lane.

    Raises:
        ConfigError: plotly is not installed.
    """
    shown = loaded("plotly.subplots").make_subplots(
        rows=2, cols=1, shared_xaxes=True, row_heights=SHARES, vertical_spacing=0.05
    )
    for at, lane in enumerate(paths.columns):
        line = {"color": COLOURS[at % len(COLOURS)], "width": 1.5}
        common = {"name": lane, "legendgroup": lane, "mode": "lines", "line": line, "x": paths.index}
        shown.add_scatter(y=paths[lane], row=1, col=1, **common)
        shown.add_scatter(y=depths[lane], row=2, col=1, showlegend=False, **common)
    shown.update_yaxes(title_text=currency, row=1, col=1)
    shown.update_yaxes(title_text="drawdown", tickformat=".0%", row=2, col=1)
    margin = {"l": 60, "r": 10, "t": 10, "b": 40}
    shown.update_layout(height=HEIGHT, margin=margin, hovermode="x unified", showlegend=len(paths.columns) > 1)
    return shown
