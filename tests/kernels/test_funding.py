"""What a lane can pay for: reductions pass, openings share one factor, proceeds of shorts are collateral."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

from polyfolio.core.codes import Reason
from polyfolio.kernels.funding import opening_part, scaled
from tests.kernels.cost_tools import both
from tests.kernels.tapes import account, bars_tape, engine_for, fills, flat_tape, refusals, weights

NAN = float("nan")


@pytest.mark.parametrize(
    ("held", "quantity", "part"),
    [
        (0.0, 5.0, 5.0),
        (10.0, 5.0, 5.0),
        (10.0, -4.0, 0.0),
        (10.0, -10.0, 0.0),
        (10.0, -25.0, -15.0),
        (-10.0, 4.0, 0.0),
        (-10.0, 25.0, 15.0),
        (-10.0, -1.0, -1.0),
    ],
)
def test_the_opening_part_moves_a_position_away_from_zero(held: float, quantity: float, part: float) -> None:
    assert both(opening_part)(held, quantity) == part
    assert both(scaled)(held, quantity, 0.5) == quantity - 0.5 * part


def gapping(opens: list[float], weight: list[list[float]], **sections: Any) -> Any:
    """Weights decided at 100 that fill where the opens have gone."""
    bars = [[(100.0,) * 4, (price,) * 4, (price,) * 4] for price in opens]
    return engine_for(bars_tape(bars), weight, **weights(account={"initial_capital": 10_000.0}, **sections))


@pytest.mark.pitfall("ACC-10")
@pytest.mark.pitfall("ACC-04")
def test_buys_that_no_longer_fit_are_cut_by_one_factor_with_a_reason() -> None:
    engine = gapping([110.0, 130.0], [[0.5, 0.5], [NAN, NAN], [NAN, NAN]]).run()
    # 50 units each wanted at 100; 50 * 110 + 50 * 130 = 12,000 for 10,000
    factor = 10_000.0 / 12_000.0
    assert [(row, slot, price) for row, slot, _, price in fills(engine)] == [(1, 0, 110.0), (1, 1, 130.0)]
    assert [quantity for _, _, quantity, _ in fills(engine)] == pytest.approx([50 * factor] * 2, rel=1e-8)
    assert (1, 0, Reason.BUYING_POWER) in refusals(engine)
    assert (1, 1, Reason.BUYING_POWER) in refusals(engine)
    assert 0.0 <= account(engine)["cash"] <= 1e-5


@pytest.mark.pitfall("ACC-10")
def test_the_order_of_slots_changes_nothing() -> None:
    opens, wanted, results = [110.0, 130.0, 104.0], [0.5, 0.3, 0.2], []
    commission = {"model": "fixed_percentage", "fixed_fee": 2.0, "percentage_fee": 0.003}
    for order in itertools.permutations(range(3)):
        bars = [[(100.0,) * 4, (opens[i],) * 4, (opens[i],) * 4] for i in order]
        tape = bars_tape(bars, symbols=["ABC"[i] for i in order])
        engine = engine_for(
            tape,
            [wanted[i] for i in order],
            **weights(
                account={"initial_capital": 10_000.0},
                execution={"commission": commission, "market_impact": {"participation_rate_limit": None}},
            ),
        ).run()
        quantity = {order[i]: engine.book.quantity[0, i] for i in range(3)}
        results.append([quantity[i] for i in range(3)] + [float(account(engine)["cash"])])
    np.testing.assert_allclose(results, [results[0]] * 6, rtol=1e-9, atol=1e-5)


@pytest.mark.pitfall("CSH-01")
def test_sells_pay_for_the_buys_of_the_same_moment() -> None:
    tape = flat_tape([[100.0] * 4, [50.0] * 4])
    engine = engine_for(tape, [[0.0, 1.0], [1.0, 0.0], [NAN, NAN], [NAN, NAN]], **weights()).run()
    assert sorted(fills(engine)[1:]) == [(2, 0, 10_000.0, 100.0), (2, 1, -20_000.0, 50.0)]
    assert refusals(engine) == []


@pytest.mark.pitfall("CSH-01")
@pytest.mark.pitfall("ACC-04")
def test_cash_from_a_later_phase_pays_for_nothing_earlier() -> None:
    bars = [[(100.0,) * 4] * 2 + [(100.0, 100.0, 90.0, 92.0), (92.0,) * 4], [(50.0,) * 4] * 4]
    lane = weights(exits={"stop_loss": 0.05, "bar_until": "never"}, program=["size", "filter"])
    signals = [[1.0, 0.0], [NAN, 1.0], [NAN, NAN], [NAN, NAN]]
    engine = engine_for(bars_tape(bars), signals, **lane).run()
    assert fills(engine) == [(1, 0, 10_000.0, 100.0), (2, 0, -10_000.0, 95.0)]
    assert (2, 1, Reason.BUYING_POWER) in refusals(engine)


@pytest.mark.pitfall("ACC-05")
def test_an_unaffordable_buy_changes_nothing_about_the_sells_beside_it() -> None:
    commission = {"model": "percentage", "percentage_fee": 0.01}
    execution = {"commission": commission, "market_impact": {"participation_rate_limit": None}}
    bars = [[(100.0,) * 4] * 4, [(100.0,) * 4, (100.0,) * 4, (900.0,) * 4, (900.0,) * 4]]
    engine = engine_for(
        bars_tape(bars), [[0.5, 0.0], [0.3, 0.7], [NAN, NAN], [NAN, NAN]], **weights(execution=execution)
    ).run()
    sell = engine.journal.fills[engine.journal.fills["quantity"] < 0.0]
    assert len(sell) == 1
    assert sell["commission"][0] == pytest.approx(-sell["quantity"][0] * 100.0 * 0.01, rel=1e-13)
    assert account(engine)["cash"] >= 0.0


@pytest.mark.pitfall("CSH-02")
def test_proceeds_of_a_short_are_collateral_and_not_spending_money() -> None:
    tape = flat_tape([[10.0] * 5, [10.0] * 5])
    lane = {
        "sizing": {"method": "orders", "allow_short": True},
        "account": {"initial_capital": 1000.0},
        "execution": {"market_impact": {"participation_rate_limit": None}},
    }
    engine = engine_for(tape, [[-100.0, 0.0], [0.0, 200.0], [0, 0], [0, 0], [0, 0]], **lane).run()
    assert fills(engine) == [(1, 0, -100.0, 10.0)]
    assert (2, 1, Reason.BUYING_POWER) in refusals(engine)
    assert account(engine)["cash"] == 2000.0
    assert max(engine.journal.marks["gross"]) == 1000.0
    lane["limits"] = {"max_leverage": 2.0}
    engine = engine_for(tape, [[-100.0, 0.0], [0.0, 200.0], [0, 0], [0, 0], [0, 0]], **lane).run()
    assert fills(engine)[1][2] == pytest.approx(100.0, rel=1e-8)


@pytest.mark.pitfall("ACC-16")
def test_nothing_is_sold_that_is_not_there_where_shorts_are_off() -> None:
    tape = flat_tape([[10.0] * 5])
    engine = engine_for(tape, [[-0.5], [0.5], [-1.0], [0.0], [0.0]], sizing={"method": "weights"}).run()
    assert (engine.journal.fills["quantity"].cumsum() >= 0.0).all()
    assert fills(engine) == [(2, 0, 50_000.0, 10.0), (3, 0, -50_000.0, 10.0)]


@pytest.mark.pitfall("ACC-16")
def test_orders_do_not_sell_short_where_shorts_are_off() -> None:
    lane = {"sizing": {"method": "orders"}, "account": {"initial_capital": 1000.0}}
    engine = engine_for(flat_tape([[10.0] * 4]), [[5.0], [-8.0], [0.0], [0.0]], **lane).run()
    assert engine.book.quantity[0, 0] == 0.0


@pytest.mark.pitfall("DAT-01")
@pytest.mark.parametrize("fill", ["next_open", "next_close"])
def test_a_held_name_without_a_price_stops_no_other_name(fill: str) -> None:
    tape = flat_tape([[100.0] * 5, [50.0] * 5], missing=[(2, 0)])
    lane = weights(execution={"fill": fill})
    engine = engine_for(tape, [[0.5, 0.0]] + [[0.5, 0.5]] * 4, **lane).run()
    assert fills(engine) == [(1, 0, 5000.0, 100.0), (2, 1, 10_000.0, 50.0)]


@pytest.mark.pitfall("DAT-01")
@pytest.mark.parametrize("fill", ["next_open", "next_close"])
def test_a_held_name_without_a_price_sells_no_other_name_when_sizing_at_the_fill(fill: str) -> None:
    tape = flat_tape([[100.0] * 5, [50.0] * 5], missing=[(2, 0)])
    engine = engine_for(tape, [0.5, 0.5], **weights(execution={"fill": fill, "sizing": "fill"})).run()
    assert fills(engine) == [(1, 0, 5000.0, 100.0), (1, 1, 10_000.0, 50.0)]


@pytest.mark.pitfall("ACC-04")
def test_cash_is_enough_where_earlier_fills_have_pushed_the_price() -> None:
    closes = [100.0 * (1.01 if t % 2 else 0.99) for t in range(40)]
    signals = np.zeros((40, 1))
    signals[25], signals[26:] = 0.5, 1.0
    impact = {"model": "linear", "permanent_impact": 5.0, "propagate": True, "participation_rate_limit": None}
    engine = engine_for(
        flat_tape([closes], volume=1e4), signals, **weights(execution={"fill": "same_close", "market_impact": impact})
    ).run(27)
    assert account(engine)["cash"] >= -1e-9 * account(engine)["equity"]


@pytest.mark.pitfall("ACC-04")
def test_cash_is_enough_where_impact_goes_by_the_execution_bar() -> None:
    closes = [100.0 * (1.01 if t % 2 else 0.99) for t in range(40)]
    volume = np.full((40, 1), 1e5)
    volume[31:] = 2e4
    signals = np.zeros((40, 1))
    signals[30:] = 1.0
    impact = {"model": "linear", "temporary_impact": 0.2, "participation_base": "bar", "participation_rate_limit": None}
    engine = engine_for(
        flat_tape([closes], volume=volume), signals, **weights(execution={"market_impact": impact})
    ).run(32)
    assert account(engine)["cash"] >= -1e-9 * account(engine)["equity"]
