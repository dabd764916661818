"""A training that was cut off goes on as if it never had been: weights, optimisers, buffers, episodes, bit for bit."""

from __future__ import annotations

import random

import numpy as np
import pytest
import torch

from polyfolio.errors import DataError
from polyfolio.train import algorithms, checkpoint, learner, randomness
from polyfolio.train.randomness import private
from polyfolio.train.session import PROGRESS, Session
from tests.train import worlds

ALGORITHMS = ("ppo", "a2c", "sac")


def session(section, folder, *, belongs=None, validate=True, space="box", watchers=()):
    model = algorithms.make(section, worlds.learning(section.envs, space=space), seed=3)
    judge = worlds.validation(section.validation.metric, space=space) if validate else None
    return Session(model, section, folder, belongs or {"algorithm": section.algorithm}, judge, watchers)


def trained(section, folder, **how):
    folder.mkdir(exist_ok=True)
    with private():
        done = session(section, folder, **how)
        done.run()
    return done


def resumed(section, folder, place=None, **how):
    with private():
        again = session(section, folder, **how)
        again.resume(checkpoint.read(place) if place else checkpoint.newest(folder))
        again.run()
    return again


def flat(value, name=""):
    """Every tensor, array and number in nested dicts, by path."""
    if isinstance(value, dict):
        return {path: leaf for key, part in value.items() for path, leaf in flat(part, f"{name}/{key}").items()}
    if isinstance(value, list | tuple):
        return flat(dict(enumerate(value)), name)
    return {name: value.detach().numpy() if torch.is_tensor(value) else value}


def different(first, second) -> list[str]:
    """Names of everything in the last checkpoints of two trainings that is not equal to the bit."""
    parts = []
    for folder in (first, second):
        kept = checkpoint.newest(folder)
        parts.append(flat({"arrays": kept.arrays, "facts": kept.facts, "model": learner.tensors(kept.model)}))
    assert parts[0].keys() == parts[1].keys()
    return [name for name, value in parts[0].items() if bits(value) != bits(parts[1][name])]


def bits(value):
    """What is compared: an array's bytes, so that NaN equals NaN and 0.0 is not -0.0."""
    return (value.dtype.descr, value.shape, value.tobytes()) if isinstance(value, np.ndarray) else value


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_a_resumed_training_equals_an_uninterrupted_one(algorithm, tmp_path):
    section = worlds.section(algorithm=algorithm)
    whole = trained(section, tmp_path / "whole")
    half = section.model_copy(update={"steps": 100})
    trained(half, tmp_path / "cut")
    # What was written after the last checkpoint must not count.
    with (tmp_path / "cut" / PROGRESS).open("a") as file:
        file.write("9999,1,1,1,1,1,1,1,1,1,1,1\n77")
    for stray in checkpoint.listed(tmp_path / "cut")[1:]:
        assert int(stray.name) > 96
    first = checkpoint.listed(tmp_path / "cut")[0]
    assert 96 <= int(first.name) < 256
    again = resumed(section, tmp_path / "cut", first)
    assert again.model.num_timesteps == whole.model.num_timesteps == 256
    assert different(tmp_path / "whole", tmp_path / "cut") == []
    assert again.progress == whole.progress
    assert (tmp_path / "cut" / PROGRESS).read_bytes() == (tmp_path / "whole" / PROGRESS).read_bytes()
    best = [flat(list(learner.tensors(tmp_path / name / "best" / "model.zip"))) for name in ("whole", "cut")]
    assert all(np.array_equal(value, best[1][name]) for name, value in best[0].items())


def test_what_a_checkpoint_holds_decides_the_rest(tmp_path):
    """The comparison above can fail: one bit of one generator, and the trainings part."""
    section = worlds.section(algorithm="ppo")
    trained(section, tmp_path / "whole")
    trained(section.model_copy(update={"steps": 100}), tmp_path / "cut")
    kept = checkpoint.read(checkpoint.listed(tmp_path / "cut")[0])
    kept.arrays["learner/random/torch"][0] ^= 1
    with private():
        again = session(section, tmp_path / "cut")
        again.resume(kept)
        again.run()
    assert different(tmp_path / "whole", tmp_path / "cut")


@pytest.mark.parametrize("space", ["box", "discrete"])
def test_learning_leaves_the_process_as_it_was(space, tmp_path):
    threads = torch.get_num_threads()
    before = flat(list(randomness.state()))
    torch.set_num_threads(threads + 1)
    done = trained(worlds.section(algorithm="ppo", steps=64), tmp_path / "a", space=space)
    assert done.model.num_timesteps == 64
    after, left = flat(list(randomness.state())), torch.get_num_threads()
    torch.set_num_threads(threads)
    assert left == threads + 1
    assert [name for name, value in before.items() if not np.array_equal(value, after[name])] == []
    with private():
        torch.rand(1), random.random()
        drawn = flat(list(randomness.state()))
    assert [name for name, value in before.items() if not np.array_equal(value, drawn[name])]


def test_more_steps_go_on_from_a_finished_training(tmp_path):
    section = worlds.section(algorithm="a2c", steps=128)
    trained(section, tmp_path / "a")
    assert resumed(section, tmp_path / "a").model.num_timesteps == 128
    longer = resumed(section.model_copy(update={"steps": 192}), tmp_path / "a")
    assert longer.model.num_timesteps == 192
    assert longer.progress.ended == "steps"


def test_a_checkpoint_of_something_else_is_refused_and_says_what_differs(tmp_path):
    section = worlds.section(steps=128)
    names = {"algorithm": "ppo", "observation": ["a.return", "b.return"]}
    trained(section, tmp_path / "a", belongs=names)
    with pytest.raises(DataError, match=r"observation\[1\]: got 'b.return', must be 'b.rsi', as in this training"):
        resumed(section, tmp_path / "a", belongs={**names, "observation": ["a.return", "b.rsi"]})
    with pytest.raises(DataError, match="of shape"):
        resumed(worlds.section(steps=128, network={"layers": [9]}), tmp_path / "a", belongs=names)


def test_the_best_model_alone_is_nothing_to_go_on_from(tmp_path):
    section = worlds.section(steps=128)
    trained(section, tmp_path / "a")
    with pytest.raises(DataError, match="below checkpoints/"):
        resumed(section, tmp_path / "a", tmp_path / "a" / "best")
