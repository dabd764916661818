"""The report: numbers by hand or from an independent library, bands over paths, a table, a page that stands alone."""

from __future__ import annotations

import math
import re

import numpy as np
import pandas as pd
import pytest
import scipy.stats

from polyfolio.core.tape import PRICES
from polyfolio.errors import DataError
from polyfolio.market.frame import tape_from_arrays
from polyfolio.market.synthetic import page
from polyfolio.market.synthetic.compare import GROUPS, compare
from polyfolio.market.synthetic.models import market_of
from polyfolio.market.synthetic.statistics import (
    OF_BARS,
    OF_MARKET,
    OF_RETURNS,
    PROBABILITIES,
    autocorrelation,
    figures_of,
    tail_index,
)
from tests.market.synthetic.tools import DAY, fields_of, moves_of, plain, tape_of, without


@pytest.fixture(scope="module")
def paths():
    market = market_of("bootstrap").fit(plain())
    return [market.sample(seed=1, path=path) for path in range(20)]


@pytest.fixture(scope="module")
def comparison(paths):
    return compare(plain(), paths)


def test_moments_are_those_of_an_independent_library():
    figures, moves = figures_of(plain()), moves_of(plain())
    frame = pd.DataFrame(moves)
    np.testing.assert_allclose(figures.slots["mean"], frame.mean(), atol=1e-15)
    np.testing.assert_allclose(figures.slots["deviation"], frame.std(ddof=0), rtol=1e-10)
    np.testing.assert_allclose(figures.slots["skewness"], scipy.stats.skew(moves), rtol=1e-8)
    np.testing.assert_allclose(figures.slots["kurtosis"], scipy.stats.kurtosis(moves), rtol=1e-8)
    np.testing.assert_allclose(figures.slots["quantile_1"], frame.quantile(0.01), rtol=1e-10)
    np.testing.assert_allclose(figures.slots["quantile_99"], frame.quantile(0.99), rtol=1e-10)
    np.testing.assert_allclose(figures.correlation, frame.corr(), atol=1e-12)
    corr = frame.corr().to_numpy()
    assert figures.market["correlation"] == pytest.approx(corr[np.triu_indices(4, 1)].mean(), abs=1e-12)
    squares = (frame**2).corr().to_numpy()
    assert figures.market["correlation_squares"] == pytest.approx(squares[np.triu_indices(4, 1)].mean(), abs=1e-12)
    assert figures.market["first_share"] == pytest.approx(np.linalg.svd(corr)[1][0] / 4.0, abs=1e-12)


def test_memory_and_ranges_are_their_definitions_written_out():
    figures, original = figures_of(plain()), plain()
    squares = moves_of(original)[:, 0] ** 2
    away = squares - squares.mean()
    for lag in (1, 5, 20):
        expected = sum(away[row] * away[row - lag] for row in range(lag, away.size)) / sum(away * away)
        assert figures.slots[f"squares_{lag}"][0] == pytest.approx(expected, rel=1e-9)
        assert figures.squares[lag - 1, 0] == pytest.approx(expected, rel=1e-9)
    np.testing.assert_allclose(figures.slots["range"], np.log(original.high / original.low).mean(axis=0), rtol=1e-12)
    logs = np.log(original.volume[:, 1])
    assert figures.slots["volume_1"][1] == pytest.approx(autocorrelation(logs, 1), rel=1e-12)


def test_an_autocorrelation_by_hand():
    values = np.array([1.0, 2.0, 3.0, 4.0, 5.0])  # about the mean: -2 -1 0 1 2, squares sum 10
    assert autocorrelation(values, 1) == pytest.approx((2.0 + 0.0 + 0.0 + 2.0) / 10.0)
    assert autocorrelation(values, 2) == pytest.approx((0.0 - 1.0 + 0.0) / 10.0)
    assert math.isnan(autocorrelation(values, 3))
    assert math.isnan(autocorrelation(np.ones(9), 1))


def test_hills_index_by_hand_and_on_a_law_of_powers():
    losses = np.r_[np.zeros(36), 1.0, math.e, math.e**2, -5.0]  # 40 values, 5 % are 2; the third is the threshold
    assert tail_index(losses) == pytest.approx(1.0 / ((2.0 + 1.0) / 2.0))
    draws = np.random.default_rng(1).pareto(3.0, 200_000) + 1.0
    assert tail_index(draws) == pytest.approx(3.0, rel=0.03)
    assert math.isnan(tail_index(-draws))


def test_joint_falls_by_hand():
    moves = np.full((40, 2), 0.001)
    moves[5], moves[9] = [-0.09, -0.05], [-0.2, 0.01]
    closed = 100.0 * np.exp(np.cumsum(np.vstack([np.zeros((1, 2)), moves]), axis=0))
    tape = tape_of({**dict.fromkeys(PRICES, closed), "volume": np.ones_like(closed)})
    # The worst 5 % of 40 rows are the two: both slots fall in one, one of two in the other.
    assert figures_of(tape).market["joint_falls"] == pytest.approx(0.75)


def test_every_number_has_its_line_and_meaning(comparison):
    names = {name for _, group in GROUPS for name in group}
    assert (
        names == {line.name for line in comparison.lines} == {*OF_RETURNS, *OF_BARS, *OF_MARKET, "correlation_distance"}
    )
    assert all(line.meaning for line in comparison.lines)
    assert len(comparison.lines) == len(names)


def test_a_line_is_the_median_over_slots_and_the_band_over_paths(comparison, paths):
    line = comparison["kurtosis"]
    each = [float(np.median(scipy.stats.kurtosis(moves_of(path)))) for path in paths]
    assert line.original == pytest.approx(float(np.median(scipy.stats.kurtosis(moves_of(plain())))), rel=1e-8)
    assert line.synthetic == pytest.approx(np.mean(each), rel=1e-8)
    assert (line.low, line.high) == pytest.approx((np.quantile(each, 0.05), np.quantile(each, 0.95)), rel=1e-8)
    slots = comparison.slots("kurtosis")
    inside = ((slots["low"] <= slots["original"]) & (slots["original"] <= slots["high"])).mean()
    assert line.inside == pytest.approx(inside)
    assert slots.index.tolist() == ["S0", "S1", "S2", "S3"]


def test_a_tape_compared_with_itself_differs_in_nothing():
    found = compare(plain(), [plain(), plain()])
    for line in found.lines:
        assert line.synthetic == pytest.approx(line.original, abs=1e-15)
        assert line.inside == 1.0 or line.name == "correlation_distance"
    assert found["correlation_distance"].synthetic == 0.0


def test_the_bootstrap_keeps_what_it_promises_and_shuffled_rows_do_not(comparison):
    """The report tells a market with memory from one without."""
    for name in ("deviation", "kurtosis", "squares_5", "correlation"):
        assert comparison[name].inside >= 0.5, name
    loose = market_of("bootstrap", block=1.0).fit(plain())
    shuffled = compare(plain(), [loose.sample(seed=1, path=path) for path in range(20)])
    assert shuffled["deviation"].inside >= 0.5
    assert shuffled["squares_5"].synthetic < 0.4 * comparison["squares_5"].synthetic
    assert shuffled["volume_1"].inside == 0.0


def test_one_tape_gives_no_band(paths):
    found = compare(plain(), paths[0])
    assert all(math.isnan(line.inside) for line in found.lines)
    assert found["mean"].low == found["mean"].high
    assert "1 synthetic tape." in found.table()


def test_the_table_shows_every_number(comparison):
    text = comparison.table()
    for line in comparison.lines:
        assert re.search(
            rf"^  {line.name} +\S+ +\S+ +\S+ +\S+ +(\d+ %|-)  {re.escape(line.meaning)}$", text, re.MULTILINE
        )
    assert max(len(row) for row in text.splitlines()[1:]) <= 150
    assert comparison.frame().loc["squares_1", "group"] == "Memory"


def test_the_page_stands_alone(comparison, tmp_path):
    place = comparison.save(tmp_path / "report.html")
    text = place.read_text(encoding="utf-8")
    assert not re.findall(r"(?:src|href|url)\s*[=(]|<script|https?:", text)
    assert text.count("<tr>") == len(comparison.lines) + 1
    assert text.count("<svg") == text.count("</svg>") == 2
    assert text.count("<polyline") == 4
    assert "nan" not in text.lower()


def test_the_page_escapes_what_it_is_given():
    text = page.written("<b>", "a & b", ["<i>"], [["<script>"]], [])
    assert "<script>" not in text
    assert "&lt;script&gt;" in text
    assert "a &amp; b" in text


def test_a_plot_draws_the_known_part_and_nothing_where_nothing_is_known():
    x = np.array([1.0, 2.0, 3.0])
    known = np.array([0.0, 1.0, np.nan])
    drawn = page.plot("t", "x", x, (known, known, known - 1.0, known + 1.0))
    points = re.findall(r'<polyline points="([^"]*)"', drawn)
    assert [len(line.split()) for line in points] == [2, 2]
    assert page.plot("t", "x", x, (known * np.nan,) * 4) == ""


def test_slots_that_cannot_be_told_stay_unknown():
    fields = without(fields_of(200, 3), slice(0, 190), 2)
    for name in PRICES:
        fields[name][:, 1] = 5.0
    fields["volume"][:, 0] = np.nan
    figures = figures_of(tape_of(fields))
    assert np.isnan(figures.slots["kurtosis"][1:]).all()
    assert np.isnan(figures.slots["volume_1"][0])
    assert np.isnan(figures.quantiles[:, 1]).all()
    assert figures.quantiles.shape == (PROBABILITIES.size, 3)
    text = compare(tape_of(fields), tape_of(fields)).table()
    assert re.search(r"correlation +- +- +- +- +-", text)


def test_other_symbols_and_no_tape_are_refused():
    other = tape_from_arrays(19_000 * DAY + np.arange(60) * DAY, ["X0", "X1"], fields_of(60, 2), interval="1d")
    with pytest.raises(DataError, match=r"symbols of synthetic\[1\]"):
        compare(plain(), [plain(), other])
    with pytest.raises(DataError, match="at least one tape"):
        compare(plain(), [])
