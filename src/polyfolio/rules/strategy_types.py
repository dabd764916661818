"""The portfolio trading document's names of strategies, aggregators and their parameters, and what they are here."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from polyfolio.errors import ConfigError
from polyfolio.rules import registry
from polyfolio.rules.arguments import closest

WINDOWS = {"short_window": "fast", "long_window": "slow", "fast_window": "fast", "slow_window": "slow"}
TREES = {"n_estimators": "trees", "max_depth": "depth", "min_samples_leaf": "leaf", "random_state": "seed"}
ROUNDS = {"n_estimators": "rounds", "max_depth": "depth", "learning_rate": "rate", "random_state": "seed"}
LOOKBACK = {"lookback_period": "lookback", "window": "lookback"}


@dataclass(frozen=True)
class Kind:
    """One of the document's types.

    Attributes:
        name: registered name here.
        words: its parameter to ours.
        implied: what its words imply beside that.
    """

    name: str
    words: Mapping[str, str] = field(default_factory=dict)
    implied: Mapping[str, Any] = field(default_factory=dict)


# A signal of the document is -1 to 1: what says sell here must say -1, which is flat in a lane without shorts.
BOTH = {"long_short": True}
STRATEGIES: dict[str, Kind] = {
    "MACrossoverStrategy": Kind("ma_crossover", WINDOWS, BOTH),
    "RSIStrategy": Kind("rsi", {"window": "period", "oversold": "lower", "overbought": "upper"}, BOTH),
    "MomentumStrategy": Kind("momentum", {**LOOKBACK, "momentum_threshold": "threshold"}, BOTH),
    "MeanReversionStrategy": Kind("mean_reversion", {**LOOKBACK, "entry_threshold": "entry"}, BOTH),
    "BreakoutStrategy": Kind("breakout", {"entry_window": "entry", "exit_window": "exit"}, BOTH),
    "TrendFollowingStrategy": Kind("trend_following", LOOKBACK, BOTH),
    "PairsStrategy": Kind("pairs"),
    "RandomForestStrategy": Kind("random_forest", TREES),
    "GradientBoostingStrategy": Kind("gradient_boosting", ROUNDS),
    "BuyAndHoldStrategy": Kind("buy_and_hold"),
}
AGGREGATORS: dict[str, Kind] = {
    "weighted": Kind("weighted_average"),
    "weighted_average": Kind("weighted_average"),
    "ml": Kind("learned"),
    "ml_based": Kind("learned"),
    "learned": Kind("learned"),
    "volatility": Kind("volatility_adjusted", {"target_volatility": "target", "lookback": "window"}),
    "volatility_adjusted": Kind("volatility_adjusted", {"target_volatility": "target", "lookback": "window"}),
    "majority": Kind("majority"),
    "voting": Kind("majority"),
    "stacking": Kind("stacking"),
    "adaptive": Kind("adaptive"),
    "regime": Kind("regime_weights"),
    "regime_weights": Kind("regime_weights"),
}


def kind_of(table: Mapping[str, Kind], kind: str, word: object, field: str) -> Kind:
    """The kind behind a type of the document, a registered name or a place (module:Class).

    Args:
        table: STRATEGIES or AGGREGATORS.
        kind: "strategy" or "aggregator".
        word: as it is written.
        field: where, for messages.
    """
    if isinstance(word, str):
        if word in table:
            return table[word]
        for known in table.values():
            if known.name == word:
                return known
        if ":" in word or word in registry.names(kind):
            return Kind(word)
    words = [*table, *(name for name in registry.names(kind) if name not in table)]
    raise ConfigError(field, word, "one of " + ", ".join(words), closest(word, words))


def translated(kind: str, found: Kind, params: object, field: str) -> dict[str, Any]:
    """Parameters in our words; one that the class does not take is refused. A word that is ours already stays.

    Args:
        kind: "strategy" or "aggregator".
        found: what they are of.
        params: as they are written; None is none.
        field: where, for messages.
    """
    if params is None:
        params = {}
    if not isinstance(params, Mapping):
        raise ConfigError(field, params, "a section of keys", "Write its keys below it, indented.")
    cls = registry.resolve(kind, found.name, field)
    taken = list(inspect.signature(cls).parameters)
    out = {name: value for name, value in found.implied.items() if name in taken}
    for word, value in params.items():
        ours = word if word in taken else found.words.get(word, word)
        if ours not in taken:
            known = [theirs for theirs, name in found.words.items() if name in taken] + taken
            bound = f"a parameter of {found.name}: " + ", ".join(known)
            raise ConfigError(f"{field}.{word}", value, bound, closest(word, known, "Remove it."))
        out[ours] = value
    return out
