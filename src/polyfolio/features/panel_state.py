"""What a panel learned, as JSON that travels with a policy, and the refusal of what belongs to another one."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError, DataError
from polyfolio.features.base import Feature
from polyfolio.features.identity import key_of
from polyfolio.features.learned import Learned
from polyfolio.features.normalise import Normaliser
from polyfolio.features.panel_recipe import Recipe
from polyfolio.features.panel_scale import LEARNED, learned_arrays
from polyfolio.features.regimes.base import Regime
from polyfolio.rules.observation import ObservationSection

VERSION = 1
KEYS = ("version", "observation", "symbols", "columns", "fields", "normaliser", "regime")
SHOWN = {"market", "technical", "time", "regime", "normalise", "clip"}  # of the section: what a panel depends on
ARRAY = "array"
AGAIN = "Give Panel.state, whole, as it was saved."


def state_of(
    observation: ObservationSection,
    symbols: tuple[str, ...],
    recipe: Recipe,
    fields: tuple[str, ...],
    scale: Normaliser | None,
    regime: Regime | None,
) -> dict[str, Any]:
    """The state of a panel, JSON alone."""
    return {
        "version": VERSION,
        "observation": _shown(observation),
        "symbols": list(symbols),
        "columns": list(recipe.columns),
        "fields": list(fields),
        "normaliser": None if scale is None else _written(scale.state()),
        "regime": None if regime is None else _written(regime.state()),
    }


def digest_of(state: Mapping[str, Any], features: tuple[Feature, ...]) -> str:
    """Digest of a recipe and of what was learned: the state, and what each feature depends on."""
    keys = [key_of(feature, "float32") for feature in features]
    text = json.dumps([state, keys], sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def refuse_others(state: Mapping[str, Any], observation: ObservationSection, symbols: tuple[str, ...]) -> None:
    """Refuse a state that is not whole, or belongs to another section or to other symbols.

    Raises:
        DataError: it lacks a part, is of another version or of other symbols.
        ConfigError: the section shows something else.
    """
    for key in KEYS:
        if key not in state:
            raise DataError(f"state[{key!r}]", None, "present", AGAIN)
    if state["version"] != VERSION:
        raise DataError("state['version']", state["version"], f"{VERSION}", "Learn anew with this version.")
    shown = _shown(observation)
    for key, value in shown.items():
        if state["observation"].get(key) != value:
            bound = f"{state['observation'].get(key)!r}, as the state was learned with"
            raise ConfigError(f"environment.observation.{key}", value, bound, "Restore the key, or learn anew.")
    _refuse_names("symbols", list(symbols), state["symbols"], "Give a tape of the same symbols in the same order.")


def refuse_other_columns(state: Mapping[str, Any], recipe: Recipe) -> None:
    """Refuse a state of other columns: the same section had others when it was learned."""
    _refuse_names(
        "columns", list(recipe.columns), state["columns"], "Use the version it was learned with, or learn anew."
    )


def kept_scale(state: Mapping[str, Any], recipe: Recipe, tape: Tape) -> Normaliser:
    """The normaliser of a state.

    Raises:
        DataError: its numbers are not whole.
    """
    method = state["observation"]["normalise"]["method"]
    made = LEARNED[method].from_state(_read(state["normaliser"] or {}))
    shape = (len(recipe.columns), tape.slots)
    for name in learned_arrays(made):
        array = getattr(made, name)
        if np.shape(array) != shape or not np.isfinite(array).all() or (name == "scale_" and not (array > 0.0).all()):
            bound = f"finite numbers of shape {shape}, scales above 0"
            raise DataError(f"state['normaliser'].{name}", np.shape(array), bound, AGAIN)
    return made


def kept_regime(state: Mapping[str, Any]) -> Regime:
    """The regime of a state."""
    return Regime.from_state(_read(state["regime"] or {}))


def _shown(observation: ObservationSection) -> dict[str, Any]:
    shown: dict[str, Any] = json.loads(observation.model_dump_json(include=SHOWN))
    return shown


def _written(value: Any) -> Any:
    """A learned state as JSON: an array as its numbers and their type."""
    if isinstance(value, Learned):
        return _written(value.state())
    if isinstance(value, np.ndarray):
        return {ARRAY: value.tolist(), "dtype": value.dtype.name}
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {str(key): _written(item) for key, item in value.items()}
    return [_written(item) for item in value] if isinstance(value, list | tuple) else value


def _read(value: Any) -> Any:
    """The learned state that was written."""
    if isinstance(value, Mapping):
        if ARRAY in value:
            return np.array(value[ARRAY], dtype=value["dtype"])
        return {key: _read(item) for key, item in value.items()}
    return value


def _refuse_names(word: str, given: list[str], known: list[str], remedy: str) -> None:
    if given == known:
        return
    place = next((i for i, (a, b) in enumerate(zip(given, known, strict=False)) if a != b), None)
    if place is None:
        raise DataError(word, len(given), f"{len(known)}, as the state was learned with", remedy)
    raise DataError(f"{word}[{place}]", given[place], f"{known[place]!r}, as the state was learned with", remedy)
