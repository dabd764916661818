from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.core.records import MARK
from polyfolio.errors import ConfigError, DataError
from polyfolio.kernels.measures.cards import cards
from polyfolio.kernels.measures.trades import TRADE
from polyfolio.report.metrics import (
    Activity,
    Benchmark,
    Convention,
    metrics_from_equity,
    metrics_from_marks,
    metrics_from_returns,
)
from tests.kernels.measures.tools import series
from tests.report.reference import reference

DAYS = np.datetime64("2024-01-01") + np.arange(2000)


def of(returns, **settings):
    returns = np.asarray(returns, dtype=float)
    return metrics_from_returns(returns, DAYS[: returns.size + 1], Convention(periods_per_year=252.0, **settings))


@pytest.mark.pitfall("MET-05")
def test_n_measured_on_the_reference_series_is_printed_beside_every_annualised_number():
    found = reference(n_year=None)
    assert found["sharpe"] == pytest.approx(0.248377, abs=5e-7)
    assert found.periods_per_year == pytest.approx(260.99, abs=5e-3)
    for name, card in cards().items():
        assert ("N = 260.991, returns / elapsed years" in found.describe(name)) == bool(card.annualised)
    assert found.describe("cagr").startswith("cagr 0.0301823 (Y = 2.89665; N = ")
    assert reference(n_year=365.0)["sharpe"] == pytest.approx(0.293728, abs=5e-7)


def test_a_card_says_what_annualises_its_number():
    returns, benchmark, times = series("f1")
    bars, closed = np.abs(np.stack([returns + 1] * 4)), np.ones(3, dtype=TRADE)

    def run(n_year, stretch):
        stretched = times[0] + (times - times[0]) * stretch
        against = Benchmark(benchmark, stretched[1:])
        return metrics_from_returns(
            returns, stretched, Convention(periods_per_year=n_year), against, Activity(bars, closed)
        )

    base, more, longer = run(252.0, 1), run(300.0, 1), run(252.0, 2)
    by_n = {name for name in base if name not in base.reasons and base[name] != more[name]}
    by_y = {name for name in base if name not in base.reasons and base[name] != longer[name]}
    assert by_n == {name for name, card in cards().items() if card.annualised == "N"}
    assert by_y == {name for name, card in cards().items() if card.annualised == "Y"}


DEGENERATE = {
    "no returns": [],
    "one return": [0.01],
    "two equal returns": [0.01, 0.01],
    "all zero": [0.0] * 80,
    "constant": [0.001] * 80,
    "all gains": [0.001, 0.002] * 40,
    "all losses": [-0.001, -0.002] * 40,
    "ruined": [0.1, -1.0, 0.5],
    "in debt": [0.1, -1.4, 0.5],
}


@pytest.mark.pitfall("MET-14")
@pytest.mark.parametrize("library", ["polyfolio", "quantstats", "empyrical", "ffn", "lean", "qlib", "backtesting"])
@pytest.mark.parametrize("case", DEGENERATE)
def test_an_undefined_number_is_nan_with_a_reason_and_never_infinite(case, library):
    returns = np.array(DEGENERATE[case])
    times = DAYS[: returns.size + 1]
    found = metrics_from_returns(
        returns,
        times,
        Convention(library),
        Benchmark(np.zeros(returns.size), times[1:]),
        Activity(np.zeros((4, 0)), np.zeros(0, dtype=TRADE)),
    )
    assert list(found) == list(cards())
    for name, value in found.items():
        assert not math.isinf(value), name
        assert (name in found.reasons) == math.isnan(value), name
        if math.isnan(value):
            assert found.reasons[name]
            assert found.reasons[name] in found.describe(name)


@pytest.mark.pitfall("MET-14")
def test_what_is_undefined_and_what_is_zero():
    flat = of([0.0] * 80)
    for name in ("sharpe", "sortino", "calmar", "omega", "upi", "skew", "psr", "stability", "positive_period_rate"):
        assert math.isnan(flat[name]), name
    for name in ("total_return", "max_drawdown", "annual_volatility", "value_at_risk", "longest_drawdown"):
        assert flat[name] == 0.0, name
        assert not flat.describe(name).startswith(f"{name} -"), name
    up = of([0.01, 0.02] * 40)
    assert math.isnan(up["sortino"])
    assert math.isnan(up["calmar"])
    assert "no drawdown" in up.reasons["calmar"]
    assert "no return lies below mar" in up.reasons["sortino"]


@pytest.mark.pitfall("CSH-04")
def test_a_ruined_account_has_its_loss_and_its_drawdown_and_no_ratio():
    found = metrics_from_equity([100.0, 150.0, -20.0, -20.0], DAYS[:4])
    assert found["total_return"] == pytest.approx(-1.2, rel=1e-13)
    assert found["max_drawdown"] == pytest.approx(-170 / 150, rel=1e-13)
    assert math.isnan(found["sharpe"])
    assert "ruined" in found.reasons["sharpe"]
    assert "ruined" in found.reasons["cagr"]
    same = metrics_from_returns([0.5, -1 - 20 / 150, 7.0], DAYS[:4])
    assert same["total_return"] == pytest.approx(-1.2, rel=1e-13)


def test_the_callers_arrays_are_left_alone():
    returns = np.array([0.5, -1.0, 7.0])
    metrics_from_returns(returns, DAYS[:4])
    assert returns.tolist() == [0.5, -1.0, 7.0]
    returns.setflags(write=False)
    metrics_from_returns(returns, DAYS[:4])


@pytest.mark.pitfall("MET-08")
def test_large_returns_compound():
    found = of([1.0, -0.5, 1.0, -0.5])
    assert found["total_return"] == 0.0
    assert found["max_drawdown"] == -0.5
    assert found["cagr"] == 0.0
    assert found["annual_mean"] == 63.0
    added = metrics_from_returns([1.0, -0.5, 1.0, -0.5], DAYS[:5], Convention("qlib"))
    assert added["cagr"] == pytest.approx(0.25 * 238, rel=1e-14)
    assert added["max_drawdown"] == -0.5


@pytest.mark.pitfall("MET-11")
def test_prices_given_as_returns_are_not_guessed_to_be_prices():
    prices = [100.0, 101.0, 99.0]
    assert of(prices)["total_return"] == pytest.approx(101 * 102 * 100 - 1, rel=1e-13)
    assert metrics_from_equity(prices, DAYS[:3])["total_return"] == pytest.approx(-0.01, rel=1e-12)
    assert metrics_from_equity(prices, DAYS[:3])["max_drawdown"] == pytest.approx(99 / 101 - 1, rel=1e-13)


@pytest.mark.pitfall("MET-12")
@given(st.lists(st.floats(-0.2, 0.2), min_size=70, max_size=90), st.sampled_from([10.0, 0.01, 1e6]))
def test_ten_times_the_capital_has_the_same_numbers(returns, scale):
    # A return of rounding size has no sign that a scaled account would share.
    returns = np.where(np.abs(returns) < 1e-9, 0.0, returns)
    equity = 1000.0 * np.cumprod(np.concatenate([[1.0], 1 + returns]))
    times = DAYS[: equity.size]
    one, ten = metrics_from_equity(equity, times), metrics_from_equity(equity * scale, times)
    assert one.reasons == ten.reasons
    compared = {name: value for name, value in one.items() if name not in one.reasons and name != "min_track_record"}
    found = {name: ten[name] for name in compared}
    assert found == pytest.approx(compared, rel=1e-6, abs=1e-9)


def test_flows_are_no_return():
    without = metrics_from_equity([100.0, 110.0, 99.0], DAYS[:3])
    with_flows = metrics_from_equity([100.0, 220.0, 153.0], DAYS[:3], flows=[0.0, 100.0, -50.0])
    for name in ("total_return", "max_drawdown", "mean_return"):
        assert with_flows[name] == pytest.approx(without[name], rel=1e-13)


def test_the_benchmark_is_joined_on_common_stamps_and_the_count_is_shown():
    returns, benchmark, times = series("f1")
    rng = np.random.default_rng(1)
    keep = np.flatnonzero(rng.random(756) < 0.6)
    extra = np.concatenate([times[1:][keep], times[-1:] + 1])
    found = metrics_from_returns(
        returns, times, Convention(periods_per_year=252.0), Benchmark(np.append(benchmark[keep], 0.5), extra)
    )
    assert found.common == keep.size
    assert found.sample == 756
    own, other = returns[keep], benchmark[keep]
    assert found["beta"] == pytest.approx(np.cov(own, other)[0, 1] / np.var(other, ddof=1), rel=1e-12)


def test_a_yearly_rate_comes_off_each_period_and_a_series_of_rates_too():
    rate = 1.03 ** (1 / 252) - 1
    returns, _, _ = series("f1")
    expected = (returns.mean() - rate) / returns.std(ddof=1) * math.sqrt(252)
    assert reference(risk_free=0.03)["sharpe"] == pytest.approx(expected, rel=1e-12)
    assert reference(risk_free=np.full(756, 0.03))["sharpe"] == pytest.approx(expected, rel=1e-12)
    unknown = metrics_from_returns(returns[:9].copy(), DAYS[:10], Convention(risk_free=0.03))
    assert "N is unknown" in unknown.reasons["kelly_continuous"]
    assert "N is unknown" in unknown.reasons["sharpe"]
    assert not math.isnan(unknown["cagr"])


def test_a_journals_marks_give_the_numbers_of_their_lane():
    marks = np.zeros(8, dtype=MARK)
    marks["row"] = [0, 0, 1, 1, 2, 2, 3, 3]
    marks["lane"] = [0, 1] * 4
    marks["equity"] = [1.0, 100.0, 1.0, 110.0, 1.0, 144.0, 1.0, 144.0]
    marks["flows"] = [0.0, 0.0, 0.0, 0.0, 0.0, 50.0, 0.0, 0.0]
    marks["gross"] = [0.0, 0.0, 0.0, 55.0, 0.0, 144.0, 0.0, 0.0]
    marks["net"] = -marks["gross"]
    marks["turnover"] = [0.0, 0.0, 0.0, 0.5, 0.0, 0.1, 0.0, 0.6]
    closed = np.zeros(1, dtype=TRADE)
    closed["profit"], closed["entry_notional"] = 7.0, 100.0
    found = metrics_from_marks(marks, DAYS[:10], Convention(periods_per_year=365.0), closed=closed, lane=1)
    assert found.sample == 3
    assert found["total_return"] == pytest.approx(-0.01, rel=1e-12)
    assert found["exposure_gross"] == 0.5
    assert found["exposure_net"] == -0.5
    assert found["time_in_market"] == pytest.approx(2 / 3)
    assert found["annual_turnover"] == pytest.approx(0.4 * 365)
    assert (found["win_rate"], found["expectancy"]) == (1.0, 7.0)
    with pytest.raises(DataError, match="lane"):
        metrics_from_marks(marks, DAYS[:10], lane=2)


def test_what_was_not_given_is_said():
    found = of([0.01, -0.01])
    assert found.reasons["beta"] == "no benchmark was given"
    assert found.reasons["turnover"] == "no exposures were given"
    assert found.reasons["win_rate"] == "no fills were given"


def test_a_record_holds_plain_values_for_a_file():
    record = json.loads(json.dumps(of([0.01, -0.01]).record(), allow_nan=False))
    assert record["metrics"]["beta"] is None
    assert record["reasons"]["beta"]
    assert (record["periods_per_year"], record["periods_per_year_source"]) == (252.0, "given")
    assert len(record["definitions"]) == 16


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: of([0.01, math.nan]), "returns[1]"),
        (lambda: of([0.01, math.inf]), "returns[1]"),
        (lambda: metrics_from_returns([[0.01]], DAYS[:2]), "returns"),
        (lambda: metrics_from_returns([0.01], DAYS[:3]), "times"),
        (lambda: metrics_from_returns([0.01], DAYS[:2][::-1]), "times[1]"),
        (lambda: metrics_from_equity([0.0, 1.0], DAYS[:2]), "equity"),
        (lambda: metrics_from_equity([], DAYS[:0]), "equity"),
        (lambda: metrics_from_equity([1.0, 1.0], DAYS[:2], flows=[0.0]), "flows"),
        (lambda: of([0.01, 0.02], risk_free=np.array([0.1, 0.1, 0.1])), "risk_free"),
        (lambda: metrics_from_returns([0.01], DAYS[:2], benchmark=Benchmark([0.1], DAYS[:2])), "benchmark times"),
        (lambda: metrics_from_returns([0.01], DAYS[:2], activity=Activity(np.zeros((3, 1)))), "bars"),
    ],
)
def test_bad_data_are_refused_with_their_place(call, field):
    with pytest.raises(DataError) as caught:
        call()
    assert caught.value.field == field


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"name": "quantstat"}, "convention"),
        ({"confidence": 95.0}, "confidence"),
        ({"periods_per_year": 0.0}, "periods_per_year"),
        ({"periods_per_year": math.nan}, "periods_per_year"),
        ({"risk_free": -1.5}, "risk_free"),
    ],
)
def test_a_convention_that_cannot_be_met_is_refused(settings, field):
    with pytest.raises(ConfigError) as caught:
        Convention(**settings)
    assert caught.value.field == field
