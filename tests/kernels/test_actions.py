"""Actions to signals: worked values of every kind in every space, and what is no action at all."""

from __future__ import annotations

import functools
import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.core.codes import Act, Simplex, Space
from polyfolio.core.episodes import AGENT
from polyfolio.kernels import actions as kernels
from polyfolio.kernels.compile import callable_kernel
from tests.kernels.cost_tools import plain

KEEP = math.nan
BOX, DISCRETE, MULTI = Space.BOX, Space.DISCRETE, Space.MULTI_DISCRETE
WEIGHTS, CHANGES, SIGNALS = Act.WEIGHTS, Act.CHANGES, Act.SIGNALS
SOFTMAX, CLIP, RAW = Simplex.SOFTMAX, Simplex.CLIP, Simplex.RAW


def agent(**fields: Any) -> Any:
    """An AGENT record with the defaults of the configuration."""
    record = np.zeros(1, AGENT).view(np.recarray)[0]
    for name, value in ({"cash": 1, "sharpness": 5.0, "max_change": 0.1, "levels": 11} | fields).items():
        assert name in (AGENT.names or ()), name
        record[name] = value
    return record


@functools.cache
def forms(function: Any) -> tuple[Any, Any]:
    """A kernel compiled and plain."""
    return callable_kernel(function), plain(function)


def both(function: Any, told: Any, *arguments: Any) -> Any:
    """Call a kernel of an agent compiled and plain and demand equal bits. Plain, a record's `flat` is NumPy's own."""
    compiled, python = forms(function)
    other = [np.array(a) if isinstance(a, np.ndarray) else a for a in arguments]
    result = compiled(told, *arguments)
    shown = SimpleNamespace(**{name: told[name].item() for name in AGENT.names or ()})
    np.testing.assert_array_equal(result, python(shown, *other))
    for mine, theirs in zip(arguments, other, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    return result


def said(told: Any, action: Any, held: Any = (0.2, 0.1, 0.0), leverage: float = 1.0) -> list[float]:
    """The signals of an action."""
    out = np.full(len(held), -9.0)
    both(kernels.say, told, np.array(action, float), np.array(held, float), leverage, out)
    return out.tolist()


def is_valid(told: Any, action: Any, slots: int = 3) -> bool:
    return bool(both(kernels.is_valid, told, np.array(action, float), slots))


LN2 = math.log(2.0)


@pytest.mark.parametrize(
    ("fields", "action", "leverage", "expected"),
    [
        # exp(ln 2 a) is 2, 1, 1/2 and, for cash, 1: the sum is 4.5
        ({"simplex": SOFTMAX, "sharpness": LN2}, [1, 0, -1, 0], 1, [2 / 4.5, 1 / 4.5, 0.5 / 4.5]),
        ({"simplex": SOFTMAX, "sharpness": LN2, "cash": 0}, [1, 0, -1], 1, [4 / 7, 2 / 7, 1 / 7]),
        # numbers are cut to -1..1 first
        ({"simplex": SOFTMAX, "sharpness": LN2}, [9, 0, -9, 0], 1, [2 / 4.5, 1 / 4.5, 0.5 / 4.5]),
        ({"simplex": SOFTMAX, "sharpness": 100.0}, [1, -1, -1, -1], 1, [1.0, math.exp(-200.0), math.exp(-200.0)]),
        # leverage is no part of a softmax without shorts
        ({"simplex": SOFTMAX, "sharpness": LN2}, [1, 0, -1, 0], 3, [2 / 4.5, 1 / 4.5, 0.5 / 4.5]),
        ({"simplex": CLIP}, [0.6, 0.2, -0.4, 0.2], 1, [0.6, 0.2, 0.0]),
        ({"simplex": CLIP}, [0.6, 0.2, -0.4, -1.0], 1, [0.75, 0.25, 0.0]),
        ({"simplex": CLIP}, [0.1, 0.0, 0.0, 0.3], 2, [0.25, 0.0, 0.0]),
        ({"simplex": CLIP}, [-0.1, 0.0, -1.0, -1.0], 1, [0.0, 0.0, 0.0]),
        ({"simplex": CLIP, "cash": 0}, [0.1, 0.3, 0.0], 1, [0.25, 0.75, 0.0]),
        ({"simplex": CLIP, "cash": 0}, [-0.1, 0.0, 0.0], 1, [0.0, 0.0, 0.0]),
        # with shorts softmax and clip are the same: leverage times shares of the absolute sum, cash (c + 1) / 2
        ({"simplex": SOFTMAX, "allow_short": 1}, [0.5, -0.25, 0.0, -0.5], 2, [1.0, -0.5, 0.0]),
        ({"simplex": CLIP, "allow_short": 1}, [0.5, -0.25, 0.0, -0.5], 2, [1.0, -0.5, 0.0]),
        ({"simplex": CLIP, "allow_short": 1}, [0.5, -0.5, 0.0, -1.0], 1, [0.5, -0.5, 0.0]),
        ({"simplex": CLIP, "allow_short": 1}, [0.0, 0.0, 0.0, -1.0], 1, [0.0, 0.0, 0.0]),
        ({"simplex": CLIP, "allow_short": 1, "cash": 0}, [0.1, -0.3, 0.0], 1, [0.25, -0.75, 0.0]),
        # raw numbers are weights; only what passes the leverage is made smaller
        ({"simplex": RAW}, [0.5, 0.3, -0.2, 1.0], 1, [0.5, 0.3, 0.0]),
        ({"simplex": RAW}, [1.0, 1.0, 0.0, 1.0], 1, [0.5, 0.5, 0.0]),
        ({"simplex": RAW, "allow_short": 1}, [-1.0, 1.0, 0.0, 0.0], 1.5, [-0.75, 0.75, 0.0]),
        ({"simplex": RAW, "allow_short": 1, "cash": 0}, [-0.5, 0.25, 1.0], 2, [-0.5, 0.25, 1.0]),
    ],
)
def test_numbers_become_weights(fields: dict, action: list, leverage: float, expected: list) -> None:
    assert said(agent(kind=WEIGHTS, **fields), action, leverage=leverage) == pytest.approx(
        expected, rel=1e-14, abs=1e-80
    )


@pytest.mark.parametrize(
    ("fields", "action", "expected"),
    [
        ({}, [1.0, -0.5, 0.0], [0.3, 0.05, KEEP]),
        ({"max_change": 0.05}, [-9.0, 2.0, 1.0], [0.15, 0.15, 0.05]),
        # a weight below 0 is none without shorts
        ({"max_change": 0.5}, [-1.0, -1.0, -1.0], [0.0, 0.0, 0.0]),
        ({"max_change": 0.5, "allow_short": 1}, [-1.0, -1.0, -1.0], [-0.3, -0.4, -0.5]),
        ({"space": MULTI, "levels": 3}, [2, 1, 0], [0.3, KEEP, 0.0]),
        ({"space": MULTI, "levels": 5, "allow_short": 1}, [3, 2, 0], [0.25, KEEP, -0.1]),
        # none; one up; one down
        ({"space": DISCRETE}, [0], [KEEP, KEEP, KEEP]),
        ({"space": DISCRETE}, [1], [0.3, KEEP, KEEP]),
        ({"space": DISCRETE}, [3], [KEEP, KEEP, 0.1]),
        ({"space": DISCRETE}, [5], [KEEP, 0.0, KEEP]),
        ({"space": DISCRETE}, [6], [KEEP, KEEP, 0.0]),
        ({"space": DISCRETE, "allow_short": 1}, [6], [KEEP, KEEP, -0.1]),
    ],
)
def test_changes_are_added_to_the_weights_held(fields: dict, action: list, expected: list) -> None:
    # Held are 0.2, 0.1 and nothing.
    assert said(agent(kind=CHANGES, **fields), action) == pytest.approx(expected, rel=1e-14, nan_ok=True)


@pytest.mark.parametrize(
    ("fields", "action", "expected"),
    [
        ({}, [-0.34, 0.34, 0.33], [-1, 1, KEEP]),
        ({}, [-1 / 3, 1 / 3, 0.0], [KEEP, KEEP, KEEP]),
        ({"flat": 1}, [-0.51, -0.5, -0.001], [-1, 0, 0]),
        ({"flat": 1}, [0.0, 0.5, 0.51], [KEEP, KEEP, 1]),
        ({"space": MULTI}, [0, 1, 2], [-1, KEEP, 1]),
        ({"space": MULTI, "flat": 1}, [3, 0, 2], [0, -1, 1]),
        # hold; buy one; sell one; buy all; sell all; flat one; flat all
        ({"space": DISCRETE}, [0], [KEEP, KEEP, KEEP]),
        ({"space": DISCRETE}, [2], [KEEP, 1, KEEP]),
        ({"space": DISCRETE}, [6], [KEEP, KEEP, -1]),
        ({"space": DISCRETE}, [7], [1, 1, 1]),
        ({"space": DISCRETE}, [8], [-1, -1, -1]),
        ({"space": DISCRETE, "flat": 1}, [9], [0, KEEP, KEEP]),
        ({"space": DISCRETE, "flat": 1}, [11], [KEEP, KEEP, 0]),
        ({"space": DISCRETE, "flat": 1}, [12], [0, 0, 0]),
    ],
)
def test_signals_sell_keep_buy_and_close(fields: dict, action: list, expected: list) -> None:
    assert said(agent(kind=SIGNALS, **fields), action) == pytest.approx(expected, nan_ok=True)


@pytest.mark.parametrize(
    ("fields", "action", "expected"),
    [
        ({"space": DISCRETE}, [0], [0, 0, 0]),
        ({"space": DISCRETE}, [3], [0, 0, 1]),
        ({"space": DISCRETE}, [4], [1 / 3, 1 / 3, 1 / 3]),
        ({"space": DISCRETE, "allow_short": 1}, [5], [-1, 0, 0]),
        ({"space": DISCRETE, "allow_short": 1}, [7], [0, 0, -1]),
        # levels from -1 to 1 in the softmax, from 0 to 1 where weights are the numbers
        ({"space": MULTI, "levels": 3, "sharpness": LN2}, [2, 1, 0, 1], [2 / 4.5, 1 / 4.5, 0.5 / 4.5]),
        ({"space": MULTI, "levels": 5, "simplex": RAW}, [1, 2, 0, 0], [0.25, 0.5, 0.0]),
        ({"space": MULTI, "levels": 5, "simplex": CLIP}, [1, 2, 0, 1], [0.25, 0.5, 0.0]),
        ({"space": MULTI, "levels": 5, "simplex": RAW, "allow_short": 1}, [1, 3, 2, 0], [-0.5, 0.5, 0.0]),
    ],
)
def test_choices_become_weights(fields: dict, action: list, expected: list) -> None:
    assert said(agent(kind=WEIGHTS, **fields), action) == pytest.approx(expected, rel=1e-15)


@pytest.mark.parametrize(
    ("fields", "choices", "levels"),
    [
        ({"kind": WEIGHTS}, 5, 11),
        ({"kind": WEIGHTS, "allow_short": 1, "levels": 4}, 8, 4),
        ({"kind": CHANGES}, 7, 11),
        ({"kind": SIGNALS}, 9, 3),
        ({"kind": SIGNALS, "flat": 1}, 13, 4),
    ],
)
def test_the_number_of_choices(fields: dict, choices: int, levels: int) -> None:
    told = agent(**fields)
    assert both(kernels.choices, told, 3) == choices
    assert both(kernels.levels_of, told) == levels
    for space, most in ((DISCRETE, choices), (MULTI, levels)):
        told = agent(space=space, **fields)
        assert is_valid(told, [0])
        assert is_valid(told, [most - 1])
        for wrong in (-1, most, 0.5, math.nan, math.inf, -math.inf):
            assert not is_valid(told, [wrong]), wrong
            assert not is_valid(told, [0, wrong]), wrong


@pytest.mark.parametrize("wrong", (math.nan, math.inf, -math.inf))
@pytest.mark.parametrize("kind", list(Act))
def test_numbers_that_are_not_finite_are_no_action(kind: Act, wrong: float) -> None:
    told = agent(kind=kind)
    assert is_valid(told, [1e300, -7.0, 0.0])
    assert not is_valid(told, [0.0, 0.0, wrong])


@given(
    st.sampled_from(list(Simplex)),
    st.booleans(),
    st.booleans(),
    st.floats(0.5, 4.0),
    st.floats(0.1, 100.0),
    st.lists(st.floats(-2.0, 2.0), min_size=4, max_size=4),
)
def test_weights_are_shares_of_the_leverage(
    simplex: Simplex, short: bool, cash: bool, leverage: float, sharpness: float, numbers: list[float]
) -> None:
    told = agent(simplex=simplex, allow_short=short, cash=cash, sharpness=sharpness)
    weights = np.array(said(told, numbers, (0.0,) * (3 if cash else 4), leverage))
    assert np.isfinite(weights).all()
    assert short or (weights >= 0.0).all()
    most = leverage if short or simplex == RAW else 1.0
    assert abs(weights).sum() <= most * (1 + 1e-12)
    if simplex == SOFTMAX and not short and not cash:
        assert weights.sum() == pytest.approx(1.0, rel=1e-12)


@given(
    st.sampled_from(list(Act)),
    st.sampled_from(list(Space)),
    st.booleans(),
    st.booleans(),
    st.integers(0, 2**31),
)
def test_every_choice_is_heard(kind: Act, space: Space, short: bool, flat: bool, seed: int) -> None:
    """Whatever is valid becomes numbers or no opinion, and signals are one of four."""
    told = agent(kind=kind, space=space, allow_short=short, flat=flat)
    rng = np.random.default_rng(seed)
    most = both(kernels.choices, told, 3) if space == DISCRETE else both(kernels.levels_of, told)
    size = 1 if space == DISCRETE else 3 + (kind == WEIGHTS)
    action = rng.uniform(-1, 1, size) if space == BOX else rng.integers(0, most, size)
    assert is_valid(told, action)
    out = np.array(said(told, action, rng.uniform(-0.3 if short else 0.0, 0.3, 3)))
    assert np.isfinite(out[out == out]).all()
    assert short or kind == SIGNALS or not (out < 0.0).any()
    if kind == SIGNALS:
        assert set(out[out == out]) <= {-1.0, 0.0, 1.0}
        assert flat or not (out == 0.0).any()
