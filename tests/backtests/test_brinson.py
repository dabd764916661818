"""A lane's return beside a benchmark's: by hand, and closing against the compounded returns."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from polyfolio.backtests.result import Result
from polyfolio.backtests.run import backtest
from polyfolio.backtests.session import Session
from polyfolio.core.tape import Universe
from polyfolio.errors import ConfigError, DataError
from polyfolio.market.demo import demo_tape
from polyfolio.report.brinson import Brinson, Period, brinson
from tests.report import runs


def effects(split: Brinson) -> list[float]:
    return [*split.allocation, *split.selection, *split.interaction, split.trading]


def test_one_bar_by_hand() -> None:
    """Two groups of two names: weights 0.6 and 0.4 against 0.5 and 0.5, as in the tests of the kernel."""
    period = Period(
        weights=np.array([[0.3, 0.3, 0.4, 0.0]]),
        benchmark=np.array([0.5, 0.0, 0.25, 0.25]),
        returns=np.array([[0.08, 0.12, 0.02, 0.06]]),
        own=np.array([0.068 - 0.001]),
    )
    split = brinson(period, np.array([0, 0, 1, 1]), ("a", "b"))
    assert split.groups == ("a", "b", "cash")
    assert split.allocation == pytest.approx([0.1 * 0.02, 0.1 * 0.02, 0.0], abs=1e-15)
    assert split.selection == pytest.approx([0.5 * 0.02, 0.5 * -0.02, 0.0], abs=1e-15)
    assert split.interaction == pytest.approx([0.1 * 0.02, 0.1 * 0.02, 0.0], abs=1e-15)
    assert split.trading == pytest.approx(-0.001, abs=1e-15)
    assert (split.own, split.benchmark, split.active) == pytest.approx((0.067, 0.06, 0.007), abs=1e-15)
    assert [row[0] for row in split.rows()] == ["a", "b", "cash"]


def test_cash_is_allocation() -> None:
    period = Period(np.array([[0.5]]), np.array([1.0]), np.array([[0.1]]), np.array([0.05]))
    split = brinson(period, np.array([0]), ("a",))
    assert split.active == pytest.approx(-0.05)
    assert split.allocation == pytest.approx([0.0, -0.05])  # half in cash, which earned 0.1 less than the benchmark
    assert split.selection.tolist() == [0.0, 0.0]


def test_in_a_session_what_was_held_and_earned_is_that_of_the_session() -> None:
    """A lane that began later, one that was given money, and rows that were not walked."""
    tape = demo_tape(end="2024-01-10")
    plain = {"strategy": {"name": "equal_weight"}, "rebalance": {"every": "1d"}, "limits": {"max_position": 0.1}}
    session = Session(
        {"name": "moved", "journal": "full", "lanes": [{"name": "a", **plain}, {"name": "b", **plain}]}, tape
    ).run(100)
    session.transfer("a", "b", 200_000.0)
    result = session.add({"name": "late", **plain}).run(200).result()
    for name in result.lanes:
        marks, shares = result.journal.lane(name).marks, result.frame("weights", name)[name]
        assert np.abs(shares.to_numpy()).sum(axis=1) == pytest.approx(marks["gross"] / marks["equity"], abs=1e-12)
        assert len(shares) == marks.size
        split = result.brinson(name, {"BTC/USDT": 0.5})
        assert split.own == pytest.approx(result.metrics(name)["total_return"], abs=1e-12)
        assert math.fsum(effects(split)) == pytest.approx(split.active, abs=1e-12)
    assert len(result.frame("weights")) == 200


def test_a_journal_without_fills_says_what_to_do() -> None:
    result = backtest(runs.spec(journal="summary"), runs.tape())
    for ask in (lambda: result.brinson("paying", {"UP": 1.0}), lambda: result.frame("weights")):
        with pytest.raises(ConfigError, match="Run again with `journal: full`"):
            ask()


def lane(**more: Any) -> Result:
    spec = {
        "name": "a",
        "strategy": {"name": "equal_weight"},
        "account": {"benchmark": "BTC/USDT", "interest_rate": 0.03},
        "rebalance": {"every": "1d"},
        "execution": {"commission": {"model": "percentage", "percentage_fee": 0.001}},
        **more,
    }
    return backtest({"name": "split", "journal": "full", "lanes": [spec]}, demo_tape(end="2024-01-20"))


@pytest.mark.parametrize("benchmark", [None, {"BTC/USDT": 0.5, "ETH/USDT": 0.3}])
@pytest.mark.parametrize("by", ["symbol", "sector"])
def test_the_effects_add_up_to_the_active_return(benchmark: dict[str, float] | None, by: str) -> None:
    result = lane()
    split = result.brinson("a", benchmark, by)
    assert math.fsum(effects(split)) == pytest.approx(split.active, abs=1e-12)
    assert split.active == pytest.approx(split.own - split.benchmark, abs=1e-14)
    assert split.own == pytest.approx(result.metrics("a")["total_return"], abs=1e-12)
    assert split.trading != 0.0
    if by == "symbol":  # a name has nothing inside it to choose from
        assert np.abs(split.selection).max() < 1e-12
    else:
        assert np.abs(split.selection).max() > 1e-6
    if benchmark is None:
        close = result.tape.close[:, result.tape.symbols.index("BTC/USDT")]
        assert split.benchmark == pytest.approx(close[-1] / close[0] - 1.0, rel=1e-9)


def test_slots_without_the_label_are_a_group_of_their_own() -> None:
    universe = Universe(("UP", "FLAT"), {"sector": ("tech", "")})
    result = backtest(runs.spec(), replace(runs.tape(), universe=universe))
    assert result.brinson("paying", {"UP": 0.5}, "sector").groups == ("tech", "(none)", "cash")


@pytest.mark.parametrize(
    ("benchmark", "by", "field", "remedy"),
    [
        (None, "symbol", "benchmark", "Give the weights"),
        ({"UPP": 1.0}, "symbol", "benchmark.UPP", "Did you mean `UP`?"),
        ({"UP": -0.1}, "symbol", "benchmark.UP", "Give a share"),
        ({"UP": float("nan")}, "symbol", "benchmark.UP", "Give a share"),
        ({"UP": 0.7, "FLAT": 0.4}, "symbol", "benchmark", "the rest is cash"),
        ({"UP": 1.0}, "symbl", "by", "Did you mean `symbol`?"),
    ],
)
def test_a_question_that_cannot_be_answered_says_why(
    benchmark: dict[str, float] | None, by: str, field: str, remedy: str
) -> None:
    with pytest.raises(ConfigError) as caught:
        runs.result().brinson("free", benchmark, by)
    assert caught.value.field == field
    assert remedy in caught.value.remedy


def test_shorts_and_unknown_returns_are_refused() -> None:
    good = Period(np.array([[0.5, 0.0]]), np.array([1.0, 0.0]), np.array([[0.1, np.nan]]), np.array([0.05]))
    assert brinson(good, np.array([0, 1]), ("a", "b")).active == pytest.approx(-0.05)
    for change, field in (
        ({"weights": np.array([[-0.5, 0.0]])}, "weights"),
        ({"weights": np.array([[0.5, 0.1]])}, "returns[0, 1]"),
        ({"benchmark": np.array([0.5, 0.5])}, "returns[0, 1]"),
        ({"own": np.array([-1.0])}, "own"),
    ):
        with pytest.raises(DataError) as caught:
            brinson(replace(good, **change), np.array([0, 1]), ("a", "b"))
        assert caught.value.field == field
