"""Results of a run: the numbers agree with the book and with each other."""

from __future__ import annotations

import math

import numpy as np
import pytest

from polyfolio.errors import ConfigError, DataError
from tests.report import runs


def test_the_terms_of_each_lane_add_up_to_the_change_of_its_equity() -> None:
    result = runs.result()
    for index, lane in enumerate(result.lanes):
        found = result.accounting(lane)
        account = result.book.account[index]
        assert found["change"] == pytest.approx(account["equity"] - 1e6, abs=1e-6)
        assert abs(found["remainder"]) < 1e-6
        assert found["commission"] == pytest.approx(-account["total_commission"], rel=1e-12)


def test_costs_are_those_of_the_book() -> None:
    result = runs.result()
    account = result.book.account[1]
    costs = result.costs("paying")
    assert costs["commission"] == pytest.approx(account["total_commission"], rel=1e-12)
    assert costs["slippage"] == pytest.approx(account["total_slippage"], rel=1e-12)
    # 10 bp of commission and 5 bp of slippage of everything that was traded; the fee is of the price paid.
    assert costs["cost_bp"] == pytest.approx(15.0, abs=0.02)
    assert result.costs("free")["costs"] == 0.0


def test_the_return_is_the_last_equity_against_the_first() -> None:
    result = runs.result()
    path = result.equity("free")
    assert result.metrics("free")["total_return"] == pytest.approx(path[-1] / 1e6 - 1.0, rel=1e-12)
    assert result.metrics("free").periods_per_year == 365.25


def test_a_stop_is_a_closed_trade_with_its_profit() -> None:
    table = runs.result().trade_table()
    stopped = (table["lane"] == "paying") & (table["symbol"] == "UP")
    assert stopped.sum() >= 1
    assert (table["exit_row"][stopped] == 12).any()
    assert set(table["lane"]) <= {"free", "paying"}
    assert np.isfinite(table["mae"]).all()


def test_the_record_is_plain_and_names_what_is_undefined() -> None:
    record = runs.result().record()
    free = record["lanes"]["free"]
    assert free["metrics"]["beta"] is None
    assert free["reasons"]["beta"] == "no benchmark was given"
    assert record["conventions"]["fill"] == {"free": "next_open", "paying": "next_open"}
    assert record["run"] == runs.result().run_id
    assert all(not (isinstance(value, float) and math.isnan(value)) for value in free["metrics"].values())


def test_a_lane_that_is_not_there_is_refused() -> None:
    with pytest.raises(DataError, match="one of free, paying"):
        runs.result().metrics("other")


def test_a_metric_that_is_not_there_names_the_closest() -> None:
    metrics = runs.result().metrics("free")
    with pytest.raises(ConfigError) as caught:
        metrics["sharp"]
    assert (caught.value.field, caught.value.value) == ("metric", "sharp")
    assert caught.value.remedy.startswith("Did you mean `sharpe`?")
    assert str(caught.value).startswith("metric: got 'sharp', must be one of the ")
    with pytest.raises(ConfigError, match="Choose one of these words"):
        metrics.describe("zzz")


def test_metrics_are_asked_like_any_map() -> None:
    metrics = runs.result().metrics("free")
    assert "sharp" not in metrics
    assert metrics.get("sharp") is None
    assert metrics.get("sharpe") == metrics["sharpe"]
