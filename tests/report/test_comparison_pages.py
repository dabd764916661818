"""Pages of a benchmark and a comparison as data: every number on them stands in the record."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from polyfolio.backtests.benchmark import Benchmarked
from polyfolio.report import benchmark_page, compare_page, comparison_words
from polyfolio.report.page.parts import Chart, Heat, Page, Table
from tests.backtests.benches import judged, lane


@pytest.fixture(scope="module")
def found() -> Benchmarked:
    lanes = (lane("held", "Holds"), lane("seer", "Seer"))
    return judged(*lanes, fee=1e-4, draws=300, tests=["spa", "mcs"], multiples={"INDEX": 2.0})


def parts(page: Page, kind: type) -> dict[str, Any]:
    return {part.id: part for section in page.sections for part in section.parts if isinstance(part, kind)}


def ids(page: Page) -> Iterator[str]:
    for section in page.sections:
        yield section.id
        yield from (part.id for part in section.parts)


@pytest.mark.pitfall("MET-15")
def test_the_tables_hold_the_numbers_of_the_record(found: Benchmarked) -> None:
    tables = parts(found.page(), Table)
    names = [*found.record["judged"], *found.record["baselines"]]
    head = [column.card for column in tables["metrics"].columns]
    for name, row in zip(names, tables["metrics"].rows, strict=True):
        metrics = found.record["entries"][name]["metrics"]
        assert row[0] == name
        assert row[2:] == [metrics[card] for card in head[2:]]
    assert [row[:3] + row[3:10] for row in tables["pairs"].rows] == [
        [
            pair["policy"],
            pair["baseline"],
            compare_page.MEASURES[pair["measure"]],
            *(pair[key] for key in ("difference", "low", "high", "probability", "p", "adjusted", "word")),
        ]
        for pair in found.record["comparisons"]
    ]
    assert {row[0]: row[1] for row in tables["mcs"].rows} == found.record["many"]["mcs"]["p"]
    assert {row[0]: row[2] for row in tables["spa"].rows} == {
        name: test["consistent"] for name, test in found.record["many"]["spa"].items()
    }
    assert {row[0]: row[1] for row in tables["deflated"].rows} == {
        name: found.record["entries"][name]["deflated"]["probability"] for name in found.record["judged"]
    }


def test_rounds_regimes_targets_and_costs_have_their_parts(found: Benchmarked) -> None:
    page = found.page()
    heats, tables = parts(page, Heat), parts(page, Table)
    assert heats["round-returns"].values.shape == (7, 3)
    assert heats["round-returns"].values[0, 0] == found.record["by_round"]["fold 1"]["held"]["total_return"]
    assert {row[1] for row in tables["regime-0"].rows} == set(found.record["by_regime"][0]["states"])
    aims = tables["targets-0"].rows
    assert [row[0] for row in aims][-1] == "2 x INDEX"
    assert {row[3] for row in aims} <= {"met", "missed", "undefined"}
    paid = {row[0]: row[1] for row in tables["paid"].rows}
    assert paid["held"] == found.record["entries"]["held"]["costs"]["commission"] > 0.0


def test_growth_begins_at_1_and_ends_at_the_total_return(found: Benchmarked) -> None:
    charts = parts(found.page(), Chart)
    for line in charts["growth"].lines:
        total = found.record["entries"][line.name]["metrics"]["total_return"]
        assert line.y[0] == 1.0
        assert line.y[-1] == pytest.approx(1.0 + total, rel=1e-12)
    fall = {line.name: line.y.min() for line in charts["drawdown"].lines}
    assert fall["held"] == pytest.approx(found.record["entries"]["held"]["metrics"]["max_drawdown"], rel=1e-12)


def test_every_id_is_there_once_and_the_page_can_be_rendered(found: Benchmarked) -> None:
    pytest.importorskip("plotly")
    from polyfolio.report.page.render import render

    for page in (found.page(), compare_page.page({**found.record, "name": "x"})):
        every = list(ids(page))
        assert len(set(every)) == len(every)
        html = render(page)
        assert "highest Sharpe ratio" in html
        assert page.title in html


def test_a_seer_is_called_better_than_everything_and_luck_is_asked_first(found: Benchmarked) -> None:
    record = found.record
    assert comparison_words.headline(record, "seer").startswith("seer is better than all it was held against")
    lucky = copy.deepcopy(record)
    lucky["entries"]["seer"]["deflated"].update(probability=0.4, trials=900)
    assert comparison_words.headline(lucky, "seer").endswith("may be the lucky one of 900: deflated 0.40.")
    assert record["many"]["mcs"]["included"] == ["seer"]
    assert any(
        line.startswith("One of them is better than index in growth") for line in comparison_words.together(record)
    )


def test_what_weakens_a_verdict_is_said(found: Benchmarked) -> None:
    record = copy.deepcopy(found.record)
    record["method"]["draws"] = 100
    said = list(comparison_words.caveats(record))
    assert said[0] == "The period is 0.48 years long: yearly figures reach beyond it."
    assert said[1] == "With 100 resampled histories no difference can pass: take more than 200."
    record["entries"]["held"]["metrics"]["turnover"] = 0.0
    assert list(comparison_words.caveats(record))[-1] == "Never traded, or nobody knows: held."
    record["many"] = {"left_out": "no arch", "spa": {}, "mcs": None}
    assert list(comparison_words.together(record)) == ["Not tested together: no arch."]
    assert parts(compare_page.page({**record, "name": "x"}), Table).keys().isdisjoint({"spa", "mcs"})


def test_the_table_of_a_terminal_lines_up(found: Benchmarked) -> None:
    lines = comparison_words.table(found.record)
    assert len({len(line) for line in lines}) == 1
    sharpe = found.record["entries"]["held"]["metrics"]["sharpe"]
    assert f"{sharpe:,.2f}" in lines[1]


@pytest.mark.parametrize(
    ("aim", "text"),
    [
        ({"measure": "max_drawdown", "from": -0.15, "to": None}, "no deeper than -15.0 %"),
        ({"measure": "sharpe", "from": 2.0, "to": None}, "2.00 or more"),
        ({"measure": "annual_volatility", "from": 0.12, "to": 0.18}, "12.0 % to 18.0 %"),
        ({"measure": "sharpe", "from": None, "to": 3.0}, "at most 3.00"),
    ],
)
def test_a_target_in_words(aim: dict[str, Any], text: str) -> None:
    assert benchmark_page.wish(aim) == text


def test_shares_in_the_record_are_shares() -> None:
    assert np.isclose(float(comparison_words.number("cagr", 0.1234).split()[0]), 12.3)
