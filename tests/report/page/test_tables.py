"""Tables and matrices."""

from __future__ import annotations

import math

import pytest

from polyfolio.report.page.parts import Column, Heat, Table
from polyfolio.report.page.tables import cell, heat, table


def test_a_number_keeps_its_unrounded_value_for_sorting_and_saving() -> None:
    assert cell(0.123456789, Column("r", "percent")) == '<td class="n" data-v="0.123456789">12.35\u00a0%</td>'
    assert cell(None, Column("r", "percent")) == '<td class="n" data-c=""></td>'
    assert cell("plain", Column("name")) == "<td>plain</td>"
    assert cell("w" * 40, Column("name")).startswith('<td class="long">')


@pytest.mark.parametrize(
    ("value", "kind"), [(1.0, "n good"), (-1.0, "n bad"), (0.0, "n"), (-1e-9, "n"), (math.nan, "n")]
)
def test_coloured_numbers_are_coloured_by_what_is_printed(value: float, kind: str) -> None:
    assert f'class="{kind}"' in cell(value, Column("p", "money", coloured=True))


def test_a_folded_table_is_hidden_behind_its_title_with_its_length() -> None:
    text = table(Table("t", "Every number", (Column("a"),), [("x",)], folded=True), ())
    assert text.startswith('<details class="part"><summary>Every number <small>1 rows</small></summary>')


def test_cells_of_a_matrix_are_tinted_by_sign_and_size() -> None:
    text = heat(Heat("h", "H", ("a", "b", "c"), ("r",), [[0.1, -0.05, math.nan]], "percent"))
    assert 'class="up" style="--v:1.00" data-v="0.1">10.00</td>' in text
    assert 'class="down"' in text
    assert '<td data-c=""></td>' in text


def test_a_matrix_without_sign_has_one_tint() -> None:
    assert '<table class="heat plain" id="h" style="--columns:1">' in heat(
        Heat("h", "H", ("a",), ("r",), [[0.5]], signed=False)
    )
    assert '<table class="heat" id="h" ' in heat(Heat("h", "H", ("a",), ("r",), [[0.0]]))
