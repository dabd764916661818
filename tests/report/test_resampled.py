"""Measures against the report's own, comparisons on series whose truth is known, Holm's correction by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from polyfolio.report import resampled as statistics
from polyfolio.report.bootstrap import Blocks
from polyfolio.report.metrics import Benchmark, Convention, metrics_from_returns
from polyfolio.report.resampled import Field, Year

DAY = 86_400_000_000_000
FLAT = Year(1.0, 250.0)


def noise(seed: int, n: int = 250, drift: float = 0.0) -> np.ndarray:
    return np.random.default_rng(seed).standard_t(4, n) * 0.008 + drift


def field(name: str, *members: np.ndarray, single: bool = False) -> Field:
    return Field(name, np.stack(members), single)


def judged(policy: Field, baseline: Field, draws: int = 400, seed: int = 0) -> dict[str, statistics.Comparison]:
    fields = [policy, baseline]
    drawn = statistics.resample(fields, statistics.blocks_for(fields, draws, seed), FLAT)
    found = {each.name: statistics.value(each, FLAT) for each in fields}
    return {pair.measure: pair for pair in statistics.compare([policy.name], [baseline.name], found, drawn)}


@pytest.mark.pitfall("MET-15")
def test_every_measure_is_the_one_of_the_report() -> None:
    returns, index = noise(1, drift=0.0006), noise(2)
    times = np.arange(251) * DAY
    report = metrics_from_returns(returns, times, Convention(periods_per_year=250.0), Benchmark(index, times[1:]))
    year = Year(250 / 365.25, 250.0, index)
    found = statistics.value(field("p", returns), year)
    names = {"annual_return": "cagr", "volatility": "annual_volatility"}
    assert found.pop("growth") == pytest.approx(math.log1p(report["cagr"]), rel=1e-10)
    for name in found:
        assert found[name] == pytest.approx(report[names.get(name, name)], rel=1e-10), name


def test_a_loss_in_the_first_bar_is_a_drawdown_and_a_flat_book_has_no_ratio() -> None:
    found = statistics.measures(np.array([[-0.1, 0.0], [0.0, 0.0], [0.1, -0.2]]), FLAT)
    np.testing.assert_allclose(found["max_drawdown"], [-0.1, 0.0, -0.2], atol=1e-12)
    assert np.isnan(found["sharpe"]).tolist() == [False, True, False]
    assert math.isnan(found["calmar"][1])


def test_a_better_book_is_called_better_and_the_same_one_equal() -> None:
    base = noise(3)
    assert judged(field("p", base + 0.002), field("b", base))["sharpe"].word == "better"
    worse = judged(field("p", base - 0.002), field("b", base))["growth"]
    assert (worse.word, worse.probability) == ("worse", 0.0)
    assert worse.high < 0.0
    same = judged(field("p", base), field("b", base))["sharpe"]
    assert (same.word, same.probability, same.p) == ("equal", 0.5, 1.0)


def test_a_book_in_cash_counts_as_a_sharpe_ratio_of_0() -> None:
    found = judged(field("p", np.zeros(250)), field("b", noise(4)))
    sharpe = statistics.value(field("b", noise(4)), FLAT)["sharpe"]
    assert found["sharpe"].difference == pytest.approx(-sharpe)
    assert 0.0 < found["sharpe"].p <= 1.0


def test_of_books_without_a_difference_about_as_many_are_told_apart_as_the_level_says() -> None:
    small = [
        judged(field("p", noise(seed)), field("b", noise(seed + 500)), draws=100)["sharpe"].p for seed in range(80)
    ]
    assert np.mean(np.array(small) < 0.1) <= 0.2
    assert np.mean(np.array(small) < 0.5) == pytest.approx(0.5, abs=0.18)


def test_members_that_differ_widen_the_interval() -> None:
    base = noise(7)
    alike = field("p", base, base, base)
    apart = field("p", base - 0.001, base, base + 0.001)
    blocks = Blocks(400, 250, 3.0, 1)
    widths = []
    for members in (alike, apart):
        low, high = statistics.interval(statistics.resample([members], blocks, FLAT)["p"]["sharpe"])
        widths.append(high - low)
        # the members' mean is what is judged
        assert statistics.value(members, FLAT)["sharpe"] == pytest.approx(
            FLAT.bars**0.5 * base.mean() / base.std(ddof=1)
        )
    assert widths[1] > 1.2 * widths[0]


def test_a_draw_takes_one_random_policy_and_as_many_seeds_as_there_are() -> None:
    blocks = Blocks(300, 20, 2.0, 1)
    many = np.zeros((5, 20))
    one, all_ = (statistics.members_of(Field("x", many, single), blocks) for single in (True, False))
    assert (one.shape, all_.shape) == ((300, 1), (300, 5))
    assert set(np.unique(one)) == set(range(5))
    assert (np.sort(all_, axis=1) != np.arange(5)).any()


def test_draws_are_paired() -> None:
    """Two books that differ by a constant differ by it in every draw: the market's luck cancels out."""
    base = noise(9)
    found = judged(field("p", base + 0.0001), field("b", base))["sharpe"]
    alone = statistics.resample([field("b", base)], Blocks(400, 250, 3.0, 0), FLAT)["b"]["sharpe"]
    assert found.high - found.low < 0.1 * np.ptp(np.quantile(alone, [0.025, 0.975]))
    assert found.probability == 1.0


def test_the_same_seed_draws_the_same() -> None:
    policy, base = field("p", noise(1), noise(2)), field("b", noise(3))
    assert judged(policy, base, seed=4) == judged(policy, base, seed=4)
    assert judged(policy, base, seed=4) != judged(policy, base, seed=5)


def test_holm_by_hand() -> None:
    # sorted 0.01, 0.02, 0.04: times 3, 2, 1, never falling
    assert statistics.holm([0.04, 0.01, 0.02]) == pytest.approx([0.04, 0.03, 0.04])
    assert statistics.holm([0.6, 0.9]) == pytest.approx([1.0, 1.0])
    assert statistics.holm([]) == []


def test_a_ruined_book_keeps_its_numbers() -> None:
    returns = noise(1)
    returns[100], returns[101:] = -1.0, 0.0
    found = statistics.value(field("p", returns), FLAT)
    assert found["annual_return"] == pytest.approx(-1.0, abs=1e-5)
    assert found["max_drawdown"] == pytest.approx(-1.0, abs=1e-5)
    # its Sharpe ratio says little: one loss in a calm series; growth does not forgive it
    assert judged(field("p", returns), field("b", noise(2)))["growth"].difference < -0.5


def test_a_member_in_cash_counts_as_a_ratio_of_0_in_the_value_and_in_every_draw() -> None:
    moved = noise(9, drift=0.001)
    policy = field("p", moved, moved, np.zeros(250))
    alone, three = statistics.value(field("p", moved), FLAT), statistics.value(policy, FLAT)
    for name in ("sharpe", "sortino", "calmar", "growth", "volatility"):
        assert three[name] == pytest.approx(alone[name] * 2.0 / 3.0, rel=1e-12), name
    blocks = Blocks(2000, 250, 2.0, 0)
    drawn = statistics.resample([policy], blocks, FLAT)["p"]["sharpe"]
    picks = statistics.members_of(policy, blocks)
    np.testing.assert_array_equal(np.isnan(drawn), (picks == 2).all(axis=1))
    assert np.nan_to_num(drawn).mean() == pytest.approx(three["sharpe"], abs=0.1)
    assert np.isnan(statistics.value(field("p", np.zeros(250), np.zeros(250)), FLAT)["sharpe"])
