"""What a panel refuses: which key, what it was, what it must be, what to do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from polyfolio.errors import ConfigError, DataError
from polyfolio.features.base import Feature
from polyfolio.features.panel import build_panel
from polyfolio.features.panel_recipe import recipe_of
from polyfolio.features.prices import Returns
from polyfolio.market.window import window
from polyfolio.rules import registry
from tests.features.panel.tools import LEARNED, TRAIN, panel, section
from tests.features.tapes import random_tape

KEY = "environment.observation"


@pytest.mark.parametrize("method", LEARNED)
def test_training_rows_must_be_named_where_something_is_learned(method: str) -> None:
    with pytest.raises(ConfigError, match=r"train: got None, must be a slice.*Name the rows of the split `train`"):
        build_panel(section(method, regime=None), random_tape())


def test_a_regime_that_learns_needs_training_rows_too() -> None:
    with pytest.raises(ConfigError, match="train: got None"):
        build_panel(section("none"), random_tape())
    trend = {"name": "trend", "params": {"fast": 5, "slow": 20}}
    for method in ("none", "rolling", "rank"):
        assert build_panel(section(method, regime=trend), random_tape()).values.shape[0] == 160


@pytest.mark.parametrize(
    ("train", "said"),
    [
        (slice(0, 100, 2), "rows without gaps"),
        (slice(50, 50), "rows of the tape's 160"),
        (slice(200, 300), "rows of the tape's 160"),
        (slice(0, 15), "rows 0 to 14.*rows beyond 20.*Make environment.split.train larger"),
    ],
)
def test_training_rows_that_teach_nothing_are_refused(train: slice, said: str) -> None:
    with pytest.raises((ConfigError, DataError), match=said):
        build_panel(section("standard", regime=None), random_tape(), train=train)


def test_the_training_rows_of_a_regime_are_behind_the_warm_up_of_the_features() -> None:
    with pytest.raises(DataError, match="rows beyond 20"):
        build_panel(section("none"), random_tape(), train=slice(0, 15))


@pytest.mark.parametrize(
    ("keys", "needed", "name"),
    [
        ({}, 22, "close_volatility_20 is 20 rows"),
        ({"normalise": {"method": "rolling", "window": 40}}, 61, "and normalise.window 40"),
        ({"technical": ["skip_momentum"]}, 254, "skip_momentum_252_21 is 252 rows"),
        ({"regime": {"name": "trend"}}, 201, "regime trend is 199 rows"),
    ],
)
def test_too_short_a_tape_is_refused(keys: dict[str, Any], needed: int, name: str) -> None:
    observed = section(**{"regime": None, **keys})
    whole = random_tape(rows=needed)
    assert build_panel(observed, whole, train=slice(0, needed)).first == needed - 2
    with pytest.raises(
        DataError, match=rf"tape.rows: got {needed - 1}, must be at least {needed} with a bar in them: .*{name}"
    ):
        build_panel(observed, window(whole, 0, needed - 1), train=slice(0, needed - 1))


def test_a_regime_that_never_answers_is_refused() -> None:
    tape = random_tape()
    still = {"name": "volatility", "params": {"window": 10, "symbol": "S3"}}
    closed = replace(tape, tradable=np.where([[1, 1, 1, 0]], tape.tradable, 0).astype(np.uint8))
    observed = section("none", regime={**still, "params": {**still["params"], "low": 0.01, "high": 0.02}})
    with pytest.raises(DataError, match=rf"{KEY}.regime: got 'volatility', must be known in one of 160 rows"):
        build_panel(observed, closed, train=TRAIN)


@pytest.mark.parametrize(
    ("technical", "said"),
    [
        ("basik", rf"{KEY}.technical: got 'basik', must be one of basic, sixty, own, wealth200. Did you mean `basic`"),
        (["rsi", "rzi"], rf"{KEY}.technical\[1\].*got 'rzi'.*Did you mean"),
        ([{"name": "sma", "perod": 5}], rf"{KEY}.technical\[0\]: sma argument: got 'perod'.*Did you mean `period`"),
        ([{"name": "sma", "period": 1}], rf"{KEY}.technical\[0\]"),
        ([{"name": "rank", "of": {"name": "nope"}}], rf"{KEY}.technical\[0\].*got 'nope'"),
        (["rsi", {"name": "rsi", "period": 14}], "got 'rsi_14', must be columns with names of their own"),
    ],
)
def test_a_feature_that_does_not_exist_is_refused(technical: Any, said: str) -> None:
    with pytest.raises(ConfigError, match=said):
        panel(random_tape(), technical=technical)


@pytest.mark.parametrize(
    ("regime", "said"),
    [
        ({"name": "tend"}, rf"{KEY}.regime.name: got 'tend'.*Did you mean `trend`"),
        ({"name": "trend", "params": {"fst": 5}}, rf"{KEY}.regime.params.fst.*Did you mean `fast`"),
        ({"name": "trend", "params": {"symbol": "X"}}, "symbol: got 'X', must be one of the tape's 4 symbols"),
        ({"name": "walk_forward"}, rf"{KEY}.regime.params.regime: got None, must be given"),
        ({"name": "walk_forward", "params": {"regime": {"name": "no"}}}, rf"{KEY}.regime.params.regime.name: got 'no'"),
    ],
)
def test_a_regime_that_does_not_exist_is_refused(regime: Any, said: str) -> None:
    with pytest.raises((ConfigError, DataError), match=said):
        panel(random_tape(rows=300), regime=regime)


def test_a_listed_feature_of_an_unknown_field_is_refused() -> None:
    with pytest.raises(DataError, match=rf"{KEY}.technical\[1\]: got 'quoted_spread'.*Give the tape spread"):
        panel(random_tape(), technical=["rsi", "quoted_spread"])
    assert "S0.quoted_spread_20" in panel(random_tape(spread=True), technical=["rsi", "quoted_spread"]).names


def test_a_column_without_a_training_value_is_refused() -> None:
    tape = random_tape()
    still = np.full(tape.close.shape, 100.0)
    flat = replace(tape, open=still, high=still, low=still, close=still)
    with pytest.raises(DataError, match=r"training rows of zscore_20.*leave the column out"):
        panel(flat, "standard", technical=["zscore"], regime=None)


class Endless(Returns):
    """A feature that divides by nothing now and then."""

    name = "endless"

    def values(self, bars: Any) -> tuple[np.ndarray, ...]:
        found = super().values(bars)[0].copy()
        found[:, ::7] = np.inf
        return (found,)


@pytest.mark.pitfall("DAT-08")
def test_what_is_no_finite_number_is_undefined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry._registered["feature"], "endless", Endless)
    tape = random_tape()
    for method in ("none", "standard", "rolling", "rank"):
        found = panel(tape, method, technical=["endless"], market=False, regime=None).part("technical")
        assert (found[::7] == [0.0, 1.0]).all()
        assert (found[36:42, :, 1] == 0.0).all()
        assert found[36:42, :, 0].any(axis=0).all()


class Impostor(Returns):
    """A feature whose column has the name of the flag."""

    name = "undefined"

    def columns(self) -> tuple[str, ...]:
        return ("undefined",)


def test_a_column_with_the_name_of_the_flag_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry._registered["feature"], "undefined", Impostor)
    assert issubclass(Impostor, Feature)
    with pytest.raises(ConfigError, match="the name is a flag's"):
        recipe_of(section(technical=["undefined"]), ("volume",))
