"""Runs are recorded, not repeated, listed, compared and run again; pages are written from what was saved."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from polyfolio.cli import pages
from polyfolio.errors import ConfigError, DataError, PolyfolioError
from polyfolio.report.saved import open_run
from polyfolio.store.runs import Runs
from tests.cli.lines import polyfolio, two_lanes

OWN = """
import numpy as np
from polyfolio import Strategy

LEVEL = 0.5


class Half(Strategy):
    def signals(self, tape):
        return np.full((tape.rows, tape.slots), LEVEL)


class Broken(Strategy):
    def signals(self, tape):
        raise ValueError("no idea")
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with a configuration of two lanes and its prices."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("POLYFOLIO_RUNS", raising=False)
    monkeypatch.setenv("COLUMNS", "120")
    for verb in ("backtest", "runs", "report"):
        monkeypatch.setattr(f"polyfolio.cli.{verb}.ensure", lambda out: None)
    two_lanes(tmp_path)
    return tmp_path


def told(*line: str) -> str:
    """What a line that succeeds prints, its breaks taken out."""
    done = polyfolio(*line)
    assert done.exit_code == 0, (done.output, done.exception)
    return " ".join(done.output.split())


def refused(*line: str) -> PolyfolioError:
    error = polyfolio(*line).exception
    assert isinstance(error, PolyfolioError), error
    return error


def changed(folder: Path, **keys: Any) -> None:
    path = folder / "two.yaml"
    path.write_text(yaml.safe_dump({**yaml.safe_load(path.read_text()), **keys}))


def ran(*more: str) -> str:
    return told("backtest", "two.yaml", "--no-report", *more)


def test_a_run_is_recorded_with_what_it_read_and_wrote(folder: Path) -> None:
    ran()
    run = Runs().one("last")
    saved = open_run("results/two-lanes")
    assert (run.status, run.name, run.command) == ("done", "two lanes", "backtest")
    assert run.run == saved.run_id
    assert run.digests == {**saved.meta["digests"], "journal": saved.meta["journal"]["digest"]}
    assert set(run.digests) == {"tape", "kernels", "code", "journal"}
    sharpe = saved.metrics["lanes"]["paying"]["metrics"]["sharpe"]
    assert run.metrics["paying"]["sharpe"] == sharpe
    assert [link.path for link in run.links if link.role == "data"] == [str(folder / "bars.csv")]
    wrote = {link.path for link in run.links if link.role == "result"}
    assert wrote == {path.name for path in (folder / "results" / "two-lanes").iterdir()}


def test_the_same_run_is_not_repeated_unless_asked(folder: Path) -> None:
    ran()
    before = Path("results/two-lanes/meta.json").stat().st_mtime_ns
    text = ran()
    assert "This run is there already: results/two-lanes/ (run #1" in text
    assert "--force" in text
    assert Path("results/two-lanes/meta.json").stat().st_mtime_ns == before
    assert [run.number for run in Runs().all()] == [1]
    ran("--force")
    assert Path("results/two-lanes/meta.json").stat().st_mtime_ns > before
    assert [run.number for run in Runs().all()] == [2, 1]


def test_a_repeated_line_for_numbers_prints_the_numbers(folder: Path) -> None:
    assert polyfolio("backtest", "two.yaml", "--json").stdout == polyfolio("backtest", "two.yaml", "--json").stdout
    assert len(Runs().all()) == 1


def test_a_repeated_line_for_another_folder_says_how_to_get_it_there(folder: Path) -> None:
    ran()
    assert "To have it in mine/ too, add --force." in ran("--out", "mine")
    assert not Path("mine").exists()


@pytest.mark.parametrize("change", ["key", "seed", "data", "results gone", "results replaced"])
def test_whatever_numbers_depend_on_makes_another_run(change: str, folder: Path) -> None:
    ran()
    if change == "key":
        ran("--set", "lanes.paying.limits.max_position=0.2")
    elif change == "seed":
        ran("--set", "seed=5")
    elif change == "data":
        text = Path("bars.csv").read_text().splitlines(keepends=True)
        Path("bars.csv").write_text("".join(text[:-2]))
        ran()
    elif change == "results gone":
        shutil.rmtree("results/two-lanes")
        ran()
    else:
        ran("--set", "seed=5", "--set", "lanes.paying.limits.max_position=0.2")
        ran()
    ids = [run.run for run in reversed(Runs().all())]
    assert len(ids) == (3 if change == "results replaced" else 2)
    assert (ids[0] == ids[-1]) == change.startswith("results")


@pytest.mark.pitfall("REP-05")
def test_a_changed_strategy_of_ones_own_is_another_run(folder: Path) -> None:
    Path("own_half.py").write_text(OWN)
    changed(folder, lanes=[{"name": "half", "strategy": {"name": "own_half:Half"}}])
    ran()
    assert "there already" in ran()
    Path("own_half.py").write_text(OWN.replace("LEVEL = 0.5", "LEVEL = 0.4"))
    ran()
    one, two = Runs().all()
    assert one.run != two.run
    assert one.digests["tape"] == two.digests["tape"]


def test_a_lane_that_fails_leaves_the_others_and_ends_with_its_error(folder: Path) -> None:
    Path("own_broken.py").write_text(OWN)
    lanes = yaml.safe_load(Path("two.yaml").read_text())["lanes"]
    changed(folder, lanes=[*lanes, {"name": "bad", "strategy": {"name": "own_broken:Broken"}}])
    done = polyfolio("backtest", "two.yaml", "--no-report")
    assert isinstance(done.exception, ConfigError)
    assert "no idea" in str(done.exception)
    assert "Every cent accounted for" in done.output
    assert set(open_run("results/two-lanes").metrics["lanes"]) == {"free", "paying"}
    run = Runs().one("last")
    assert run.status == "failed"
    assert "no idea" in run.failed["bad"]
    assert "there already" not in polyfolio("backtest", "two.yaml", "--no-report").output


def test_a_run_that_fails_as_a_whole_is_recorded_with_the_reason(folder: Path) -> None:
    changed(folder, lanes=[{"name": "a", "strategy": {"name": "momentum", "params": {"lookback": -1}}}])
    refused("backtest", "two.yaml", "--no-report")
    run = Runs().one("last")
    assert (run.status, run.folder) == ("failed", None)
    assert "lookback" in run.note
    assert "-1" in told("runs", "show", "last")


def test_the_list_names_runs_and_where_they_stand(folder: Path) -> None:
    assert "No run is recorded" in told("runs", "list")
    ran()
    ran("--set", "seed=5", "--out", "mine")
    shutil.rmtree("mine")
    text = told("runs", "list")
    assert text.index("#2") < text.index("#1")
    assert "results/two-lanes" in text
    assert "gone" in text
    assert "free +20.6 %" in text
    record = json.loads(polyfolio("runs", "list", "--json", "--limit", "1").stdout)
    assert [run["number"] for run in record] == [2]
    assert "No run named other" in told("runs", "list", "--name", "other")


def test_show_tells_everything_of_a_run(folder: Path) -> None:
    ran()
    run = Runs().one("1")
    text = told("runs", "show", "1")
    for word in (run.run, *run.digests.values(), "took", "results/two-lanes", "numba", str(folder / "bars.csv")):
        assert word in text, word
    assert "attribution.csv" in text
    record = json.loads(polyfolio("runs", "show", "results/two-lanes", "--json").stdout)
    assert record["number"] == 1
    assert record["results"] == "there"


def test_a_folder_that_is_not_recorded_is_shown_too(folder: Path) -> None:
    ran()
    Path("results/runs.sqlite").unlink()
    record = json.loads(polyfolio("runs", "show", "results/two-lanes", "--json").stdout)
    assert record["number"] == 0
    assert record["metrics"]["free"]["total_return"] == pytest.approx(0.206, abs=1e-3)
    assert not Path("results/runs.sqlite").exists()


def test_a_difference_names_keys_lanes_and_numbers(folder: Path) -> None:
    ran()
    ran("--set", "lanes.paying.limits.max_position=0.2", "--out", "mine")
    text = told("runs", "diff", "1", "2")
    assert "lanes.paying.limits.max_position: 0.3 -> 0.2" in text
    assert "Versions: the same" in text
    record = json.loads(polyfolio("runs", "diff", "results/two-lanes", "mine", "--json").stdout)
    assert record["keys"] == {"lanes.paying.limits.max_position": [0.3, 0.2]}
    assert set(record["digests"]) == {"journal"}
    first, second, difference = record["metrics"]["paying"]["total_return"]
    assert difference == second - first != 0.0
    assert record["metrics"]["free"]["total_return"][2] == 0.0


def test_two_executions_of_one_run_do_not_differ(folder: Path) -> None:
    ran()
    ran("--force")
    text = told("runs", "diff", "1", "2")
    assert text.count("the same") == 4


def test_a_run_is_reproduced_byte_for_byte(folder: Path) -> None:
    ran()
    assert "Reproduced" in told("runs", "reproduce", "last")
    record = json.loads(polyfolio("runs", "reproduce", "results/two-lanes", "--threads", "2", "--json").stdout)
    assert record["same"] is True
    assert record["changed"] == []


def test_a_run_is_reproduced_from_another_folder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The tape is named relative to the folder the run was started in."""
    ran()
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    monkeypatch.setenv("POLYFOLIO_RUNS", str(folder / "results" / "runs.sqlite"))
    assert "Reproduced" in told("runs", "reproduce", "1")


def test_what_cannot_be_reproduced_says_what_changed(folder: Path) -> None:
    ran()
    text = Path("bars.csv").read_text()
    Path("bars.csv").write_text(text.replace(text.splitlines()[-1], text.splitlines()[-1].replace("50.0", "50.5")))
    error = refused("runs", "reproduce", "1")
    assert isinstance(error, DataError)
    assert error.remedy == "Changed since: tape."
    Path("bars.csv").unlink()
    assert "bars.csv" in str(refused("runs", "reproduce", "1"))


def test_a_run_without_an_end_cannot_be_reproduced_or_shown_on_a_page(folder: Path) -> None:
    changed(folder, lanes=[{"name": "a", "strategy": {"name": "momentum", "params": {"lookback": -1}}}])
    refused("backtest", "two.yaml", "--no-report")
    assert "came to its end" in refused("runs", "reproduce", "last").bound
    assert "not failed" in refused("report", "last").bound


def test_pages_are_written_beside_the_numbers_and_recorded(folder: Path) -> None:
    text = told("backtest", "two.yaml")
    assert "Page: results/two-lanes/combined_summary.html" in text
    place = Path("results/two-lanes")
    for name in ("combined_summary.html", "free/report.html", "paying/report.html", "paying/performance.json"):
        assert (place / name).is_file(), name
    assert "paying/report.html" in {link.path for link in Runs().one("last").links}


def test_pages_are_written_later_from_what_was_saved(folder: Path) -> None:
    ran()
    assert pages.page_in(Path("results/two-lanes")) is None
    assert "Page: results/two-lanes/combined_summary.html" in told("report", "last")
    assert "free/report.html" in {link.path for link in Runs().one("last").links}
    told("report", "results/two-lanes", "--out", "elsewhere")
    assert Path("elsewhere/free/report.html").is_file()
    assert open_run("elsewhere").run_id == open_run("results/two-lanes").run_id


def test_a_page_of_other_data_is_refused(folder: Path) -> None:
    ran()
    text = Path("bars.csv").read_text()
    Path("bars.csv").write_text(text.replace(text.splitlines()[-1], text.splitlines()[-1].replace("50.0", "50.5")))
    error = refused("report", "last")
    assert error.field == "journal"
    assert "the data changed" in error.remedy
    assert pages.page_in(Path("results/two-lanes")) is None


def test_a_page_of_results_that_were_replaced_is_refused(folder: Path) -> None:
    ran()
    ran("--set", "lanes.paying.limits.max_position=0.2")
    assert "replaced" in refused("report", "1").bound


def test_the_page_is_opened(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(pages.webbrowser, "open", opened.append)
    told("backtest", "two.yaml", "--open")
    told("backtest", "two.yaml", "--open")
    told("report", "last", "--open")
    assert opened == [(folder / "results" / "two-lanes" / "combined_summary.html").as_uri()] * 3


def test_no_page_can_be_opened_where_none_is_written(folder: Path) -> None:
    assert refused("backtest", "two.yaml", "--no-report", "--open").field == "--open"
    assert not Path("results").exists()
    ran()
    assert "polyfolio report" in refused("backtest", "two.yaml", "--open").remedy


def test_without_plotly_numbers_are_written_and_it_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages.importlib.util, "find_spec", lambda name: None)
    done = polyfolio("backtest", "two.yaml")
    assert done.exit_code == 0, done.exception
    assert "polyfolio[report]" in done.stderr
    assert pages.page_in(Path("results/two-lanes")) is None
    assert Path("results/two-lanes/metrics.json").is_file()


def test_the_referee_is_asked_when_wanted(folder: Path) -> None:
    told("backtest", "two.yaml", "--referee", "--set", "lanes=[{name: one, strategy: {name: equal_weight}}]")
    record = json.loads(Path("results/two-lanes/one/referee.json").read_text())
    assert record["lane"] == "one"
    assert record["verdict"]
    assert "referee" in Path("results/two-lanes/one/report.html").read_text()


def test_a_registry_that_is_none_is_refused_before_anything_runs(folder: Path) -> None:
    Path("results").mkdir()
    Path("results/runs.sqlite").write_text("no database at all, only words of a sentence")
    assert refused("backtest", "two.yaml").field == "run registry"
    assert [path.name for path in Path("results").iterdir()] == ["runs.sqlite"]


def test_a_run_whose_strategy_brings_its_sizing_along_is_reproduced(folder: Path) -> None:
    """What is kept says how the lane was sized, and loads where limits are below the default target."""
    data = yaml.safe_load(Path("two.yaml").read_text())
    lane = {"strategy": {"name": "ubah"}, "limits": {"max_gross": 0.5}}
    data["lanes"] = [{"name": "brought", **lane}, {"name": "other", **lane, "sizing": {"method": "signal_strength"}}]
    Path("two.yaml").write_text(yaml.safe_dump(data))
    assert polyfolio("backtest", "two.yaml", "--no-report").exit_code == 0
    assert polyfolio("runs", "reproduce", "last").exit_code == 0


def test_the_list_is_readable_in_a_narrow_window(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    polyfolio("backtest", "two.yaml", "--no-report", "--set", "name=a name that is longer than a column has room for")
    monkeypatch.setenv("COLUMNS", "80")
    text = polyfolio("runs", "list").stdout
    run = Runs().one("last")
    for word in ("#1", run.run[:8], "done", run.started[:16].replace("T", " ")):
        assert word in text


def test_a_wrong_name_is_refused_before_anything_is_compiled(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("polyfolio.cli.backtest.ensure", lambda out: pytest.fail("compiled first"))
    data = yaml.safe_load(Path("two.yaml").read_text())
    data["lanes"][0]["strategy"] = {"name": "momentum", "params": {"lookbak": 3}}
    Path("two.yaml").write_text(yaml.safe_dump(data))
    assert "Did you mean `lookback`?" in polyfolio("backtest", "two.yaml", "--no-report").exception.remedy
