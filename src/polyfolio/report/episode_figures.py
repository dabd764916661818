"""Plots of an episode by plotly: equity with drawdown, weights, what the stages took away, costs, rewards."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.report.episode_record import KINDS, EpisodeRecord
from polyfolio.report.extras import loaded

SHOWN_SLOTS = 12
HEIGHT = 320
# Okabe and Ito's colours, told apart by readers who see fewer.
COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#f0e442", "#7f7f7f")
INK = "#7f8790"
GRID = "rgba(127, 135, 144, 0.25)"


def figures(record: EpisodeRecord) -> list[tuple[str, str, Any]]:
    """Heading, note and figure of each plot, in the order of the page.

    Raises:
        ConfigError: the extra `report` is not installed.
    """
    plots = [
        ("Equity", f"{record.currency}, at each close.", _equity(record)),
        ("Drawdown", "Fall below the highest equity since the reset.", _drawdown(record)),
        ("Weights held", _weights_note(record), _weights(record)),
    ]
    if record.says == "weights":
        note = "Summed absolute difference of the weights asked for and what the stages left of them."
        plots.append(("Asked against projected", note, _bars(record, {"difference": record.shifted})))
    else:
        plots.append(("Signals asked for", "Per symbol.", _lines(record.times[1:], _named(record, record.asked))))
    costs = {kind: record.marks[kind][1:] for kind in KINDS if record.marks[kind].any()}
    plots.append(("Costs by kind", f"{record.currency} a step.", _bars(record, costs)))
    gathered = np.cumsum(record.rewards)
    plots.append(("Reward", "Summed since the reset.", _lines(record.times[1:], {"reward": gathered})))
    return plots


def largest(record: EpisodeRecord) -> list[int]:
    """Slots with the largest mean absolute weight, in slot order."""
    size = np.abs(record.weights).mean(axis=0)
    return sorted(np.argsort(-size, kind="stable")[:SHOWN_SLOTS].tolist())


def _named(record: EpisodeRecord, values: Floats) -> dict[str, Floats]:
    return {record.symbols[slot]: values[:, slot] for slot in largest(record)}


def _weights_note(record: EpisodeRecord) -> str:
    hidden = len(record.symbols) - len(largest(record))
    return f"Shares of equity; {hidden} smaller ones are left out." if hidden else "Shares of equity."


def _equity(record: EpisodeRecord) -> Any:
    return _lines(record.times, {"equity": record.equity})


def _drawdown(record: EpisodeRecord) -> Any:
    figure = _lines(record.times, {"drawdown": record.drawdowns}, filled=True)
    figure.update_yaxes(tickformat=".1%")
    return figure


def _weights(record: EpisodeRecord) -> Any:
    """Stacked where nothing is short, lines where something is."""
    stacked = bool((record.weights >= 0.0).all())
    figure = _lines(record.times, _named(record, record.weights), stacked=stacked)
    figure.update_yaxes(tickformat=".0%")
    return figure


def _lines(times: Any, series: dict[str, Floats], *, stacked: bool = False, filled: bool = False) -> Any:
    objects = _objects()
    figure = objects.Figure()
    for number, (name, values) in enumerate(series.items()):
        line = {"color": COLOURS[number % len(COLOURS)], "width": 0.5 if stacked else 1.5, "shape": "hv"}
        figure.add_scatter(
            x=_stamps(times),
            y=values,
            name=name,
            mode="lines",
            line=line,
            stackgroup="one" if stacked else None,
            fill="tozeroy" if filled else None,
        )
    return _styled(figure, len(series) > 1)


def _bars(record: EpisodeRecord, series: dict[str, Floats]) -> Any:
    objects = _objects()
    figure = objects.Figure()
    for number, (name, values) in enumerate(series.items()):
        # No gap and no edge: with hundreds of steps either would hide the bars.
        marker = {"color": COLOURS[number % len(COLOURS)], "line": {"width": 0}}
        figure.add_bar(x=_stamps(record.times[1:]), y=values, name=name, marker=marker)
    figure.update_layout(barmode="stack", bargap=0)
    return _styled(figure, len(series) > 1)


def _styled(figure: Any, several: bool) -> Any:
    figure.update_layout(
        template="none",
        height=HEIGHT,
        margin={"l": 60, "r": 10, "t": 10, "b": 40},
        paper_bgcolor="rgba(0, 0, 0, 0)",
        plot_bgcolor="rgba(0, 0, 0, 0)",
        font={"color": INK, "family": "system-ui, sans-serif"},
        hovermode="x unified",
        hoverlabel={"font": {"color": "#1b1f24"}, "bgcolor": "#f4f5f7"},
        showlegend=several,
        legend={"orientation": "h", "y": -0.15},
    )
    figure.update_xaxes(gridcolor=GRID, zeroline=False)
    figure.update_yaxes(gridcolor=GRID, zerolinecolor=INK, automargin=True)
    return figure


def _stamps(times: Any) -> Any:
    return np.asarray(times, dtype=np.int64).astype("datetime64[ns]").astype("datetime64[ms]")


def _objects() -> Any:
    return loaded("plotly.graph_objects")
