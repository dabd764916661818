"""Tax lots by hand, and the sum that no method changes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyfolio.backtests.run import backtest
from polyfolio.errors import ConfigError
from polyfolio.report.tax_lots import tax_lots
from tests.kernels.tapes import flat_tape

PRICES = [[10.0, 10.0, 12.0, 15.0, 11.0, 20.0, 20.0]]


def run(quantities: Any, prices: Any = PRICES, *, level: str = "full", **tape: Any) -> Any:
    """Orders of given quantities, decided in each row and filled at the next open, 1 % commission."""
    lane = {
        "name": "a",
        "sizing": {"method": "orders", "allow_short": True},
        "execution": {
            "commission": {"model": "percentage", "percentage_fee": 0.01},
            "market_impact": {"participation_rate_limit": None},
        },
        "limits": {"max_leverage": None},
        "account": {"maintenance_margin": 0.0},
    }
    made = flat_tape(prices, **tape)
    signals = np.array(quantities, dtype=np.float64).reshape(1, made.rows, -1)
    return backtest({"name": "x", "journal": level, "lanes": [lane]}, made, signals=signals)


# bought 100 at 10, 50 at 12, 50 at 15; sold 120 at 20
QUANTITIES = [100, 50, 50, 0, -120, 0, 0]


@pytest.mark.parametrize(
    ("method", "closed", "still"),
    [
        ("fifo", [(10.0, 100.0), (12.0, 20.0)], [(12.0, 30.0), (15.0, 50.0)]),
        ("lifo", [(15.0, 50.0), (12.0, 50.0), (10.0, 20.0)], [(10.0, 80.0)]),
        ("least_gain", [(15.0, 50.0), (12.0, 50.0), (10.0, 20.0)], [(10.0, 80.0)]),
    ],
)
def test_a_sale_closes_the_lots_its_method_names(method: str, closed: Any, still: Any) -> None:
    lots = tax_lots(run(QUANTITIES), "a", method)
    rows = list(lots.rows())
    found = [(row["entry"], row["quantity"]) for row in rows if row["closed"] is not None]
    assert sorted(found) == sorted(closed)
    assert sorted((row["entry"], row["quantity"]) for row in rows if row["closed"] is None) == sorted(still)
    for row in rows:
        if row["closed"] is not None:
            fees = 0.01 * row["quantity"] * (row["entry"] + 20.0)
            assert row["commission"] == pytest.approx(fees, rel=1e-12)
            assert row["gain"] == pytest.approx(row["quantity"] * (20.0 - row["entry"]) - fees, rel=1e-12)
    assert lots.sums["short_gains"] == pytest.approx(sum(row["gain"] for row in rows if row["gain"] is not None))


def test_the_rest_of_the_oldest_lot_is_still_the_oldest() -> None:
    lots = tax_lots(run([100, 50, -60, -60, 0, 0, 0]), "a", "fifo")
    closed = [(row["entry"], row["quantity"]) for row in lots.rows() if row["closed"] is not None]
    assert sorted(closed) == [(10.0, 40.0), (10.0, 60.0), (12.0, 20.0)]
    assert [(row["entry"], row["quantity"]) for row in lots.rows() if row["closed"] is None] == [(12.0, 30.0)]


def test_the_least_gain_of_a_short_is_the_lowest_price_sold_at() -> None:
    lots = tax_lots(run([-100, 0, -50, 0, 60, 0, 0]), "a", "least_gain")
    closed = [(row["entry"], row["quantity"]) for row in lots.rows() if row["closed"] is not None]
    assert closed == [(10.0, -60.0)]


def test_a_turn_closes_all_and_opens_a_lot_of_the_other_side() -> None:
    rows = list(tax_lots(run([100, 0, -150, 0, 0, 0, 0]), "a").rows())
    assert [(row["quantity"], row["closed"] is None) for row in rows] == [(100.0, False), (-50.0, True)]


def test_a_split_restates_what_is_open() -> None:
    splits = np.array([[1.0], [1.0], [2.0], [1.0], [1.0], [1.0], [1.0]])
    prices = [[10.0, 10.0, 5.0, 5.0, 6.0, 6.0, 6.0]]
    lots = tax_lots(run([100, 0, 0, -200, 0, 0, 0], prices, splits=splits), "a")
    only = next(iter(lots.rows()))
    assert (only["quantity"], only["entry"], only["exit"]) == (200.0, 5.0, 6.0)


def test_days_decide_what_was_held_long() -> None:
    tape = {"days": [0, 1, 100, 200, 300, 400, 500]}
    lots = tax_lots(run([100, 0, -30, 0, 0, -70, 0], **tape), "a")
    assert (lots.counts["short_gains"], lots.counts["long_gains"]) == (1, 1)
    assert lots.sums["long_gains"] == pytest.approx(70 * (20.0 - 10.0) - 0.01 * 70 * 30.0)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(-60, 60), min_size=7, max_size=7))
def test_gains_and_what_is_open_add_up_to_the_same_under_every_method(quantities: list[int]) -> None:
    result = run(quantities)
    change = float(result.equity("a")[-1] - 1_000_000.0)
    for method in ("fifo", "lifo", "least_gain"):
        lots = tax_lots(result, "a", method)
        rows = list(lots.rows())
        realised = sum(row["gain"] for row in rows if row["gain"] is not None)
        open_ = sum(row["quantity"] * (20.0 - row["entry"]) - row["commission"] for row in rows if row["gain"] is None)
        assert realised + open_ == pytest.approx(change, abs=1e-6)


def test_a_lot_in_another_currency_gains_with_its_rate() -> None:
    """Bought at 10 with rates of 1 and 1.5, sold at 10 with 2: what the price did not gain, the rate did."""
    rate = [1.0, 1.0, 1.0, 1.5, 1.5, 2.0, 2.0]
    prices = [[10.0] * 7, rate]
    instruments = {"fx_slot": [1, -1]}
    orders = np.zeros((7, 2))
    orders[0, 0], orders[3, 0], orders[4, 0] = 100.0, 40.0, -60.0
    result = run(orders, prices, instruments=instruments)
    change = float(result.equity("a")[-1] - 1_000_000.0)
    for method, entries in (("fifo", [(60.0, 1.0)]), ("lifo", [(40.0, 1.5), (20.0, 1.0)])):
        lots = tax_lots(result, "a", method)
        closed = lots.records[lots.records["closed"] >= 0]
        gains = [quantity * 10.0 * (2.0 - bought) for quantity, bought in entries]
        assert (closed["gain"] + closed["commission"]).tolist() == pytest.approx(gains)
        rest = lots.records[lots.records["closed"] < 0]
        open_ = (rest["quantity"] * 10.0 * (2.0 - rest["rate"]) - rest["commission"]).sum()
        assert closed["gain"].sum() + open_ == pytest.approx(change, abs=1e-6)


def test_what_cannot_be_told_is_refused() -> None:
    with pytest.raises(ConfigError, match="fifo, lifo, least_gain"):
        tax_lots(run(QUANTITIES), "a", "fifi")
    with pytest.raises(ConfigError, match="journal"):
        tax_lots(run(QUANTITIES, level="summary"), "a")
