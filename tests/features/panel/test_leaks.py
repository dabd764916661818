"""No row of a panel knows a later one: the proof for every method, and what the training rows may teach."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.features.compute import compute
from polyfolio.features.panel import Panel, build_panel
from polyfolio.features.panel_recipe import basic
from polyfolio.market.window import window
from polyfolio.testing.futures import changed, other_close, reordered
from polyfolio.testing.leaks import check_leaks
from tests.features.panel.tools import CALM, LEARNED, METHODS, TRAIN, panel, section, tape_with_holes, walk
from tests.features.tapes import random_tape

HIDDEN = {"name": "hidden_markov", "params": {"starts": 1}}
WEEKLY = {"name": "walk_forward", "params": {"regime": CALM, "first": 30, "every": 20}}
MIXED = [
    "rsi",
    "sma",
    "obv",
    {"name": "rank", "of": {"name": "returns", "period": 3}},
    {"name": "timeframe", "of": "rsi"},
]


def after_warmup(found: Panel) -> Floats:
    """The values, NaN before the first row."""
    out = found.values.astype(np.float64)
    out[: found.first] = np.nan
    return out


def frozen(**keys: object) -> tuple[Callable[[Tape], Floats], Tape]:
    """A function of a tape, the panel that learned from TRAIN; and the tape it learned on."""
    tape = tape_with_holes()
    observed = section(**keys)
    state = build_panel(observed, tape, train=TRAIN).state
    return lambda asked: after_warmup(build_panel(observed, asked, state=state)), tape


@pytest.mark.pitfall("LAH-04")
@pytest.mark.parametrize("method", METHODS)
def test_nothing_leaks_whatever_the_method(method: str) -> None:
    values, tape = frozen(method=method)
    report = check_leaks(values, tape, trials=2)
    assert report.answers > 10


@pytest.mark.parametrize("keys", [{"technical": MIXED}, {"regime": HIDDEN}, {"regime": WEEKLY}], ids=repr)
def test_nothing_leaks_whatever_is_shown(keys: dict[str, object]) -> None:
    values, tape = frozen(method="standard", **keys)
    check_leaks(values, tape, trials=2)


def test_a_panel_that_learns_from_every_row_is_caught() -> None:
    tape = tape_with_holes()
    observed = section("standard", regime=None)
    with pytest.raises(ConfigError, match="whole_sample"):
        check_leaks(lambda asked: after_warmup(build_panel(observed, asked, train=slice(None))), tape, trials=2)


@pytest.mark.pitfall("LAH-02")
@pytest.mark.parametrize("method", METHODS)
def test_cutting_the_end_changes_no_bit_before_it(method: str) -> None:
    tape = tape_with_holes()
    whole = panel(tape, method, technical=MIXED)
    # Row 159 alone, a slot that misses only the last day, all that follows the training rows.
    on = tape.tradable.copy()
    on[-1, 0] = 0
    others = [window(tape, 0, 159), window(tape, 0, 120), replace(tape, tradable=on)]
    assert tape.tradable[-1, 0] == 1
    for other in others:
        found = panel(other, method, technical=MIXED)
        end = min(other.rows, 159)
        assert (found.state, found.first, found.digest) == (whole.state, whole.first, whole.digest)
        assert found.values[:end].tobytes() == whole.values[:end].tobytes()


@pytest.mark.pitfall("LAH-01")
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("order", [[3, 1, 0, 2], [1, 2, 3, 0]])
def test_tickers_in_another_order_move_their_columns_and_nothing_else(method: str, order: list[int]) -> None:
    tape = tape_with_holes()
    one = panel(tape, method)
    other = panel(reordered(tape, np.array(order)), method)
    assert other.first == one.first
    for name in ("time", "regime"):
        assert other.part(name).tobytes() == one.part(name).tobytes()
    for name in ("market", "technical"):
        assert other.part(name).tobytes() == one.part(name)[:, order].tobytes()


@pytest.mark.pitfall("LAH-01")
def test_other_bars_of_one_ticker_change_its_own_columns_alone() -> None:
    tape = random_tape(missing=0.05, spread=True)  # each slot has training rows of its own to learn from
    cells = np.zeros((tape.rows, tape.slots), bool)
    cells[:, 1] = True
    bars = {name: np.where(cells, 3.0 * getattr(tape, name) ** 1.5, getattr(tape, name)) for name in ("open", "high")}
    other = replace(tape, **bars, low=np.where(cells, 0.1, tape.low), close=np.where(cells, bars["open"], tape.close))
    for method in METHODS:
        for name in ("market", "technical"):
            before = panel(tape, method, regime=None).part(name)
            after = panel(other, method, regime=None).part(name)
            assert after[:, [0, 2, 3]].tobytes() == before[:, [0, 2, 3]].tobytes()
            assert after[:, 1].tobytes() != before[:, 1].tobytes()


@pytest.mark.pitfall("LAH-06")
@pytest.mark.parametrize("method", LEARNED)
@pytest.mark.parametrize("regime", [CALM, HIDDEN], ids=repr)
def test_what_is_learned_does_not_know_rows_after_the_training_rows(method: str, regime: dict[str, object]) -> None:
    tape = tape_with_holes()
    other = changed(tape, TRAIN.stop, np.random.default_rng(0))
    state = panel(tape, method, regime=regime).state
    assert panel(other, method, regime=regime).state == state
    touched = other_close(tape, TRAIN.stop - 1, np.random.default_rng(0))
    assert panel(touched, method, regime=regime).state != state


@pytest.mark.pitfall("LAH-08")
def test_what_is_learned_comes_from_the_training_rows_behind_the_warm_up() -> None:
    tape = random_tape(2)
    found = panel(tape, "standard", market=False, regime=None)
    assert found.first == 20
    learned = found.state["normaliser"]["learned"]
    values = compute(basic(), tape, dtype="float32").values[:, 20:110].astype(np.float64)
    np.testing.assert_allclose(learned["mean_"]["array"], values.mean(axis=1), rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(learned["scale_"]["array"], values.std(axis=1), rtol=1e-12)


@pytest.mark.pitfall("LAH-08")
def test_a_regime_learns_from_the_training_rows_behind_the_warm_up() -> None:
    tape = walk(160)
    bars = tape.close.copy()
    bars[:20] *= np.exp(np.random.default_rng(1).normal(0.0, 0.3, (20, 2)))
    other = replace(tape, open=bars, high=bars, low=bars, close=bars)
    one, two = (panel(given, technical="basic").state["regime"]["learned"] for given in (tape, other))
    assert one == two
    assert panel(tape, market=False, technical=None).state["regime"]["learned"] != one


@pytest.mark.pitfall("LAH-08")
@pytest.mark.parametrize("method", METHODS)
def test_a_value_does_not_depend_on_how_much_history_is_loaded(method: str) -> None:
    tape = random_tape(5, rows=200, spread=True)
    keys = {"regime": None, "technical": ["returns", "zscore", "parkinson", {"name": "rank", "of": "returns"}]}
    whole = panel(tape, method, **keys)
    for start in (1, 30, 77):
        later = build_panel(section(method, **keys), window(tape, start, 200), state=whole.state)
        first = later.first
        # Windowed features are equal to the bit; a rolling mean's last bits depend on where its blocks begin.
        np.testing.assert_allclose(later.values[first:], whole.values[start + first :], rtol=0.0, atol=1e-6)
        if method != "rolling":
            assert later.values[first:].tobytes() == whole.values[start + first :].tobytes()
