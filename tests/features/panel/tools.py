"""Sections and tapes small enough that a panel of them takes milliseconds."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.features.panel import Panel, build_panel
from polyfolio.rules.observation import ObservationSection
from tests.features.learned.markets import tape_of
from tests.features.tapes import random_tape

METHODS = ("none", "standard", "robust", "rolling", "rank")
LEARNED = ("standard", "robust")
TRAIN = slice(0, 110)
CALM = {"name": "volatility", "params": {"window": 10}}


def section(method: str = "none", **keys: Any) -> ObservationSection:
    """All blocks but what the keys say; windows of 15 rows."""
    given: dict[str, Any] = {"regime": CALM, "normalise": {"method": method, "window": 15}} | keys
    return ObservationSection(**given)


def tape_with_holes(seed: int = 0, rows: int = 160) -> Tape:
    """Four slots that miss bars; one is listed late, one ends early, one has ten bars; spreads, unknown volumes."""
    return random_tape(seed, rows, missing=0.05, late=True, unknown_volume=0.05, spread=True)


def panel(tape: Tape, method: str = "none", **keys: Any) -> Panel:
    """The panel of such a section, learned from TRAIN."""
    return build_panel(section(method, **keys), tape, train=TRAIN)


def walk(rows: int, slots: int = 2, seed: int = 0) -> Tape:
    """A tape without holes whose bars stand still at their close."""
    random = np.random.default_rng(seed)
    return tape_of(100.0 * np.exp(np.cumsum(random.normal(0.0, 0.01, (rows, slots)), axis=0)))
