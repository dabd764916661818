"""`polyfolio benchmark` and `polyfolio compare`: what they print, what they write, how they end."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from polyfolio.cli import benchmark, compare
from polyfolio.errors import ConfigError, DataError
from tests.backtests.benches import document, lane, market


def run(app: object, *words: str) -> Result:
    found = CliRunner().invoke(app, list(words))  # type: ignore[arg-type]
    if found.exception is not None and not isinstance(found.exception, SystemExit):
        raise found.exception
    return found


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A benchmark with its bars beside it, in a working folder of its own."""
    monkeypatch.chdir(tmp_path)
    tape = market()
    rows = ["timestamp,symbol,open,high,low,close,volume"]
    for row in range(tape.rows):
        stamp = np.datetime_as_string(np.datetime64(int(tape.times[row]), "ns"), unit="s")
        for slot, symbol in enumerate(tape.symbols):
            prices = ",".join(repr(float(getattr(tape, name)[row, slot])) for name in ("open", "high", "low", "close"))
            rows.append(f"{stamp}Z,{symbol},{prices},1000000.0")
    (tmp_path / "bars.csv").write_text("\n".join(rows) + "\n")
    data = {**document(lane("mine", "momentum", {"lookback": 10})), "tape": {"path": "bars.csv", "interval": "1d"}}
    path = tmp_path / "rules.yaml"
    path.write_text(json.dumps(data))
    return path


def test_a_benchmark_prints_its_verdict_and_writes_its_folder(file: Path) -> None:
    found = run(benchmark.app, str(file), "--no-page")
    assert "rules: 177 bars" in found.stdout
    assert "mine is " in found.stdout
    folder = file.parent / "results" / "rules-benchmark"
    record = json.loads((folder / "benchmark.json").read_text())
    assert record["judged"] == ["mine"]
    assert "Written to results/rules-benchmark/" in found.stdout


def test_json_is_the_record_and_nothing_else_and_settings_change_keys(file: Path) -> None:
    words = ("--no-page", "--json", "--set", "benchmark.split.folds=2", "--out", "elsewhere")
    record = json.loads(run(benchmark.app, str(file), *words).stdout)
    assert len(record["split"]["rounds"]) == 2
    assert record == json.loads((file.parent / "elsewhere" / "benchmark.json").read_text())
    again = run(compare.app, "elsewhere:mine", "elsewhere:index", "--against", "index", "--draws", "100", "--json")
    compared = json.loads(again.stdout)
    sharpe = [one["entries"]["mine"]["metrics"]["sharpe"] for one in (record, compared)]
    assert sharpe[0] == pytest.approx(sharpe[1], rel=1e-12)
    run(compare.app, "elsewhere", "--draws", "100", "--test", "mcs", "--out", "both", "--no-page")
    assert (file.parent / "both" / "comparison.json").is_file()


def test_a_lane_that_fails_ends_the_verb_once_the_others_are_saved(file: Path) -> None:
    data = json.loads(file.read_text())
    data["lanes"].append(lane("broken", "Raises", {"row": 0}))
    file.write_text(json.dumps(data))
    with pytest.raises(ConfigError, match="ZeroDivisionError"):
        run(benchmark.app, str(file), "--no-page", "--json", "--out", "kept")
    record = json.loads((file.parent / "kept" / "benchmark.json").read_text())
    assert (record["judged"], list(record["failed"])) == (["mine"], ["broken"])


def test_bad_input_is_refused_before_anything_is_written(file: Path) -> None:
    with pytest.raises(ConfigError, match=r"benchmark\.split\.folds: got 0"):
        run(benchmark.app, str(file), "--set", "benchmark.split.folds=0")
    (file.parent / "full").mkdir()
    (file.parent / "full" / "mine.txt").write_text("x")
    with pytest.raises(DataError, match="results folder"):
        run(benchmark.app, str(file), "--out", "full")
    with pytest.raises(DataError, match="run: got 'nothing'"):
        run(compare.app, "nothing")
    assert not (file.parent / "results").exists()


def test_the_page_is_written_where_it_is_wanted(file: Path) -> None:
    pytest.importorskip("plotly")
    run(benchmark.app, str(file), "--json", "--out", "paged")
    html = (file.parent / "paged" / "benchmark.html").read_text()
    assert html.startswith("<!doctype html>")
    assert "Benchmark: rules" in html
