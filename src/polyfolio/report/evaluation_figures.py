"""The plots of an evaluation's page as plain data and layout, from its record alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

Figure = dict[str, Any]

# Middle tones, which stand out on white and on black.
POLICIES = ("#2f7ed8", "#d6453d", "#1b9e77", "#a05ec9")
BASELINES = ("#e08e0b", "#3aa6a6", "#c26aa8", "#8a9a3b", "#9a7b5b")
SLOTS = (*POLICIES, *BASELINES, "#6c7a89", "#c7a008", "#5f9e3f")
GREY = "rgba(128, 128, 128, 1)"
_MARGIN = {"l": 56, "r": 12, "t": 12, "b": 40}
_LEGEND = {"orientation": "h", "y": -0.15}


def figures(record: Mapping[str, Any]) -> dict[str, Figure]:
    """Every plot by the name of its place on the page."""
    out = {"growth": growth(record), "costs": costs(record), "sharpe": sharpe(record)}
    for number, policy in enumerate(record["policies"]):
        out[f"weights{number}"] = weights(record, policy)
    return out


def layout(**given: Any) -> Figure:
    """What all plots have in common."""
    return {"margin": dict(_MARGIN), "legend": dict(_LEGEND), "hovermode": "x unified", **given}


def growth(record: Mapping[str, Any]) -> Figure:
    """Growth of 1 of every contender: bands over seeds and over random policies, lines for the rest."""
    series = record["series"]
    data = band(series["times"], series["growth"]["random policy"], "random policy, 5 % to 95 %", GREY)
    for number, name in enumerate(record["policies"]):
        paint = POLICIES[number % len(POLICIES)]
        grown = series["growth"][name]
        if "low" in grown:
            data += band(series["times"], grown, f"{name}, seeds", paint)
        data.append(line(series["times"], grown["middle"], name, paint, 2.6))
    for number, name in enumerate(name for name in record["baselines"] if name != "random policy"):
        paint = BASELINES[number % len(BASELINES)]
        data.append(line(series["times"], series["growth"][name]["middle"], name, paint, 1.3))
    marks = [
        {"type": "line", "xref": "x", "yref": "paper", "x0": fold["start"], "x1": fold["start"], "y0": 0, "y1": 1}
        | {"line": {"width": 1, "dash": "dot", "color": GREY}}
        for fold in record["contenders"][record["policies"][0]]["folds"]
    ]
    return {"data": data, "layout": layout(yaxis={"title": {"text": "growth of 1"}}, shapes=marks)}


def line(x: Sequence[Any], y: Sequence[Any], name: str, paint: str, width: float) -> Figure:
    """One line."""
    drawn = {"color": paint, "width": width}
    return {"type": "scatter", "mode": "lines", "x": list(x), "y": list(y), "name": name, "line": drawn}


def band(x: Sequence[Any], grown: Mapping[str, Any], name: str, paint: str) -> list[Figure]:
    """The room between two lines."""
    edge = {"type": "scatter", "mode": "lines", "x": list(x), "line": {"width": 0, "color": paint}, "hoverinfo": "skip"}
    low = {**edge, "y": list(grown["low"]), "showlegend": False, "legendgroup": name}
    high = {**edge, "y": list(grown["high"]), "fill": "tonexty", "fillcolor": faint(paint), "name": name}
    return [low, {**high, "legendgroup": name}]


def faint(paint: str) -> str:
    """A colour that lets what lies under it through."""
    if paint.startswith("rgba"):
        return paint.replace(", 1)", ", 0.22)")
    red, green, blue = (int(paint[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red}, {green}, {blue}, 0.22)"


def weights(record: Mapping[str, Any], policy: str) -> Figure:
    """Weights held at each close by the first member; stacked where nothing is short."""
    held, times = record["series"]["weights"][policy], record["series"]["times"]
    short = any(value < 0.0 for values in held.values() for value in values)
    data = []
    for number, (name, values) in enumerate(held.items()):
        one = line(times, values, name, SLOTS[number % len(SLOTS)], 1.0)
        data.append(one if short else {**one, "stackgroup": "held"})
    return {"data": data, "layout": layout(yaxis={"title": {"text": "share of equity"}, "tickformat": ".0%"})}


def costs(record: Mapping[str, Any]) -> Figure:
    """What the first member of each contender paid, by kind."""
    kinds = ("commission", "slippage", "impact", "borrow", "funding")
    names = [name for name in (*record["policies"], *record["baselines"]) if "costs" in record["contenders"][name]]
    data = []
    for number, kind in enumerate(kinds):
        paid = [record["contenders"][name]["costs"][0][kind] for name in names]
        if any(paid):
            data.append({"type": "bar", "x": names, "y": paid, "name": kind, "marker": {"color": SLOTS[number]}})
    title = {"title": {"text": f"paid, {record['period']['currency']}"}}
    return {"data": data, "layout": layout(barmode="stack", yaxis=title, hovermode="closest")}


def sharpe(record: Mapping[str, Any]) -> Figure:
    """Sharpe ratios with their intervals."""
    data = []
    for name in reversed((*record["policies"], *record["baselines"])):
        one = record["contenders"][name]["measures"]["sharpe"]
        if one["value"] is None or one["low"] is None:
            continue
        mine = name in record["policies"]
        paint = POLICIES[record["policies"].index(name) % len(POLICIES)] if mine else GREY
        data += [
            line([one["low"], one["high"]], [name, name], name, paint, 2.0),
            {"type": "scatter", "mode": "markers", "x": [one["value"]], "y": [name], "name": name}
            | {"marker": {"color": paint, "size": 9}},
        ]
    wide = {**_MARGIN, "l": 130}
    shown = layout(xaxis={"title": {"text": "Sharpe ratio"}}, hovermode="closest", showlegend=False)
    return {"data": data, "layout": {**shown, "margin": wide}}
