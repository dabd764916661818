"""Downloads: chunks that are kept, attempts that go on where the last one stopped, and nothing missing in silence."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.errors import DataError, RetryError
from polyfolio.market.cache_disk import DiskCache
from polyfolio.market.dataset import Dataset
from polyfolio.market.download import CHUNK_BARS, chunks_of, download
from polyfolio.market.encode import encoded
from tests.market.store.test_cache import small_disk
from tests.market.store.tools import DAY, FIRST, NOW, Source, bars, same_bars

LAST = FIRST + 8_999 * DAY
CHUNKS = 3  # of 5,000 days each, in the 9,000 days from FIRST to LAST


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    return Dataset(tmp_path / "us")


def fetch(
    source: Any, dataset: Dataset, symbols: Any = ("AAA", "BBB"), start: Any = FIRST, end: Any = LAST, **more: Any
) -> Any:
    return download(source, symbols, start, end, "1d", dataset, clock=lambda: NOW, **more)


class Breaks(Source):
    """Fails for good at its n-th call, as a network that goes down does."""

    def __init__(self, at: int, error: Exception | None = None) -> None:
        super().__init__()
        self.at, self.count = at, 0
        self.error = error or RetryError("source", "made", "reached within 60 s", "Wait and try again.")
        self.before = self.step

    def step(self) -> None:
        self.count += 1
        if self.count >= self.at:
            raise self.error


class TestChunks:
    @given(st.integers(0, 2**61), st.integers(0, 400), st.sampled_from(["1min", "1h", "1d"]))
    def test_they_cover_the_span_once(self, first: int, thousands: int, interval: str) -> None:
        last = first + thousands * 1_000 * 60 * 10**9
        chunks = chunks_of("AAA", first, last, interval)
        assert (chunks[0].start, chunks[-1].end) == (first, last)
        assert all(one.end + 1 == other.start for one, other in pairwise(chunks))
        assert all(chunk.start <= chunk.end for chunk in chunks)

    def test_their_bounds_stand_still_when_the_end_moves_on(self) -> None:
        early, late = (chunks_of("AAA", FIRST, FIRST + days * DAY, "1h") for days in (600, 601))
        assert early[:-1] == late[: len(early) - 1]

    def test_a_chunk_holds_so_many_bars(self) -> None:
        chunks = chunks_of("AAA", FIRST, FIRST + 1_000 * DAY, "1h")
        assert {chunk.end - chunk.start + 1 for chunk in chunks[1:-1]} == {CHUNK_BARS * 3_600 * 10**9}


class TestWhole:
    def test_the_bars_are_in_the_dataset(self, dataset: Dataset) -> None:
        done = fetch(Source(), dataset)
        assert (done.fetched, done.resumed, done.failed) == (2 * CHUNKS, 0, {})
        assert all(same_bars(part, bars(symbol, 9_000)) for symbol, part in dataset.bars().items())
        assert done.version.symbols == ("AAA", "BBB")
        assert not dataset.partial.exists()

    def test_progress_is_told_chunk_by_chunk(self, dataset: Dataset) -> None:
        told: list[tuple[int, int, str]] = []
        fetch(Source(), dataset, progress=lambda *parts: told.append(parts))
        assert told == [*((number, 6, "AAA" if number < 3 else "BBB") for number in range(6)), (6, 6, "")]

    def test_without_an_end_it_is_now(self, dataset: Dataset) -> None:
        fetch(Source(count=20_000), dataset, ["AAA"], end=None)
        assert dataset.version().span == (FIRST, NOW)
        fetch(Source(count=20_000), Dataset(dataset.folder.parent / "x"), ["AAA"], end="2999-01-01")
        assert dataset.version().span[1] == NOW


class TestResume:
    @pytest.mark.parametrize("at", range(1, 2 * CHUNKS + 1))
    def test_wherever_it_breaks_the_next_attempt_goes_on_from_there(self, dataset: Dataset, at: int) -> None:
        with pytest.raises(RetryError, match=f"{at - 1} of 6 chunks are kept: the same call goes on"):
            fetch(Breaks(at), dataset)
        assert dataset.versions() == ()
        again = Source()
        done = fetch(again, dataset)
        assert (done.fetched, done.resumed, len(again.calls)) == (7 - at, at - 1, 7 - at)
        assert all(same_bars(part, bars(symbol, 9_000)) for symbol, part in dataset.bars().items())

    def test_many_interruptions_fetch_every_chunk_once(self, dataset: Dataset) -> None:
        calls = 0
        for _ in range(2 * CHUNKS - 1):
            source = Breaks(2)
            with pytest.raises(RetryError, match="chunks are kept"):
                fetch(source, dataset)
            calls += len(source.calls)
        fetch(source := Source(), dataset)
        calls += len(source.calls)
        assert calls == 2 * CHUNKS
        assert dataset.version().bars == 18_000

    def test_an_interrupted_user_loses_nothing_either(self, dataset: Dataset) -> None:
        with pytest.raises(KeyboardInterrupt):
            fetch(Breaks(3, KeyboardInterrupt()), dataset)
        assert fetch(Source(), dataset).resumed == 2

    def test_a_damaged_chunk_is_fetched_again(self, dataset: Dataset, caplog: pytest.LogCaptureFixture) -> None:
        with pytest.raises(RetryError):
            fetch(Breaks(4), dataset)
        (first, *_) = sorted(dataset.partial.rglob("*.entry"))
        first.write_bytes(first.read_bytes()[:-1])
        done = fetch(Source(), dataset)
        assert (done.fetched, done.resumed) == (4, 2)
        assert "damaged" in caplog.text
        assert dataset.version().bars == 18_000

    def test_a_disk_that_fills_keeps_what_came_before(self, dataset: Dataset) -> None:
        small = max(len(encoded(part.take(slice(0, 5_000)))) for part in Source().known.values())
        noisy = Source()
        noise = np.random.default_rng(0).random(9_000)
        noisy.known["BBB"] = bars("BBB", 9_000, volume=noise, open=noise, high=noise, low=noise)
        with small_disk(small + 500), pytest.raises(RetryError, match=r"of 6 chunks are kept.*Free some space"):
            fetch(noisy, dataset)
        kept = len(DiskCache(dataset.partial).entries())
        assert CHUNKS <= kept < 2 * CHUNKS
        assert fetch(noisy, dataset).resumed == kept

    def test_another_question_takes_nothing_from_what_is_kept(self, dataset: Dataset) -> None:
        with pytest.raises(RetryError):
            fetch(Breaks(4), dataset)
        kept = len(DiskCache(dataset.partial).entries())
        assert kept == 3
        done = download(Source(name="other"), ["AAA"], FIRST, LAST, "1d", dataset, clock=lambda: NOW)
        assert done.resumed == 0


class TestFailures:
    def test_a_symbol_nobody_knows_is_left_out_and_told(self, dataset: Dataset) -> None:
        done = fetch(Source(), dataset, ["AAA", "ZZZ", "BBB"])
        assert done.version.symbols == ("AAA", "BBB")
        assert "one the venue knows" in done.failed["ZZZ"]
        assert any(finding.startswith("ZZZ: left out: ") for finding in done.version.findings)

    def test_a_source_that_refuses_everything_is_not_asked_for_ever(self, dataset: Dataset) -> None:
        source = Source()
        with pytest.raises(DataError, match="one the venue knows"):
            fetch(source, dataset, [f"Z{number}" for number in range(50)])
        assert len(source.calls) == 3

    def test_one_symbol_alone_that_is_refused_is_the_error(self, dataset: Dataset) -> None:
        with pytest.raises(DataError, match="one the venue knows"):
            fetch(Source(), dataset, ["ZZZ"])

    def test_a_symbol_refused_in_the_middle_leaves_no_half_of_itself(self, dataset: Dataset) -> None:
        source = Breaks(5, DataError("rows", 0, "some", "Ask."))
        done = fetch(source, dataset)
        assert done.version.symbols == ("AAA",)
        assert "BBB" in done.failed

    def test_no_bar_at_all_is_an_error(self, dataset: Dataset) -> None:
        with pytest.raises(DataError, match="bars of made: got 0"):
            fetch(Source(), dataset, start=FIRST - 900 * DAY, end=FIRST - 800 * DAY)

    def test_a_span_that_is_not_reached_is_a_finding(self, dataset: Dataset) -> None:
        version = fetch(Source(count=100), dataset, ["AAA"], start=FIRST - 30 * DAY, end=FIRST + 300 * DAY).version
        assert version.findings == (
            "AAA: begins 2024-01-02, 30 days from what was asked for",
            "AAA: ends 2024-04-10, 201 days from what was asked for",
        )

    def test_a_symbol_without_a_bar_is_a_finding(self, dataset: Dataset) -> None:
        source = Source()
        source.known["BBB"] = bars("BBB", 0)
        version = fetch(source, dataset).version
        assert version.symbols == ("AAA",)
        assert any(finding.startswith("BBB: no bars from 2024-01-02 to") for finding in version.findings)

    def test_bars_outside_the_span_or_unsorted_are_refused(self, dataset: Dataset) -> None:
        class Early(Source):
            def fetch(self, symbols: Any, start: Any, end: Any, interval: str) -> Any:
                return super().fetch(symbols, start - DAY, end, interval)

        with pytest.raises(DataError, match=r"closes of AAA \(made\).*Correct the source's stamps"):
            fetch(Early(first=FIRST - 5 * DAY), dataset, ["AAA"])
        source = Source()
        source.known["AAA"] = source.known["AAA"].take(np.arange(9_000)[::-1])
        with pytest.raises(DataError, match="later than the bar before it"):
            fetch(source, dataset, ["AAA"])

    def test_prices_of_two_sources_are_not_mixed_within_a_symbol(self, dataset: Dataset) -> None:
        class Falls(Source):
            def fetch(self, symbols: Any, start: Any, end: Any, interval: str) -> Any:
                found = super().fetch(symbols, start, end, interval)
                other = "second" if len(self.calls) > 4 else "first"
                return {
                    symbol: bars(symbol, part.size, int(part.times[0]), source=other) for symbol, part in found.items()
                }

        done = fetch(Falls(), dataset)
        assert done.version.symbols == ("AAA",)
        assert "source of BBB: got 'second', must be first" in done.failed["BBB"]

    @pytest.mark.parametrize(
        ("symbols", "start", "end", "message"),
        [
            ([], FIRST, LAST, "one or more, each once"),
            (["AAA", "AAA"], FIRST, LAST, "one or more, each once"),
            (["AAA"], LAST, FIRST, "before the end"),
            (["AAA"], None, LAST, "given for AAA, which is new"),
            (["AAA"], "soon", LAST, "ISO 8601"),
        ],
    )
    def test_a_wrong_question_is_refused(
        self, dataset: Dataset, symbols: Any, start: Any, end: Any, message: str
    ) -> None:
        with pytest.raises(DataError, match=message):
            fetch(Source(), dataset, symbols, start=start, end=end)


class TestContinue:
    def test_without_a_start_each_symbol_goes_on_from_its_last_bar(self, dataset: Dataset) -> None:
        fetch(Source(), dataset, ["AAA"], end=FIRST + 50 * DAY)
        fetch(Source(), dataset, ["BBB"], end=FIRST + 70 * DAY)
        source = Source()
        done = fetch(source, dataset, start=None, end=FIRST + 80 * DAY)
        assert [(symbol, (start - FIRST) // DAY) for symbol, start, _ in source.calls] == [("AAA", 40), ("BBB", 60)]
        assert same_bars(dataset.bars()["AAA"], bars("AAA", 81))
        assert done.version.changes == (
            "AAA: 30 bars added, the first at 2024-02-22",
            "BBB: 10 bars added, the first at 2024-03-13",
        )

    def test_a_value_revised_near_the_end_is_seen(self, dataset: Dataset) -> None:
        fetch(Source(), dataset, ["AAA"], end=FIRST + 50 * DAY)
        source = Source()
        source.known["AAA"].close[45] += 0.25
        version = fetch(source, dataset, ["AAA"], start=None, end=FIRST + 60 * DAY).version
        assert version.changes[0] == "AAA: 1 bars revised, the first at 2024-02-16"
        assert dataset.bars("1")["AAA"].close[45] == 55.0
        assert dataset.bars()["AAA"].close[45] == 55.25
