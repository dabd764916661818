"""One scale: equal to NumPy and pandas, learned from the training rows behind the warm-up."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyfolio.core.tape import Tape
from polyfolio.features.averages import Bbands, Sma
from polyfolio.features.compute import compute
from polyfolio.features.panel import build_panel
from polyfolio.features.panel_scale import standing, trailing_ranks
from tests.features.panel.tools import TRAIN, panel, section
from tests.features.tapes import random_tape

KEYS = {"time": False, "market": False, "regime": None, "clip": 1e6}


@pytest.fixture(scope="module")
def tape() -> Tape:
    return random_tape(3)


def raw(tape: Tape) -> np.ndarray:
    """The columns as they are, [rows, slots, columns], float64."""
    return panel(tape, **KEYS).part("technical")[..., :-1].astype(np.float64)


def test_standard_is_mean_and_deviation_of_the_training_rows(tape: Tape) -> None:
    values = raw(tape)
    part = values[20:110]
    wanted = (values - part.mean(axis=0)) / part.std(axis=0)
    np.testing.assert_allclose(panel(tape, "standard", **KEYS).part("technical")[20:, :, :-1], wanted[20:], atol=2e-5)


def test_robust_is_median_and_quartiles_of_the_training_rows(tape: Tape) -> None:
    values = raw(tape)
    low, middle, high = np.percentile(values[20:110], [25, 50, 75], axis=0)
    wanted = (values - middle) / (high - low)
    np.testing.assert_allclose(panel(tape, "robust", **KEYS).part("technical")[20:, :, :-1], wanted[20:], atol=2e-5)


def windows(values: np.ndarray) -> list[tuple[int, Any]]:
    return [(slot, pd.DataFrame(values[:, slot]).rolling(15)) for slot in range(values.shape[1])]


def test_rolling_equals_pandas(tape: Tape) -> None:
    values = raw(tape)
    values[:20] = np.nan
    found = panel(tape, "rolling", **KEYS)
    assert found.first == 34
    for slot, window in windows(values):
        wanted = (values[:, slot] - window.mean()) / window.std(ddof=0)
        np.testing.assert_allclose(found.part("technical")[34:, slot, :-1], wanted.to_numpy()[34:], atol=2e-4)


def test_rank_equals_pandas(tape: Tape) -> None:
    values = raw(tape)
    found = panel(tape, "rank", **KEYS).part("technical")
    for slot, window in windows(values):
        wanted = (2.0 * window.rank() - 16.0) / 15.0  # the average rank, 1 to 15
        np.testing.assert_allclose(found[34:, slot, :-1], wanted.to_numpy()[34:], atol=1e-6)


def test_rank_by_hand() -> None:
    values = np.array([3.0, 1.0, 2.0, 2.0, np.nan, 9.0, np.nan, np.nan, np.nan, 4.0], np.float32)[None, :, None]
    found = trailing_ranks(values, 4)[0, :, 0]
    # Row 1: of 3, 1 it is the lower. Row 2: 3, 1, 2. Row 3: 3, 1, 2, 2. Row 5: 2, 2, 9. Row 9 is alone.
    wanted = [np.nan, -0.5, 0.0, 0.0, np.nan, 2.0 / 3.0, np.nan, np.nan, np.nan, np.nan]
    np.testing.assert_allclose(found, wanted, rtol=1e-6)


def test_rank_is_the_same_for_python_and_machine_code() -> None:
    values = np.round(np.random.default_rng(0).normal(0.0, 2.0, (3, 60)))
    values[np.random.default_rng(1).random(values.shape) < 0.2] = np.nan
    slow, fast = np.empty(values.shape), np.empty(values.shape)
    standing.py_func(values, 12, 6, slow)
    standing(values, 12, 6, fast)
    assert slow.tobytes() == fast.tobytes()


def test_a_slot_listed_after_the_training_rows_takes_the_median_of_the_others() -> None:
    whole = random_tape(4, slots=5)
    late = random_tape(4, slots=5)
    on = late.tradable.copy()
    on[:105, 2] = 0  # five training rows have a bar; its warm-up ends after them
    late = replace(late, tradable=on, close=np.where(on == 1, late.close, np.nan))
    for method, names in (("standard", ("mean_", "scale_")), ("robust", ("middle_", "scale_"))):
        learned = panel(late, method, **KEYS).state["normaliser"]["learned"]
        of_whole = panel(whole, method, **KEYS).state["normaliser"]["learned"]
        for name in names:
            found, wanted = np.array(learned[name]["array"]), np.array(of_whole[name]["array"])
            others = [0, 1, 3, 4]
            np.testing.assert_array_equal(found[:, others], wanted[:, others])
            np.testing.assert_array_equal(found[:, 2], np.median(wanted[:, others], axis=1))
    flags = panel(late, "standard", **KEYS).part("technical")[..., -1]
    assert (flags[126:, 2] == 0.0).all()


def test_float32_costs_less_than_a_hundred_thousandth_of_a_deviation(tape: Tape) -> None:
    # Levels near 100 with a deviation of some units, computed in float64 here.
    keys = KEYS | {"technical": ["sma", "bbands"]}
    found = build_panel(section("standard", **keys), tape, train=TRAIN)
    exact = compute([Sma(), Bbands()], tape).values.transpose(1, 2, 0)
    part = exact[found.first : 110]
    wanted = (exact - part.mean(axis=0)) / part.std(axis=0)
    away = np.abs(found.part("technical")[..., :-1] - wanted)[found.first :]
    assert 0.0 < away.max() < 1e-5
