"""Every feature of the catalogue with arguments small enough for short tapes."""

from __future__ import annotations

from polyfolio.features.base import Feature
from polyfolio.features.catalogue import catalogue
from polyfolio.features.oscillators import Macd, Rsi
from polyfolio.features.talib import Talib

COMPOSED = ("rank", "cross_zscore", "cross_excess", "timeframe")
NAMES = tuple(catalogue())
TALIB = tuple(name for name, kind in catalogue().items() if issubclass(kind, Talib))
SHORT = {"skip_momentum": {"period": 12, "skip": 3}}


def example(name: str) -> Feature:
    """A feature of this name."""
    kind = catalogue()[name]
    if name == "timeframe":
        return kind(of=Macd(fast=2, slow=4, signal=2), every=3)
    if name in COMPOSED:
        return kind(of=Rsi(period=5))
    return kind(**SHORT.get(name, {}))
