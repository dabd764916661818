"""The cache contract on every cache, what happens to damage, full disks and servers that go, and layers."""

from __future__ import annotations

import logging
import resource
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.errors import DataError, RetryError
from polyfolio.market.cache import Layers, MemoryCache, cached, key_of, sealed, unsealed
from polyfolio.market.cache_disk import DiskCache
from polyfolio.market.cache_redis import PREFIX, RedisCache, without_secret
from polyfolio.market.caches import open_cache
from tests.market.store.tools import Valkey

KINDS = ("memory", "disk", "redis", "layers")


@pytest.fixture
def cache(request: pytest.FixtureRequest, tmp_path: Path) -> Any:
    if request.param == "memory":
        return MemoryCache()
    if request.param == "disk":
        return DiskCache(tmp_path / "cache")
    if request.param == "layers":
        return Layers(MemoryCache(), DiskCache(tmp_path / "cache"))
    return RedisCache(request.getfixturevalue("valkey").url)


@contextmanager
def small_disk(limit: int) -> Iterator[None]:
    """No file of this process may grow beyond so many bytes: the system refuses the write, as a full disk does."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


class TestContract:
    @pytest.mark.pitfall("VER-02")
    @pytest.mark.parametrize("cache", KINDS, indirect=True)
    def test_what_is_put_is_got_until_it_is_deleted(self, cache: Any) -> None:
        assert cache.get("k") is None
        cache.put("k", b"one")
        cache.put("other", b"")
        assert (cache.get("k"), cache.get("other")) == (b"one", b"")
        cache.put("k", b"two")
        assert cache.get("k") == b"two"
        cache.delete("k")
        cache.delete("never there")
        assert (cache.get("k"), cache.get("other")) == (None, b"")

    @pytest.mark.parametrize("cache", KINDS, indirect=True)
    def test_any_bytes_and_any_key_come_back(self, cache: Any) -> None:
        contents = {"a/../b": bytes(range(256)) * 9, "\0 key": b"\0", "k" * 5000: b"long", "ä\n": b"\xff\xfe"}
        for key, content in contents.items():
            cache.put(key, content)
        assert {key: cache.get(key) for key in contents} == contents

    @pytest.mark.parametrize("cache", KINDS, indirect=True)
    def test_many_threads_may_use_it_at_once(self, cache: Any) -> None:
        wrong: list[str] = []

        def work(number: int) -> None:
            for turn in range(20):
                cache.put(f"shared {turn}", b"x" * 1000)
                cache.put(f"{number} {turn}", f"{number} {turn}".encode())
                if cache.get(f"{number} {turn}") != f"{number} {turn}".encode():
                    wrong.append(f"{number} {turn}")
                if cache.get(f"shared {turn}") != b"x" * 1000:
                    wrong.append(f"shared {turn}")

        threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not wrong

    @pytest.mark.parametrize("cache", ["disk", "redis"], indirect=True)
    def test_another_object_sees_what_was_put(self, cache: Any) -> None:
        cache.put("k", b"one")
        again = DiskCache(cache.folder) if isinstance(cache, DiskCache) else RedisCache(cache._url)
        assert again.get("k") == b"one"


class TestKeys:
    def test_a_key_is_that_of_its_content_whatever_the_order(self) -> None:
        assert key_of(a=1, b=[2, "x"]) == key_of(b=[2, "x"], a=1)
        assert len({key_of(a=1), key_of(a=2), key_of(a="1"), key_of(b=1), key_of(a=None), key_of()}) == 6

    def test_a_part_that_has_no_text_is_refused(self) -> None:
        with pytest.raises(DataError, match="key: got"):
            key_of(a=object())

    @given(st.text(), st.binary(max_size=200), st.integers(0, 10_000), st.integers(1, 255))
    def test_an_envelope_with_any_byte_changed_is_not_opened(self, key: str, content: bytes, at: int, by: int) -> None:
        envelope = sealed(key, content)
        assert unsealed(key, envelope) == content
        place = at % len(envelope)
        damaged = envelope[:place] + bytes([envelope[place] ^ by]) + envelope[place + 1 :]
        assert unsealed(key, damaged) is None
        assert unsealed(key, envelope[:place]) is None
        assert unsealed(key + "x", envelope) is None


class TestDamage:
    @pytest.mark.parametrize("damage", [b"", b"rubbish", b"half"])
    def test_a_damaged_file_is_told_deleted_and_fetched_again(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture, damage: bytes
    ) -> None:
        cache = DiskCache(tmp_path)
        cache.put("k", b"right" * 100)
        file = cache.place("k")
        file.write_bytes(file.read_bytes()[:60] if damage == b"half" else damage)
        with caplog.at_level(logging.WARNING):
            assert cache.get("k") is None
        assert "damaged" in caplog.text
        assert str(file) in caplog.text
        assert not file.exists()
        assert cached(cache, "k", lambda: b"again") == b"again"
        assert cache.get("k") == b"again"

    def test_a_damaged_entry_of_a_server_is_told_and_deleted(
        self, valkey: Valkey, caplog: pytest.LogCaptureFixture
    ) -> None:
        import redis

        cache = RedisCache(valkey.url)
        cache.put("k", b"right")
        with redis.Redis.from_url(valkey.url) as client:
            client.setrange(PREFIX + "k", 45, b"X")
            with caplog.at_level(logging.WARNING):
                assert cache.get("k") is None
            assert client.exists(PREFIX + "k") == 0
        assert "damaged" in caplog.text
        cache.close()

    def test_an_entry_under_the_name_of_another_is_damage(self, tmp_path: Path) -> None:
        cache = DiskCache(tmp_path)
        cache.put("one", b"of one")
        cache.put("two", b"of two")
        cache.place("one").write_bytes(cache.place("two").read_bytes())
        assert cache.get("one") is None


class TestLimits:
    def test_memory_forgets_what_was_not_asked_for_longest(self) -> None:
        cache = MemoryCache(limit=30)
        for key in "abc":
            cache.put(key, b"x" * 10)
        cache.get("a")
        cache.put("d", b"x" * 10)
        assert [key for key in "abcd" if cache.get(key)] == ["a", "c", "d"]
        cache.put("e", b"x" * 31)
        assert cache.get("e") is None
        assert cache.get("a") is not None

    def test_the_disk_forgets_what_was_not_asked_for_longest(self, tmp_path: Path) -> None:
        import os

        cache = DiskCache(tmp_path, limit=6000)
        for number, key in enumerate("abcde"):
            cache.put(key, b"x" * 1000)
            os.utime(cache.place(key), (number, number))
        cache.get("a")
        cache.put("f", b"x" * 1000)
        left = [key for key in "abcdef" if cache.get(key) is not None]
        assert left == ["a", "d", "e", "f"]
        assert sum(size for _, size, _ in cache.entries()) <= 6000

    def test_a_server_forgets_after_the_time_given(self, valkey: Valkey) -> None:
        import redis

        cache = RedisCache(valkey.url, expire=77)
        cache.put("k", b"x")
        with redis.Redis.from_url(valkey.url) as client:
            assert 70 < client.ttl(PREFIX + "k") <= 77
        cache.close()


class TestFailures:
    def test_a_full_disk_is_an_error_that_leaves_nothing_half_written(self, tmp_path: Path) -> None:
        cache = DiskCache(tmp_path)
        cache.put("k", b"small")
        with small_disk(50_000), pytest.raises(RetryError, match="Free some space"):
            cache.put("k", b"x" * 100_000)
        assert cache.get("k") == b"small"
        assert [place.name for place in tmp_path.rglob("*") if place.is_file()] == [cache.place("k").name]

    def test_a_run_goes_on_when_the_disk_fills(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        layers = Layers(DiskCache(tmp_path))
        with small_disk(50_000), caplog.at_level(logging.WARNING):
            for turn in range(3):
                assert cached(layers, f"k{turn}", lambda: b"x" * 100_000) == b"x" * 100_000
        assert caplog.text.count("left aside") == 1

    def test_a_folder_that_is_a_file_stops_nothing(self, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        (tmp_path / "file").write_text("not a folder")
        layers = Layers(DiskCache(tmp_path / "file"))
        assert cached(layers, "k", lambda: b"made") == b"made"
        layers.delete("k")
        assert "left aside" in caplog.text

    def test_a_server_that_vanishes_in_mid_run_is_told_once_and_found_again(
        self, valkey: Valkey, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        now = [0.0]
        shared = RedisCache(valkey.url)
        layers = Layers(shared, DiskCache(tmp_path), patience=30.0, clock=lambda: now[0])
        layers.put("k", b"one")
        valkey.stop()
        with caplog.at_level(logging.INFO):
            for turn in range(5):
                assert layers.get("k") == b"one"
                assert cached(layers, f"k{turn}", lambda: b"new") == b"new"
                now[0] += 40.0
            assert caplog.text.count("left aside") == 1
            valkey.start()
            now[0] += 40.0
            assert cached(layers, "after", lambda: b"back") == b"back"
        assert caplog.text.count("answers again") == 1
        assert shared.get("after") == b"back"
        shared.close()

    def test_a_cache_that_failed_is_left_alone_for_its_time(self) -> None:
        class Broken(MemoryCache):
            calls = 0

            def get(self, key: str) -> bytes | None:
                self.calls += 1
                raise RetryError("cache", "x", "up", "Start it.")

        now, broken = [0.0], Broken()
        layers = Layers(broken, patience=10.0, clock=lambda: now[0])
        for _ in range(5):
            assert layers.get("k") is None
            now[0] += 3.0
        assert broken.calls == 2

    def test_without_any_cache_everything_is_made_anew(self) -> None:
        made: list[int] = []
        for _ in range(2):
            cached(open_cache("off"), "k", lambda: (made.append(1), b"x")[1])
        assert made == [1, 1]

    def test_a_nearer_cache_learns_from_a_farther_one(self) -> None:
        near, far = MemoryCache(), MemoryCache()
        far.put("k", b"x")
        assert Layers(near, far).get("k") == b"x"
        assert near.get("k") == b"x"

    def test_what_makes_the_content_may_fail_and_nothing_is_kept(self) -> None:
        cache = MemoryCache()

        def fails() -> bytes:
            raise RetryError("source", "x", "up", "Wait.")

        with pytest.raises(RetryError):
            cached(cache, "k", fails)
        assert cache.get("k") is None


class TestNames:
    @pytest.mark.pitfall("SEC-07")
    @pytest.mark.parametrize("url", ["redis://me:hunter2@localhost:1/0", "rediss://:hunter2@h:1?password=hunter2"])
    def test_a_password_is_never_shown(self, url: str, caplog: pytest.LogCaptureFixture) -> None:
        cache = RedisCache(url, timeout=0.2)
        with pytest.raises(RetryError) as caught:
            cache.get("k")
        Layers(cache).get("k")
        shown = f"{cache!r} {cache.name} {caught.value} {caplog.text} {without_secret(url)}"
        assert "hunter2" not in shown
        assert "***@" in shown

    def test_a_cache_is_opened_by_its_name(self, tmp_path: Path, valkey: Valkey, monkeypatch: Any) -> None:
        monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "home"))
        assert [cache.name for cache in open_cache("memory").caches] == ["memory"]
        assert open_cache(f"disk:{tmp_path}/here").caches[1].folder == tmp_path / "here"
        assert open_cache("disk").caches[1].folder == tmp_path / "home" / "polyfolio" / "market"
        shared = open_cache(valkey.url)
        shared.put("k", b"x")
        assert shared.caches[1].get("k") == b"x"
        shared.caches[1].close()

    @pytest.mark.parametrize("name", ["dosk", "http://localhost"])
    def test_another_name_is_refused_with_those_there_are(self, name: str) -> None:
        with pytest.raises(DataError, match="must be memory, disk"):
            open_cache(name)

    def test_an_address_of_another_kind_is_refused(self) -> None:
        with pytest.raises(DataError, match="redis://"):
            RedisCache("http://localhost")

    def test_without_the_client_the_extra_is_named(self, monkeypatch: Any) -> None:
        import sys

        monkeypatch.setitem(sys.modules, "redis", None)
        with pytest.raises(Exception, match=r"pip install 'polyfolio\[live\]'"):
            RedisCache("redis://localhost").get("k")


def test_a_user_without_a_home_has_no_cache_on_disk_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def homeless() -> Path:
        raise RuntimeError("Could not determine home directory.")

    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setattr(Path, "home", homeless)
    for name in ("disk", "redis://127.0.0.1:1/0"):
        with caplog.at_level(logging.WARNING):
            cache = open_cache(name)
        assert "there is no cache on disk" in caplog.text
        assert cached(cache, "key", lambda: b"made") == b"made"
