"""The report as a table and as a page that needs nothing else; the files it is saved in."""

from __future__ import annotations

import resource
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pandas as pd
import pytest

from polyfolio.errors import DataError
from polyfolio.market.quality import Report, check, save
from tests.market.quality.tools import coins, put, several

EVIL = "<script>alert(1)</script>"
VOID = {"meta", "br", "link", "img"}


class Reader(HTMLParser):
    """Tags that are open, attributes that fetch, and the text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def report() -> Report:
    frame = several(coins, 3)
    frame.loc[frame["symbol"] == "S2", "symbol"] = EVIL
    return check(put(put(frame, 3, low=500.0), 900, close=-1.0), calendar="24/7")


def test_the_table_holds_each_kind_its_examples_and_what_to_do(report: Report) -> None:
    lines = report.table().splitlines()
    assert "source    the frame" in lines
    assert "rows      1200, 1200 readable" in lines
    assert "times     2024-01-01 to 2024-01-17T15:00:00Z" in lines
    assert "findings: 2 errors, 0 warnings, 0 notes" in lines
    first = next(line for line in lines if line.startswith("ERROR"))
    assert first.startswith("ERROR    bad_values: 1 in 1 symbol (<script>alert(1)</script>). A price is not above 0")
    assert "         -> The copy empties the bar." in lines


def test_errors_stand_before_warnings_and_those_before_notes() -> None:
    frame = put(put(coins(), 3, low=-1.0), 9, volume=0.0).assign(bid_close=1.0, ask_close=[0.5] + [2.0] * 399)
    severities = [finding.severity for finding in check(frame).findings]
    assert severities == ["error", "warning", "warning", "note"]


def test_the_page_is_whole_fetches_nothing_and_runs_nothing(report: Report) -> None:
    page = report.html()
    reader = Reader()
    reader.feed(page)
    assert reader.open == []
    assert not reader.seen & {"script", "link", "img", "iframe", "object"}
    assert not reader.attributes & {"src", "href", "onclick", "onload"}
    assert "url(" not in page
    assert "@import" not in page
    assert EVIL in reader.text  # as text
    for finding in report.findings:
        assert finding.kind in reader.text
        assert finding.explanation in reader.text
        assert finding.fix in reader.text
        assert all(example in reader.text for example in finding.examples)


def test_examples_come_from_as_many_symbols_as_there_are() -> None:
    frame = several(coins, 3)
    for row in (10, 11, 12, 410, 810):
        frame = put(frame, row, low=-1.0)
    table = check(frame).table()
    assert all(f"[{name}] at" in table for name in ("S0", "S1", "S2"))


def test_report_copy_and_log_are_saved_and_the_source_stays(report: Report, tmp_path: Path) -> None:
    before = report.read.frame.copy()
    for name in ("clean.csv", "clean.parquet"):
        files = save(report, tmp_path / name.replace(".", "_"), copy=name)
        assert files["table"].read_text() == report.table()
        assert files["page"].read_text() == report.html()
        assert check(files["copy"], calendar="24/7").ok
        log = pd.read_csv(files["log"])
        # The bar whose low stood too high: its low; the bar at a negative price: its four prices.
        assert log["kind"].value_counts().to_dict() == {"bad_values": 4, "bad_extremes": 1}
        assert set(log["place"]) == {"row 3", "row 900"}
        assert {path.name for path in files["copy"].parent.iterdir()} == {
            "report.txt",
            "report.html",
            name,
            "clean.changes.csv",
        }
    pd.testing.assert_frame_equal(report.read.frame, before)


def test_nothing_is_written_over(report: Report, tmp_path: Path) -> None:
    (tmp_path / "clean.csv").write_text("mine")
    with pytest.raises(DataError, match=r"clean\.csv"):
        save(report, tmp_path, copy="clean.csv")
    assert (tmp_path / "clean.csv").read_text() == "mine"
    assert not (tmp_path / "report.txt").exists()


@pytest.mark.parametrize("copy", ["clean.xlsx", "../clean.csv", "a/clean.csv", "clean"])
def test_a_copy_of_another_format_or_place_is_refused(report: Report, tmp_path: Path, copy: str) -> None:
    with pytest.raises(DataError, match="a file name ending in"):
        save(report, tmp_path, copy=copy)


def test_a_folder_that_is_a_file_is_named(report: Report, tmp_path: Path) -> None:
    (tmp_path / "here").write_text("")
    with pytest.raises(DataError, match="writable"):
        save(report, tmp_path / "here")


@pytest.fixture
def small_files() -> Iterator[None]:
    """No file longer than 20 kB, as on a disk that fills."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("name", ["clean.csv", "clean.parquet"])
@pytest.mark.usefixtures("small_files")
def test_a_disk_that_fills_leaves_the_report_and_no_half_copy(report: Report, tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match="Free space"):
        save(report, tmp_path, copy=name)
    assert {path.name for path in tmp_path.iterdir()} == {"report.txt", "report.html"}
