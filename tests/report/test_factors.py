"""Attribution to factors, against returns that were made of them."""

from __future__ import annotations

import numpy as np
import pytest

from polyfolio.errors import DataError
from polyfolio.report.factors import Factors, split_by_factors

ROWS = 250
DATES = np.datetime64("2024-01-01") + np.arange(ROWS).astype("timedelta64[D]")


def moved() -> dict[str, np.ndarray]:
    rng = np.random.default_rng(11)
    return {"market": rng.normal(0.0004, 0.01, ROWS), "size": rng.normal(0.0, 0.006, ROWS)}


def test_returns_made_of_factors_give_their_betas_and_no_rest_but_the_constant() -> None:
    factors = moved()
    returns = 0.0002 + 0.8 * factors["market"] - 0.3 * factors["size"]
    found = split_by_factors(returns, DATES, Factors(DATES, factors))
    np.testing.assert_allclose(found.betas, [0.8, -0.3], rtol=1e-10)
    np.testing.assert_allclose(found.parts[:, -1], 0.0002, atol=1e-12)
    assert found.explained == pytest.approx(1.0, abs=1e-10)
    assert (found.errors < 1e-10).all()


def test_parts_add_up_in_every_bar_and_over_the_run() -> None:
    factors = moved()
    returns = np.random.default_rng(12).normal(0.0005, 0.02, ROWS)
    found = split_by_factors(returns, DATES, Factors(DATES, factors))
    np.testing.assert_allclose(found.parts.sum(axis=1), returns, atol=1e-16)
    assert found.total == pytest.approx(np.prod(1.0 + returns) - 1.0, rel=1e-12)
    assert found.linked.sum() == pytest.approx(found.total, abs=1e-12)


def test_one_factor_is_the_slope_of_a_line_with_its_standard_error() -> None:
    factor = moved()["market"]
    returns = 0.5 * factor + np.random.default_rng(13).normal(0.0, 0.01, ROWS)
    found = split_by_factors(returns, DATES, Factors(DATES, {"market": factor}))
    slope, constant = np.polyfit(factor, returns, 1)
    assert found.betas[0] == pytest.approx(slope, rel=1e-10)
    rest = returns - slope * factor - constant
    error = np.sqrt(rest @ rest / (ROWS - 2) / ((factor - factor.mean()) ** 2).sum())
    assert found.errors[0] == pytest.approx(error, rel=1e-10)


def test_given_exposures_are_used_bar_by_bar() -> None:
    factors = moved()
    exposures = {"market": np.linspace(0.0, 1.0, ROWS), "size": np.full(ROWS, 0.2)}
    returns = np.full(ROWS, 0.001)
    found = split_by_factors(returns, DATES, Factors(DATES, factors, exposures))
    np.testing.assert_allclose(found.parts[:, 0], exposures["market"] * factors["market"], atol=1e-17)
    assert found.betas == pytest.approx([0.5, 0.2])
    assert np.isnan(found.errors).all()


def test_a_longer_table_of_factors_is_joined_by_date() -> None:
    factors = moved()
    returns = 0.8 * factors["market"]
    found = split_by_factors(returns[50:], DATES[50:], Factors(DATES, factors))
    assert found.betas[0] == pytest.approx(0.8, rel=1e-10)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda f: Factors(DATES[:-1], {k: v[:-1] for k, v in f.items()}), "1 are missing"),
        (lambda f: Factors(DATES[::-1], f), "strictly ascending"),
        (lambda f: Factors(DATES[:0], {"market": []}), "strictly ascending"),
        (lambda f: Factors(DATES, {"market": f["market"][:-1]}), "one per date"),
        (lambda f: Factors(DATES, {"market": np.where(DATES[3] == DATES, np.nan, f["market"])}), "finite"),
        (lambda f: Factors(DATES, f, {"market": f["market"]}), "factors.exposures.size"),
        (lambda f: Factors(DATES, {"a": f["market"], "b": 2.0 * f["market"]}), "combination of the others"),
    ],
)
def test_factors_that_do_not_fit_are_refused(change: object, words: str) -> None:
    with pytest.raises(DataError, match=words):
        split_by_factors(np.full(ROWS, 0.001), DATES, change(moved()))  # type: ignore[operator]


def test_too_few_bars_and_a_ruin_are_refused() -> None:
    factors = {name: values[:3] for name, values in moved().items()}
    with pytest.raises(DataError, match="more than 3"):
        split_by_factors(np.zeros(3), DATES[:3], Factors(DATES[:3], factors))
    returns = np.zeros(ROWS)
    returns[5] = -1.0
    with pytest.raises(DataError, match="ruined lane"):
        split_by_factors(returns, DATES, Factors(DATES, moved()))
