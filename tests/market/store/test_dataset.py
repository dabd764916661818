"""Datasets: versions that never change, what was known when, revisions, damage, and several writers."""

from __future__ import annotations

import json
import logging
import multiprocessing
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyfolio.errors import DataError, RetryError
from polyfolio.market.bars import Bars, chained
from polyfolio.market.dataset import Dataset
from polyfolio.market.from_bars import tape_from_bars
from polyfolio.market.store import MappedTape
from polyfolio.market.stored import read_dataset
from tests.market.store.test_cache import small_disk
from tests.market.store.tools import DAY, FIRST, bars, same_bars

JUNE = 1_717_200_000 * 10**9  # 2024-06-01T00:00Z


class Clock:
    """Another month with every version."""

    def __init__(self) -> None:
        self.now = JUNE

    def __call__(self) -> int:
        self.now += 30 * DAY
        return self.now


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return Dataset(tmp_path / "us", clock=Clock())


def revised(part: Bars, row: int, close: float) -> Bars:
    """The same bars with one close that the source has corrected."""
    closes = part.close.copy()
    closes[row] = close
    return replace(part, close=closes)


class TestVersions:
    def test_what_was_known_then_stays_known(self, dataset: Dataset) -> None:
        """A source corrects a close a month later; the run of the first month can be repeated on the first one."""
        first = dataset.add({"AAA": bars("AAA"), "BBB": bars("BBB")})
        before = dataset.tape(start="2024-01-05")
        second = dataset.add({"AAA": revised(bars("AAA"), 5, 15.5)})
        after = dataset.tape(start="2024-01-05")
        assert (first.number, second.number) == (1, 2)
        assert before.digest() != after.digest()
        for reference in ("1", "v1", first.id, first.id[:8], "2024-07-01", "2024-07-05T12:00:00Z"):
            again = Dataset(dataset.folder).tape(reference, start="2024-01-05")
            assert again.digest() == before.digest(), reference
        for reference in (None, "newest", "2", second.id[:12], "2030-01-01"):
            assert dataset.tape(reference, start="2024-01-05").digest() == after.digest(), reference
        assert dataset.bars("1")["AAA"].close[5] == 15.0
        assert dataset.bars()["AAA"].close[5] == 15.5
        assert second.changes == ("AAA: 1 bars revised, the first at 2024-01-07",)

    def test_a_result_leads_back_to_its_version(self, dataset: Dataset) -> None:
        dataset.add({"AAA": bars("AAA")})
        old = dataset.tape(calendar="24/7", start="2024-01-04")
        dataset.add({"AAA": revised(bars("AAA"), 5, 15.5)})
        made = dataset.find(old.digest()[:10])
        assert made["version"] == dataset.version("1").id
        assert made["options"]["start"] == "2024-01-04"
        path = f"{dataset.folder}@{made['version'][:8]}"
        assert read_dataset(path, start=made["options"]["start"]).digest() == old.digest()
        with pytest.raises(DataError, match="digest of a tape made here"):
            dataset.find("0123456789")

    def test_bars_that_change_nothing_make_no_version(self, dataset: Dataset) -> None:
        first = dataset.add({"AAA": bars("AAA")})
        assert dataset.add({"AAA": bars("AAA", source="another")}) == first
        assert len(dataset.versions()) == 1

    def test_bars_are_kept_once_whatever_the_number_of_versions(self, dataset: Dataset) -> None:
        dataset.add({"AAA": bars("AAA"), "BBB": bars("BBB")})
        dataset.add({"AAA": bars("AAA", 21)})
        files = list((dataset.folder / "bars").rglob("*.parquet"))
        assert len(files) == 3
        assert dataset.version().contents["BBB"] == dataset.version("1").contents["BBB"]

    def test_a_file_of_a_version_is_never_written_again(self, dataset: Dataset) -> None:
        dataset.add({"AAA": bars("AAA")})
        file = dataset.folder / "versions" / "000001.json"
        before = (file.read_bytes(), file.stat().st_mtime_ns)
        dataset.add({"AAA": bars("AAA", 30)})
        dataset.tape()
        assert (file.read_bytes(), file.stat().st_mtime_ns) == before

    def test_versions_are_known_in_their_order_even_where_the_clock_goes_back(self, tmp_path: Path) -> None:
        times = iter([JUNE, JUNE - 5 * DAY])
        dataset = Dataset(tmp_path / "x", clock=lambda: next(times))
        first, second = dataset.add({"AAA": bars("AAA")}), dataset.add({"AAA": bars("AAA", 21)})
        assert second.known == first.known + 1

    @pytest.mark.parametrize(
        ("reference", "message"),
        [
            ("9", r"version of us: got '9', must be one of 1 \("),
            ("deadbeef", "must be one of 1"),
            ("2020-01-01", "The first was written 2024-07-01"),
            ("yesterday", "a date or time, ISO 8601"),
        ],
    )
    def test_an_unknown_version_is_refused_with_those_there_are(
        self, dataset: Dataset, reference: str, message: str
    ) -> None:
        dataset.add({"AAA": bars("AAA")})
        with pytest.raises(DataError, match=message):
            dataset.version(reference)

    def test_an_empty_dataset_says_so(self, dataset: Dataset) -> None:
        with pytest.raises(DataError, match="versions of us: got 0"):
            dataset.version()
        with pytest.raises(DataError, match="Nothing was fetched"):
            dataset.add({})
        with pytest.raises(DataError, match="The source gave none"):
            dataset.add({"AAA": bars("AAA", 0)})


class TestMerge:
    def test_later_bars_go_behind_earlier_ones(self, dataset: Dataset) -> None:
        dataset.add({"AAA": bars("AAA", 20)})
        version = dataset.add({"AAA": bars("AAA", 10, FIRST + 15 * DAY, close=25.0)})
        assert same_bars(dataset.bars()["AAA"], bars("AAA", 25))
        assert version.changes == ("AAA: 5 bars added, the first at 2024-01-22",)

    def test_a_bar_the_source_has_withdrawn_goes_within_the_span_asked_for(self, dataset: Dataset) -> None:
        dataset.add({"AAA": bars("AAA", 20)})
        part = bars("AAA", 20).take([0, 1, 3])
        version = dataset.add({"AAA": part}, {"AAA": (FIRST, FIRST + 5 * DAY)})
        left = dataset.bars()["AAA"].times
        assert ((left - FIRST) // DAY).tolist() == [0, 1, 3, *range(6, 20)]
        assert version.changes == ("AAA: 3 bars withdrawn, the first at 2024-01-04",)

    def test_a_revision_at_the_end_warns_of_the_bars_before_it(self, dataset: Dataset) -> None:
        dataset.add({"AAA": bars("AAA", 20)})
        version = dataset.add({"AAA": revised(bars("AAA", 20), 18, 1.0).take(slice(15, 20))})
        assert "bars outside what was fetched are as they were" in version.changes[1]

    def test_an_empty_answer_takes_nothing_away(self, dataset: Dataset) -> None:
        first = dataset.add({"AAA": bars("AAA"), "BBB": bars("BBB")})
        second = dataset.add({"AAA": bars("AAA", 0), "BBB": bars("BBB", 21)})
        assert second.contents["AAA"] == first.contents["AAA"]

    def test_findings_stay_with_their_symbol_until_it_is_fetched_anew(self, dataset: Dataset) -> None:
        dataset.add({"AAA": bars("AAA", findings=("gap: 3 bars",)), "BBB": bars("BBB", findings=("late",))})
        version = dataset.add({"AAA": bars("AAA", 21)})
        assert version.findings == ("BBB: late",)

    def test_another_source_is_told(self, dataset: Dataset) -> None:
        dataset.add({"AAA": bars("AAA")})
        version = dataset.add({"AAA": bars("AAA", 21, source="other")})
        assert "these bars come from other, those before from made" in version.changes

    @settings(max_examples=30)
    @given(st.lists(st.tuples(st.integers(0, 30), st.integers(1, 12), st.integers(0, 3)), min_size=1, max_size=5))
    def test_any_parts_in_any_order_are_the_last_word_on_each_bar(self, parts: list[tuple[int, int, int]]) -> None:
        expected: dict[int, float] = {}
        with tempfile.TemporaryDirectory() as folder:
            dataset = Dataset(folder)
            for first, count, shift in parts:
                part = bars("AAA", count, FIRST + first * DAY, close=first + 100.0 * shift)
                dataset.add({"AAA": part})
                expected |= dict(zip(part.times.tolist(), part.close.tolist(), strict=True))
            found = dataset.bars()["AAA"]
        assert dict(zip(found.times.tolist(), found.close.tolist(), strict=True)) == expected
        assert (np.diff(found.times) > 0).all()

    @pytest.mark.parametrize(
        ("part", "message"),
        [
            (bars("AAA", interval="1h"), "interval of AAA: got '1h', must be 1d, as in us"),
            (bars("AAB"), "symbol of bars: got 'AAB'"),
            (bars("AAA").take([0, 2, 1]), r"times\[AAA\] \(made, bar 2\).*later than the bar before it"),
            (bars("AAA").take([0, 0]), "one per time"),
        ],
    )
    def test_bars_that_do_not_belong_are_refused(self, dataset: Dataset, part: Bars, message: str) -> None:
        dataset.add({"AAA": bars("AAA")})
        with pytest.raises(DataError, match=message):
            dataset.add({"AAA": part})
        assert len(dataset.versions()) == 1


class TestTapes:
    def test_the_tape_is_that_of_its_bars_and_is_mapped_the_second_time(self, dataset: Dataset) -> None:
        dataset.add({"AAA": bars("AAA"), "BBB": bars("BBB", dividends=np.full(20, 0.5))})
        first, second = dataset.tape(symbols=["BBB"]), dataset.tape(symbols=["BBB"])
        expected = tape_from_bars([bars("BBB", dividends=np.full(20, 0.5))], interval="1d")
        assert first.digest() == second.digest() == expected.digest()
        assert isinstance(second, MappedTape)

    def test_other_options_make_another_tape(self, dataset: Dataset, tmp_path: Path) -> None:
        dataset.add({"AAA": bars("AAA"), "BBB": bars("BBB")})
        table = tmp_path / "i.csv"
        table.write_text("symbol,currency,lot\nAAA,USD,1\nBBB,USD,1\n")
        options: list[dict[str, Any]] = [
            {},
            {"symbols": ["BBB", "AAA"]},
            {"start": "2024-01-10"},
            {"instruments": table},
        ]
        digests = [dataset.tape(**chosen).digest() for chosen in options]
        table.write_text("symbol,currency,lot\nAAA,USD,2\nBBB,USD,1\n")
        digests.append(dataset.tape(instruments=table).digest())
        assert len(set(digests)) == 5

    def test_a_tape_kept_by_other_code_is_not_taken(self, dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
        dataset.add({"AAA": bars("AAA")})
        dataset.tape()
        monkeypatch.setattr("polyfolio.market.dataset.builder_digest", lambda: "another")
        dataset.tape()
        assert len(list((dataset.folder / "tapes").iterdir())) == 2

    def test_a_damaged_kept_tape_is_made_anew(self, dataset: Dataset, caplog: pytest.LogCaptureFixture) -> None:
        dataset.add({"AAA": bars("AAA")})
        digest = dataset.tape().digest()
        file = next((dataset.folder / "tapes").rglob("close.npy"))
        file.write_bytes(b"rubbish")
        with caplog.at_level(logging.WARNING):
            again = dataset.tape()
        assert "made anew" in caplog.text
        assert np.array_equal(again.close[:, 0], bars("AAA").close)
        assert again.digest() == digest

    def test_a_tape_that_cannot_be_kept_stops_nothing(self, dataset: Dataset, caplog: pytest.LogCaptureFixture) -> None:
        dataset.add({"AAA": bars("AAA", 3_000)})
        with small_disk(10_000), caplog.at_level(logging.WARNING):
            made = dataset.tape()
        assert made.rows == 3_000
        assert "is not kept" in caplog.text

    def test_stamps_at_the_opening_are_refused(self, dataset: Dataset) -> None:
        dataset.add({"AAA": bars("AAA")})
        with pytest.raises(DataError, match="stamps"):
            dataset.tape(stamps="open")

    def test_an_unknown_symbol_is_refused_with_the_nearest(self, dataset: Dataset) -> None:
        dataset.add({"AAA": bars("AAA"), "ABC": bars("ABC")})
        with pytest.raises(DataError, match=r"symbols of us: got 'ABD'.*Did you mean `ABC`"):
            dataset.tape(symbols=["ABD"])


class TestDamage:
    def test_damaged_bars_are_refused_with_their_file(self, dataset: Dataset) -> None:
        dataset.add({"AAA": bars("AAA")})
        file = next((dataset.folder / "bars").rglob("*.parquet"))
        file.write_bytes(file.read_bytes()[:-20])
        with pytest.raises(DataError, match=file.name):
            dataset.bars()

    def test_bars_under_the_name_of_others_are_refused(self, dataset: Dataset) -> None:
        dataset.add({"AAA": bars("AAA"), "BBB": bars("BBB")})
        one, other = sorted((dataset.folder / "bars").rglob("*.parquet"))
        one.write_bytes(other.read_bytes())
        with pytest.raises(DataError, match="as its name says"):
            dataset.bars()

    def test_a_missing_file_is_refused(self, dataset: Dataset) -> None:
        dataset.add({"AAA": bars("AAA")})
        next((dataset.folder / "bars").rglob("*.parquet")).unlink()
        with pytest.raises(DataError, match="a file of the dataset"):
            dataset.bars()

    def test_fetching_again_repairs_damaged_bars(self, dataset: Dataset, caplog: pytest.LogCaptureFixture) -> None:
        first = dataset.add({"AAA": bars("AAA")})
        file = next((dataset.folder / "bars").rglob("*.parquet"))
        file.write_bytes(b"rubbish")
        with caplog.at_level(logging.WARNING):
            assert dataset.add({"AAA": bars("AAA")}) == first
        assert "damaged" in caplog.text
        assert same_bars(dataset.bars()["AAA"], bars("AAA"))

    def test_fetching_a_part_of_damaged_bars_loses_nothing_in_silence(self, dataset: Dataset) -> None:
        dataset.add({"AAA": bars("AAA")})
        next((dataset.folder / "bars").rglob("*.parquet")).write_bytes(b"rubbish")
        with pytest.raises(DataError, match="what was written there"):
            dataset.add({"AAA": bars("AAA").take(slice(10, 20))})

    def test_a_changed_version_is_found(self, dataset: Dataset) -> None:
        dataset.add({"AAA": bars("AAA")})
        file = dataset.folder / "versions" / "000001.json"
        content = json.loads(file.read_text())
        content["version"]["known"] += 1
        file.write_text(json.dumps(content))
        with pytest.raises(DataError, match="as it was written"):
            dataset.version()
        file.write_text("{")
        with pytest.raises(DataError, match="a version of a dataset"):
            dataset.version()

    def test_a_newer_form_is_refused(self, dataset: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("polyfolio.market.versions.FORMAT", 2)
        dataset.add({"AAA": bars("AAA")})
        monkeypatch.setattr("polyfolio.market.versions.FORMAT", 1)
        with pytest.raises(DataError, match="newer polyfolio"):
            dataset.version()

    def test_a_full_disk_leaves_the_version_before(self, dataset: Dataset) -> None:
        dataset.add({"AAA": bars("AAA")})
        noise = np.random.default_rng(0).random(50_000)
        with small_disk(100_000), pytest.raises(RetryError, match="Free some space"):
            dataset.add({"AAA": bars("AAA", 50_000, volume=noise)})
        assert len(dataset.versions()) == 1
        assert same_bars(dataset.bars()["AAA"], bars("AAA"))

    def test_a_folder_with_other_files_is_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "mine.txt").write_text("keep")
        with pytest.raises(DataError, match="this one holds other files"):
            Dataset(tmp_path).add({"AAA": bars("AAA")})
        assert [place.name for place in tmp_path.iterdir()] == ["mine.txt"]


def add_one(folder: Path, number: int) -> None:
    """Runs in another process: its own symbol on top of whatever is newest."""
    for turn in range(4):
        Dataset(folder).add({f"S{number}": bars(f"S{number}", 10 + turn)})


def test_several_processes_lose_nothing_of_one_another(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=add_one, args=(tmp_path / "us", number)) for number in range(3)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    dataset = Dataset(tmp_path / "us")
    versions = dataset.versions()
    assert [version.number for version in versions] == list(range(1, 13))
    assert {symbol: held.bars for symbol, held in versions[-1].contents.items()} == {"S0": 13, "S1": 13, "S2": 13}


def test_chained_parts_of_a_symbol_are_its_bars() -> None:
    whole = bars("AAA", 20)
    assert same_bars(chained([whole.take(slice(0, 8)), whole.take(slice(6, 20))]), whole)


class TestSource:
    def test_a_path_names_the_folder_and_the_version(self, dataset: Dataset) -> None:
        dataset.add({"AAA": bars("AAA")})
        dataset.add({"AAA": bars("AAA", 21)})
        assert read_dataset(dataset.folder, calendar="24/7", interval=None).rows == 21
        assert read_dataset(f"{dataset.folder}@1").rows == 20

    def test_a_folder_may_have_the_sign_in_its_name(self, tmp_path: Path) -> None:
        dataset = Dataset(tmp_path / "me@home")
        dataset.add({"AAA": bars("AAA")})
        assert read_dataset(dataset.folder).rows == 20

    def test_no_dataset_is_refused_with_the_nearest(self, dataset: Dataset) -> None:
        dataset.add({"AAA": bars("AAA")})
        with pytest.raises(DataError, match="Did you mean `us`"):
            read_dataset(dataset.folder.parent / "uss")
        with pytest.raises(DataError, match="polyfolio data download"):
            read_dataset(dataset.folder / "nothing" / "there")
