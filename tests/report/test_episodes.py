from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from polyfolio.core.records import FILL
from polyfolio.errors import DataError
from polyfolio.kernels.measures.trades import ACTION
from polyfolio.report.annualise import NANOSECONDS_A_DAY
from polyfolio.report.episodes import Prices, closed_trades, compounded_by, drawdown_table, trade_columns
from tests.kernels.measures.tools import series

FROZEN = json.loads((Path(__file__).parents[1] / "oracles" / "measures.json").read_text(encoding="utf-8"))["values"]


def test_a_drawdown_row_by_hand():
    times = np.array(["2024-01-01", "2024-01-02", "2024-01-05", "2024-01-08", "2024-01-09"], dtype="datetime64[D]")
    closed, still_open = drawdown_table([100.0, 90.0, 80.0, 100.0, 99.0], times)
    assert (closed["peak"], closed["first"], closed["trough"], closed["recovery"]) == (0, 1, 2, 3)
    assert closed["depth"] == pytest.approx(-0.2, rel=1e-14)
    assert (closed["length"], closed["length_days"], closed["open"]) == (3, 7.0, False)
    assert closed["trough_time"] - closed["peak_time"] == 4 * NANOSECONDS_A_DAY
    assert (still_open["peak"], still_open["recovery"], still_open["open"]) == (3, 4, True)


@pytest.mark.pitfall("MET-01")
def test_the_worst_episode_of_the_reference_series_counts_from_its_peak():
    returns, _, times = series("f1")
    worst = min(drawdown_table(np.cumprod(np.concatenate([[1.0], 1 + returns])), times), key=lambda row: row["depth"])
    assert worst["depth"] == pytest.approx(-0.440829734874, rel=2e-12)
    assert (worst["peak"], worst["first"]) == (0, 1)
    # 902 calendar days from the first bar under water as quantstats counts, and one more from the peak on
    assert worst["length_days"] == 903.0
    assert worst["length"] == 645


@pytest.mark.pitfall("MET-02")
def test_monthly_returns_keep_the_first_month_and_show_its_bars():
    returns, _, times = series("f1")
    months = times[1:].astype("datetime64[M]").astype(np.int64)
    monthly, bars = compounded_by(returns, months)
    assert monthly.size == 35
    assert bars.sum() == 756
    assert bars[0] == 22
    assert np.prod(1 + monthly) == pytest.approx(np.prod(1 + returns), rel=1e-13)
    dropped = monthly[1:]
    assert dropped.mean() / dropped.std(ddof=1) * 12**0.5 == pytest.approx(0.535713, abs=5e-7)
    assert FROZEN["ffn"]["f1"]["monthly_sharpe"] == pytest.approx(0.535713, abs=5e-7)
    assert monthly.mean() / monthly.std(ddof=1) * 12**0.5 != pytest.approx(0.535713, abs=1e-3)


def fills(n=2):
    records = np.zeros(n, dtype=FILL)
    records["row"], records["price"] = np.arange(n), 10.0
    records["quantity"] = [1.0, -1.0] * (n // 2)
    return records


def test_trades_of_fills():
    assert closed_trades(fills(4), [1.0], 1).size == 2
    assert closed_trades(fills(0), [1.0], 1).size == 0


@pytest.mark.parametrize(("column", "value"), [("slot", 1), ("slot", -1), ("lane", 1)])
def test_a_fill_outside_the_book_is_refused_before_the_compiled_walk(column, value):
    records = fills()
    records[column][1] = value
    with pytest.raises(DataError, match=f"fills.{column}"):
        closed_trades(records, [1.0], 1)


def test_actions_out_of_order_are_refused():
    actions = np.zeros(2, dtype=ACTION)
    actions["row"] = [3, 1]
    with pytest.raises(DataError, match="actions"):
        closed_trades(fills(), [1.0], 1, actions)


def test_labels_of_another_length_are_refused():
    with pytest.raises(DataError, match="labels"):
        compounded_by([0.1, 0.2], [1])


def test_trades_as_columns_have_times_days_and_excursions():
    records = fills()
    records["row"] = [0, 2]
    times = np.array(["2024-01-01T00:00", "2024-01-01T12:00", "2024-01-02T12:00"], dtype="datetime64[m]")
    closed = closed_trades(records, [1.0], 1)
    prices = Prices(np.array([[10.0], [12.0], [11.0]]), np.array([[10.0], [9.0], [10.5]]), np.ones(1))
    columns = trade_columns(closed, times, prices)
    assert columns["days"].tolist() == [1.5]
    assert columns["exit_time"][0] - columns["entry_time"][0] == 1.5 * NANOSECONDS_A_DAY
    assert columns["mfe"] == pytest.approx([0.2], rel=1e-14)
    assert columns["mae"] == pytest.approx([-0.1], rel=1e-14)
    assert "mae" not in trade_columns(closed, times)
    with pytest.raises(DataError, match="exit_row"):
        trade_columns(closed, times[:2])
    with pytest.raises(DataError, match="exit_row"):
        trade_columns(closed, times, Prices(prices.high[:2], prices.low, prices.multipliers))
    with pytest.raises(DataError, match="slot"):
        trade_columns(closed, times, Prices(prices.high, prices.low[:, :0], prices.multipliers))
