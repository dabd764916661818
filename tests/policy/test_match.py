"""A lane under other rules, and a tape of another market, are refused with what differs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from polyfolio.core.tape import Calendar
from polyfolio.errors import ConfigError, DataError
from polyfolio.policy.match import readable, refuse_other_market, refuse_other_rules
from polyfolio.policy.world import market_of, reduced
from polyfolio.rules.load import load
from polyfolio.rules.plan import compile_spec
from tests.policy.makers import spec_of, tape_of

TAPE = tape_of(symbols=["BTC/USDT", "ETH/USDT"])


@pytest.mark.parametrize(
    ("minutes", "word"), [(1, "1min"), (0.5, "0.5min"), (60, "1h"), (90, "1.5h"), (1440, "1d"), (10080, "7d")]
)
def test_lengths_of_bars_as_words(minutes: float, word: str) -> None:
    assert readable("interval", int(minutes * 60_000_000_000)) == word


def with_calendar(**kwargs: object):
    return replace(TAPE, calendar=replace(TAPE.calendar, **kwargs))


@pytest.mark.parametrize(
    ("other", "said"),
    [
        (tape_of, "tape's symbols: got ['BTC/USDT', 'ETH/USDT', 'SOL/USDT']"),
        (lambda: tape_of(symbols=["ETH/USDT", "BTC/USDT"]), "tape's symbols: got ['ETH/USDT', 'BTC/USDT']"),
        (lambda: with_calendar(name="XNYS"), "tape's calendar: got 'XNYS', must be 24/7"),
        (lambda: with_calendar(bars_per_year=365.0), "bars_per_year: got 365.0, must be 8766 within 10%"),
        (lambda: with_calendar(bars_per_year=float("nan")), "bars_per_year: got None"),
        (
            lambda: replace(TAPE, times=TAPE.times[0] + 4 * (TAPE.times - TAPE.times[0])),
            "interval: got '4h', must be 1h",
        ),
        (lambda: replace(TAPE, universe=replace(TAPE.universe, base_currency="EUR")), "base_currency: got 'EUR'"),
    ],
)
def test_a_tape_of_another_market_is_refused(other, said: str) -> None:
    with pytest.raises(DataError) as caught:
        refuse_other_market(market_of(TAPE), other(), "a.policy")
    assert said in str(caught.value)


def test_a_longer_tape_of_the_market_passes_and_its_year_may_differ_a_little() -> None:
    sealed = market_of(TAPE)
    refuse_other_market(sealed, tape_of(symbols=["BTC/USDT", "ETH/USDT"], end="2024-03-15"), "a.policy")
    refuse_other_market(sealed, with_calendar(bars_per_year=8766.0 * 1.05), "a.policy")
    unknown = with_calendar(bars_per_year=float("nan"))
    refuse_other_market(market_of(unknown), TAPE, "a.policy")
    assert isinstance(unknown.calendar, Calendar)


def plans(lane: dict, **spec: object):
    """The sealed plan of a plain lane, and one of a run whose second lane has these keys."""
    own = {"name": "agent", "limits": {"max_position": 0.5}, "sizing": {"method": "weights"}}
    sealed = compile_spec(load(reduced(spec_of())), TAPE.universe)
    run = compile_spec(load({"name": "r", "lanes": [{"name": "first"}, {**own, **lane}], **spec}), TAPE.universe)
    return sealed, run


@pytest.mark.parametrize(
    ("lane", "spec", "here", "wanted"),
    [
        ({"limits": {"max_position": 0.4}}, {}, "max_position 0.4", "max_position 0.5"),
        ({"sizing": {"method": "equal_weight"}}, {}, "method equal_weight", "method weights"),
        ({"execution": {"fill": "next_close"}}, {}, "fill next_close", "fill next_open"),
        ({"account": {"initial_capital": 5.0}}, {}, "initial_capital 5.0", "initial_capital 10000"),
        ({"rebalance": {"every": "1d"}}, {}, "every_period 4", "every_period 0"),
        ({"risk": {"max_var": 0.02}}, {}, "max_var 0.02", "max_var inf"),
        (
            {"sizing": {"method": "weights", "risk_budget": {"BTC/USDT": 1.0}}},
            {},
            "risk_budget [1.0, 0.0]",
            "[1.0, 1.0]",
        ),
        ({"risk": {"covariance": {"window": 99}}}, {}, "window=99", "window="),
        ({"program": ["size", "cap_position", "filter"]}, {}, "'cap_position', 'filter'", "'filter', 'cap_position'"),
        ({}, {"observation": "bar"}, "observation bar", "observation day"),
        ({}, {"groups": [{"name": "g", "lanes": ["agent"]}]}, "group 0", "group -1"),
        (
            {"execution": {"commission": {"model": "tiered", "tiered_rates": [{"min_volume": 0.0, "rate": 0.003}]}}},
            {},
            "commission_model tiered",
            "commission_model",
        ),
    ],
)
def test_a_lane_under_other_rules_is_refused(lane: dict, spec: dict, here: str, wanted: str) -> None:
    sealed, run = plans(lane, **spec)
    with pytest.raises(ConfigError) as caught:
        refuse_other_rules(sealed, run, 1, "a.policy")
    assert caught.value.field == "a.policy: rules of lane agent"
    assert here in caught.value.value
    assert wanted in caught.value.bound
    assert "polyfolio policy show --lane" in caught.value.remedy


def test_the_same_rules_pass_whatever_stands_beside_them() -> None:
    sealed, run = plans({}, journal="full", seed=9, checked=True)
    refuse_other_rules(sealed, run, 1, "a.policy")
    assert run.rules["level"][1] != sealed.rules["level"][0]
    with_tape = run.with_tape(bars_per_year=8766.0, days_per_year=365.25)
    refuse_other_rules(sealed, with_tape, 1, "a.policy")
    assert np.isnan(sealed.rules["periods_per_year"][0])


def test_many_differences_are_counted() -> None:
    limits = {"max_position": 0.4, "max_gross": 0.9, "max_net": 0.8, "max_leverage": 0.9, "max_positions": 3}
    sealed, run = plans({"limits": limits, "exits": {"stop_loss": 0.1, "take_profit": 0.2, "trailing_stop": 0.3}})
    with pytest.raises(ConfigError, match=r"and \d+ more"):
        refuse_other_rules(sealed, run, 1, "s")
