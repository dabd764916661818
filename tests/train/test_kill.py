"""A training killed at any moment, while it learns or while it writes, goes on and ends as if nothing had been."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import pytest

from polyfolio.train import checkpoint, folder
from polyfolio.train.run import train
from tests.house.sources import ROOT, run_python
from tests.train import worlds
from tests.train.test_resume import different

CHILD = """
import os, signal, sys
import numpy as np
from polyfolio.train.run import train
from tests.train import worlds

place, moment = sys.argv[1:]
calls = {"step": 0, "write": 0}

def dying(kind, at, call):
    def counted(*arguments, **keywords):
        calls[kind] += 1
        if calls[kind] == at:
            if kind == "write":
                arguments[0].write_bytes(b"half a file")
            os.kill(os.getpid(), signal.SIGKILL)
        return call(*arguments, **keywords)
    return counted

if moment == "learning":
    worlds.Follow.step = dying("step", 118, worlds.Follow.step)
else:
    np.savez = dying("write", 2, np.savez)
train(worlds.spec(place), worlds.tape(), opened=worlds.opened)
"""


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("unbroken")
    (done,) = train(worlds.spec(place), worlds.tape(), opened=worlds.opened)
    assert done.steps == 256
    return done.folder


@pytest.mark.parametrize("moment", ["learning", pytest.param("writing", marks=pytest.mark.slow)])
def test_a_killed_training_goes_on_and_ends_like_an_unbroken_one(moment, tmp_path, unbroken):
    script = tmp_path / "child.py"
    script.write_text(f"import sys\nsys.path.insert(0, {str(ROOT)!r})\n" + CHILD)
    died = run_python(str(script), str(tmp_path), moment, cwd=tmp_path)
    assert died.returncode == -signal.SIGKILL, died.stderr
    place = tmp_path / "follow"
    assert folder.read(place)["status"] == "running"
    assert [int(kept.name) for kept in checkpoint.listed(place)] == [96]
    if moment == "writing":
        assert list((place / "checkpoints").glob(".*.part-*"))
    notes = []
    (done,) = train(worlds.spec(tmp_path), worlds.tape(), resume=True, note=notes.append, opened=worlds.opened)
    assert notes == [f"Going on from step 96 in {place}."]
    assert (done.steps, done.ended) == (256, "steps")
    assert different(unbroken, place) == []
    for name in ("progress.csv", "panel.json"):
        assert (place / name).read_bytes() == (unbroken / name).read_bytes()
    assert checkpoint.read(place / "best").steps == checkpoint.read(unbroken / "best").steps
    said, other = folder.read(place), folder.read(unbroken)
    assert [name for name in said if said[name] != other[name]] in (["started", "config", "stopped"],)
    assert not list(place.rglob(".*"))
    json.loads((place / "training.json").read_text())
