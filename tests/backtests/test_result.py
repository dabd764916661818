"""A result in a program or a notebook: tables of pandas with the journal's numbers, a figure, pages."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from polyfolio.backtests import frames
from polyfolio.backtests.run import backtest
from polyfolio.core.codes import Moment, Reason
from polyfolio.errors import ConfigError, DataError
from polyfolio.report.saved import open_run
from tests.report import runs

RESULT = runs.result()


def test_equity_is_the_journals_by_time_and_lane() -> None:
    table = RESULT.frame()
    assert list(table.columns) == ["free", "paying"]
    assert table["paying"].tolist() == RESULT.journal.lane("paying").marks["equity"].tolist()
    assert table.index[0] == pd.Timestamp("2024-01-02", tz="UTC")
    assert len(table) == 60


def test_the_drawdown_is_the_fall_below_the_highest_equity() -> None:
    path = RESULT.frame("equity", "paying")["paying"]
    by_pandas = path / path.cummax() - 1.0
    assert RESULT.frame("drawdown", "paying")["paying"].to_numpy() == pytest.approx(by_pandas.to_numpy(), abs=1e-12)
    assert RESULT.frame("drawdown")["paying"].min() == pytest.approx(
        RESULT.metrics("paying")["max_drawdown"], abs=1e-12
    )


def test_weights_are_shares_of_equity_at_each_close() -> None:
    """Bought for 90 % of a million in row 0, at the open of row 1; one price stands still, so its share is known."""
    table = RESULT.frame("weights", "paying")
    assert list(table.columns) == [("paying", "UP"), ("paying", "FLAT")]
    assert table.iloc[0].tolist() == [0.0, 0.0]
    fills = RESULT.frame("fills", "paying")
    held = fills[fills["symbol"] == "FLAT"].groupby("row")["quantity"].sum().cumsum()
    held = held.reindex(range(60)).ffill().fillna(0.0)
    by_hand = held.to_numpy() * 50.0 / RESULT.frame("equity", "paying")["paying"].to_numpy()
    assert table[("paying", "FLAT")].to_numpy() == pytest.approx(by_hand, abs=1e-12)


def test_fills_and_trades_have_names_and_times() -> None:
    fills, rows = RESULT.frame("fills"), RESULT.journal.fills
    assert len(fills) == rows.size
    assert fills["price"].tolist() == rows["price"].tolist()
    assert set(fills["lane"]) == {"free", "paying"}
    assert set(fills["reason"]) <= {code.name.lower() for code in Reason}
    assert set(fills["moment"]) <= {code.name.lower() for code in Moment}
    assert (fills["time"] == RESULT.frame().index[fills["row"]]).all()
    trades = RESULT.frame("trades")
    assert len(trades) == sum(RESULT.trades(lane).size for lane in RESULT.lanes)
    assert trades["profit"].sum() == pytest.approx(sum(RESULT.trades(lane)["profit"].sum() for lane in RESULT.lanes))
    assert (trades["exit_time"] > trades["entry_time"]).all()
    assert RESULT.frame("trades", "free").empty


def test_metrics_are_those_of_the_result() -> None:
    table = RESULT.frame("metrics")
    assert table.loc["sharpe", "paying"] == RESULT.metrics("paying")["sharpe"]
    assert list(table.index) == list(RESULT.metrics(0))


def test_all_tables_at_once() -> None:
    assert list(RESULT.to_pandas()) == list(frames.FRAMES)


def test_a_table_or_lane_nobody_knows_is_refused_with_the_closest() -> None:
    with pytest.raises(ConfigError, match="Did you mean `weights`"):
        RESULT.frame("weight")
    with pytest.raises(DataError, match="one of free, paying"):
        RESULT.frame("equity", "payin")


def test_a_notebook_shows_the_table_of_the_terminal() -> None:
    html = RESULT._repr_html_()
    assert "<th>paying</th>" in html
    assert "-3.3 %" in html
    assert "next_open" in html
    named = backtest(runs.spec(lanes=[{"name": "<b>bold</b>", "strategy": {"name": "equal_weight"}}]), runs.tape())
    assert "<b>" not in named._repr_html_()


def test_the_figure_draws_equity_over_drawdown() -> None:
    figure = RESULT.plot()
    assert [line.name for line in figure.data] == ["free", "free", "paying", "paying"]
    assert np.asarray(figure.data[2].y).tolist() == RESULT.equity("paying").tolist()
    assert len(RESULT.plot("free").data) == 2


def test_without_plotly_the_extra_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "plotly.subplots", None)
    with pytest.raises(ConfigError, match=r"polyfolio\[report\]"):
        RESULT.plot()


def test_a_report_is_the_saved_run_with_its_pages(tmp_path: Path) -> None:
    page = RESULT.report(tmp_path / "run")
    assert page == tmp_path / "run" / "combined_summary.html"
    assert (tmp_path / "run" / "paying" / "report.html").is_file()
    assert open_run(tmp_path / "run").run_id == RESULT.run_id


def test_a_report_of_a_run_that_wants_no_pages_is_refused(tmp_path: Path) -> None:
    reporting = {"separate_reports": False, "combined_summary": False}
    with pytest.raises(ConfigError, match="Switch one of them on"):
        backtest(runs.spec(reporting=reporting), runs.tape()).report(tmp_path / "run")
    assert not (tmp_path / "run").exists()
