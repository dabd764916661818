"""Refusing wrong arguments of what users construct: strategies, features, sources."""

from __future__ import annotations

import difflib
import math
from collections.abc import Iterable
from typing import Any

from polyfolio.errors import ConfigError


def at_least(name: str, value: Any, least: float, whole: bool = True) -> None:
    """Refuse an argument that is not a number, not whole where it must be, or too small."""
    kinds = (int,) if whole else (int, float)
    if isinstance(value, bool) or not isinstance(value, kinds) or not value >= least:
        raise ConfigError(name, value, f"a {'whole ' if whole else ''}number >= {least:g}", "Correct the argument.")


def finite(name: str, value: Any) -> float:
    """Refuse an argument that is no finite number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise ConfigError(name, value, "a finite number", "Correct the argument.")
    return float(value)


def closest(word: Any, known: Iterable[Any], otherwise: str = "Choose one of these words.") -> str:
    """The sentence that names the nearest known word, whatever its case, or what to do otherwise."""
    words = {str(name).lower(): str(name) for name in known}
    near = difflib.get_close_matches(str(word).lower(), words, n=1, cutoff=0.6)
    return f"Did you mean `{words[near[0]]}`?" if near else otherwise
