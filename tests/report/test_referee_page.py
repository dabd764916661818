"""The referee's page, from records written by hand: every cell stands where it belongs, every gap has its reason."""

from __future__ import annotations

from typing import Any

import pytest

from polyfolio.report import referee_tables as tables
from polyfolio.report.page.parts import Chart, Facts, Heat, Table, Words
from polyfolio.report.referee_page import capital, distrust, settings, tone

RUNS = [
    {
        "name": "gap",
        "words": "A falls.",
        "effect": -0.3,
        "by_asset": {"A": -0.25, "B": 0.05, "C": -0.1},
        "by_kind": {"gain": -0.29, "commission": -0.006, "slippage": -0.004},
        "total_return": -0.1,
        "max_drawdown": -0.4,
        "ended": "reduce_only",
    }
]


def test_effects_by_name_add_up_and_the_largest_come_first() -> None:
    heat = tables.by_name(RUNS)
    assert heat.x == ("A", "C", "B", "other")
    assert heat.values[0].tolist() == pytest.approx([-0.25, -0.1, 0.05, 0.0])
    assert heat.values.sum() == pytest.approx(-0.3)


def test_names_beyond_the_twelfth_are_one_column() -> None:
    many = {f"N{number:02}": -0.01 * (number + 1) for number in range(20)}
    heat = tables.by_name([RUNS[0] | {"by_asset": many, "effect": sum(many.values())}])
    assert len(heat.x) == 13
    assert heat.x[0] == "N19"
    assert heat.values[0, -1] == pytest.approx(-0.01 * sum(range(1, 9)))


def test_the_heaviest_name_is_on_the_side_of_the_change() -> None:
    assert tables.heaviest(RUNS[0]) == "A -25.0 %"
    assert tables.heaviest({"lane": 0.1, "by_asset": {"A": -0.2, "B": 0.3}}) == "B +30.0 %"
    assert tables.heaviest({"lane": 0.0, "by_asset": {}}) == ""
    assert tables.paid(RUNS[0]) == pytest.approx(-0.01)


def test_scenarios_are_a_table_sentences_and_a_matrix() -> None:
    skipped = [{"name": "crash", "why": "too short"}]
    table, told, heat, left = tables.stress({"stress": {"runs": RUNS, "skipped": skipped}})
    assert isinstance(table, Table)
    assert table.rows[0][:3] == ("gap", -0.3, "A -25.0 %")
    assert table.rows[0][-1] == "reduce only"
    assert isinstance(told, Words)
    assert told.paragraphs == ("gap: A falls.",)
    assert isinstance(heat, Heat)
    assert isinstance(left, Words)
    assert left.paragraphs == ("crash: too short",)


def test_a_break_even_that_is_not_there_says_why() -> None:
    found = {"multiple": None, "why_multiple": "always_earns", "rate_bp": 12.0, "why_rate": ""}
    facts = tables.break_even({"break_even": found, "facts": {"outcome": {"costs_bp": 3.0}}})
    assert [(fact.value, fact.note) for fact in facts.items] == [
        (None, "more than was tried"),
        (12.0, ""),
        (3.0, ""),
    ]


@pytest.mark.parametrize(
    ("half", "why", "note"),
    [(1e6, "", ""), (None, "", "beyond what was tried"), (None, "earns_nothing", "nothing is earned")],
)
def test_capacity_has_tiles_a_curve_and_a_table(half: float | None, why: str, note: str) -> None:
    point = {"capital": 20_000_000.0, "profit": 1234.6, "total_return": 0.02, "sharpe": 1.0}
    point |= {"costs_bp": 3.0, "annual_turnover": 4.0, "max_drawdown": -0.1}
    found = {"points": [point], "half": half, "best": None, "why": why, "coefficient": 1.0}
    tiles, curve, table = tables.capacity({"capacity": found, "facts": {"currency": "EUR"}})
    assert isinstance(tiles, Facts)
    assert tiles.items[0].note == note
    assert isinstance(curve, Chart)
    assert curve.lines[0].x == ["20 M"]
    assert isinstance(table, Table)
    assert table.rows[0][:4] == (20_000_000, 0.02, 1.0, 1235)
    assert "square-root law with a coefficient of 1" in capital({"capacity": found, "facts": {"currency": "EUR"}}).intro


@pytest.mark.parametrize(("best", "note"), [(2e5, ""), (1e6, "the most that was tried"), (None, "")])
def test_the_largest_profit_at_the_end_of_the_curve_may_not_be_the_largest(best: float | None, note: str) -> None:
    empty = dict.fromkeys(("profit", "total_return", "sharpe", "costs_bp", "annual_turnover", "max_drawdown"))
    points = [{"capital": capital, **empty} for capital in (2e5, 1e6)]
    found = {"points": points, "half": 3e5, "best": best, "why": ""}
    tiles, *_ = tables.capacity({"capacity": found, "facts": {"currency": "EUR"}})
    assert isinstance(tiles, Facts)
    assert tiles.items[1].note == note


def test_without_volume_the_section_says_so() -> None:
    section = capital({"capacity": {"points": [], "coefficient": None}})
    assert "no volume" in repr(section.parts)


def test_axis_labels_are_short() -> None:
    assert [tables.short(value) for value in (900.0, 500_000.0, 2e7, 1.5e9)] == ["900", "500 k", "20 M", "1.5 bn"]


def test_copies_show_where_the_portfolio_stands() -> None:
    one = {"why": "", "p": 0.5, "beaten": 2, "median": 0.01, "returns": [-0.01, 0.01, 0.03, 0.05]}
    found = {"draws": 4, "replayed": 0.02, "trades": 7, "moments": one, "names": {"why": "no_choice"}}
    tiles, chart = tables.copies(found, "moments")
    assert isinstance(tiles, Facts)
    assert [fact.value for fact in tiles.items] == ["2 of 4", 0.5, 0.02, 0.01, 7]
    assert isinstance(chart, Chart)
    assert sum(chart.lines[0].y) == 4
    assert chart.lines[1].x == [2.0, 2.0]
    (words,) = tables.copies(found, "names")
    assert "nothing was left to choose" in repr(words)


def test_neighbours_and_refusals_are_listed() -> None:
    numbers: dict[str, Any] = {"total_return": 0.1, "sharpe": 1.0, "max_drawdown": -0.2}
    point = {"parameter": "lookback", "own": 10, "value": 12, **numbers}
    refused = {"parameter": "top_k", "own": None, "value": 0, "why": "too small"}
    found = {"why": "", "own": numbers, "points": [point], "refused": [refused]}
    proof = {"verdict": "leaks", "words": "Row 5 moved.", "rows": 100}
    parts = settings({"neighbours": found, "proof": proof}).parts
    assert isinstance(parts[0], Words)
    assert (parts[0].tone, parts[0].paragraphs) == ("bad", ("It looks ahead. Row 5 moved. Asked over 100 rows.",))
    assert isinstance(parts[1], Table)
    assert [row[:2] for row in parts[1].rows] == [("as it is", ""), ("lookback", "10 -> 12")]
    assert isinstance(parts[2], Words)
    assert parts[2].paragraphs == ("top_k None -> 0: too small",)


@pytest.mark.parametrize(("why", "parts"), [("no_space", 2), ("no_strategy", 1)])
def test_no_neighbours_are_told(why: str, parts: int) -> None:
    proof = {"verdict": "unknown", "words": "Nobody knows.", "rows": 0}
    section = settings({"neighbours": {"why": why}, "proof": proof})
    assert len(section.parts) == parts
    assert "Asked over" not in repr(section.parts[0])


@pytest.mark.parametrize(
    ("grades", "wanted"), [(["grave", "minor"], "bad"), (["serious"], "warning"), (["minor"], "good"), ([], "good")]
)
def test_the_verdict_has_the_tone_of_the_heaviest_doubt(grades: list[str], wanted: str) -> None:
    doubts = [{"grade": one, "sentence": f"{one} doubt."} for one in grades]
    record = {"verdict": "So it is.", "doubts": doubts, "notes": ["Read this."]}
    assert tone(record) == wanted
    parts = distrust(record).parts
    assert isinstance(parts[0], Words)
    assert parts[0].tone == wanted
    assert len(parts) == 2 + len(grades)


def test_findings_are_rows_and_none_are_words() -> None:
    kind = {
        "severity": "error",
        "kind": "zero_prices",
        "count": 3,
        "symbols": ["A"],
        "meaning": "m",
        "example": "e",
        "fix": "f",
    }
    table = tables.data({"data": {"kinds": [kind]}})
    assert isinstance(table, Table)
    assert table.rows == [("error", "zero prices", 3, "m", "e", "f")]
    assert isinstance(tables.data({"data": {"kinds": []}}), Words)


def test_short_tapes_have_no_crises() -> None:
    (words,) = tables.crises({"crises": []})
    assert "too short" in repr(words)
