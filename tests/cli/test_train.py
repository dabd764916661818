"""`polyfolio train`: the document's flags, going on, looking at a checkpoint, searching; what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from polyfolio.cli import train
from polyfolio.errors import ConfigError, DataError, PolyfolioError
from polyfolio.train import checkpoint, folder

CONFIG = {
    "name": "two coins",
    "seed": 1,
    "tape": {"format": "demo", "symbols": ["BTC/USDT", "ETH/USDT"], "start": "2024-01-01", "end": "2024-01-20"},
    "lanes": [{"name": "agent", "execution": {"commission": {"model": "percentage", "percentage_fee": 0.001}}}],
    "environment": {"observation": {"technical": None}, "episode": {"length": 24, "start": "random"}},
    "training": {
        "steps": 64,
        "envs": 2,
        "network": {"layers": [8]},
        "ppo": {"rollout": 16, "batch": 16, "epochs": 1},
        "validation": {"every": 32},
        "checkpoints": {"every": 32},
        "tracking": {"mlflow": None},
    },
}


SAC = ("two.yaml", "--set", "training.algorithm=sac", "--set", "training.sac.learning_starts=10")


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(train, "ensure_agents", lambda out: None)
    (tmp_path / "two.yaml").write_text(yaml.safe_dump(CONFIG))
    return tmp_path


def call(*words: str):
    result = CliRunner().invoke(train.app, list(words))
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def outcome(*words: str):
    return json.loads(call(*words, "--json").stdout)


def test_a_training_is_made_gone_on_with_and_looked_at(here: Path) -> None:
    (done,) = outcome("--config", "two.yaml", "--experiment", "mine")
    assert (done["folder"], done["steps"], done["seed"], done["ended"]) == ("runs/mine", 64, 1, "steps")
    place = here / "runs" / "mine"
    assert Path(done["policy"]).is_file()
    names = {path.name for path in place.iterdir()}
    assert names == {
        "spec.yaml", "training.json", "panel.json", "progress.csv", "checkpoints", "best", "policy.policy"
    }  # fmt: skip
    (longer,) = outcome("runs/mine", "--resume", "--set", "training.steps=96")
    assert (longer["steps"], folder.read(place)["status"]) == (96, "finished")
    named = checkpoint.place_of(place, 64)
    (again,) = outcome("--checkpoint", str(named), "--local")
    assert again["steps"] == 96
    looked = outcome("--mode", "evaluate", "--checkpoint", "runs/mine/best")
    assert looked["score"] == pytest.approx(again["best"], rel=1e-12)
    other = outcome("--mode", "evaluate", "--checkpoint", "runs/mine", "--split", "train")
    assert other["length"] == 24.0
    with pytest.raises(DataError, match="--resume"):
        call("two.yaml", "--experiment", "mine")


def test_the_screen_shows_each_evaluation_and_what_came_of_it(here: Path) -> None:
    shown = call("two.yaml").stdout
    assert "steps" in shown
    assert "valid. reward" in shown
    lines = [line.split() for line in shown.splitlines() if "%" in line]
    assert [line[0] for line in lines] == ["32", "64"]
    assert any("best" in line for line in lines)
    assert "64 steps; all steps are made." in shown
    assert "Sealed: runs/two-coins/policy.policy" in shown
    looked = call("two.yaml", "--mode", "evaluate").stdout
    assert "on the rows of the split validation" in looked
    assert "sharpe" in looked


def test_hyper_parameters_are_searched(here: Path) -> None:
    space = "training.search.space={training.gamma: [0.5, 0.9]}"
    shown = call("two.yaml", "--mode", "search", "--set", space, "--set", "training.search.trials=2").stdout
    assert "Best of 2 trials" in shown
    assert "training.gamma: 0." in shown
    found = outcome("two.yaml", "--mode", "search", "--set", space, "--set", "training.search.trials=2")
    assert found["trials"] == 2
    (done,) = outcome(found["configuration"], "--experiment", "best")
    assert done["best"] == pytest.approx(found["score"], rel=1e-12)


@pytest.mark.parametrize(
    ("words", "field"),
    [
        (("two.yaml", "--config", "two.yaml"), "--config"),
        (("two.yaml", "--local", "--ray", "auto"), "--ray"),
        ((), "CONFIG"),
        (("nowhere.yaml",), "file"),
        (("two.yaml", "--set", "training.stepz=3"), "stepz"),
        ((*SAC, "--set", "environment.action.space=discrete", "--set", "environment.action.kind=signals"), "algorithm"),
    ],
)
def test_what_cannot_be_is_refused(here: Path, words: tuple[str, ...], field: str) -> None:
    with pytest.raises(ConfigError) as caught:
        call(*words)
    assert field in str(caught.value)


def test_a_place_without_a_training_is_refused(here: Path) -> None:
    (here / "empty").mkdir()
    for words in (("--checkpoint", "empty"), ("--mode", "evaluate", "--checkpoint", "empty/best"), ("empty",)):
        with pytest.raises(PolyfolioError):
            call(*words)
    with pytest.raises(DataError, match="folder of a training"):
        call("two.yaml", "--mode", "evaluate")


def test_another_name_for_a_training_that_has_one_is_refused(here: Path) -> None:
    (here / "runs" / "a").mkdir(parents=True)
    folder.note(here / "runs" / "a", {"format": folder.FORMAT, "seed": 1})
    with pytest.raises(ConfigError, match="--experiment"):
        call("two.yaml", "--checkpoint", "runs/a", "--experiment", "b")


def test_help_names_every_flag_of_the_document() -> None:
    shown = call("--help").stdout
    for flag in ("--config", "--experiment", "--mode", "--checkpoint", "--local", "--ray", "--resume"):
        assert flag in shown
