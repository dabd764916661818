"""The referee asks everything, of the right lane, and says the same again."""

from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest

from polyfolio.backtests import referee as package
from polyfolio.backtests.referee import Referee, Terms, referee
from polyfolio.backtests.run import backtest
from polyfolio.errors import ConfigError
from polyfolio.market.demo import demo_tape
from polyfolio.report.page.parts import Page
from polyfolio.report.page.render import render
from polyfolio.report.referee_page import sections_of
from polyfolio.rules.load import load
from polyfolio.rules.spec import Spec
from tests.backtests.referee import worlds
from tests.report import runs

QUESTIONS = ["facts", "proof", "timing", "break_even", "capacity", "luck", "neighbours", "crises", "stress", "data"]
FEW = Terms(draws=20)


@pytest.fixture(scope="module")
def judged() -> Referee:
    """A lane with costs, limits and exits over two months of hours."""
    lane: dict[str, Any] = {
        "name": "trend",
        "strategy": {"name": "momentum", "params": {"lookback": 72}},
        "rebalance": {"every": "1d"},
        "limits": {"max_position": 0.3},
        "exits": {"stop_loss": 0.05},
        "execution": {
            "commission": {"model": "percentage", "percentage_fee": 0.001},
            "market_impact": {"model": "square_root", "temporary_impact": 0.1},
        },
    }
    spec = load({"name": "two", "lanes": [lane, {"name": "other", "strategy": {"name": "equal_weight"}}]})
    return referee(spec, demo_tape(end="2024-03-01"), "trend", terms=FEW)


def test_every_question_has_an_answer(judged: Referee) -> None:
    assert list(judged.record) == ["verdict", "doubts", "lane", "notes", *QUESTIONS]
    assert judged.record["lane"] == "trend"
    assert judged.verdict == judged.record["verdict"]
    assert [doubt["weight"] for doubt in judged.doubts] == sorted((d["weight"] for d in judged.doubts), reverse=True)
    assert "lanes of the run counted as tried" in judged.record["notes"][0]
    assert judged.record["facts"]["deflated"]["trials"] == 2


def test_the_grid_holds_the_lanes_own_result(judged: Referee) -> None:
    found = judged.record
    own = found["facts"]["outcome"]["total_return"]
    assert found["timing"]["total_return"][0][1] == own
    assert found["stress"]["base"]["total_return"] == own
    assert found["capacity"]["points"][0]["total_return"] == own


def test_the_record_is_json_and_the_page_can_be_made_of_it_again(judged: Referee) -> None:
    again = json.loads(json.dumps(judged.record, allow_nan=False))
    assert again == judged.record
    assert repr(sections_of(again)[0]) == repr(judged.sections()[0])


def test_the_page_has_a_section_per_question_and_ids_of_its_own(judged: Referee) -> None:
    sections = judged.sections()
    assert [section.title for section in sections] == [
        "What to distrust",
        "Costs and fills",
        "Capacity",
        "Against luck",
        "Crises and stress",
        "Settings and look-ahead",
        "Prices",
    ]
    ids = [section.id for section in sections] + [part.id for section in sections for part in section.parts]
    assert len(ids) == len(set(ids))
    assert all(re.fullmatch(r"[a-z0-9-]+", one) for one in ids)


def test_the_page_is_rendered_with_its_sentences(judged: Referee) -> None:
    html = render(Page("Referee", "trend", judged.sections()))
    assert "What to distrust" in html
    assert "Random moments" in html
    assert "costs x 5" in html


def test_printing_shows_the_verdict_and_the_doubts(judged: Referee) -> None:
    lines = repr(judged).splitlines()
    assert lines[0] == f"trend: {judged.verdict}"
    assert len(lines) == 1 + len(judged.doubts)


def test_the_same_question_has_the_same_answer() -> None:
    spec, tape = worlds.spec(worlds.own("Between")), worlds.walk()
    assert referee(spec, tape, terms=FEW).record == referee(spec, tape, terms=FEW).record


def test_progress_counts_the_questions() -> None:
    seen: list[tuple[int, int, str]] = []
    referee(worlds.spec(), worlds.walk(rows=60), terms=FEW, progress=lambda *told: seen.append(told))
    assert seen == [(number, 10, name) for number, name in enumerate([*QUESTIONS, ""])]


def test_signals_from_outside_leave_the_questions_that_need_a_strategy() -> None:
    spec = Spec(name="given", lanes=[{"name": "a", "sizing": {"method": "weights"}}])  # type: ignore[call-arg]
    tape = worlds.walk()
    signals = np.full((1, tape.rows, 3), 0.2)
    result = backtest(spec, tape, signals=signals)
    found = referee(spec, tape, "a", terms=Terms(signals=result.engine.signals, draws=5)).record
    assert found["facts"]["outcome"]["total_return"] == result.metrics("a")["total_return"]
    assert (found["proof"]["verdict"], found["neighbours"]["why"]) == ("unknown", "no_strategy")
    assert found["stress"]["runs"] == []
    assert len(found["stress"]["skipped"]) == 7
    assert "came from outside" in found["notes"][-1]
    assert len(sections_of(found)) == 7


def test_a_lane_of_a_group_is_judged_alone_and_told_so() -> None:
    keys = runs.spec(groups=[{"name": "account", "lanes": ["free", "paying"], "max_gross": 0.5}])
    found = referee(load(keys), runs.tape(), "paying", terms=FEW).record
    assert "the group account are left out" in found["notes"][0]


def test_a_lane_that_never_trades_is_judged_too() -> None:
    found = referee(worlds.spec(worlds.own("Silent")), worlds.walk(), terms=FEW)
    assert found.verdict.startswith("Not to be used yet")
    assert found.doubts[0]["sentence"].startswith("It never traded")
    assert len(found.sections()) == 7


@pytest.mark.pitfall("LAH-05")
def test_a_fill_at_the_deciding_close_stands_on_the_page() -> None:
    found = referee(worlds.spec(worlds.own("Between"), execution={"fill": "same_close"}), worlds.walk(), terms=FEW)
    assert any("very close that decides" in doubt["sentence"] for doubt in found.doubts)
    assert "own cell: same close" in repr(found.sections()[1])


def test_an_oracle_is_not_believed() -> None:
    found = referee(worlds.spec(worlds.own("Oracle")), worlds.walk(), terms=FEW)
    assert found.doubts[0]["weight"] == 100
    assert "No number here means anything" in found.verdict


@pytest.mark.parametrize("terms", [{"trials": 0}, {"draws": 0}])
def test_less_than_one_try_is_refused(terms: dict[str, int]) -> None:
    with pytest.raises(ConfigError, match="at least 1"):
        Terms(**terms)


def test_more_tries_are_counted() -> None:
    found = referee(worlds.spec(worlds.own("Between")), worlds.walk(), terms=Terms(trials=50, draws=5)).record
    assert found["facts"]["deflated"]["trials"] == 50
    assert found["notes"] == []


def test_the_package_names_what_it_gives() -> None:
    assert set(package.__all__) == {"Referee", "Terms", "referee"}
