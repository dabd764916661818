"""Normalisers: numbers of one size for a model, learned on training rows alone or over a rolling window."""

from polyfolio.features.normalise.base import Normaliser
from polyfolio.features.normalise.rank import Rank
from polyfolio.features.normalise.robust import Robust
from polyfolio.features.normalise.rolling import Rolling
from polyfolio.features.normalise.standard import Standard

__all__ = ["Normaliser", "Rank", "Robust", "Rolling", "Standard"]
