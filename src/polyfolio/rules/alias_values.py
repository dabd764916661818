"""How values of other documents are read: one function per reading, and the row that names it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

Convert = Callable[[Any, Mapping[str, Any]], Any]


class Row(NamedTuple):
    """One key of a document's section; `ours` is "" where the key is read together with its neighbour."""

    theirs: str
    ours: str
    remark: str = ""
    convert: Convert | None = None


def lower(value: Any, _: Mapping[str, Any]) -> Any:
    """Their words in capitals."""
    return value.lower() if isinstance(value, str) else value


def constant(value: object) -> Convert:
    """What their key implies beside its value."""
    return lambda _, __: value


def model_word(value: Any, _: Mapping[str, Any]) -> Any:
    """Their `fixed+percentage`."""
    return value.lower().replace("+", "_") if isinstance(value, str) else value


def threshold(value: Any, section: Mapping[str, Any]) -> Any:
    """A threshold beside `enabled: false` is off."""
    return value if section.get("enabled", True) else None


def shorts(value: Any, _: Mapping[str, Any]) -> Any:
    """A positive count of shorts allows them."""
    return isinstance(value, int) and value > 0


def negated(value: Any, _: Mapping[str, Any]) -> Any:
    """`no_shorting: false` allows shorts."""
    return not value if isinstance(value, bool) else value


def open_tiers(value: Any, _: Mapping[str, Any]) -> Any:
    """`max_volume: inf` is text to a YAML reader and means no upper end."""
    if not isinstance(value, list):
        return value
    return [
        {name: None if name == "max_volume" and _infinite(item) else item for name, item in tier.items()}
        if isinstance(tier, Mapping)
        else tier
        for tier in value
    ]


def _infinite(value: object) -> bool:
    return value in ("inf", ".inf", "infinity") or value == float("inf")


FREQUENCIES = {"daily": "1d", "hourly": "1h", "weekly": "week", "monthly": "month", "minute": "1min"}


def frequency(value: Any, _: Mapping[str, Any]) -> Any:
    """Their adverbs."""
    return FREQUENCIES.get(value, value) if isinstance(value, str) else value


def stages(value: Any, _: Mapping[str, Any]) -> Any:
    """Caps by stage."""
    return [{"by": "stage", "cap": value, "absent": True}]


def assets(value: Any, _: Mapping[str, Any]) -> Any:
    """One cap for each asset."""
    return [{"by": "asset", "cap": value}]


INTERVALS = {"minute": "1min", "hourly": "1h", "daily": "1d", "weekly": "1w"}
KINDS = {"portfolio_weights": "weights", "position_changes": "changes", "trade_signals": "signals"}
SPACES = {"continuous": "box"}
PAYS = {"pnl": "portfolio_pnl", "profit": "portfolio_pnl", "log": "log_return"}


def word_of(words: Mapping[str, str]) -> Convert:
    """Their word in ours; any other word is left to be judged."""
    return lambda value, _: words.get(value, value) if isinstance(value, str) else value


def simplex(value: Any, _: Mapping[str, Any]) -> Any:
    """`sum_to_one: true` maps the numbers, cash included, to shares of one; false takes them as weights."""
    return {True: "softmax", False: "raw"}[value] if isinstance(value, bool) else value


def alone(value: Any, _: Mapping[str, Any]) -> Any:
    """One ticker is a list of one."""
    return [value] if isinstance(value, str) else value


def random_start(value: Any, _: Mapping[str, Any]) -> Any:
    """Where an episode begins."""
    return ("random" if value else "first") if isinstance(value, bool) else value


def technical(value: Any, _: Mapping[str, Any]) -> Any:
    """`include_technical_features: true` is the set of scale-free features."""
    return ("basic" if value else None) if isinstance(value, bool) else value


def lookback(value: Any, _: Mapping[str, Any]) -> Any:
    """`update_frequency: bar` takes risk returns of bars; longer words are met by daily ones."""
    return "bar" if value == "bar" else "day" if value in ("daily", "weekly", "monthly") else value
