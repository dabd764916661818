"""`polyfolio policy`: sealed from a training, joined, shown, verified."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.testing import CliRunner

os.environ.setdefault("OMP_NUM_THREADS", "1")

from polyfolio.cli import policy as verb
from polyfolio.cli.policy_export import score_at, sealed_from
from polyfolio.errors import ConfigError, DataError, PolyfolioError
from polyfolio.policy.sealed import load
from polyfolio.train import checkpoint
from polyfolio.train.run import train
from tests.house.sources import run_python
from tests.policy.makers import registered, tape_of, trained

TAPE = tape_of(end="2024-01-20")


def spec_of(folder: Path) -> dict:
    return {
        "name": "small",
        "lanes": [{"name": "agent", "sizing": {"method": "weights"}}],
        "environment": {"episode": {"length": 20, "start": "random"}},
        "training": {
            "steps": 128,
            "envs": 2,
            "network": {"layers": [8]},
            "ppo": {"rollout": 32, "batch": 32, "epochs": 1},
            "validation": {"every": 64},
            "checkpoints": {"every": 64},
            "tracking": {"mlflow": None},
            "folder": str(folder),
        },
    }


@pytest.fixture(scope="module")
def training(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished training."""
    place = tmp_path_factory.mktemp("runs")
    return train(spec_of(place), TAPE)[0].folder


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in which the command is called, the strategy known by its name."""
    monkeypatch.chdir(tmp_path)
    registered(monkeypatch)
    return tmp_path


def call(*words: str | Path) -> str:
    done = CliRunner().invoke(verb.app, [str(word) for word in words])
    if isinstance(done.exception, PolyfolioError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.stdout


def with_world(place: Path) -> None:
    """Let training.json say what world it learned in, where it does not."""
    path = place / "training.json"
    said = json.loads(path.read_text())
    if said.get("world") is None:
        sealed = load(place / "policy.policy").manifest.world
        path.write_text(json.dumps({**said, "world": sealed.model_dump(mode="json")}))


def test_a_training_is_sealed_as_it_sealed_itself(training: Path, here: Path) -> None:
    with_world(training)
    told = call("export", training)
    sealed, own = load(here / "small.policy"), load(training / "policy.policy")
    assert sealed.digest in told
    assert sealed.entries["policy.onnx"] == own.entries["policy.onnx"]
    assert sealed.digest == own.digest
    assert sealed.manifest.validation == own.manifest.validation is not None


def test_a_checkpoint_is_sealed_with_its_own_weights_and_score(training: Path, here: Path) -> None:
    with_world(training)
    places = checkpoint.listed(training)
    made = []
    for number, place in enumerate(places):
        call("export", place, "--out", f"{number}.policy", "--name", f"step {number}")
        made.append(load(here / f"{number}.policy"))
        assert made[-1].manifest.lineage.steps == int(place.name)
        assert made[-1].manifest.validation == score_at(training / "progress.csv", int(place.name))
        assert made[-1].manifest.name == f"step {number}"
    assert len(made) >= 2
    assert made[0].entries["policy.onnx"] != made[-1].entries["policy.onnx"]


def test_a_folder_that_does_not_say_its_world_is_opened_once_more(training: Path, tmp_path: Path) -> None:
    path = training / "training.json"
    kept = path.read_text()
    path.write_text(json.dumps({**json.loads(kept), "world": None}))
    try:
        with pytest.raises(ConfigError, match="tape"):
            sealed_from(training)
    finally:
        path.write_text(kept)
    with pytest.raises(DataError, match="training"):
        sealed_from(tmp_path)


def test_a_changed_checkpoint_is_refused(training: Path, here: Path) -> None:
    with_world(training)
    model = checkpoint.listed(training)[0] / "model.zip"
    content = model.read_bytes()
    model.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    try:
        with pytest.raises(DataError, match=r"model\.zip"):
            call("export", model.parent)
    finally:
        model.write_bytes(content)


def test_policies_are_joined_and_shown(here: Path) -> None:
    for seed in range(2):
        trained(TAPE, seed=seed).save(here / f"{seed}.policy")
    told = call("join", "0.policy", "1.policy", "--vote", "weighted", "--out", "both.policy", "--name", "both")
    assert "33.3%" in told
    assert "66.7%" in told
    call("join", "0.policy", "--rule", "momentum", "--set", "lookback=24", "--how", "agree", "--name", "ruled")
    ruled = load(here / "ruled.policy").manifest.rule
    assert (ruled.name, ruled.params, ruled.how) == ("momentum", {"lookback": 24}, "agree")
    assert "momentum" in call("show", "ruled.policy")
    facts = json.loads(call("show", "both.policy", "--json"))
    assert facts["digest"] == load(here / "both.policy").digest
    assert [member["name"] for member in facts["members"]] == ["seed 0", "seed 1"]
    with pytest.raises(ConfigError, match="Did you mean `momentum`"):
        call("join", "0.policy", "--rule", "momentun")
    with pytest.raises(ConfigError, match="absent without --rule"):
        call("join", "0.policy", "1.policy", "--set", "lookback=24")


def test_what_is_shown_names_market_numbers_and_training(here: Path) -> None:
    trained(TAPE).save(here / "a.policy")
    told = call("show", "a.policy")
    for words in ("BTC/USDT, ETH/USDT, SOL/USDT", "1h, calendar 24/7, 8766 a year", "weights, 4 numbers"):
        assert words in told
    for words in ("ppo, seed 0, 1,000 steps", f"rows 0 to {TAPE.rows // 2 - 1},", "kernels      as here", "torch 2"):
        assert words in told


def test_the_lane_that_is_shown_fits_and_another_does_not(here: Path) -> None:
    trained(TAPE, {"limits": {"max_position": 0.4}}).save(here / "a.policy")
    (lane,) = yaml.safe_load(call("show", "a.policy", "--lane"))
    config = {"name": "run", "tape": {"format": "demo", "symbols": list(TAPE.symbols), "end": "2024-01-20"}}

    def write(**change: Any) -> None:
        (here / "run.yaml").write_text(yaml.safe_dump({**config, "lanes": [{**lane, **change}]}))

    write()
    assert "fits agent of run.yaml" in call("verify", "a.policy", "--config", "run.yaml")
    write(limits={"max_position": 0.3})
    with pytest.raises(ConfigError, match=r"max_position 0\.3.*max_position 0\.4"):
        call("verify", "a.policy", "--config", "run.yaml")
    write(strategy={"name": "momentum"})
    with pytest.raises(ConfigError, match="one with this policy"):
        call("verify", "a.policy", "--config", "run.yaml")
    config["tape"]["symbols"] = list(TAPE.symbols[:2])
    write()
    with pytest.raises(DataError, match="tape's symbols"):
        call("verify", "a.policy", "--config", "run.yaml")


def test_a_digest_is_compared_and_a_changed_file_refused(here: Path) -> None:
    path = trained(TAPE).save(here / "a.policy")
    digest = load(path).digest
    assert digest in call("verify", "a.policy", "--digest", digest)
    with pytest.raises(DataError, match="another policy"):
        call("verify", "a.policy", "--digest", "0" * 64)
    content = path.read_bytes()
    path.write_bytes(content.replace(b'"seed": 0', b'"seed": 1'))
    with pytest.raises(DataError, match=r"changed|CRC"):
        call("verify", "a.policy")


def test_showing_and_verifying_need_no_package_that_learns(here: Path) -> None:
    trained(TAPE).save(here / "a.policy")
    code = (
        "import sys\n"
        "for name in ('torch', 'gymnasium', 'stable_baselines3', 'onnx', 'ray'):\n    sys.modules[name] = None\n"
        "from polyfolio.cli import policy\nfrom typer.testing import CliRunner\n"
        "for words in (['show', 'a.policy'], ['verify', 'a.policy']):\n"
        "    done = CliRunner().invoke(policy.app, words)\n    assert done.exit_code == 0, repr(done.exception)\n"
    )
    done = run_python("-c", code, cwd=here)
    assert done.returncode == 0, done.stderr


def test_help_teaches() -> None:
    told = CliRunner().invoke(verb.app, ["--help"]).stdout
    for words in ("export", "join", "show", "verify", "polyfolio policy export runs/first"):
        assert words in told
