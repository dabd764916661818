"""Real policy files, sealed and read back, judged like everything else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError
from polyfolio.train.evaluation import Evaluation, Settings, evaluate
from polyfolio.train.evaluation_seal import read
from polyfolio.train.evaluation_sealed import sealed
from tests.policy.makers import registered, tape_of, trained

SMALL = Settings(folds=2, draws=200, randoms=10)
COSTS = {"execution": {"commission": {"model": "percentage", "percentage_fee": 0.001}}}


@pytest.fixture(scope="module")
def tape() -> Tape:
    return tape_of()


@pytest.fixture(scope="module")
def files(tape: Tape, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two seeds of one training, a file each."""
    for name in ("torch", "stable_baselines3", "onnxruntime"):
        pytest.importorskip(name)
    folder = tmp_path_factory.mktemp("run")
    made = [trained(tape, COSTS, seed=seed) for seed in (0, 1)]
    return [policy.save(folder / f"seed-{seed}.policy") for seed, policy in enumerate(made)]


def judged(files: list[Path], tape: Tape, monkeypatch: pytest.MonkeyPatch, **given: Any) -> Evaluation:
    registered(monkeypatch)
    contenders, spec = sealed([str(path) for path in files])
    assert spec is not None
    return evaluate(spec, contenders, tape, given.pop("settings", SMALL), **given)


@pytest.mark.pitfall("VAL-06", "VAL-10")
def test_files_of_one_training_are_seeds_of_one_policy(
    files: list[Path], tape: Tape, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluation = judged(files, tape, monkeypatch, places=files)
    record = evaluation.record
    assert record["policies"] == ["ppo"]
    facts = record["contenders"]["ppo"]
    assert (facts["members"], facts["seen_in_training"]) == (2, 0)
    assert facts["traded"]
    assert (evaluation.policies.returns[0] != evaluation.policies.returns[1]).any()
    assert facts["costs"][0]["commission"] > 0.0
    (opening,) = read(files[0].parent / "sealed.json")
    assert opening.by["ppo"].count("; ") == 1  # the digests of both files


@pytest.mark.pitfall("VAL-10")
def test_rows_it_learned_from_are_known_from_the_seal(
    files: list[Path], tape: Tape, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = judged(files, tape, monkeypatch, settings=Settings(split="all", folds=2, draws=200, randoms=10))
    seen = found.record["contenders"]["ppo"]["seen_in_training"]
    # it learned from the first half of the rows; the period begins a row or so late, and its first close is the base
    assert tape.rows // 2 - 3 <= seen <= tape.rows // 2
    assert found.verdict[0] == f"No judgement of ppo: it learned from {seen} of the judged bars."


def test_other_costs_than_the_sealed_ones_are_refused(
    files: list[Path], tape: Tape, monkeypatch: pytest.MonkeyPatch
) -> None:
    registered(monkeypatch)
    contenders, spec = sealed([str(path) for path in files])
    assert spec is not None
    free = spec.lanes[0].model_copy(update={"execution": type(spec.lanes[0].execution)()})
    with pytest.raises(ConfigError, match="execution of ppo"):
        evaluate(spec.model_copy(update={"lanes": (free,)}), contenders, tape, SMALL)


def test_the_account_is_the_policy_s_own_book(files: list[Path], tape: Tape, monkeypatch: pytest.MonkeyPatch) -> None:
    """The book that the policy sees while it decides, and the account that is judged, agree from the first row on."""
    from polyfolio.policy.play import decisions
    from polyfolio.policy.sealed import load

    evaluation = judged(files, tape, monkeypatch)
    period = evaluation.policies.period
    theirs = [float(arena.episodes["equity"][0]) for _, arena in decisions(load(files[0]), period.tape, period.first)]
    ours = evaluation.policies.result.equity(0)[period.first + 1 :]
    np.testing.assert_array_equal(np.array(theirs)[: ours.size - 1], ours[:-1])
