"""How the numbers of an evaluation are read: in its verdict, on a terminal, on its page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

SHARES = ("annual_return", "max_drawdown", "volatility", "win_rate", "return", "growth")


def p_text(p: float) -> str:
    """A p-value in two digits."""
    return "p < 0.001" if p < 0.001 else f"p = {p:.3f}" if p < 0.0095 else f"p = {p:.2f}"


def number(measure: str, value: float | None) -> str:
    """A measure as it is read: shares in percent, ratios in two digits, a dash where undefined."""
    if value is None:
        return "-"
    return f"{value * 100.0:,.1f} %" if measure in SHARES else f"{value:,.2f}"


def against(pair: Mapping[str, Any]) -> str:
    """One comparison: `not distinguishable from equal weight, p = 0.41`.

    A difference that is called one shows the p-value corrected for all comparisons.
    """
    name = {"index": "the index", "random policy": "a random policy"}.get(pair["baseline"], pair["baseline"])
    if pair["word"] == "equal":
        return f"the same book as {name}"
    told = {"better": "better than", "worse": "worse than", "undecided": "not distinguishable from"}[pair["word"]]
    almost = pair["word"] == "undecided" and pair["p"] < pair["level"]
    corrected = f", corrected for all comparisons {p_text(pair['adjusted'])}" if almost else ""
    shown = pair["p"] if pair["word"] == "undecided" else pair["adjusted"]
    return f"{told} {name}, {p_text(shown)}{corrected}"


def span(measure: str, one: Mapping[str, Any]) -> str:
    """A measure with its interval."""
    ends = "" if one.get("low") is None else f" ({number(measure, one['low'])} to {number(measure, one['high'])})"
    return number(measure, one["value"]) + ends


def target(one: Mapping[str, Any]) -> str:
    """A target figure: at least its lower end, or between two ends."""
    low, high = number(one["measure"], one["from"]), number(one["measure"], one["to"])
    if one["measure"] == "max_drawdown":
        return f"no deeper than {low}"
    return f"{low} to {high}" if one["to"] is not None else f"{low} or more"


def met(one: Mapping[str, Any]) -> str:
    """Whether a target was met, and whether its interval leaves that open."""
    if one["met"] is None:
        return "undefined"
    word = "met" if one["met"] else "missed"
    low, high = one["low"], one["high"]
    unsure = low is not None and (low < one["from"] <= high)
    return f"{word}; the interval holds both" if unsure else word
