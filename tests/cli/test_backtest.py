"""`polyfolio backtest`, `--set` and `polyfolio why` on a file of prices."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from polyfolio.cli import overrides
from polyfolio.cli.backtest import folder_name
from polyfolio.cli.why import row_at
from polyfolio.errors import ConfigError, DataError
from polyfolio.report.saved import open_run
from tests.cli.lines import polyfolio, two_lanes
from tests.report import runs


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A configuration file beside its prices, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("polyfolio.cli.backtest.ensure", lambda out: None)
    return two_lanes(tmp_path)


def test_a_run_prints_its_table_and_writes_its_folder(file: Path) -> None:
    done = polyfolio("backtest", "two.yaml")
    assert done.exit_code == 0, done.output
    for word in ("paying", "Every cent accounted for", "By instrument", "next_open", "results/two-lanes"):
        assert word in done.output
    saved = open_run("results/two-lanes")
    assert saved.meta["name"] == "two lanes"
    assert saved.journal.fills.size > 0


def test_a_cap_that_waits_for_its_label_is_told_and_kept_with_the_numbers(file: Path) -> None:
    data = yaml.safe_load(file.read_text())
    Path("instruments.csv").write_text("symbol,sector\nUP,tech\nFLAT,tech\n")
    data["tape"]["instruments"] = "instruments.csv"
    cap = {"by": "sector", "cap": {"tech": 0.9, "gold": 0.3}, "absent": True}
    data["lanes"][1]["limits"]["labels"] = [cap]
    file.write_text(yaml.safe_dump(data))
    done = polyfolio("backtest", "two.yaml", "--out", "mine")
    told = "lanes[1].limits.labels[0].cap.gold: no symbol carries this sector (tech); the cap waits"
    assert f"Note: {told}." in " ".join(done.output.split())
    assert open_run("mine").metrics["notes"] == [told]
    cap["absent"] = False
    file.write_text(yaml.safe_dump(data))
    refused = polyfolio("backtest", "two.yaml", "--out", "mine").exception
    assert isinstance(refused, ConfigError)
    assert refused.field == "lanes[1].limits.labels[0].cap.gold"


def test_json_is_the_only_output_and_what_is_saved(file: Path) -> None:
    done = polyfolio("backtest", "two.yaml", "--json", "--out", "mine", "--journal", "summary")
    record = json.loads(done.stdout)
    assert record == json.loads(Path("mine/metrics.json").read_text())
    assert open_run("mine").meta["journal"]["level"] == "summary"
    assert record["lanes"]["free"]["reasons"]["win_rate"] == "no fills were given"


def test_set_changes_single_keys(file: Path) -> None:
    done = polyfolio(
        "backtest",
        "two.yaml",
        "--out",
        "mine",
        "--json",
        "--set",
        "lanes.paying.limits.max_position=0.1",
        "--set",
        "seed=9",
    )
    assert done.exit_code == 0, done.output
    meta = open_run("mine").meta
    assert meta["configuration"]["lanes"][1]["limits"]["max_position"] == 0.1
    assert meta["configuration"]["seed"] == 9


def test_why_answers_by_time_and_by_row(file: Path) -> None:
    polyfolio("backtest", "two.yaml", "--out", "mine")
    by_row = polyfolio("why", "mine", "--lane", "paying", "--slot", "UP", "--at", "0")
    by_time = polyfolio("why", "mine", "--lane", "paying", "--slot", "UP", "--at", "2024-01-02T17:30")
    assert by_row.stdout == by_time.stdout
    assert "capped to 30.0 % by max_position; ordered +" in by_row.stdout
    rows = json.loads(polyfolio("why", "mine", "--lane", "paying", "--slot", "UP", "--at", "0", "--json").stdout)
    assert rows["answer"] == by_row.stdout.strip()
    assert "max_position" in {row["reason"] for row in rows["rows"]}


@pytest.mark.parametrize(
    ("line", "field"),
    [
        (("--slot", "UP", "--at", "0"), "--lane"),
        (("--lane", "other", "--slot", "UP", "--at", "0"), "lane"),
        (("--lane", "free", "--slot", "DOWN", "--at", "0"), "slot"),
        (("--lane", "free", "--slot", "UP", "--at", "99"), "row"),
        (("--lane", "free", "--slot", "UP", "--at", "yesterday"), "--at"),
        (("--lane", "free", "--slot", "UP", "--at", "2020-01-01"), "--at"),
    ],
)
def test_questions_that_cannot_be_answered_say_why(line, field, file: Path) -> None:
    polyfolio("backtest", "two.yaml", "--out", "mine")
    done = polyfolio("why", "mine", *line)
    assert isinstance(done.exception, DataError)
    assert done.exception.field == field


def test_a_journal_without_reasons_is_told(file: Path) -> None:
    polyfolio("backtest", "two.yaml", "--out", "mine", "--journal", "summary")
    done = polyfolio("why", "mine", "--lane", "free", "--slot", "UP", "--at", "0")
    assert isinstance(done.exception, ConfigError)
    assert "journal: full" in done.exception.remedy


def test_a_run_that_keeps_nothing_has_nothing_to_show(file: Path) -> None:
    assert isinstance(polyfolio("backtest", "two.yaml", "--journal", "off").exception, ConfigError)


def test_a_folder_that_cannot_be_written_is_refused_before_the_tape_is_read(file: Path) -> None:
    Path("bars.csv").unlink()
    Path("full").mkdir()
    Path("full/mine.txt").write_text("x")
    done = polyfolio("backtest", "two.yaml", "--out", "full")
    assert isinstance(done.exception, DataError)
    assert done.exception.field == "results folder"


@pytest.mark.parametrize(
    ("setting", "bound"),
    [
        ("seed", "key=value"),
        ("=3", "key=value"),
        ("lanes.third.name=x", "through one of free, paying"),
        ("name.first=x", "a key of a section"),
        ("name.first.last=x", "a key below a section"),
        ("lanes.7=x", "a key of a section"),
    ],
)
def test_a_setting_that_leads_nowhere_is_refused(setting: str, bound: str) -> None:
    with pytest.raises(ConfigError) as caught:
        overrides.applied(runs.spec(), [setting])
    assert caught.value.field == "--set"
    assert bound in caught.value.bound


def test_settings_reach_new_sections_lanes_by_name_and_by_number() -> None:
    data = overrides.applied(
        runs.spec(),
        [
            "defaults.risk.max_var=0.02",
            "lanes[0].name=first",
            "lanes.1.signal=null",
            "lanes.paying.exits={stop_loss: 0.1}",
        ],
    )
    assert data["defaults"] == {"risk": {"max_var": 0.02}}
    assert data["lanes"][0]["name"] == "first"
    assert data["lanes"][1]["signal"] is None
    assert data["lanes"][1]["exits"] == {"stop_loss": 0.1}


def test_an_unknown_key_of_a_setting_names_the_closest(file: Path) -> None:
    done = polyfolio("backtest", "two.yaml", "--set", "lanes.paying.limits.max_positon=0.2")
    assert isinstance(done.exception, ConfigError)
    assert "`max_position`" in done.exception.remedy


@pytest.mark.parametrize(
    ("text", "row"),
    [("3", 3), ("2024-01-02", 0), ("2024-01-03T00:00:00Z", 1), ("2024-01-03T00:30:00+01:00", 0), ("20240104", 2)],
)
def test_times_are_utc_unless_they_say_otherwise(text: str, row: int) -> None:
    assert row_at(text, runs.tape().times) == row


@pytest.mark.parametrize(("name", "folder"), [("two lanes", "two-lanes"), ("../up", "up"), ("?", "run")])
def test_a_runs_name_makes_a_safe_folder_name(name: str, folder: str) -> None:
    assert folder_name(name) == folder
