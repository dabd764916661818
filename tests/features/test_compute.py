"""All features of a tape at once: threads, number types, stores and shelves change no number."""

from __future__ import annotations

import copy
import gc
import threading
import weakref
from pathlib import Path

import numpy as np
import pytest

from polyfolio.errors import ConfigError, DataError
from polyfolio.features import compute as module
from polyfolio.features.base import Feature
from polyfolio.features.catalogue import catalogue
from polyfolio.features.compute import compute
from polyfolio.features.cycles import HtSine, HtTrendmode
from polyfolio.features.identity import key_of, package_digest
from polyfolio.features.oscillators import Macd, Rsi
from polyfolio.features.own import own_bars
from polyfolio.features.prices import Returns
from polyfolio.features.ranks import Rank
from polyfolio.features.regimes import RegimeFeature, Volatility, WalkForward
from polyfolio.features.sets import feature_set
from polyfolio.features.shelf import Shelf
from polyfolio.features.store import ColumnStore
from polyfolio.market.files import read_parquet
from tests.features.tapes import cut, random_tape
from tests.features.tools import NAMES, example

TAPE = random_tape(31, rows=150, slots=5, missing=0.05, late=True, spread=True, per_day=3)
FEW = (Rsi(), Macd(), Returns(period=5), Rank(of=Rsi()), HtSine(), HtTrendmode())


def test_columns_hold_what_each_feature_computes_alone() -> None:
    features = [example(name) for name in NAMES if name not in ("cross_zscore", "cross_excess")]
    columns = compute(features, TAPE, threads=2)
    at = 0
    for feature in features:
        for name, values in zip(feature.columns(), feature.compute(TAPE), strict=True):
            assert columns.names[at] == name
            assert np.array_equal(columns.column(name), values, equal_nan=True), name
            assert np.array_equal(columns.values[at], values, equal_nan=True)
            at += 1
    assert at == len(columns)


def test_the_numbers_do_not_depend_on_threads() -> None:
    one, three = (compute(FEW, TAPE, threads=count) for count in (1, 3))
    assert np.array_equal(one.values, three.values, equal_nan=True)
    assert one.digest == three.digest


def test_float32_is_float64_rounded_in_half_the_memory() -> None:
    double, single = compute(FEW, TAPE), compute(FEW, TAPE, dtype="float32")
    assert single.values.dtype == np.float32
    assert np.array_equal(double.values.astype(np.float32), single.values, equal_nan=True)
    assert single.bytes * 2 == double.bytes
    assert single.digest != double.digest


def test_columns_are_read_by_name_by_symbol_and_as_a_frame() -> None:
    columns = compute(FEW, TAPE)
    assert np.array_equal(columns["S1.rsi_14"], columns.column("rsi_14")[:, 1], equal_nan=True)
    frame = columns.frame("S2")
    assert list(frame.columns) == list(columns.names)
    assert str(frame.index.tz) == "UTC"
    assert frame.index[0].value == TAPE.times[0]
    assert np.array_equal(frame["returns_5"], columns["S2.returns_5"], equal_nan=True)
    chosen = columns.select(["returns_5", "rsi_14"])
    assert chosen.names == ("returns_5", "rsi_14")
    assert np.array_equal(chosen.values[1], columns.column("rsi_14"), equal_nan=True)
    with pytest.raises(ValueError, match="read-only"):
        columns.values[0, 0, 0] = 1.0
    with pytest.raises(ConfigError, match="Did you mean `rsi_14`"):
        columns.column("rsi14")
    with pytest.raises(DataError, match="one of 5 symbols"):
        columns.frame("AAPL")


def test_wrong_calls_are_refused() -> None:
    with pytest.raises(ConfigError, match="rsi_14"):
        compute([Rsi(), Rsi()], TAPE)
    with pytest.raises(ConfigError, match="instances of Feature"):
        compute([Rsi], TAPE)
    with pytest.raises(ConfigError, match="dtype"):
        compute(FEW, TAPE, dtype="float16")
    with pytest.raises(ConfigError, match="threads"):
        compute(FEW, TAPE, threads=0)
    assert len(compute([], TAPE)) == 0


def test_an_error_in_a_thread_reaches_the_caller() -> None:
    with pytest.raises(DataError, match="spread"):
        compute([Rsi(), catalogue()["quoted_spread"]()], random_tape(1, rows=40))


def test_what_is_kept_for_a_tape_goes_with_it() -> None:
    tape = random_tape(32, rows=50, slots=2)
    own = weakref.ref(own_bars(tape, ("close",)))
    assert own() is own_bars(tape, ("close", "high"))
    compute([HtSine()], tape)
    assert own()._kept == {}
    del tape
    gc.collect()
    assert own() is None


def test_a_digest_names_tape_features_and_arguments() -> None:
    base = compute(FEW, TAPE).digest
    assert base == compute(FEW, TAPE, threads=2).digest
    assert base != compute(FEW, cut(TAPE, 149)).digest
    assert base != compute((Rsi(period=13), *FEW[1:]), TAPE).digest


def test_the_key_of_a_foreign_feature_follows_its_source(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    source = "from polyfolio.features.prices import Returns\nclass Mine(Returns):\n    name = 'mine'\n"
    (tmp_path / "mine_one.py").write_text(source)
    (tmp_path / "mine_two.py").write_text(source + "    extra = 1\n")
    one, two = (__import__(name).Mine(period=2) for name in ("mine_one", "mine_two"))
    assert key_of(one, "float64") != key_of(two, "float64")
    assert key_of(one, "float64") == key_of(one.clone(), "float64")


def test_what_a_regime_learned_is_part_of_its_columns_key(tmp_path: Path) -> None:
    one, two = (RegimeFeature(regime=Volatility(window=10).fit(cut(TAPE, rows))) for rows in (60, 150))
    assert one.regime.high_ != two.regime.high_
    assert key_of(one, "float64") != key_of(two, "float64")
    assert key_of(one, "float64") == key_of(RegimeFeature(regime=copy.deepcopy(one.regime)), "float64")
    store, shelf = ColumnStore(tmp_path), Shelf(TAPE)
    compute([one], TAPE, store=store)
    shelf.take([one])
    wanted = two.compute(TAPE)
    assert np.array_equal(compute([two], TAPE, store=store).values, wanted, equal_nan=True)
    assert np.array_equal(shelf.take([two]).values, wanted, equal_nan=True)
    walks = [RegimeFeature(regime=WalkForward(regime=Volatility(window=window))) for window in (5, 6)]
    assert key_of(walks[0], "float64") != key_of(walks[1], "float64")


def test_every_source_of_the_package_is_part_of_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    original = Path.read_bytes
    monkeypatch.setattr(Path, "read_bytes", lambda path: read.append(path.name) or original(path))
    package_digest.__wrapped__()
    assert {"market.py", "hidden_markov.py", "windows.py", "rolling.py"} <= set(read)


def counting(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the features computed from here on."""
    seen: list[str] = []
    original = module.Work._one

    def counted(self: module.Work, number: int) -> None:
        seen.append(self.features[number].name)
        original(self, number)

    monkeypatch.setattr(module.Work, "_one", counted)
    return seen


def test_a_store_gives_the_same_bits_without_computing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = ColumnStore(tmp_path)
    first = compute(FEW, TAPE, store=store)
    seen = counting(monkeypatch)
    again = compute((Returns(period=9), *FEW), TAPE, store=store)
    assert seen == ["returns"]
    assert np.array_equal(again.values[1:], first.values, equal_nan=True)
    assert isinstance(again.arrays[1].base, np.memmap) or isinstance(again.arrays[1], np.memmap)
    assert again.select(first.names).values.shape == first.values.shape
    single = compute(FEW, TAPE, store=store, dtype="float32")
    assert single.values.dtype == np.float32


@pytest.mark.parametrize("damage", ["flipped", "cut", "empty", "another shape"])
def test_a_damaged_column_is_computed_again(damage: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = ColumnStore(tmp_path)
    first = compute([Rsi(), Returns()], TAPE, store=store)
    (file,) = tmp_path.rglob(f"{key_of(Rsi(), 'float64')[:32]}_0.npy")
    whole = bytearray(file.read_bytes())
    whole[-200] ^= 1
    if damage == "another shape":
        store.put(TAPE.digest(), key_of(Rsi(), "float64"), 0, np.zeros((2, 2)))
    else:
        file.write_bytes({"flipped": bytes(whole), "cut": bytes(whole[:-9]), "empty": b""}[damage])
    seen = counting(monkeypatch)
    again = compute([Rsi(), Returns()], TAPE, store=store)
    assert seen == ["rsi"]
    assert np.array_equal(again.values, first.values, equal_nan=True)
    assert store.get(TAPE.digest(), key_of(Rsi(), "float64"), 0, (5, 150)) is not None


def test_a_store_that_cannot_be_written_costs_a_note(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    columns = compute(FEW, TAPE, store=ColumnStore(tmp_path / "file"))
    assert np.array_equal(columns.values, compute(FEW, TAPE).values, equal_nan=True)
    assert len(columns.notes) == 1
    assert "computed again" in columns.notes[0]


def test_a_full_disk_leaves_no_half_column(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    columns = compute([Returns()], TAPE, store=ColumnStore(tmp_path))
    assert "No space left" in columns.notes[0]
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_shelf_computes_each_feature_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = counting(monkeypatch)
    shelf = Shelf(TAPE, threads=1)
    found: list[object] = []

    def ask(features: tuple[Feature, ...]) -> None:
        found.append(shelf.take(features))

    threads = [threading.Thread(target=ask, args=(FEW[:size],)) for size in (3, 4, 6, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(seen) == sorted(feature.name for feature in FEW)
    assert len(shelf) == len(FEW)
    whole = shelf.take(FEW)
    assert len(found) == 4
    assert np.array_equal(whole.values, compute(FEW, TAPE).values, equal_nan=True)
    assert whole.digest == compute(FEW, TAPE).digest
    assert np.shares_memory(whole.arrays[0], shelf.take([Rsi()]).arrays[0])


@pytest.mark.shared
@pytest.mark.parametrize(
    ("file", "options", "slots"),
    [
        (
            "us_daily_2016_2025.parquet",
            {"calendar": "XNYS", "interval": "1d", "dividends": False, "splits": False},
            150,
        ),
        ("us_5min_2025.parquet", {"calendar": "XNYS", "interval": "5min", "stamps": "open"}, 60),
    ],
)
@pytest.mark.parametrize("rows", [1500, pytest.param(None, marks=pytest.mark.slow)], ids=["begin", "whole"])
def test_the_shared_files_have_all_columns(
    file: str, options: dict, slots: int, rows: int | None, shared_data: Path
) -> None:
    tape = read_parquet(shared_data / file, **options)
    assert tape.slots == slots
    tape = cut(tape, rows or tape.rows)
    columns = compute(feature_set("wealth200"), tape, dtype="float32")
    assert len(columns) >= 200
    late = columns.values[:, -1]
    # Each column says something of most symbols at the end.
    silent = [name for name, row in zip(columns.names, late, strict=True) if np.isfinite(row).mean() < 0.5]
    assert silent == []
