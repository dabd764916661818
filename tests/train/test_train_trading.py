"""Learners in the trading environments themselves: going on is exact, the sealed policy acts as the learner did."""

from __future__ import annotations

import numpy as np
import pytest

from polyfolio.envs.vector import TradingVectorEnv
from polyfolio.market.demo import demo_tape
from polyfolio.policy.manifest import Lineage
from polyfolio.policy.network import network_of
from polyfolio.policy.sealed import load as load_policy
from polyfolio.policy.sealed import seal
from polyfolio.rules.load import load
from polyfolio.train import algorithms, checkpoint, learner
from polyfolio.train.run import train
from polyfolio.train.worlds import open_world
from tests.train import worlds
from tests.train.test_resume import different

LANE = {
    "name": "agent",
    "account": {"initial_capital": 100_000.0},
    "limits": {"max_position": 0.6},
    "exits": {"stop_loss": 0.05},
    "execution": {"commission": {"model": "percentage", "percentage_fee": 0.001}},
}
SHORT = {
    "ppo": {"steps": 128, "checkpoints": {"every": 64}},
    "a2c": {"steps": 96, "checkpoints": {"every": 48}},
    "sac": {"steps": 60, "checkpoints": {"every": 30}, "validation": {"every": 40}},
}


@pytest.fixture(scope="module")
def coins():
    return demo_tape(symbols=("BTC/USDT", "ETH/USDT"), start="2024-01-01", end="2024-01-25")


def spec(folder, algorithm="ppo", *, environment=None, **training):
    own = worlds.section(algorithm=algorithm, **{**SHORT[algorithm], **training})
    world = {
        "observation": {"technical": None, "risk": True},
        "episode": {"length": 20, "start": "random", "randomise": {"costs": [0.5, 2.0], "capital": [0.5, 2.0]}},
        **(environment or {}),
    }
    data = {**own.model_dump(mode="json", exclude_unset=True), "folder": str(folder)}
    return load({"name": "coins", "seed": 2, "lanes": [LANE], "environment": world, "training": data})


@pytest.mark.parametrize("algorithm", ["ppo", "a2c", "sac"])
def test_a_training_in_the_market_goes_on_exactly(algorithm, tmp_path, coins):
    (whole,) = train(spec(tmp_path / "whole", algorithm), coins)
    cut = spec(tmp_path / "cut", algorithm)
    (done,) = train(cut, coins)
    first = checkpoint.listed(done.folder)[0]
    assert int(first.name) < whole.steps
    (again,) = train(cut, coins, resume=first)
    assert (again.steps, again.best) == (whole.steps, whole.best)
    assert different(whole.folder, again.folder) == []
    assert (again.folder / "progress.csv").read_bytes() == (whole.folder / "progress.csv").read_bytes()


@pytest.mark.parametrize(
    ("algorithm", "environment"),
    [
        ("ppo", {}),
        ("ppo", {"action": {"kind": "signals", "space": "multi_discrete"}}),
        ("sac", {"action": {"kind": "changes"}}),
    ],
)
@pytest.mark.pitfall("LIV-19")
def test_the_sealed_policy_acts_as_the_best_learner_did(algorithm, environment, tmp_path, coins):
    run = spec(tmp_path, algorithm, environment=environment)
    (done,) = train(run, coins)
    sealed = load_policy(done.policy)
    assert sealed.manifest.lineage.steps == done.best_steps
    assert sealed.manifest.validation == done.best
    world = open_world(run, coins, done.seed)
    model = algorithms.make(run.training, world.learning, done.seed)
    learner.load_model(model, checkpoint.read(done.folder / "best").model)
    env = TradingVectorEnv(run, 2, tape=coins, split="validation", state=sealed.state)
    observed, _ = env.reset(seed=0)
    for _ in range(5):
        flat = env.core.arena.observations.copy()
        acted, _ = model.predict(observed, deterministic=True)
        np.testing.assert_allclose(sealed.act(flat), acted, atol=1e-5)
        observed, *_ = env.step(acted)


@pytest.mark.parametrize("layout", ["dict", "matrix"])
def test_a_policy_of_another_layout_reads_the_flat_vector_once_it_is_sealed(layout, coins):
    run = spec("runs", environment={"observation": {"technical": None, "risk": True, "window": 2}})
    world = run.environment.model_copy(
        update={"observation": run.environment.observation.model_copy(update={"layout": layout})}
    )
    run = run.model_copy(update={"environment": world})
    made = open_world(run, coins, 0)
    model = algorithms.make(run.training, made.learning, 0)
    lineage = Lineage(algorithm="ppo", seed=0, steps=0, config="", versions={})
    sealed = seal(network_of(model, made.order), made.sealed, made.state, lineage)
    env = made.learning.env
    observed, _ = env.reset(seed=1)
    for _ in range(3):
        acted, _ = model.predict(observed, deterministic=True)
        np.testing.assert_allclose(sealed.act(env.core.arena.observations), acted, atol=1e-5)
        assert np.ptp(acted) > 0.0
        observed, *_ = env.step(acted)


def test_a_frozen_normaliser_is_the_one_of_the_training_rows(tmp_path, coins):
    run = spec(tmp_path)
    world = open_world(run, coins, 0)
    assert world.validate.env.panel.state == world.state
    assert world.validate.env.panel.digest == world.sealed.panel
    rows = world.validate.env.core.rows
    assert rows[0] >= world.learning.env.core.rows[1]
