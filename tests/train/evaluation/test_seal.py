"""Test rows are opened once, and a second look is known to be one."""

from __future__ import annotations

import json
import os
import threading
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from polyfolio.core.tape import Tape
from polyfolio.errors import DataError, RetryError
from polyfolio.market.frame import tape_from_arrays
from polyfolio.train import evaluation_seal as seal

DAY = 86_400_000_000_000


def tape(symbols: tuple[str, ...] = ("A", "B"), rows: int = 60, level: float = 10.0) -> Tape:
    close = np.full((rows, len(symbols)), level)
    arrays = dict.fromkeys(("open", "high", "low", "close"), close) | {"volume": np.ones_like(close)}
    return tape_from_arrays(np.arange(1, rows + 1) * DAY, symbols, arrays, interval="1d")


def at(hour: int) -> datetime:
    return datetime(2024, 5, 1, hour, tzinfo=UTC)


def look(folder: Path, rows: tuple[int, int] = (40, 60), hour: int = 1, **of: object) -> list[str]:
    opening = seal.opening_of(tape(**of), rows, {"policy": "abc"}, at(hour))  # type: ignore[arg-type]
    return [one.when for one in seal.opened([folder], opening)]


@pytest.mark.pitfall("VAL-10")
def test_a_second_look_at_the_same_rows_knows_of_the_first(tmp_path: Path) -> None:
    assert look(tmp_path, hour=1) == []
    assert look(tmp_path, hour=2) == ["2024-05-01T01:00:00+00:00"]
    assert look(tmp_path, hour=3) == ["2024-05-01T01:00:00+00:00", "2024-05-01T02:00:00+00:00"]
    kept = json.loads((tmp_path / "sealed.json").read_text())["openings"]
    assert [one["by"] for one in kept] == [{"policy": "abc"}] * 3
    assert kept[0]["digest"] == kept[1]["digest"]
    assert (kept[0]["start"], kept[0]["end"], kept[0]["symbols"]) == (41 * DAY, 60 * DAY, ["A", "B"])


@pytest.mark.pitfall("VAL-10")
def test_a_look_at_a_part_of_them_or_at_changed_values_counts_too(tmp_path: Path) -> None:
    look(tmp_path, (40, 60))
    assert look(tmp_path, (20, 41), 2)  # one row in common
    assert look(tmp_path, (50, 60), 2, level=11.0)  # other prices of the same days
    assert look(tmp_path, (40, 60), 2, symbols=("B", "C"))


def test_other_days_and_other_symbols_are_not_the_same_rows(tmp_path: Path) -> None:
    look(tmp_path, (40, 60))
    assert look(tmp_path, (20, 40), 2) == []
    assert look(tmp_path, (40, 60), 2, symbols=("C", "D")) == []


def test_the_record_stands_beside_a_file_and_several_places_are_asked(tmp_path: Path) -> None:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.policy").write_bytes(b"")
    policies = [tmp_path / name / "x.policy" for name in ("one", "two")]
    opening = seal.opening_of(tape(), (40, 60), {}, at(1))
    assert seal.opened(policies[:1], opening) == ()
    later = seal.opening_of(tape(), (40, 60), {}, at(2))
    assert seal.opened(policies, later) == (opening,)
    assert seal.opened(policies[1:], opening) == (later,)


def test_a_damaged_record_is_no_empty_one(tmp_path: Path) -> None:
    for text in ("{", "[]", '{"format": 1, "openings": [{}]}', '{"openings": []}'):
        (tmp_path / "sealed.json").write_text(text)
        with pytest.raises(DataError, match="nobody knows how often the test rows were seen"):
            look(tmp_path)
    (tmp_path / "sealed.json").write_text('{"format": 2, "openings": []}')
    with pytest.raises(DataError, match="format: got 2, must be 1"):
        look(tmp_path)


def test_looks_at_the_same_time_are_all_kept(tmp_path: Path) -> None:
    threads = [threading.Thread(target=look, args=(tmp_path,), kwargs={"hour": hour}) for hour in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seal.read(tmp_path / "sealed.json")) == 12
    assert [path.name for path in tmp_path.iterdir()] == ["sealed.json"]


def test_the_mark_of_a_killed_process_holds_for_a_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(seal, "PATIENCE", 0.05)
    mark = tmp_path / ".sealed.json.lock"
    mark.write_bytes(b"")
    with pytest.raises(RetryError, match="Wait for the other evaluation"):
        look(tmp_path)
    old = mark.stat().st_mtime - 61.0
    os.utime(mark, (old, old))
    assert look(tmp_path) == []
    assert not mark.exists()
