"""What was learned travels as JSON, gives the same bits, and is refused where it does not belong."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from polyfolio.errors import ConfigError, DataError, PolyfolioError
from polyfolio.features.panel import build_panel
from polyfolio.market.window import window
from polyfolio.testing.futures import reordered
from tests.features.panel.tools import CALM, METHODS, TRAIN, panel, section, tape_with_holes, walk
from tests.features.tapes import random_tape

HIDDEN = {"name": "hidden_markov", "params": {"starts": 1, "observed": ["return", "volatility"]}}
WEEKLY = {"name": "walk_forward", "params": {"regime": CALM, "first": 30, "every": 20}}


@pytest.mark.pitfall("LAH-06")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("regime", [CALM, HIDDEN, WEEKLY, None], ids=repr)
def test_a_state_read_back_gives_the_same_bits(method: str, regime: dict[str, Any] | None) -> None:
    tape = tape_with_holes()
    found = panel(tape, method, regime=regime)
    text = json.dumps(found.state, allow_nan=False)
    again = build_panel(section(method, regime=regime), tape, state=json.loads(text))
    assert again.values.tobytes() == found.values.tobytes()
    assert json.dumps(again.state) == text
    assert (again.names, again.first, again.digest) == (found.names, found.first, found.digest)


@pytest.mark.pitfall("LAH-06")
def test_a_frozen_panel_learns_nothing_from_its_tape() -> None:
    state = panel(random_tape(0, spread=True), "standard").state
    other = random_tape(1, rows=90, spread=True)
    frozen = build_panel(section("standard"), other, state=state)
    assert frozen.state == state
    # Rows given as training rows beside a state are not read, not even such as the tape does not have.
    again = build_panel(section("standard"), other, train=slice(200, 300), state=state)
    assert again.values.tobytes() == frozen.values.tobytes()
    assert build_panel(section("standard"), other, train=slice(0, 60)).values.tobytes() != frozen.values.tobytes()


def test_the_digest_names_the_recipe_and_what_was_learned() -> None:
    tape = random_tape(spread=True)
    base = panel(tape, "none", regime=None)
    assert panel(random_tape(9, spread=True), "none", regime=None).digest == base.digest
    assert panel(window(tape, 0, 100), "none", regime=None).digest == base.digest
    digests = {
        base.digest,
        panel(tape, "none", regime=None, clip=5.0).digest,
        panel(tape, "none", regime=None, technical=["rsi"]).digest,
        panel(tape, "rolling", regime=None).digest,
        panel(tape, "standard", regime=None).digest,
        panel(random_tape(9, spread=True), "standard", regime=None).digest,
    }
    assert len(digests) == 6
    # Blocks the environment fills while it runs are not the panel's.
    assert panel(tape, "none", regime=None, risk=True, window=3, layout="dict").digest == base.digest


def test_the_state_of_other_symbols_is_refused() -> None:
    tape = random_tape(spread=True)
    state = panel(tape, "standard").state
    with pytest.raises(DataError, match=r"symbols\[0\]: got 'S1', must be 'S0'"):
        build_panel(section("standard"), reordered(tape, np.array([1, 0, 2, 3])), state=state)
    with pytest.raises(DataError, match="symbols: got 3, must be 4"):
        build_panel(section("standard"), random_tape(slots=3, spread=True), state=state)
    free = panel(walk(60), "none", regime=None).state
    with pytest.raises(DataError, match="same symbols in the same order"):
        build_panel(section("none", regime=None), walk(60, slots=3), state=free)


@pytest.mark.parametrize(
    ("key", "other"),
    [
        ("clip", {"clip": 3.0}),
        ("technical", {"technical": ["rsi"]}),
        ("market", {"market": False}),
        ("regime", {"regime": {"name": "drawdown"}}),
        ("normalise", {"normalise": {"method": "robust", "window": 15}}),
        ("normalise", {"normalise": {"method": "standard", "window": 16}}),
    ],
)
def test_the_state_of_another_section_is_refused(key: str, other: dict[str, Any]) -> None:
    tape = random_tape(spread=True)
    state = panel(tape, "standard").state
    with pytest.raises(ConfigError, match=f"environment.observation.{key}: got .* as the state was learned with"):
        build_panel(section("standard", **other), tape, state=state)


def test_a_tape_that_knows_less_than_the_training_tape_is_refused() -> None:
    state = panel(random_tape(spread=True), "standard").state
    with pytest.raises(DataError, match=r"spread: got 'unknown', must be known.*Give the tape spread"):
        build_panel(section("standard"), random_tape(), state=state)
    # One that knows more shows what was learned.
    less = panel(random_tape(), "standard")
    more = build_panel(section("standard"), random_tape(spread=True), state=less.state)
    assert more.names == less.names
    assert "S0.spread" not in more.names


def pop(key: str) -> Callable[[dict[str, Any]], object]:
    return lambda state: state.pop(key)


def learned(name: str, value: object) -> Callable[[dict[str, Any]], None]:
    return lambda state: state["normaliser"]["learned"][name].update(array=value)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (pop("symbols"), r"state\['symbols'\].*whole, as it was saved"),
        (pop("regime"), r"state\['regime'\].*whole, as it was saved"),
        (lambda state: state.update(version=2), r"state\['version'\]: got 2.*Learn anew"),
        (lambda state: state.update(normaliser=None), r"state\['kind'\]"),
        (lambda state: state["columns"].reverse(), r"columns\[0\]: got 'open'"),
        (lambda state: state["columns"].pop(), "columns: got 14, must be 13"),
        (learned("mean_", [[0.0]]), "normaliser.*mean_.*finite numbers of shape"),
        (learned("scale_", [[0.0] * 4] * 14), "normaliser.*scale_.*scales above 0"),
        (learned("mean_", [[None] * 4] * 14), "normaliser.*mean_.*finite numbers"),
        (lambda state: state["normaliser"].update(name="rank"), "normaliser|standard"),
    ],
)
def test_a_state_that_is_not_whole_is_refused(change: Callable[[dict[str, Any]], object], said: str) -> None:
    tape = random_tape(spread=True)
    state = copy.deepcopy(panel(tape, "standard", regime=None).state)
    change(state)
    with pytest.raises(PolyfolioError, match=said):
        build_panel(section("standard", regime=None), tape, train=TRAIN, state=state)


def test_an_empty_state_is_no_missing_one() -> None:
    with pytest.raises(DataError, match="state"):
        build_panel(section("standard"), random_tape(), train=TRAIN, state={})
