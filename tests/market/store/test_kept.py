"""Sources that keep: one in front of a slow source, one behind sources that fail."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from polyfolio.errors import DataError, RetryError
from polyfolio.market.cache import MemoryCache
from polyfolio.market.cache_disk import DiskCache
from polyfolio.market.chain import Chain
from polyfolio.market.dataset import Dataset
from polyfolio.market.kept import CachedSource, DatasetSource
from tests.market.store.tools import DAY, FIRST, NOW, Source, bars, same_bars

SPAN = (FIRST, FIRST + 19 * DAY, "1d")


def down() -> None:
    raise RetryError("source", "made", "reached", "Wait.")


class TestCachedSource:
    def test_what_was_fetched_is_not_asked_for_again(self) -> None:
        source, cache = Source(), MemoryCache()
        cached = CachedSource(source, cache, clock=lambda: NOW)
        first = cached.fetch(["BBB", "AAA"], *SPAN)
        source.before = down
        second = cached.fetch(["BBB", "AAA"], *SPAN)
        assert list(first) == list(second) == ["BBB", "AAA"]
        assert same_bars(first["AAA"], bars("AAA"))
        assert all(same_bars(first[symbol], second[symbol]) for symbol in first)

    def test_only_what_is_missing_is_asked_for(self) -> None:
        source = Source()
        cached = CachedSource(source, MemoryCache(), clock=lambda: NOW)
        cached.fetch(["AAA"], *SPAN)
        cached.fetch(["AAA", "BBB"], *SPAN)
        assert [call[0] for call in source.calls] == ["AAA", "BBB"]

    def test_another_span_or_interval_is_another_question(self) -> None:
        source = Source()
        cached = CachedSource(source, MemoryCache(), clock=lambda: NOW)
        for start, end in ((FIRST, SPAN[1]), (FIRST + 1, SPAN[1]), (FIRST, SPAN[1] + 1)):
            cached.fetch(["AAA"], start, end, "1d")
        assert len(source.calls) == 3

    def test_another_setting_of_the_source_is_another_question(self) -> None:
        cache = MemoryCache()
        for identity in ("made, XNYS", "made, 24/7", "made, XNYS"):
            source = Source()
            source.identity = identity  # type: ignore[attr-defined]
            CachedSource(source, cache, clock=lambda: NOW).fetch(["AAA"], *SPAN)
            assert len(source.calls) == (0 if cache.get(identity) else 1)
            cache.put(identity, b"seen")

    @pytest.mark.parametrize(("age", "calls"), [(2 * DAY, 2), (5 * DAY // 2, 2), (4 * DAY, 1)])
    def test_bars_that_may_still_change_are_fetched_each_time(self, age: int, calls: int) -> None:
        source = Source()
        cached = CachedSource(source, MemoryCache(), clock=lambda: SPAN[1] + age)
        for _ in range(2):
            cached.fetch(["AAA"], *SPAN)
        assert len(source.calls) == calls

    def test_damaged_bars_are_told_and_fetched_again(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        source, cache = Source(), MemoryCache()
        cached = CachedSource(source, cache, clock=lambda: NOW)
        cached.fetch(["AAA"], *SPAN)
        (key,) = cache._entries
        cache.put(key, b"whole, but no bars")
        assert same_bars(cached.fetch(["AAA"], *SPAN)["AAA"], bars("AAA"))
        assert "fetched anew" in caplog.text
        assert len(source.calls) == 2

    def test_the_source_s_own_error_is_the_caller_s(self, tmp_path: Path) -> None:
        cached = CachedSource(Source(), DiskCache(tmp_path), clock=lambda: NOW)
        with pytest.raises(DataError, match="one the venue knows"):
            cached.fetch(["ZZZ"], *SPAN)

    @pytest.mark.parametrize("wrong", [None, 3.5, "soon"])
    def test_an_end_that_is_no_time_is_refused(self, wrong: Any) -> None:
        with pytest.raises(DataError, match="end: got"):
            CachedSource(Source(), MemoryCache()).fetch(["AAA"], FIRST, wrong, "1d")


class TestDatasetSource:
    @pytest.fixture
    def dataset(self, tmp_path: Path) -> Dataset:
        made = Dataset(tmp_path / "us")
        made.add({"AAA": bars("AAA")})
        return made

    def test_it_stands_behind_a_source_that_fails(self, dataset: Dataset) -> None:
        broken = Source()
        broken.before = down
        found = Chain(broken, DatasetSource(dataset)).fetch(["AAA"], *SPAN)["AAA"]
        assert same_bars(found, bars("AAA"))
        assert any("from dataset us, version 1" in finding for finding in found.findings)
        assert any("made failed" in finding for finding in found.findings)

    def test_what_it_does_not_reach_is_a_finding(self, dataset: Dataset) -> None:
        found = DatasetSource(dataset).fetch(["AAA"], FIRST - 9 * DAY, FIRST + 30 * DAY, "1d")["AAA"]
        assert found.size == 20
        assert [finding for finding in found.findings if "ends 2024-01-21, before the end" in finding]
        assert [finding for finding in found.findings if "begins 2024-01-02, after the start" in finding]

    def test_only_the_span_asked_for_comes(self, dataset: Dataset) -> None:
        found = DatasetSource(dataset).fetch(["AAA"], "2024-01-05", "2024-01-06", "1d")["AAA"]
        assert ((found.times - FIRST) // DAY).tolist() == [4, 5]

    def test_another_interval_or_symbol_is_refused(self, dataset: Dataset) -> None:
        with pytest.raises(DataError, match="1d, as it has"):
            DatasetSource(dataset).fetch(["AAA"], FIRST, NOW, "1h")
        with pytest.raises(DataError, match="symbols of us"):
            DatasetSource(dataset).fetch(["ZZZ"], FIRST, NOW, "1d")
