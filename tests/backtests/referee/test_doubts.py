"""Every doubt is raised where it must be, with its numbers, and not where it need not."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from polyfolio.backtests.referee.doubts import ASKED, doubts, grade, verdict
from polyfolio.backtests.referee.words import amount, part, percent, plural, size, times_costs, years

FILLS = ["next_open", "next_close", "next_typical", "same_close"]


def sound() -> dict[str, Any]:
    """A record that nothing speaks against."""
    return {
        "facts": {
            "outcome": {"total_return": 0.8, "sharpe": 1.4, "max_drawdown": -0.1, "costs_bp": 5.0, "ended": "live"},
            "bars": 2_500,
            "years": 10.0,
            "start": "2010-01-04",
            "end": "2019-12-31",
            "capital": 100_000.0,
            "currency": "USD",
            "names": 12,
            "closed_trades": 400,
            "fills": 900,
            "by_asset": {"A": 0.2, "B": 0.2, "C": 0.4},
            "late": {"span": "last year", "before": 0.6},
            "best_bars": 10,
            "without_best_bars": 0.4,
            "market_return": 0.5,
            "deflated": {"probability": 0.99, "trials": 4},
        },
        "proof": {"verdict": "clean", "words": "No signal changed.", "rows": 1500},
        "timing": {
            "fills": FILLS,
            "multiples": [0.0, 1.0, 2.0, 5.0],
            "own_fill": "next_open",
            "total_return": [[0.9, 0.8, 0.7, 0.4] for _ in FILLS],
        },
        "break_even": {"multiple": 9.0, "why_multiple": "", "rate_bp": 45.0, "why_rate": ""},
        "capacity": {"why": "", "half": 5e6, "points": [{"total_return": 0.78}]},
        "luck": {
            "draws": 400,
            "moments": {"why": "", "p": 0.01, "beaten": 397},
            "names": {"why": "", "p": 0.02, "beaten": 393},
        },
        "neighbours": {
            "why": "",
            "own": {"sharpe": 1.4},
            "points": [{"total_return": 0.7, "sharpe": 1.2}, {"total_return": 0.9, "sharpe": 1.5}],
        },
        "crises": [{"lane": -0.05, "market": -0.2, "start": "2018-01-01", "end": "2018-01-31"}],
        "stress": {
            "base": {"total_return": 0.8},
            "runs": [
                {"name": "gap", "at": "2015", "effect": -0.1, "ended": "live", "by_asset": {"A": -0.1}},
                {"name": "dry", "at": None, "effect": -0.2, "ended": "live", "by_asset": {}, "total_return": 0.45},
            ],
        },
        "data": {"kinds": [], "symbols": 12, "alive": 9},
    }


def with_change(path: str, value: Any) -> dict[str, Any]:
    """The sound record with one value replaced."""
    record = copy.deepcopy(sound())
    *way, last = path.split(".")
    place: Any = record
    for word in way:
        place = place[int(word)] if isinstance(place, list) else place[word]
    place[int(last) if isinstance(place, list) else last] = value
    return record


def test_nothing_speaks_against_a_sound_record() -> None:
    assert doubts(sound()) == []
    assert verdict([]).startswith("Nothing here speaks against it")


CASES = [
    ("facts.outcome.ended", "ruined", 95, "the account was ruined"),
    ("facts.outcome.ended", "reduce_only", 45, "a fall of up to 10.0 % met its limit on drawdown"),
    ("facts.outcome.total_return", -0.04, 90, "It came to -4.0 % in 10.0 years after costs"),
    ("facts.fills", 0, 95, "It never traded"),
    ("timing.total_return.1.1", -0.02, 70, "Filled at the next close it comes to -2.0 % instead of +80.0 %"),
    ("timing.total_return.2.1", 0.3, 45, "Filled at the next bar's typical price it comes to +30.0 %"),
    ("timing.total_return.0.2", 0.95, 55, "It comes to +95.0 % at twice its costs and to +80.0 % at its own costs"),
    ("timing.total_return.0.0", 2.0, 40, "Costs take 60 % of what it would earn without them"),
    ("break_even.multiple", 1.2, 85, "At 1.2 times its costs nothing is left (it pays 5.0 basis points"),
    ("break_even.multiple", 1.9, 75, "At 1.9 times its costs"),
    ("break_even.multiple", 2.9, 45, "At 2.9 times its costs"),
    ("break_even.multiple", 4.9, 20, "At 4.9 times its costs"),
    ("capacity.half", 1.5e5, 55, "With 150,000 USD half of the return is gone"),
    ("capacity.half", 9e5, 35, "With 900,000 USD half of the return is gone"),
    ("capacity.points.0.total_return", -0.1, 75, "its orders move prices it comes to -10.0 % instead of +80.0 %"),
    ("capacity.points.0.total_return", 0.3, 60, "it comes to +30.0 % instead of +80.0 % at its own capital"),
    ("proof.verdict", "leaks", 100, "No number here means anything"),
    ("proof.verdict", "unknown", 40, "Whether it looks ahead is unknown"),
    ("facts.closed_trades", 0, 40, "It never closed a position"),
    ("facts.closed_trades", 1, 70, "1 closed trade: too few"),
    ("facts.closed_trades", 29, 55, "29 closed trades"),
    ("facts.closed_trades", 99, 20, "99 closed trades"),
    ("facts.years", 0.5, 65, "The history covers 6 months, 2010-01-04 to 2019-12-31"),
    ("facts.years", 2.0, 45, "The history covers 2.0 years"),
    ("facts.years", 4.0, 25, "The history covers 4.0 years"),
    ("facts.deflated", {"probability": 0.4, "trials": 1}, 70, "its true Sharpe ratio is above 0 is 40 %"),
    ("facts.deflated", {"probability": 0.8, "trials": 20}, 50, "With 20 settings tried"),
    ("facts.deflated", {"probability": 0.93, "trials": 20}, 35, "is more than luck is 93 %"),
    ("luck.moments", {"why": "", "p": 0.7, "beaten": 120}, 75, "280 of 400 copies that begin the same trades"),
    ("luck.names", {"why": "", "p": 0.2, "beaten": 320}, 60, "80 of 400 copies that make the same trades"),
    ("luck.names", {"why": "", "p": 0.07, "beaten": 372}, 40, "28 of 400 copies"),
    ("luck.names", {"why": "", "p": 0.09, "beaten": 400}, 40, "So few copies prove little: p is 0.09"),
    ("facts.by_asset", {"A": 0.9, "B": -0.1}, 60, "A alone earned +90.0 %: without it the rest comes to -10.0 %"),
    ("facts.by_asset", {"A": 0.5, "B": 0.3}, 35, "A alone earned +50.0 % of +80.0 %"),
    ("facts.late.before", -0.05, 60, "All of it is of the last year: before that it stood at -5.0 %"),
    ("facts.without_best_bars", -0.2, 30, "Without its 10 best bars of 2,500 it comes to -20.0 %"),
    ("facts.market_return", 1.5, 50, "Its 12 names in equal parts, without costs, came to +150.0 %"),
    ("stress.runs.0.effect", -0.35, 35, 'In "gap" it loses 35.0 % of its equity, most of it in A (-10.0 %)'),
    ("stress.runs.0.effect", -0.6, 50, 'In "gap" it loses 60.0 %'),
    ("stress.runs.1.effect", -0.35, 35, 'In "dry" the run comes to +45.0 % instead of +80.0 %'),
    ("stress.runs.0.ended", "terminated", 60, "the account does not reach the end: it is terminated"),
    ("crises.0.lane", -0.3, 30, "It fell more than its market in 1 crisis window: by 30.0 % from 2018-01-01"),
    ("data.alive", 12, 40, "All 12 names still trade at the end"),
]


@pytest.mark.parametrize(("path", "value", "weight", "words"), CASES)
def test_one_change_raises_one_doubt(path: str, value: Any, weight: int, words: str) -> None:
    found = doubts(with_change(path, value))
    heaviest = next(doubt for doubt in found if words in doubt["sentence"])
    assert heaviest["weight"] == weight
    assert heaviest["grade"] == grade(weight)
    assert heaviest["sentence"].endswith((".", "]"))


@pytest.mark.parametrize(
    ("neighbours", "weight", "words"),
    [
        ([(-0.1, -0.2), (-0.2, -0.4), (0.1, 0.2)], 60, "Only 1 of 3 neighbouring settings earned anything"),
        ([(0.1, 0.3), (0.1, 0.5), (0.1, 0.4)], 45, "the Sharpe ratio in the middle of 3 neighbouring settings is 0.40"),
        ([(0.1, 1.3), (0.1, 1.2), (0.1, 1.1), (0.2, 1.0)], 25, "None of 4 neighbouring settings does as well"),
    ],
)
def test_a_peak_among_its_neighbours(neighbours: list[tuple[float, float]], weight: int, words: str) -> None:
    points = [{"total_return": total, "sharpe": sharpe} for total, sharpe in neighbours]
    (found,) = doubts(with_change("neighbours.points", points))
    assert (found["weight"], found["topic"]) == (weight, "settings")
    assert words in found["sentence"]


@pytest.mark.pitfall("LAH-04")
@pytest.mark.parametrize(("later", "weight"), [(-0.1, 85), (0.3, 70), (0.7, 45)])
def test_filling_at_the_close_that_decides_is_a_doubt(later: float, weight: int) -> None:
    record = with_change("timing.own_fill", "same_close")
    record["timing"]["total_return"][0][1] = later
    found = next(doubt for doubt in doubts(record) if "very close that decides" in doubt["sentence"])
    assert found["weight"] == weight
    assert percent(later) in found["sentence"]


@pytest.mark.parametrize(("rate", "weight"), [(12.0, 75), (60.0, 45), (None, 75)])
def test_free_trading_is_a_doubt(rate: float | None, weight: int) -> None:
    record = with_change("break_even", {"multiple": None, "why_multiple": "no_costs", "rate_bp": rate, "why_rate": ""})
    (found,) = doubts(record)
    assert found["weight"] == weight
    assert found["sentence"].startswith("Trading costs nothing in this run.")
    assert ("basis points" in found["sentence"]) is (rate is not None)


@pytest.mark.pitfall("DAT-03")
def test_prices_with_errors_and_warnings_are_doubts() -> None:
    def kind(name: str, severity: str) -> dict[str, Any]:
        return {"kind": name, "severity": severity, "count": 3, "example": "[A] at 2024"}

    record = with_change("data.kinds", [kind("zero_prices", "error"), kind("wicks", "warning")])
    found = doubts(record)
    assert [doubt["weight"] for doubt in found] == [60, 20]
    assert "zero prices, 3. [A] at 2024" in found[0]["sentence"]
    assert "wicks (3)" in found[1]["sentence"]
    assert doubts(with_change("data.kinds", [kind("survivorship", "warning")])) == []


@pytest.mark.parametrize(("lane", "market"), [(0.02, 0.05), (-0.05, 0.05), (None, -0.2)])
def test_only_a_fall_of_the_market_is_compared(lane: float | None, market: float) -> None:
    record = with_change("crises.0.lane", lane)
    record["crises"][0]["market"] = market
    assert doubts(record) == []


def test_a_lane_that_lost_is_asked_no_question_about_its_profit() -> None:
    record = with_change("facts.outcome.total_return", -0.2)
    topics = [doubt["topic"] for doubt in doubts(record)]
    assert topics == ["result", "market"]


def test_doubts_are_in_order_of_weight_and_every_function_has_its_case() -> None:
    record = with_change("facts.years", 0.5)
    record["facts"]["closed_trades"] = 5
    record["proof"]["verdict"] = "leaks"
    found = doubts(record)
    assert [doubt["weight"] for doubt in found] == [100, 70, 65]
    assert verdict(found).startswith("Not to be used yet: 2 grave doubts. No number here")
    assert verdict(found[2:]).startswith("To be used with care: one serious doubt. The history")
    raised = {doubt["sentence"] for path, value, _, _ in CASES for doubt in doubts(with_change(path, value))}
    assert len(raised) > len(ASKED)


def test_numbers_in_sentences() -> None:
    assert [percent(share) for share in (0.1234, -0.004, 0.0, 12.5)] == ["+12.3 %", "-0.40 %", "+0.0 %", "+1,250.0 %"]
    assert size(-0.25) == "25.0 %"
    assert part(0.625) == "62 %"
    assert [amount(value, "EUR") for value in (950.0, 1_234_567.0, 2.5e9)] == [
        "950 EUR",
        "1.23 million EUR",
        "2.5 billion EUR",
    ]
    assert [plural(count, "trade") for count in (1, 2_000)] == ["1 trade", "2,000 trades"]
    assert [years(value) for value in (3.25, 0.5, 0.05)] == ["3.2 years", "6 months", "18 days"]
    assert [times_costs(value) for value in (0.0, 1.0, 2.0, 5.0)] == [
        "without costs",
        "at its own costs",
        "at twice its costs",
        "at 5 times its costs",
    ]
