"""Runs of a configuration that names a dataset or a stored tape: the same book, and the same again later."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from polyfolio.backtests.result import Result
from polyfolio.backtests.run import backtest
from polyfolio.core.tape import Tape
from polyfolio.errors import DataError
from polyfolio.market.dataset import Dataset
from polyfolio.market.export import bars_of_tape
from polyfolio.market.store import store_tape
from tests.report import runs

DATASET = "polyfolio.market.stored:read_dataset"
STORED = "polyfolio.market.stored:read_stored"


def run(path: object, form: str, **more: Any) -> Result:
    return backtest(runs.spec(tape={"path": str(path), "format": form, **more}))


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    made = Dataset(tmp_path / "us")
    made.add(bars_of_tape(runs.tape(), "1d", "made"))
    return made


def test_a_run_is_repeated_on_what_was_known_then(dataset: Dataset) -> None:
    """A correction a month later changes the run on the newest version, and not the run on the first."""
    first = run(dataset.folder, DATASET)
    bars = dataset.bars()["UP"]
    close = bars.close.copy()
    close[30] *= 1.0005
    dataset.add({"UP": replace(bars, close=close)})
    newest = run(dataset.folder, DATASET)
    again = run(f"{dataset.folder}@1", DATASET)
    assert again.journal.digest() == first.journal.digest() != newest.journal.digest()
    assert again.tape.digest() == first.tape.digest() != newest.tape.digest()
    made_from = dataset.find(first.tape.digest())
    assert made_from["version"] == dataset.version("1").id


@pytest.mark.pitfall("REP-05")
def test_every_result_names_its_data_and_the_name_leads_back_to_them(dataset: Dataset) -> None:
    result = run(dataset.folder, DATASET, start="2024-01-20")
    made_from = Dataset(dataset.folder).find(result.tape.digest())
    path = f"{dataset.folder}@{made_from['version'][:10]}"
    repeated = run(path, DATASET, start=made_from["options"]["start"])
    assert repeated.tape.digest() == result.tape.digest()
    assert repeated.journal.digest() == result.journal.digest()


def test_a_stored_tape_gives_the_book_of_the_tape_in_memory(tmp_path: Path) -> None:
    store_tape(runs.tape(), tmp_path / "x")
    result = run(tmp_path / "x", STORED)
    assert result.journal.digest() == runs.result().journal.digest()
    assert Tape.digest(result.tape) == runs.tape().digest()


def test_a_version_nobody_wrote_is_refused_before_anything_runs(dataset: Dataset) -> None:
    with pytest.raises(DataError, match="version of us: got '7'"):
        run(f"{dataset.folder}@7", DATASET)


@pytest.mark.pitfall("DAT-10", "DAT-12")
def test_prices_of_two_adjustments_are_never_one_tape(dataset: Dataset) -> None:
    """How prices were adjusted is part of what a tape was made from: another choice is another tape and digest."""
    bars = dataset.bars()["UP"]
    dataset.add({"UP": replace(bars, adj_close=bars.close * 0.9)})
    plain = dataset.tape(symbols=["UP"], dividends=False, splits=False)
    adjusted = dataset.tape(symbols=["UP"], adjusted=True, dividends=False, splits=False)
    assert plain.digest() != adjusted.digest()
    assert adjusted.close[0, 0] == pytest.approx(0.9 * plain.close[0, 0], rel=1e-15)
    assert dataset.find(adjusted.digest())["options"]["adjusted"] is True
    with pytest.raises(DataError, match="Adjusted prices contain dividends"):
        dataset.tape(symbols=["UP"], adjusted=True)
