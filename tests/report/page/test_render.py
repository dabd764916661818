"""A page as HTML: whole, escaped, with everything inside."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from polyfolio.errors import ConfigError, DataError
from polyfolio.report.page.definitions import definition_cards
from polyfolio.report.page.packing import asset
from polyfolio.report.page.parts import (
    Card,
    Chart,
    Column,
    Fact,
    Facts,
    Heat,
    Line,
    Page,
    Part,
    Section,
    Table,
    Words,
)
from polyfolio.report.page.render import render, write
from tests.report.page.parsed import cells, figures, ids, outline

DAYS = np.datetime64("2024-01-01") + np.arange(5).astype("timedelta64[D]")
CHART = Chart("growth", "Growth", (Line("lane", DAYS, [1.0, 1.1, np.nan, 1.2, 1.3]),))


def page(*parts: Part, **more: object) -> Page:
    cards = {"sharpe": Card("sharpe", "Reward over risk.", "mean / deviation"), "beta": Card("beta", "Not asked for.")}
    return Page("A title", "Below it", (Section("one", "First", parts),), cards, **more)  # type: ignore[arg-type]


def test_every_part_is_on_the_page_and_every_tag_is_closed() -> None:
    text = render(
        page(
            Facts("tiles", (Fact("Sharpe", 0.71, "ratio", "sharpe", "a note", "bad"), Fact("None", None)), "Tiles"),
            Words("words", ("It lost 5 %.",), "Said", "warning"),
            Table("table", "A table", (Column("name"), Column("profit", "money")), [("x", 1.5)]),
            Heat("heat", "A matrix", ("a", "b"), ("c",), [[0.1, -0.2]]),
            CHART,
            footer={"run": "abc"},
            links={"Other": "../other.html"},
        )
    )
    found = outline(text)
    words = " ".join(found.words)
    for expected in ("A title", "Below it", "First", "0.71", "a note", "It lost 5\u00a0%.", "1.50", "10.00", "abc"):
        assert expected in words
    assert len(ids(text)) == len(set(ids(text)))
    assert {"one", "tiles", "words", "table", "heat", "growth", "card-sharpe"} <= set(ids(text))
    assert ("a", {"href": "../other.html"}) in found.tags
    assert 'class="bad"' in text


def test_a_page_loads_nothing() -> None:
    text = render(page(CHART))
    tags = outline(text).tags
    assert not [attributes for _, attributes in tags if "src" in attributes or "srcset" in attributes]
    links = [str(attributes["href"]) for tag, attributes in tags if tag in ("a", "link") and "href" in attributes]
    assert all(link.startswith(("#", "data:")) for link in links)
    own = asset("style.css") + asset("page.js") + asset("charts.js")
    assert not re.findall(r"https?:|@import|url\(|fetch\(|XMLHttpRequest", own)


def test_markup_in_names_and_values_is_shown_as_text() -> None:
    bad = "</script><script>alert(1)</script>"
    chart = Chart("growth", bad, (Line(bad, [bad, "b"], [1.0, 2.0], text=(bad, bad)),), note=bad)
    table = Table("table", bad, (Column(bad),), [(bad,)], bad)
    heat = Heat("heat", bad, (bad,), (bad,), [[1.0]], note=bad)
    parts = (Facts("tiles", (Fact(bad, bad, note=bad),), bad), Words("words", (bad,), bad), table, heat, chart)
    whole = page(*parts, footer={bad: bad}, links={bad: bad})
    text = render(Page(bad, bad, whole.sections, {}, whole.footer, whole.links))
    assert "alert(1)</script>" not in text
    assert outline(text).words.count(bad) >= 12
    drawn = figures(text)
    assert drawn["figures"]["growth"]["lines"][0]["text"][0].startswith("&lt;/script&gt;")


def test_cards_that_are_named_are_on_the_page_and_others_are_not() -> None:
    text = render(page(Facts("tiles", (Fact("Sharpe", 1.0, card="sharpe"), Fact("x", 1.0, card="unknown")))))
    assert "Reward over risk." in text
    assert "Not asked for." not in text
    assert "card-unknown" not in text
    assert '<a href="#definitions">Definitions</a>' in text


def test_a_page_without_charts_carries_no_script_that_draws() -> None:
    text = render(page(Words("words", ("Nothing to draw.",))))
    assert "Plotly" not in text
    assert len(text) < 40_000


def test_rows_beyond_those_shown_are_packed_and_sums_stay_below() -> None:
    rows = [(f"n{at}", float(at)) for at in range(100)] + [("all", 4950.0)]
    columns = (Column("name"), Column("value", "number"))
    text = render(page(Table("table", "Long", columns, rows, rows_shown=10, totals=1)))
    shown = cells(text, "table")
    assert len(shown) == 1 + 10 + 1
    assert shown[-1] == ["all", "4,950"]
    assert "Show all 100 rows" in text
    assert "n99" not in text


def test_a_few_rows_more_than_asked_for_are_shown_at_once() -> None:
    rows = [(str(at),) for at in range(13)]
    assert "Show all" not in render(page(Table("table", "Short", (Column("name"),), rows, rows_shown=10)))


def test_small_charts_that_follow_each_other_share_a_line() -> None:
    small = [Chart(f"c{at}", "Small", CHART.lines, height=190) for at in range(2)]
    assert render(page(*small)).count('<div class="pair">') == 1
    assert '<div class="pair">' not in render(page(small[0], CHART))


@pytest.mark.parametrize("name", ["one", "library", "has space", "", "a<b"])
def test_ids_that_stand_twice_or_cannot_be_linked_to_are_refused(name: str) -> None:
    with pytest.raises(ConfigError, match="id of a part"):
        render(page(Words(name, ("x",))))


def test_parts_that_do_not_fit_are_refused() -> None:
    with pytest.raises(ConfigError, match="table bad row 1: got 1, must be 2 values"):
        render(page(Table("bad", "Bad", (Column("a"), Column("b")), [(1, 2), (1,)])))
    with pytest.raises(ConfigError, match="heat bad"):
        render(page(Heat("bad", "Bad", ("a",), ("b",), [[1.0, 2.0]])))
    with pytest.raises(ConfigError, match="chart bad line y"):
        render(page(Chart("bad", "Bad", (Line("y", [1, 2], [1.0]),))))


def test_a_page_is_written_and_a_place_that_is_none_is_named(tmp_path: Path) -> None:
    place = write(page(Words("words", ("x",))), tmp_path / "page.html")
    assert place.read_text(encoding="utf-8").startswith("<!doctype html>")
    with pytest.raises(DataError, match="Choose another place"):
        write(page(Words("words", ("x",))), tmp_path / "none" / "page.html")


def test_the_same_page_is_the_same_text() -> None:
    assert render(page(CHART)) == render(page(CHART))


def test_every_measure_has_a_card_with_formula_and_conventions() -> None:
    found = definition_cards()
    assert found["sharpe"].formula.startswith("mean(e)")
    assert "Annualised by N" in found["sharpe"].detail
    assert "Degrees of freedom taken off: 1." in found["sharpe"].detail
    assert all(card.meaning and card.formula for card in found.values())
