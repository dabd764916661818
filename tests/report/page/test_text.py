"""Values as words."""

from __future__ import annotations

import math
from datetime import date

import numpy as np
import pytest

from polyfolio.report.page.text import escaped, number_of, printed, prose


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (0.0512, "percent", "5.12\u00a0%"),
        (-0.0512, "percent", "\u22125.12\u00a0%"),
        (-0.000001, "percent", "0.00\u00a0%"),
        (1234567.891, "money", "1,234,567.89"),
        (0.7149, "ratio", "0.71"),
        (12345, "count", "12,345"),
        (np.int64(3), "count", "3"),
        (2.0, "days", "2"),
        (2.04, "days", "2"),
        (2.26, "bars", "2.3"),
        (12.345678, "number", "12.35"),
        (123456.7, "number", "123,457"),
        (0.00012346, "number", "0.0001235"),
        (1.5e-7, "number", "1.5e-07"),
        (100.0, "number", "100"),
        (0.0, "number", "0"),
        (None, "money", "\u2013"),
        (math.nan, "percent", "\u2013"),
        (math.inf, "ratio", "\u221e"),
        (-math.inf, "ratio", "\u2212\u221e"),
        (True, "text", "yes"),
        ("plain words", "money", "plain words"),
        (np.datetime64("2024-02-29"), "date", "2024-02-29"),
        (1_709_164_800_000_000_000, "date", "2024-02-29"),
        (1_709_164_800_000_000_000 + 90_000_000_000, "date", "2024-02-29 00:01:30"),
        (np.datetime64("2024-02-29T13:30"), "date", "2024-02-29 13:30"),
        (np.datetime64("NaT"), "date", "\u2013"),
        (date(2024, 2, 29), "date", "2024-02-29"),
        ("not yet", "date", "not yet"),
    ],
)
def test_a_value_is_printed_by_its_unit(value: object, unit: str, words: str) -> None:
    assert printed(value, unit) == words  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (123456.78, "money", "123,457"),
        (9999.99, "money", "9,999.99"),
        (412, "days", "412\u00a0days"),
        (112.25, "bars", "112.2\u00a0bars"),
    ],
)
def test_a_tile_is_shorter_and_names_its_unit(value: float, unit: str, words: str) -> None:
    assert printed(value, unit, short=True) == words  # type: ignore[arg-type]


def test_markup_of_others_stays_text() -> None:
    assert escaped("<b onclick='x'>\"&") == "&lt;b onclick=&#x27;x&#x27;&gt;&quot;&amp;"


def test_sentences_keep_a_number_with_its_percent_sign_and_have_real_minus_signs() -> None:
    assert prose("It lost -7.4 % on 2024-08-05.") == "It lost \u22127.4\u00a0% on 2024-08-05."
    assert prose("1e-07 and 1,000-2,000 <b>") == "1e-07 and 1,000-2,000 &lt;b&gt;"


def test_only_finite_numbers_are_numbers() -> None:
    found = [number_of(value) for value in (1, np.float64(2.5), True, "3", None, math.nan, math.inf)]
    assert found == [1.0, 2.5, None, None, None, None, None]
