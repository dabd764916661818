"""What one strategy says of one name at one moment, as a number, a word or a probability."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.rules.arguments import closest

# Word -> signal and confidence. A plain word is half as sure as a strong one; an empty one is no opinion.
WORDS: dict[str, tuple[float, float]] = {
    "STRONG_BUY": (1.0, 1.0),
    "BUY": (1.0, 0.5),
    "HOLD": (0.0, 0.5),
    "SELL": (-1.0, 0.5),
    "STRONG_SELL": (-1.0, 1.0),
    "": (np.nan, 0.0),
}


@dataclass(frozen=True)
class StrategySignal:
    """A signal and how sure the strategy is.

    Attributes:
        signal: -1 to 1, NaN for no opinion, or one of BUY, SELL, HOLD, STRONG_BUY, STRONG_SELL.
        confidence: 0 to 1; None takes the word's own, 1 for a number.

    Example:
        >>> StrategySignal("BUY").number, StrategySignal("BUY").sure
        (1.0, 0.5)
    """

    signal: float | str
    confidence: float | None = None

    def __post_init__(self) -> None:
        number, sure = self.number, self.sure
        if not (np.isnan(number) or -1.0 <= number <= 1.0):
            raise ConfigError("signal", self.signal, "from -1 to 1, or NaN", "Scale the signal.")
        if not 0.0 <= sure <= 1.0:
            raise ConfigError("confidence", self.confidence, "from 0 to 1", "Give a share, such as 0.8.")

    @property
    def number(self) -> float:
        """The signal as a number."""
        return read_word(self.signal)[0] if isinstance(self.signal, str) else float(self.signal)

    @property
    def sure(self) -> float:
        """The confidence that counts."""
        if self.confidence is not None:
            return float(self.confidence)
        return read_word(self.signal)[1] if isinstance(self.signal, str) else 1.0

    @classmethod
    def of_probability(cls, rise: float) -> StrategySignal:
        """The signal of a probability that the price rises: 2 p - 1, certain of itself.

        The weighted average of such signals is 2 p - 1 of the weighted average probability.
        """
        if not 0.0 <= rise <= 1.0:
            raise ConfigError("probability", rise, "from 0 to 1", "Give the probability of a rise.")
        return cls(2.0 * rise - 1.0)


def read_word(word: str, field: str = "signal") -> tuple[float, float]:
    """Signal and confidence of a word, whatever its case; blanks and dashes count as underscores."""
    plain = word.strip().upper().replace(" ", "_").replace("-", "_")
    if plain not in WORDS:
        known = [name for name in WORDS if name]
        raise ConfigError(field, word, "one of " + ", ".join(known), closest(plain, known))
    return WORDS[plain]


def read_words(words: Any, field: str = "signals") -> tuple[Floats, Floats]:
    """Signals and confidences of an array of words, each float64 of its shape; None is no opinion."""
    array = np.asarray(words, dtype=object)
    plain = np.array(["" if word is None else str(word) for word in array.ravel()], dtype=str)
    distinct, place = np.unique(plain, return_inverse=True)
    table = np.array([read_word(str(word), field) for word in distinct], dtype=np.float64).reshape(-1, 2)
    return table[place, 0].reshape(array.shape), table[place, 1].reshape(array.shape)
