"""`polyfolio evaluate` on the bundled bars."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from polyfolio.cli import evaluate
from polyfolio.errors import ConfigError, DataError
from polyfolio.rules.load import load

CONFIG = """
name: judged
tape: {format: demo, start: 2024-02-01, end: 2024-03-01, symbols: [BTC/USDT, ETH/USDT, SOL/USDT]}
defaults:
  account: {initial_capital: 100000.0, benchmark: BTC/USDT}
  execution: {commission: {model: percentage, percentage_fee: 0.001}}
lanes:
  - name: mine
    strategy: {name: momentum, params: {lookback: 24, top_k: 2}}
    limits: {max_position: 0.4}
"""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(evaluate, "ensure_agents", lambda console: None)
    path = tmp_path / "my.yaml"
    path.write_text(CONFIG)
    return path


def run(*arguments: object) -> str:
    """What the verb prints; its errors are raised."""
    words = [str(argument) for argument in arguments]
    done = CliRunner().invoke(evaluate.app, [*words, "--draws", "200", "--random", "10", "--folds", "3"])
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return " ".join(done.output.split())


@pytest.mark.pitfall("VAL-10")
def test_a_lane_is_judged_and_the_look_is_recorded_beside_the_configuration(config: Path) -> None:
    text = run("mine", "equal_weight", "--config", config)
    assert "mine is not distinguishable from" in text
    assert "equal_weight" in text
    assert "Written to results/judged-evaluation/" in text
    assert "wishes and no promise" in text
    folder = config.parent / "results" / "judged-evaluation"
    record = json.loads((folder / "evaluation.json").read_text())
    assert record["policies"] == ["mine", "equal_weight"]
    assert (folder / "evaluation.html").is_file()
    seen = json.loads((config.parent / "sealed.json").read_text())["openings"]
    assert len(seen) == 1
    assert "The test rows were opened before, 1 time" in run("mine", "--config", config, "--out", "again")


def test_the_record_alone_as_json_and_options_reach_it(config: Path) -> None:
    arguments = ("mine", "--config", config, "--json", "--split", "validation", "--trials", "50", "--gap", "2d")
    record: dict[str, Any] = json.loads(run(*arguments, "--set", "seed=9", "--out", "x"))
    assert (record["period"]["split"], record["period"]["folds"]) == ("validation", 3)
    assert (record["method"]["draws"], record["method"]["randoms"], record["method"]["gap"]) == (200, 10, "2d")
    assert (record["method"]["seed"], record["contenders"]["mine"]["deflated"]["trials"]) == (9, 50)
    assert not (config.parent / "sealed.json").exists()


def test_a_name_needs_a_configuration_and_a_policy_file_must_be_one(config: Path) -> None:
    with pytest.raises(ConfigError, match="Give a configuration with --config, or name policy files"):
        run("momentum")
    with pytest.raises(ConfigError, match="policy: got 'nobody', must be a policy file"):
        run("nobody", "--config", config)
    with pytest.raises(DataError):
        run("none.policy")
    assert not (config.parent / "sealed.json").exists()


def test_a_folder_with_other_files_is_refused_before_anything_is_opened(config: Path) -> None:
    (config.parent / "mine").mkdir()
    (config.parent / "mine" / "notes.txt").write_text("mine")
    with pytest.raises(DataError, match="holds other files"):
        run("mine", "--config", config, "--out", "mine")
    assert not (config.parent / "sealed.json").exists()


def test_another_tape_takes_the_place_of_the_configuration_s(config: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere\.parquet"):
        run("mine", "--config", config, "--tape", "nowhere.parquet", "--set", "tape.format=parquet")


def test_the_folder_of_a_training_says_where_its_bars_are(config: Path) -> None:
    (config.parent / "run").mkdir()
    (config.parent / "run" / "policy.policy").touch()
    own = load(config).model_copy(update={"tape": None})
    assert evaluate.with_tape(own, str(config.parent / "run" / "policy.policy")).tape is None
    (config.parent / "run" / "spec.yaml").write_text(CONFIG)
    for target in ("run", "run/policy.policy"):
        assert evaluate.with_tape(own, str(config.parent / target)).tape == load(config).tape
