"""Charts as data: axes shared, lines thinned without losing a peak, nothing that is not a number."""

from __future__ import annotations

import json

import numpy as np
import pytest

from polyfolio.report.page.charts import MOST_POINTS, axis_of, common_rows, figures, rounded, thinned
from polyfolio.report.page.parts import Chart, Level, Line, Span

DAYS = np.datetime64("2024-01-01") + np.array([0, 1, 4, 5]).astype("timedelta64[D]")


def test_days_are_written_as_steps_of_a_day() -> None:
    assert axis_of(DAYS) == {"t": "date", "from": 1_704_067_200_000, "unit": 86_400_000, "d": [0, 1, 3, 1]}
    assert axis_of(np.array(["a", "b"])) == {"t": "name", "v": ["a", "b"]}
    assert axis_of(np.array([1, 2])) == {"t": "number", "v": [1, 2]}
    assert axis_of(DAYS[:0]) == {"t": "date", "from": 0, "unit": 1, "d": []}
    assert axis_of(DAYS[:1])["d"] == [0]


def test_lines_over_the_same_days_share_their_axis() -> None:
    lines = (Line("a", DAYS, np.arange(4.0)), Line("b", DAYS, np.arange(4.0), right=True, hidden=True))
    chart = Chart("one", "One", lines, spans=(Span(DAYS[0], DAYS[1], "s"),), levels=(Level(1.0, "l"),), log=True)
    found = json.loads(figures([chart, Chart("two", "Two", lines[:1])]))
    assert len(found["axes"]) == 1
    assert found["figures"]["one"]["lines"][1] == {
        "name": "b",
        "kind": "line",
        "x": 0,
        "y": [0, 1, 2, 3],
        "right": 1,
        "hidden": 1,
    }
    assert found["figures"]["one"]["spans"] == [["2024-01-01 00:00:00", "2024-01-02 00:00:00", "s"]]
    assert found["figures"]["one"]["levels"] == [[1.0, "l"]]


def test_what_is_not_finite_is_a_gap_and_numbers_have_six_digits() -> None:
    assert rounded(np.array([1.23456789, np.nan, np.inf, -np.inf, 2.0, 1e20])) == [1.23457, None, None, None, 2, 1e20]


@pytest.mark.parametrize("rows", [MOST_POINTS + 1, 10_000, 123_457])
def test_a_long_line_keeps_its_ends_its_extremes_and_its_gaps(rows: int) -> None:
    rng = np.random.default_rng(7)
    y = rng.normal(size=rows)
    y[rows // 3], y[rows // 2], y[rows - 5] = 50.0, -50.0, np.nan
    kept = thinned(Line("a", np.arange(rows), y), y)
    assert kept.size <= MOST_POINTS + 5
    assert {0, rows - 1, rows // 3, rows // 2, rows - 5} <= set(kept.tolist())
    assert (np.diff(kept) > 0).all()


def test_marks_and_short_lines_are_drawn_whole() -> None:
    y = np.arange(float(2 * MOST_POINTS))
    assert thinned(Line("a", y, y, "up"), y).size == y.size
    assert thinned(Line("a", y[:10], y[:10]), y[:10]).size == 10


def test_stacked_lines_are_thinned_at_the_same_rows() -> None:
    y = np.random.default_rng(1).normal(size=(2, 9000))
    lines = tuple(Line(str(at), np.arange(9000), y[at], "stacked") for at in range(2))
    rows = common_rows(Chart("c", "C", lines))
    assert rows is not None
    assert rows.size == MOST_POINTS
    assert rows[0] == 0
    assert rows[-1] == 8999
    found = json.loads(figures([Chart("c", "C", lines)]))
    assert len(found["axes"]) == 1
