"""Results on a terminal: nothing is cut off, each width fits, letters stand in where dots cannot be shown."""

from __future__ import annotations

import io

import numpy as np
import pytest
from rich.console import Console

from polyfolio.backtests.run import backtest
from polyfolio.report import terminal
from polyfolio.report.plot import LABEL, lines_plot
from tests.report import runs


def shown(part: object, width: int) -> list[str]:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(part)
    return console.file.getvalue().splitlines()  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [80, 100, 120])
def test_the_table_fits_and_cuts_nothing_off(width: int) -> None:
    lines = shown(terminal.table(runs.result(), width), width)
    assert len(lines) == 3
    assert all(len(line) <= width for line in lines)
    assert "…" not in "".join(lines)
    metrics, costs = runs.result().metrics("paying"), runs.result().costs("paying")
    row = lines[2]
    assert f"{metrics['total_return']:+.1%}".replace("%", " %") in row
    assert f"{costs['costs']:,.0f}" in row
    assert f"{costs['cost_bp']:.1f}" in row


@pytest.mark.parametrize("width", [80, 120])
def test_the_accounting_fits_and_shows_the_terms(width: int) -> None:
    lines = shown(terminal.accounting(runs.result(), width), width)
    assert all(len(line) <= width for line in lines)
    assert [word for word in ("gain", "commission", "slippage", "= change", "remainder") if word not in lines[1]] == []
    assert "dividends" not in lines[1]


@pytest.mark.pitfall("LAH-05")
def test_the_conventions_name_the_years_the_rate_the_fill_and_the_currency() -> None:
    text = "\n".join(terminal.convention_lines(runs.result()))
    for word in (
        "N = 365.25 bars (bars a year of the calendar 24/7)",
        "risk-free rate 0.0 %",
        "Fills: next_open",
        "money in USD",
        runs.result().run_id[:16],
    ):
        assert word in text


@pytest.mark.parametrize("braille", [True, False])
@pytest.mark.parametrize("width", [40, 80, 100])
def test_the_plot_is_as_wide_as_asked(width: int, braille: bool) -> None:
    lines = shown(terminal.plot(runs.result(), width, braille), width)
    assert len(lines) == terminal.PLOT_HEIGHT + 3
    assert max(len(line) for line in lines) <= width
    assert "".join(lines).isascii() is not braille


def test_a_rising_line_goes_from_the_lower_left_to_the_upper_right() -> None:
    text = lines_plot({"up": np.linspace(0.0, 1.0, 50)}, LABEL + 1 + 10, 5, braille=False).plain.splitlines()
    drawn = [line[LABEL + 1 :] for line in text[:5]]
    assert drawn[4][0] == "a"
    assert drawn[0].rstrip()[-1] == "a"
    assert drawn[0][0] == " "


def test_a_flat_line_is_drawn() -> None:
    text = lines_plot({"flat": np.full(3, 5.0)}, 40, 3).plain
    assert any("\u2801" <= sign <= "\u28ff" for sign in text)


def test_printing_a_result_shows_its_table() -> None:
    text = repr(runs.result())
    assert text.startswith("lane")
    assert "paying" in text
    assert max(len(line) for line in text.splitlines()) <= 100


def test_an_undefined_number_is_a_dash() -> None:
    assert terminal.number(float("nan"), "percent") == "-"
    assert terminal.number(-0.0123, "percent") == "-1.2 %"


def test_a_long_name_gives_way_to_the_numbers() -> None:
    lanes = [{**lane, "name": f"{lane['name']}_portfolio_of_coins"} for lane in runs.spec()["lanes"]]
    found = backtest(runs.spec(lanes=lanes), runs.tape())
    row = shown(terminal.table(found, 80), 80)[2]
    assert f"{found.costs(1)['costs']:,.0f}" in row
    assert "trades" in shown(terminal.table(found, 80), 80)[0]


def test_a_lane_that_never_traded_is_told() -> None:
    lanes = [{**runs.spec()["lanes"][0], "name": "idle", "sizing": {"method": "inverse_volatility"}}]
    lanes[0]["risk"] = {"min_history": 200}
    found = backtest(runs.spec(lanes=[*lanes, runs.spec()["lanes"][1]]), runs.tape())
    told = [line for line in terminal.convention_lines(found) if "never traded" in line]
    assert len(told) == 1
    assert told[0].startswith("Note: idle never traded")
    assert not [line for line in terminal.convention_lines(runs.result()) if "never traded" in line]
