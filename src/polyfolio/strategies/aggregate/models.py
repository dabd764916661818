"""Classifiers of scikit-learn behind one word, and the extra that installs them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyfolio.errors import ConfigError

# Word -> class of sklearn.ensemble, and what it is made with where the user says nothing.
KNOWN: dict[str, tuple[str, dict[str, Any]]] = {
    "random_forest": ("RandomForestClassifier", {"n_estimators": 50, "max_depth": 4, "min_samples_leaf": 20}),
    "gradient_boosting": ("GradientBoostingClassifier", {"n_estimators": 50, "max_depth": 2, "learning_rate": 0.1}),
}


def classifier(word: str, settings: Mapping[str, Any] | None, seed: int) -> Any:
    """A classifier before its first fit.

    Args:
        word: random_forest or gradient_boosting.
        settings: keyword arguments in place of the usual ones.
        seed: of its random numbers.

    Raises:
        ConfigError: an unknown word or setting, or scikit-learn is not installed.
    """
    if word not in KNOWN:
        raise ConfigError("model", word, "one of " + ", ".join(KNOWN), "Choose one of these words.")
    name, usual = KNOWN[word]
    fixed = {"random_state": seed} | ({"n_jobs": 1} if word == "random_forest" else {})
    try:
        return getattr(_ensemble(), name)(**{**usual, **(settings or {}), **fixed})
    except TypeError as error:
        raise ConfigError("settings", settings, f"arguments of {name} ({error})", "Correct them.") from None


def _ensemble() -> Any:
    try:
        from sklearn import ensemble  # type: ignore[import-untyped]  # noqa: PLC0415 - 0.8 s
    except ImportError as error:
        raise ConfigError(
            "scikit-learn",
            "not installed",
            "installed where an aggregator learns trees",
            "Install the extra: pip install 'polyfolio[search]'.",
        ) from error
    return ensemble
