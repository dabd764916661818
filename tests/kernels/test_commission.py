"""Commission: every model against values worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.core.codes import Commission, TierMode, VolumeBasis, VolumeUnit
from polyfolio.kernels import commission as kernels
from tests.kernels.cost_tools import THREE_TIERS, both, rules, tiers

commission = both(kernels.commission)
commission_of_fill = both(kernels.commission_of_fill)
marginal_rate = both(kernels.marginal_rate)
traded_volume = both(kernels.traded_volume)

MARGINAL = rules(commission_model=Commission.TIERED, tier_mode=TierMode.MARGINAL)
BRACKET = rules(commission_model=Commission.TIERED, tier_mode=TierMode.BRACKET)
CUMULATIVE = rules(commission_model=Commission.TIERED, volume_basis=VolumeBasis.CUMULATIVE)
CUMULATIVE_BRACKET = rules(
    commission_model=Commission.TIERED, tier_mode=TierMode.BRACKET, volume_basis=VolumeBasis.CUMULATIVE
)
NOTIONAL = rules(commission_model=Commission.TIERED, volume_unit=VolumeUnit.NOTIONAL)
PERCENTAGE = rules(commission_model=Commission.PERCENTAGE, percentage_fee=0.001)
SCHEDULES = {
    "fixed": rules(commission_model=Commission.FIXED, fixed_fee=1.5),
    "percentage": PERCENTAGE,
    "fixed_percentage": rules(commission_model=Commission.FIXED_PERCENTAGE, fixed_fee=1.5, percentage_fee=0.001),
    "per_unit": rules(commission_model=Commission.PER_UNIT, per_unit_fee=0.005, min_fee=1.0),
    "marginal": MARGINAL,
    "bracket": BRACKET,
    "cumulative": CUMULATIVE,
    "cumulative_bracket": CUMULATIVE_BRACKET,
    "notional": NOTIONAL,
    "capped": rules(commission_model=Commission.PERCENTAGE, percentage_fee=0.001, min_fee=1.0, max_fee=20.0),
    "rebate": rules(commission_model=Commission.PERCENTAGE, percentage_fee=-0.0001, min_fee=1.0, max_fee=20.0),
}


def fee(quantity: float, schedule: object, price: float = 100.0, unit: float = 1.0, before: float = 0.0) -> float:
    return commission(float(quantity), price, unit, schedule, THREE_TIERS, before)


@pytest.mark.parametrize(
    ("shares", "marginal", "bracket"),
    [
        (999, 99.90, 99.90),
        (1_000, 100.00, 80.00),
        (1_001, 100.08, 80.08),
        (9_999, 819.92, 799.92),
        (10_000, 820.00, 500.00),
        (12_500, 945.00, 625.00),
    ],
)
def test_tiers_charge_each_slice_its_own_rate_or_the_whole_order_one(shares, marginal, bracket):
    assert fee(shares, MARGINAL) == pytest.approx(marginal, rel=1e-13)
    assert fee(-shares, MARGINAL) == fee(shares, MARGINAL)
    assert fee(shares, BRACKET) == pytest.approx(bracket, rel=1e-13)


@pytest.mark.parametrize(
    ("schedule", "total"), [(MARGINAL, 1100.0), (BRACKET, 1000.0), (CUMULATIVE, 945.0), (CUMULATIVE_BRACKET, 975.0)]
)
def test_five_orders_add_up_by_the_volume_basis(schedule, total):
    paid = sum(fee(2500, schedule, before=2500.0 * k) for k in range(5))
    assert paid == pytest.approx(total, rel=1e-13)


def test_tiers_of_notional_count_money():
    # 30 units at 100 are 3,000: 1,000 at 10 bp and 2,000 at 8 bp.
    assert fee(30, NOTIONAL) == pytest.approx(1.0 + 1.6, rel=1e-13)
    assert fee(30, NOTIONAL, unit=5.0) == pytest.approx(1.0 + 7.2 + 2.5, rel=1e-13)
    assert traded_volume(-30.0, 100.0, 5.0, NOTIONAL) == 15_000.0
    assert traded_volume(-30.0, 100.0, 5.0, MARGINAL) == 30.0


@pytest.mark.pitfall("ACC-02")
@given(
    st.floats(-1e6, 1e6).filter(lambda q: abs(q) > 1e-6),
    st.floats(0.01, 1e5),
    st.floats(0.001, 1e3),
    st.floats(0, 0.05),
)
def test_a_percentage_fee_is_rate_times_notional(quantity, price, unit, rate):
    schedule = rules(commission_model=Commission.PERCENTAGE, percentage_fee=rate)
    assert fee(quantity, schedule, price, unit) == pytest.approx(rate * abs(quantity) * price * unit, rel=1e-12)


@pytest.mark.pitfall("ACC-12")
@pytest.mark.parametrize("name", SCHEDULES)
def test_a_round_trip_at_one_price_costs_exactly_both_sides(name):
    entry, leave = fee(1234, SCHEDULES[name]), fee(-1234, SCHEDULES[name])
    assert entry == leave != 0.0


@pytest.mark.pitfall("ACC-13")
@pytest.mark.parametrize(
    ("shares", "rate", "lowest", "highest", "expected"),
    [
        (1, 0.001, 1.0, 20.0, 1.0),  # 0.10 is raised to the minimum
        (100, 0.001, 1.0, 20.0, 10.0),
        (1_000, 0.001, 1.0, 20.0, 20.0),  # 100 is cut to the maximum
        (100, 0.0, 1.0, 20.0, 1.0),  # a fee of nothing is not a rebate
        (100, -0.0001, 1.0, 20.0, -1.0),  # a rebate keeps sign and size
        (100_000, -0.0001, 1.0, 20.0, -1000.0),
        (1, 0.001, 5.0, 2.0, 2.0),  # where they contradict the maximum wins
        (100, 0.001, 0.0, np.inf, 10.0),
    ],
)
def test_minimum_and_maximum_bound_fees_and_leave_rebates(shares, rate, lowest, highest, expected):
    schedule = rules(commission_model=Commission.PERCENTAGE, percentage_fee=rate, min_fee=lowest, max_fee=highest)
    assert fee(shares, schedule) == pytest.approx(expected, rel=1e-13)
    assert fee(-shares, schedule) == fee(shares, schedule)


def test_each_model_reads_only_its_own_keys():
    keys = {"fixed_fee": 2.0, "percentage_fee": 0.001, "per_unit_fee": 0.01}
    expected = {
        Commission.NONE: 0.0,
        Commission.FIXED: 2.0,
        Commission.PERCENTAGE: 5.0,
        Commission.FIXED_PERCENTAGE: 7.0,
        Commission.PER_UNIT: 0.5,
        Commission.TIERED: 5.0,
    }
    for model, value in expected.items():
        assert fee(50, rules(commission_model=model, **keys)) == pytest.approx(value, rel=1e-13)


def test_nothing_traded_costs_nothing_whatever_the_minimum():
    for schedule in SCHEDULES.values():
        assert fee(0.0, schedule) == 0.0
    assert fee(10, rules(commission_model=Commission.NONE, min_fee=3.0)) == 0.0


def test_money_per_share_with_a_minimum_gives_the_examples_of_the_broker_that_charges_so():
    schedule = rules(commission_model=Commission.PER_UNIT, per_unit_fee=0.005, min_fee=1.0)
    assert fee(100, schedule, price=25.0) == 1.0
    assert fee(1000, schedule, price=25.0) == 5.0


@pytest.mark.parametrize("name", SCHEDULES)
@given(parts=st.lists(st.integers(1, 6000), min_size=1, max_size=5), side=st.sampled_from([1.0, -1.0]))
def test_the_fills_of_an_order_pay_together_what_the_order_pays_whole(name, parts, side):
    schedule, earlier = SCHEDULES[name], 700.0
    filled, volume, paid = 0.0, earlier, 0.0
    for part in parts:
        quantity = side * part
        paid += commission_of_fill(filled, quantity, 100.0, 1.0, schedule, THREE_TIERS, volume)
        filled += quantity
        volume += traded_volume(quantity, 100.0, 1.0, schedule)
    assert paid == pytest.approx(fee(side * sum(parts), schedule, before=earlier), rel=1e-11)


def test_a_fixed_fee_is_paid_by_the_first_fill_only():
    fixed = SCHEDULES["fixed"]
    assert commission_of_fill(0.0, 5.0, 100.0, 1.0, fixed, THREE_TIERS, 0.0) == 1.5
    assert commission_of_fill(5.0, 5.0, 100.0, 1.0, fixed, THREE_TIERS, 5.0) == 0.0
    assert commission_of_fill(5.0, 0.0, 100.0, 1.0, fixed, THREE_TIERS, 5.0) == 0.0


def test_a_fill_after_the_period_began_anew_counts_from_zero():
    # 4,000 were filled in the old period; the new one has seen 0: 1,000 at 10 bp and 500 at 8 bp.
    paid = commission_of_fill(4000.0, 1500.0, 100.0, 1.0, CUMULATIVE, THREE_TIERS, 0.0)
    assert paid == pytest.approx(100.0 + 40.0, rel=1e-13)


def test_marginal_fees_rise_with_size_and_bracket_fees_step_down():
    sizes = [1.0, 500.0, 999.0, 1000.0, 1001.0, 9999.0, 10_000.0, 10_001.0]
    fees = [fee(size, MARGINAL) for size in sizes]
    assert fees == sorted(fees)
    assert fee(1000, BRACKET) < fee(999, BRACKET)


@pytest.mark.parametrize("name", ["percentage", "fixed_percentage", "per_unit", "marginal", "cumulative", "notional"])
@pytest.mark.parametrize("shares", [20.5, 500.0, 5000.0, 20_000.0])
def test_the_marginal_rate_is_the_slope_of_the_fee(name, shares):
    schedule, step = SCHEDULES[name], 1e-3
    rise = fee(shares + step, schedule) - fee(shares - step, schedule)
    slope = rise / (2 * step * 100.0)
    assert marginal_rate(shares, 100.0, 1.0, schedule, THREE_TIERS, 0.0) == pytest.approx(slope, rel=1e-6, abs=1e-12)


def test_the_marginal_rate_is_zero_where_the_fee_is_bounded_or_fixed():
    for name, shares in [("capped", 1.0), ("capped", 1e4), ("per_unit", 10.0), ("fixed", 10.0)]:
        assert marginal_rate(shares, 100.0, 1.0, SCHEDULES[name], THREE_TIERS, 0.0) == 0.0
    assert marginal_rate(100.0, 100.0, 1.0, SCHEDULES["capped"], THREE_TIERS, 0.0) == 0.001
    assert marginal_rate(100.0, 100.0, 1.0, SCHEDULES["rebate"], THREE_TIERS, 0.0) == -0.0001
    assert marginal_rate(100.0, 100.0, 1.0, CUMULATIVE_BRACKET, THREE_TIERS, 10_000.0) == 0.0005


def test_tiers_may_pay_rebates():
    maker = tiers((0.0, 1000.0, 0.0002), (1000.0, np.inf, -0.0001))
    paid = commission(3000.0, 100.0, 1.0, MARGINAL, maker, 0.0)
    assert paid == pytest.approx(20.0 - 20.0, abs=1e-12)
    assert commission(6000.0, 100.0, 1.0, MARGINAL, maker, 0.0) == pytest.approx(20.0 - 50.0, rel=1e-13)
