"""Every registered strategy keeps the contract; a new one is walked here as soon as it has a name.

A strategy that cannot be made without arguments, or whose defaults are too large for a tape of some hundred rows, gets
small ones in small.py.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
import pytest

from polyfolio.core.codes import Sizing
from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError
from polyfolio.market.demo import demo_tape
from polyfolio.market.window import window
from polyfolio.rules import registry
from polyfolio.rules.built_in import BUILT_IN
from polyfolio.rules.search import ParameterSection
from polyfolio.strategies.base import Strategy
from polyfolio.strategies.check import check_strategy
from polyfolio.strategies.run import strategy_of
from polyfolio.testing import check_leaks
from polyfolio.testing.futures import reordered
from tests.laws.tapes import Shape, make_tape
from tests.strategies.small import ELSEWHERE, SMALL

NAMES = [name for name in BUILT_IN["strategy"] if name not in ELSEWHERE]
CASES = [(name, arguments) for name in NAMES for arguments in SMALL.get(name, [{}])]
# What they are made of may have spoken in a row before: its opinion stands.
CARRIES = {"gated", "on_timeframe", "portfolio"}
DEMO = demo_tape(start="2024-03-28", end="2024-04-07")  # with the listing of a coin in it
HOLES = make_tape(
    Shape(seed=17, rows=240, slots=4, volatility=0.02, missing=0.03, late=True, dividends=True, splits=True, thin=True)
)


def ids(case: Any) -> str:
    return str(case) if not isinstance(case, dict) else ",".join(f"{key}={value}" for key, value in case.items())


every_case = pytest.mark.parametrize(("name", "arguments"), CASES, ids=ids)
every_name = pytest.mark.parametrize("name", NAMES)


def class_of(name: str) -> type[Strategy]:
    made: type[Strategy] = registry.resolve("strategy", name)
    return made


def test_every_strategy_can_be_walked() -> None:
    needy = [
        name
        for name in NAMES
        for parameter in inspect.signature(class_of(name)).parameters.values()
        if parameter.default is parameter.empty and name not in SMALL
    ]
    assert not needy, f"give arguments in tests/strategies/small.py: {needy}"
    assert set(SMALL) | set(ELSEWHERE) <= set(BUILT_IN["strategy"])


@pytest.mark.pitfall("LAH-04")
@every_case
def test_the_contract_holds_on_hourly_bars_and_on_bars_with_holes(name: str, arguments: dict[str, Any]) -> None:
    strategy = strategy_of(name, arguments)
    check_strategy(strategy, DEMO)
    check_strategy(strategy, HOLES)


@pytest.mark.pitfall("LAH-11")
@every_case
def test_nothing_leaks(name: str, arguments: dict[str, Any]) -> None:
    check_leaks(strategy_of(name, arguments), HOLES)


@pytest.mark.pitfall("LAH-01")
@every_case
def test_the_order_of_the_slots_changes_nothing(name: str, arguments: dict[str, Any]) -> None:
    order = np.array([2, 0, 3, 1])
    strategy = strategy_of(name, arguments)
    found = strategy.signals(reordered(HOLES, order))
    np.testing.assert_allclose(found, strategy.signals(HOLES)[:, order], rtol=0.0, atol=1e-9)


@pytest.mark.pitfall("DAT-01")
@every_case
def test_it_speaks_on_bars_with_holes_and_says_nothing_new_where_a_slot_does_not_trade(
    name: str, arguments: dict[str, Any]
) -> None:
    signals = strategy_of(name, arguments).signals(HOLES)
    assert np.isfinite(signals).any(), "no opinion in any row"
    assert not np.isinf(signals).any()
    silent = np.isnan(signals) | (signals == 0.0)
    assert name in CARRIES or silent[HOLES.tradable == 0].all()


@every_case
def test_two_rows_are_too_few_and_are_answered(name: str, arguments: dict[str, Any]) -> None:
    strategy = strategy_of(name, arguments)
    signals = strategy.signals(window(DEMO, 0, 2))
    assert signals.shape == (2, DEMO.slots)
    assert signals.dtype == np.float64
    if strategy.warmup > 2:
        assert np.isnan(signals).all()


@every_name
def test_the_space_holds_the_defaults(name: str) -> None:
    cls = class_of(name)
    parameters = inspect.signature(cls).parameters
    assert set(cls.space) <= set(parameters)
    assert bool(cls.space) or all(p.default is p.empty or p.default is None for p in parameters.values()), "no space"
    for key, given in cls.space.items():
        section = ParameterSection.model_validate(given)
        default = parameters[key].default
        if section.choices is not None:
            assert default in section.choices, key
        else:
            assert section.low is not None
            assert section.high is not None
            assert section.low <= default <= section.high, key
            assert section.whole == isinstance(default, int), key


@every_name
def test_every_end_of_the_space_makes_a_strategy_that_answers(name: str) -> None:
    """Ends are tried one by one beside the defaults: a search that draws them must not stop."""
    first = SMALL.get(name, [{}])[0]
    for key, given in class_of(name).space.items():
        section = ParameterSection.model_validate(given)
        values = section.choices if section.choices is not None else (section.low, section.high)
        for value in values:
            whole = section.choices is None and section.whole
            strategy = strategy_of(name, {**smallest(name, first), key: int(value) if whole else value})  # type: ignore[arg-type]
            assert strategy.signals(window(DEMO, 0, 60)).shape == (60, DEMO.slots)


def smallest(name: str, first: dict[str, Any]) -> dict[str, Any]:
    """What must be given alone, so that a key of the space meets the defaults of the others."""
    parameters = inspect.signature(class_of(name)).parameters
    return {key: value for key, value in first.items() if parameters[key].default in (None, parameters[key].empty)}


@every_name
def test_an_argument_nobody_takes_is_named(name: str) -> None:
    with pytest.raises(ConfigError, match=rf"strategy\.params\.lookbak_: got 3, must be .*{name}"):
        strategy_of(name, {"lookbak_": 3})


@every_name
def test_a_word_for_a_number_is_refused_by_the_argument_s_name(name: str) -> None:
    parameters = inspect.signature(class_of(name)).parameters
    for key, parameter in parameters.items():
        if isinstance(parameter.default, int | float) and not isinstance(parameter.default, bool):
            wrong = {**SMALL.get(name, [{}])[0], key: "many"}
            with pytest.raises(ConfigError, match=rf"{key}: got 'many'"):
                strategy_of(name, wrong).signals(window(DEMO, 0, 40))


@every_name
def test_the_docstring_names_every_argument(name: str) -> None:
    cls = class_of(name)
    said = inspect.getdoc(cls) or ""
    missing = [key for key in inspect.signature(cls).parameters if f"\n    {key}: " not in said]
    assert not missing, missing


@every_name
def test_the_sizing_method_exists(name: str) -> None:
    assert class_of(name).sizing.upper() in Sizing.__members__


# Rules that look at one slot's own bars.
OWN = [(name, arguments) for name, arguments in CASES if "polyfolio.strategies.bars" in str(class_of(name).__mro__)]


def test_there_are_rules_of_own_bars() -> None:
    assert len({name for name, _ in OWN}) == 8


@pytest.mark.pitfall("DAT-07")
@pytest.mark.parametrize(("name", "arguments"), OWN, ids=ids)
def test_a_row_without_a_bar_is_no_bar(name: str, arguments: dict[str, Any]) -> None:
    """A missing row in one slot changes that row's signal and no other."""
    strategy = strategy_of(name, arguments)
    whole = strategy.signals(DEMO)
    rows = np.delete(np.arange(DEMO.rows), 150)
    np.testing.assert_array_equal(
        np.delete(strategy.signals(without(DEMO, 150)), 150, axis=0)[:, 0], strategy.signals(only(DEMO, rows))[:, 0]
    )
    np.testing.assert_array_equal(strategy.signals(without(DEMO, 150))[:, 1:], whole[:, 1:])
    assert np.isnan(strategy.signals(without(DEMO, 150))[150, 0])


@pytest.mark.parametrize(("name", "arguments"), OWN, ids=ids)
def test_a_split_changes_no_signal(name: str, arguments: dict[str, Any]) -> None:
    """Half the prices and twice the volume from a split of two on: powers of two change no bit."""
    strategy = strategy_of(name, arguments)
    np.testing.assert_array_equal(strategy.signals(halved(DEMO, 100)), strategy.signals(DEMO))


@pytest.mark.parametrize(("name", "arguments"), OWN, ids=ids)
def test_the_first_opinion_stands_in_the_last_row_of_the_warm_up(name: str, arguments: dict[str, Any]) -> None:
    strategy = strategy_of(name, arguments)
    signals = strategy.signals(DEMO)[:, DEMO.symbols.index("BTC/USDT")]
    assert np.flatnonzero(~np.isnan(signals))[0] == strategy.warmup - 1


def without(tape: Tape, row: int) -> Tape:
    """The tape without the first slot's bar in a row."""
    fields = {name: getattr(tape, name).copy() for name in ("open", "high", "low", "close", "volume", "tradable")}
    for name, array in fields.items():
        array[row, 0] = 0 if name == "tradable" else np.nan
    return replaced(tape, fields)


def only(tape: Tape, rows: np.ndarray) -> Tape:
    """Some rows of a tape."""
    fields = {name: getattr(tape, name)[rows] for name in ("open", "high", "low", "close", "volume", "tradable")}
    return replaced(tape, {**fields, "times": tape.times[: len(rows)]})


def halved(tape: Tape, row: int) -> Tape:
    """The tape with a split of two in every slot at a row."""
    fields = {name: getattr(tape, name).copy() for name in ("open", "high", "low", "close", "volume")}
    for name, array in fields.items():
        array[row:] *= 2.0 if name == "volume" else 0.5
    splits = np.ones((tape.rows, tape.slots))
    splits[row] = 2.0
    return replaced(tape, {**fields, "splits": splits})


def replaced(tape: Tape, fields: dict[str, Any]) -> Tape:
    rows = len(fields["close"])
    day = tape.calendar.day[:rows]
    calendar = type(tape.calendar)(
        tape.calendar.name, tape.calendar.bars_per_year, tape.calendar.days_per_year, tape.calendar.source, day
    )
    kept = {"times": tape.times, "tradable": tape.tradable, "universe": tape.universe, "instruments": tape.instruments}
    return Tape(**{**kept, "calendar": calendar, **fields})
