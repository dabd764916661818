"""Stored tapes: the same bits, mapped and shared, opened at once, and refused when a file is not what it was."""

from __future__ import annotations

import json
import multiprocessing
import os
import pickle
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyfolio.core.tape import OPTIONAL, PRICES, Tape
from polyfolio.errors import DataError, RetryError
from polyfolio.market.files import read_parquet
from polyfolio.market.store import MANIFEST, MappedTape, manifest_of, open_stored, store_tape
from polyfolio.market.stored import read_stored, slots
from polyfolio.market.window import window
from tests.market.store.test_cache import small_disk
from tests.market.store.tools import tape


def same_tape(one: Tape, other: Tape) -> bool:
    """Whether two tapes are equal in every array and word; the digest of each is computed anew."""
    arrays = (*PRICES, "volume", "tradable", "times", "instruments", *OPTIONAL)
    for name in arrays:
        mine, yours = getattr(one, name), getattr(other, name)
        if (mine is None) != (yours is None):
            return False
        if mine is not None and (mine.dtype != yours.dtype or mine.tobytes() != yours.tobytes()):
            return False
    words = one.universe == other.universe and one.calendar.day.tobytes() == other.calendar.day.tobytes()
    return words and Tape.digest(one) == Tape.digest(other)


class TestRoundTrip:
    @settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
    @given(st.integers(2, 9), st.integers(1, 5), st.integers(0, 99), st.sets(st.sampled_from(OPTIONAL)))
    def test_any_tape_comes_back(self, tmp_path: Path, rows: int, count: int, seed: int, optional: set[str]) -> None:
        made = tape(rows, count, seed, sorted(optional))
        digest = store_tape(made, tmp_path / "x", {"from": "a test"})
        again = open_stored(tmp_path / "x", verify=True)
        assert digest == made.digest() == again.digest()
        assert same_tape(made, again)
        assert manifest_of(tmp_path / "x")["made_from"] == {"from": "a test"}

    def test_labels_currencies_instruments_and_odd_numbers_come_back(self, tmp_path: Path) -> None:
        import pandas as pd

        table = pd.DataFrame(
            {
                "symbol": ["S0", "S1", "S2"],
                "currency": ["USD", "EUR", "USD"],
                "multiplier": [1.0, 50.0, 0.1],
                "lot": [0.0, 1.0, 1e-8],
                "tick": [0.1 + 0.2, 0.0, 0.01],
                "sector": ["a", "", "ü"],
            }
        )
        made = tape(instruments=table, fx={"EUR": "S2"}, bars_per_year=252.1)
        store_tape(made, tmp_path / "x")
        assert same_tape(made, open_stored(tmp_path / "x"))

    def test_arrays_have_the_types_of_a_tape_in_memory(self, tmp_path: Path) -> None:
        """Another type, such as a read-only one, would compile every kernel a second time."""
        import numba

        made = tape()
        store_tape(made, tmp_path / "x")
        again = open_stored(tmp_path / "x")
        for name in (*PRICES, "volume", "tradable", "times", *OPTIONAL):
            mine, yours = getattr(made, name), getattr(again, name)
            assert type(yours) is np.ndarray
            assert numba.typeof(yours) == numba.typeof(mine), name
        assert numba.typeof(again.instruments) == numba.typeof(made.instruments)
        assert numba.typeof(again.calendar.day) == numba.typeof(made.calendar.day)

    def test_a_write_to_a_mapped_array_reaches_neither_the_file_nor_another_reader(self, tmp_path: Path) -> None:
        store_tape(tape(), tmp_path / "x")
        one, other = open_stored(tmp_path / "x"), open_stored(tmp_path / "x")
        with pytest.raises(ValueError, match="read-only"):
            one.close[0, 0] = 1.0
        one.tradable[0, 0] ^= 1
        assert other.tradable[0, 0] != one.tradable[0, 0]
        open_stored(tmp_path / "x", verify=True)

    def test_a_stored_tape_takes_the_place_of_a_former_one(self, tmp_path: Path) -> None:
        store_tape(tape(seed=1), tmp_path / "x")
        digest = store_tape(tape(seed=2, optional=()), tmp_path / "x")
        assert Tape.digest(open_stored(tmp_path / "x")) == digest
        assert not (tmp_path / "x" / "funding.npy").exists()
        assert [place.name for place in tmp_path.iterdir()] == ["x"]


def child_digest(tape_of_parent: Tape, send: Any) -> None:
    """Runs in another process: is the tape mapped, and is it the same?"""
    base = tape_of_parent.close.base
    while base is not None and not isinstance(base, np.memmap):
        base = base.base
    send.send((isinstance(base, np.memmap), Tape.digest(tape_of_parent)))


class TestProcesses:
    def test_another_process_maps_the_same_files(self, tmp_path: Path) -> None:
        made = tape(2_000, 20)
        store_tape(made, tmp_path / "x")
        mapped = open_stored(tmp_path / "x")
        assert len(pickle.dumps(mapped)) < 500
        receive, send = multiprocessing.Pipe(duplex=False)
        process = multiprocessing.get_context("spawn").Process(target=child_digest, args=(mapped, send))
        process.start()
        assert receive.poll(60)
        assert receive.recv() == (True, made.digest())
        process.join(10)
        assert process.exitcode == 0

    def test_a_window_travels_by_its_values(self, tmp_path: Path) -> None:
        store_tape(tape(9), tmp_path / "x")
        part = window(open_stored(tmp_path / "x"), 2, 7)
        again = pickle.loads(pickle.dumps(part))
        assert part.digest() == again.digest() == window(tape(9), 2, 7).digest()
        assert part.digest() != open_stored(tmp_path / "x").digest()

    def test_a_folder_that_was_replaced_is_not_taken_for_the_old_one(self, tmp_path: Path) -> None:
        store_tape(tape(seed=1), tmp_path / "x")
        frozen = pickle.dumps(open_stored(tmp_path / "x"))
        store_tape(tape(seed=2), tmp_path / "x")
        with pytest.raises(DataError, match="digest of the tape"):
            pickle.loads(frozen)

    def test_a_tape_made_from_a_stored_one_has_a_digest_of_its_own(self, tmp_path: Path) -> None:
        store_tape(tape(), tmp_path / "x")
        stored = open_stored(tmp_path / "x")
        assert replace(stored, spread=None).digest() == replace(tape(), spread=None).digest() != stored.digest()


class TestSpeed:
    def test_opening_takes_less_than_50_ms(self, tmp_path: Path) -> None:
        """Six million values, best of five; what it takes does not grow with them."""
        store_tape(tape(20_000, 60), tmp_path / "x")
        best = min(_seconds(tmp_path / "x") for _ in range(5))
        assert best < 0.05, f"{best * 1e3:.1f} ms"


def _seconds(folder: Path) -> float:
    start = time.perf_counter()
    open_stored(folder)
    return time.perf_counter() - start


class TestDamage:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        store_tape(tape(50, 4), tmp_path / "x")
        return tmp_path / "x"

    def test_a_missing_file_is_named(self, folder: Path) -> None:
        (folder / "close.npy").unlink()
        with pytest.raises(DataError, match=r"close\.npy"):
            open_stored(folder)

    @pytest.mark.parametrize("damage", [b"", b"rubbish" * 50])
    def test_a_file_that_is_no_array_is_named(self, folder: Path, damage: bytes) -> None:
        (folder / "high.npy").write_bytes(damage)
        with pytest.raises(DataError, match=r"high\.npy.*Store the tape anew"):
            open_stored(folder)

    def test_a_file_cut_short_is_named(self, folder: Path) -> None:
        os.truncate(folder / "low.npy", 900)
        with pytest.raises(DataError, match=r"low\.npy"):
            open_stored(folder)

    def test_an_array_of_another_shape_is_named(self, folder: Path) -> None:
        np.save(folder / "open.npy", np.zeros((3, 4)))
        with pytest.raises(DataError, match=r"open\.npy.*type, shape and bytes"):
            open_stored(folder)

    def test_one_changed_byte_is_found_on_request_and_named(self, folder: Path) -> None:
        content = bytearray((folder / "close.npy").read_bytes())
        content[300] ^= 1
        (folder / "close.npy").write_bytes(bytes(content))
        open_stored(folder)
        with pytest.raises(DataError, match=r"close\.npy.*sha256"):
            open_stored(folder, verify=True)

    def test_a_changed_manifest_is_found(self, folder: Path) -> None:
        text = (folder / MANIFEST).read_text()
        (folder / MANIFEST).write_text(text.replace('"S0"', '"S9"'))
        with pytest.raises(DataError, match="as it was written"):
            open_stored(folder)

    @pytest.mark.parametrize("text", ["", "{}", "[1]", '{"manifest": 3, "checksum": ""}'])
    def test_a_manifest_that_is_none_is_refused(self, folder: Path, text: str) -> None:
        (folder / MANIFEST).write_text(text)
        with pytest.raises(DataError, match=MANIFEST):
            open_stored(folder)

    def test_a_newer_form_is_refused(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("polyfolio.market.store.VERSION", 2)
        store_tape(tape(), folder)
        monkeypatch.setattr("polyfolio.market.store.VERSION", 1)
        with pytest.raises(DataError, match="newer polyfolio"):
            open_stored(folder)

    @pytest.mark.pitfall("SEC-03")
    def test_an_array_of_objects_is_not_unpickled(self, folder: Path) -> None:
        np.save(folder / "open.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
        with pytest.raises(DataError, match=r"open\.npy"):
            open_stored(folder)

    def test_no_stored_tape_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(DataError, match=r"a folder with tape.json"):
            open_stored(tmp_path)

    def test_a_folder_with_other_files_is_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / "mine.txt").write_text("keep")
        with pytest.raises(DataError, match="this one holds other files"):
            store_tape(tape(), tmp_path)
        assert [place.name for place in tmp_path.iterdir()] == ["mine.txt"]

    @pytest.mark.parametrize("limit", [100, 300, 5_000, 20_000])
    def test_a_full_disk_leaves_the_former_tape(self, tmp_path: Path, limit: int) -> None:
        digest = store_tape(tape(seed=1), tmp_path / "x")
        with small_disk(limit), pytest.raises(RetryError, match="Free some space"):
            store_tape(tape(3_000, 3, seed=2), tmp_path / "x")
        assert Tape.digest(open_stored(tmp_path / "x", verify=True)) == digest
        assert [place.name for place in tmp_path.iterdir()] == ["x"]

    def test_an_older_manifest_without_a_later_column_has_its_default(self, folder: Path) -> None:
        from polyfolio.market.store import _checksum

        manifest = json.loads((folder / MANIFEST).read_text())["manifest"]
        del manifest["instruments"]["lot"]
        (folder / MANIFEST).write_text(json.dumps({"manifest": manifest, "checksum": _checksum(manifest)}))
        assert (open_stored(folder).instruments["lot"] == 0.0).all()


class TestSource:
    """`read_stored` chooses from a tape as the other sources choose from files."""

    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        store_tape(tape(12, 4, calendar="24/7"), tmp_path / "x")
        return tmp_path / "x"

    def test_without_options_it_is_the_stored_tape(self, folder: Path) -> None:
        assert isinstance(read_stored(folder, calendar="24/7", symbols=(), instruments=None), MappedTape)

    def test_symbols_and_span_are_those_of_the_file_it_was_made_of(self, folder: Path) -> None:
        chosen = read_stored(folder, symbols=["S2", "S0"], start="2024-01-05", end="2024-01-09")
        whole = tape(12, 4)
        rows = (whole.times > 1_704_412_800 * 10**9) & (whole.times <= 1_704_844_800 * 10**9)
        assert chosen.symbols == ("S2", "S0")
        assert chosen.times.tolist() == whole.times[rows].tolist()
        assert np.array_equal(chosen.close, whole.close[rows][:, [2, 0]], equal_nan=True)

    def test_a_conversion_follows_its_slot(self, tmp_path: Path) -> None:
        import pandas as pd

        table = pd.DataFrame({"symbol": ["S0", "S1", "S2"], "currency": ["EUR", "USD", "USD"]})
        made = tape(instruments=table, fx={"EUR": "S2"})
        assert slots(made, ("S2", "S0")).instruments["fx_slot"].tolist() == [-1, 0]
        with pytest.raises(DataError, match="with S2, which converts its currency"):
            slots(made, ("S0", "S1"))

    def test_dividends_may_be_left_aside(self, folder: Path) -> None:
        assert read_stored(folder, dividends=False).dividends is None
        assert read_stored(folder, dividends=False).splits is not None

    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"calendar": "XNYS"}, "calendar of .*must be 24/7"),
            ({"stamps": "open"}, "stamps of .*left out"),
            ({"fx": {"EUR": "S0"}}, "fx of"),
            ({"adjusted": True}, "adjusted of"),
            ({"symbols": ["S7"]}, "a symbol of the tape: S0"),
            ({"start": "2030-01-01"}, "at least 2"),
            ({"wrong": 1}, "option"),
        ],
    )
    def test_what_says_how_a_tape_is_made_comes_too_late(self, folder: Path, options: Any, message: str) -> None:
        with pytest.raises(DataError, match=message):
            read_stored(folder, **options)


@pytest.mark.shared
def test_a_half_million_rows_open_in_less_than_50_ms(shared_data: Path, tmp_path: Path) -> None:
    made = read_parquet(shared_data / "us_5min_2025.parquet", calendar="XNYS", stamps="open", interval="5min")
    store_tape(made, tmp_path / "x")
    assert min(_seconds(tmp_path / "x") for _ in range(5)) < 0.05
    assert same_tape(made, open_stored(tmp_path / "x", verify=True))
