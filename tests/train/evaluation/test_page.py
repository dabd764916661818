"""The page: made from the record alone, nothing loaded from elsewhere, plots that plotly takes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from polyfolio.errors import ConfigError, DataError
from polyfolio.report import evaluation_page
from polyfolio.report.evaluation_figures import figures
from polyfolio.report.evaluation_page import page
from polyfolio.report.evaluation_words import against, met, number, p_text, target
from polyfolio.train.evaluation import Evaluation
from tests.train.evaluation.tools import judged, local, named

NASTY = "<b>&'\"</script>"


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    guesses = named("guess", *({"seed": seed} for seed in range(2)), cls=local("Guess"))
    return judged(guesses, named(NASTY, cls=local("Seer")), lane={"limits": {"max_position": 0.5}})


@pytest.fixture(scope="module")
def html(evaluation: Evaluation) -> str:
    """The page without the drawing library."""
    return evaluation.page().replace(evaluation_page.needed()[1], "LIBRARY")


@pytest.mark.pitfall("MET-15")
def test_the_page_needs_nothing_but_the_record(evaluation: Evaluation) -> None:
    assert page(json.loads(json.dumps(evaluation.record))) == evaluation.page()


def test_the_page_loads_nothing_from_elsewhere(html: str) -> None:
    assert not re.search(r"(?:src|href)\s*=|@import|url\(|https?:", html)
    assert html.count("LIBRARY") == 1
    assert html.count("<script>") == html.count("</script>") == 2


def test_names_are_text_and_no_markup(html: str) -> None:
    assert NASTY not in html
    assert "&lt;b&gt;&amp;&#39;&#34;&lt;/script&gt;" in html


def test_light_dark_phone_and_print_are_styled(html: str) -> None:
    for wanted in ("prefers-color-scheme: dark", "@media print", "max-width: 40rem", 'name="viewport"', "overflow-x"):
        assert wanted in html


def test_every_part_is_there(html: str, evaluation: Evaluation) -> None:
    titles = re.findall(r"<h2>(.*?)</h2>", html)
    assert titles[:4] == ["Growth", "Figures", "Policy against baseline", "Return by fold"]
    for wanted in ("Weights: guess", "Actions cut by the risk stage: guess", "Costs by kind", "Target figures: guess"):
        assert wanted in titles
    assert titles[-2:] == ["Openings of the test rows", "How it was made"]
    for line in evaluation.verdict[:4]:
        assert line.strip().split("(")[0][:60] in html
    assert "max_position" in html
    assert "promise nothing" in html


def test_the_plots_are_valid_and_hold_bands_lines_and_weights(evaluation: Evaluation) -> None:
    graph = pytest.importorskip("plotly.graph_objects")
    drawn = figures(evaluation.record)
    assert list(drawn) == ["growth", "costs", "sharpe", "weights0", "weights1"]
    for figure in drawn.values():
        graph.Figure(figure)  # refuses what it does not know
    names = [trace["name"] for trace in drawn["growth"]["data"] if "name" in trace]
    assert names[0] == "random policy, 5 % to 95 %"
    assert "guess, seeds" in names
    assert len(drawn["growth"]["layout"]["shapes"]) == 3
    held = evaluation.record["series"]["weights"]["guess"]
    assert [trace["name"] for trace in drawn["weights0"]["data"]] == list(held)
    assert all(trace["stackgroup"] == "held" for trace in drawn["weights0"]["data"])
    assert max(sum(values) for values in zip(*held.values(), strict=True)) == pytest.approx(1.0, abs=0.02)
    assert {trace["name"] for trace in drawn["costs"]["data"]} == {"commission"}


def test_bands_hold_their_middle(evaluation: Evaluation) -> None:
    for name in ("guess", "random policy"):
        grown = evaluation.record["series"]["growth"][name]
        assert grown["low"][0] == grown["high"][0] == 1.0
        for low, middle, high in zip(grown["low"], grown["middle"], grown["high"], strict=True):
            assert low <= middle <= high


def test_shorts_are_not_stacked() -> None:
    short = judged(named("guess", {"short": True}, cls=local("Guess")), lane={"sizing": {"allow_short": True}})
    drawn = figures(short.record)["weights0"]["data"]
    assert not any("stackgroup" in trace for trace in drawn)


def test_a_folder_is_written_whole_and_again(evaluation: Evaluation, tmp_path: Path) -> None:
    folder = evaluation.save(tmp_path / "out")
    assert sorted(path.name for path in folder.iterdir()) == ["evaluation.html", "evaluation.json", "meta.json"]
    assert json.loads((folder / "evaluation.json").read_text()) == evaluation.record
    evaluation.save(folder)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="this one holds other files"):
        evaluation.save(tmp_path / "mine")


def test_without_the_extra_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ConfigError, match=r"pip install 'polyfolio\[report\]'"):
        evaluation_page.needed()


def pair(**given: Any) -> dict[str, Any]:
    return {"baseline": "equal weight", "word": "undecided", "p": 0.41, "adjusted": 1.0, "level": 0.05, **given}


@pytest.mark.parametrize(
    ("given", "wanted"),
    [
        ({}, "not distinguishable from equal weight, p = 0.41"),
        (
            {"p": 0.03, "adjusted": 0.12},
            "not distinguishable from equal weight, p = 0.03, corrected for all comparisons p = 0.12",
        ),
        ({"word": "better", "p": 0.0004, "adjusted": 0.004}, "better than equal weight, p = 0.004"),
        ({"word": "worse", "adjusted": 0.0004, "baseline": "index"}, "worse than the index, p < 0.001"),
        ({"word": "equal", "baseline": "random policy"}, "the same book as a random policy"),
    ],
)
def test_a_comparison_in_words(given: dict[str, Any], wanted: str) -> None:
    assert against(pair(**given)) == wanted


def test_numbers_in_words() -> None:
    assert [number("sharpe", 1.234), number("annual_return", 0.1234), number("sharpe", None)] == ["1.23", "12.3 %", "-"]
    assert [p_text(0.0005), p_text(0.004), p_text(0.41)] == ["p < 0.001", "p = 0.004", "p = 0.41"]
    one = {"measure": "sharpe", "from": 2.0, "to": None, "met": True, "low": 1.0, "high": 3.0}
    assert (target(one), met(one)) == ("2.00 or more", "met; the interval holds both")
    assert met({**one, "low": 2.1}) == "met"
    assert met({**one, "met": False, "high": 1.9}) == "missed"
    assert met({**one, "met": None}) == "undefined"
    assert target({"measure": "max_drawdown", "from": -0.15, "to": None}) == "no deeper than -15.0 %"
    assert target({"measure": "volatility", "from": 0.12, "to": 0.18}) == "12.0 % to 18.0 %"
