"""Figures count from their publication on, as they were published."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from polyfolio.errors import DataError
from polyfolio.market.fundamentals import fundamentals
from tests.market.build.tools import stamps, tape_of

NAN = float("nan")
DAYS = ("2024-02-01", "2024-02-02", "2024-02-05", "2024-02-06", "2024-02-07", "2024-02-08")


def tape(symbols: tuple[str, ...] = ("AAA",)) -> object:
    return tape_of(stamps(*DAYS), *[range(10, 16)] * len(symbols), symbols=symbols, calendar="XNYS")


def records(*lines: tuple[str, str, str, float]) -> pd.DataFrame:
    return pd.DataFrame(lines, columns=["symbol", "published", "period", "eps"])


@pytest.mark.pitfall("LAH-10")
def test_a_date_of_publication_counts_from_the_end_of_that_day() -> None:
    figures = fundamentals(records(("AAA", "2024-02-02", "2023-12-31", 1.5)), calendar="XNYS").on(tape())
    np.testing.assert_array_equal(figures.column("eps")[:, 0], [NAN, NAN, 1.5, 1.5, 1.5, 1.5])
    assert figures.published[:2, 0].tolist() == [-1, -1]
    assert figures.published[2, 0] == stamps("2024-02-03T05:00")[0]


def test_a_time_of_publication_counts_from_that_moment() -> None:
    before, after = (
        fundamentals(records(("AAA", text, "2023-12-31", 1.5)), calendar="XNYS").on(tape()).column("eps")[:, 0]
        for text in ("2024-02-02T20:59:59Z", "2024-02-02T21:00:01Z")
    )
    np.testing.assert_array_equal(before, [NAN, 1.5, 1.5, 1.5, 1.5, 1.5])
    np.testing.assert_array_equal(after, [NAN, NAN, 1.5, 1.5, 1.5, 1.5])


def test_times_may_be_written_in_one_zone_and_dates_beside_them_stay_days() -> None:
    frame = records(("AAA", "2024-02-02 16:00", "2023-12-31", 1.5), ("AAA", "2024-02-06", "2023-12-31", 1.6))
    figures = fundamentals(frame, calendar="XNYS", timezone="America/New_York").on(tape()).column("eps")[:, 0]
    np.testing.assert_array_equal(figures, [NAN, 1.5, 1.5, 1.5, 1.6, 1.6])


def test_a_restated_figure_counts_from_its_own_publication_and_an_older_period_never() -> None:
    frame = records(
        ("AAA", "2024-02-01T14:00:00Z", "2023-12-31", 1.0),
        ("AAA", "2024-02-05T14:00:00Z", "2023-09-30", 9.0),
        ("AAA", "2024-02-07T14:00:00Z", "2023-12-31", 1.2),
    )
    figures = fundamentals(frame).on(tape())
    assert figures.column("eps")[:, 0].tolist() == [1.0, 1.0, 1.0, 1.0, 1.2, 1.2]


def test_a_record_silent_about_a_figure_leaves_the_one_before_it() -> None:
    frame = records(
        ("AAA", "2024-02-01T14:00:00Z", "2023-09-30", 1.0), ("AAA", "2024-02-05T14:00:00Z", "2023-12-31", NAN)
    ).assign(sales=[5.0, 6.0])
    figures = fundamentals(frame).on(tape())
    assert figures.names == ("eps", "sales")
    assert figures.column("eps")[:, 0].tolist() == [1.0] * 6
    assert figures.column("sales")[:, 0].tolist() == [5.0, 5.0, 6.0, 6.0, 6.0, 6.0]


def test_a_figure_is_believed_so_long_and_of_its_own_symbol_alone() -> None:
    frame = records(
        ("AAA", "2024-02-01T14:00:00Z", "2023-12-31", 1.0), ("BBB", "2024-02-05T14:00:00Z", "2023-12-31", 2.0)
    )
    figures = fundamentals(frame).on(tape(("BBB", "AAA", "CCC")), longest="2d")
    np.testing.assert_array_equal(figures.column("eps")[:, 1], [1.0, 1.0, NAN, NAN, NAN, NAN])
    np.testing.assert_array_equal(figures.column("eps")[:, 0], [NAN, NAN, 2.0, 2.0, NAN, NAN])
    assert np.isnan(figures.column("eps")[:, 2]).all()


@pytest.mark.pitfall("LAH-04")
def test_records_published_later_change_nothing_before_them() -> None:
    draws = np.random.default_rng(5)
    published = pd.Timestamp("2024-01-30", tz="UTC") + pd.to_timedelta(draws.integers(1, 240, 40), unit="h")
    periods = published - pd.to_timedelta(draws.integers(1, 90, 40), unit="D")
    frame = pd.DataFrame(
        {
            "symbol": draws.choice(["AAA", "BBB"], 40),
            "published": published,
            "period": periods,
            "eps": draws.normal(size=40),
        }
    )
    both = tape(("AAA", "BBB"))
    whole = fundamentals(frame).on(both).column("eps")
    for row, moment in enumerate(both.times):
        known = frame[frame["published"] <= pd.Timestamp(int(moment), tz="UTC")]
        part = fundamentals(known).on(both).column("eps")
        np.testing.assert_array_equal(part[: row + 1], whole[: row + 1])
    assert np.isfinite(whole).sum() > 6


def test_files_are_read_and_a_ticker_stays_text(tmp_path: Path) -> None:
    file = tmp_path / "figures.csv"
    file.write_text("symbol,published,eps\nTRUE,2024-02-01T14:00:00Z,1.5\n")
    assert fundamentals(file).on(tape(("TRUE",))).column("eps")[0, 0] == 1.5
    pd.read_csv(file, dtype={"symbol": str}).to_parquet(tmp_path / "figures.parquet")
    assert fundamentals(tmp_path / "figures.parquet").on(tape(("TRUE",))).column("eps")[0, 0] == 1.5


@pytest.mark.parametrize(
    ("frame", "match"),
    [
        (
            records(("AAA", "2023-12-29", "2023-12-31", 1.0)),
            r"published\[AAA\] \(the frame, row 0\).*not before the end",
        ),
        (records(("AAA", "2024-02-02 14:00", "2023-12-31", 1.0)), "a time with its zone"),
        (records(("AAA ", "2024-02-02", "2023-12-31", 1.0)), r"symbol \(the frame, row 0\).*without blanks around it"),
        (records(("AAA", "soon", "2023-12-31", 1.0)), r"timestamp \(the frame, row 0\): got 'soon'"),
        (
            records(("AAA", "2024-02-02", "2023-12-31", "high")),
            r"eps \(the frame, row 0\): got 'high', must be a number",
        ),
        (records(("AAA", "2024-02-02", "2023-12-31", 1.0)).drop(columns="eps"), "at least one figure"),
        (records(("AAA", "2024-02-02", "2023-12-31", 1.0)).drop(columns="published"), "'published', must be present"),
    ],
)
def test_what_cannot_be_is_refused(frame: pd.DataFrame, match: str) -> None:
    with pytest.raises(DataError, match=match):
        fundamentals(frame)


def test_an_unknown_column_is_named_with_the_closest() -> None:
    figures = fundamentals(records(("AAA", "2024-02-02", "2023-12-31", 1.0))).on(tape())
    with pytest.raises(DataError, match="Did you mean `eps`"):
        figures.column("epss")
