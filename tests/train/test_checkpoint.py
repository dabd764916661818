"""Checkpoints are there whole or not at all; a changed byte, another version, another training are refused."""

from __future__ import annotations

import json

import numpy as np
import pytest

from polyfolio.errors import DataError
from polyfolio.train import algorithms, checkpoint
from polyfolio.train.checkpoint import Checkpoint
from tests.train import worlds


@pytest.fixture(scope="module")
def model():
    return algorithms.make(worlds.section(), worlds.learning(), seed=0)


def written(place, model, steps=10, **how):
    arrays = {"numbers": np.arange(3.0), "records": np.zeros(2, np.dtype([("a", "i8"), ("b", "f4")], align=True))}
    kept = Checkpoint(steps, {"algorithm": "ppo"}, {"count": 7}, how.get("arrays", arrays))
    return checkpoint.write(place, model, kept)


def test_what_was_written_is_read(tmp_path, model):
    kept = checkpoint.read(written(tmp_path / "a", model))
    assert (kept.steps, kept.belongs, kept.facts) == (10, {"algorithm": "ppo"}, {"count": 7})
    assert kept.arrays["numbers"].tolist() == [0.0, 1.0, 2.0]
    assert kept.arrays["records"].dtype.names == ("a", "b")
    assert kept.complete
    assert not checkpoint.read(written(tmp_path / "b", model, arrays={})).complete


@pytest.mark.parametrize("name", ["model.zip", "state.npz"])
def test_a_changed_byte_is_found(tmp_path, model, name):
    path = written(tmp_path / "a", model) / name
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match="its digest when it was written"):
        checkpoint.read(tmp_path / "a")


def test_a_missing_file_and_a_cut_description_are_found(tmp_path, model):
    (written(tmp_path / "a", model) / "state.npz").unlink()
    with pytest.raises(DataError, match="got 'missing'"):
        checkpoint.read(tmp_path / "a")
    (written(tmp_path / "b", model) / "checkpoint.json").write_text('{"format": 1,')
    with pytest.raises(DataError, match="JSON as it was written"):
        checkpoint.read(tmp_path / "b")
    with pytest.raises(DataError, match="Name a folder below checkpoints/"):
        checkpoint.read(tmp_path / "none")


def test_another_version_is_refused_with_its_number(tmp_path, model):
    place = written(tmp_path / "a", model) / "checkpoint.json"
    place.write_text(json.dumps({**json.loads(place.read_text()), "format": 99}))
    with pytest.raises(DataError, match="format: got 99, must be 1") as caught:
        checkpoint.read(tmp_path / "a")
    assert "train anew" in caught.value.remedy


def test_a_damaged_checkpoint_is_passed_over_for_the_one_before(tmp_path, model):
    for steps in (10, 20, 30):
        written(checkpoint.place_of(tmp_path, steps), model, steps)
    assert checkpoint.newest(tmp_path).steps == 30
    (checkpoint.place_of(tmp_path, 30) / "model.zip").write_bytes(b"cut off")
    assert checkpoint.newest(tmp_path).steps == 20
    for steps in (10, 20):
        (checkpoint.place_of(tmp_path, steps) / "state.npz").unlink()
    with pytest.raises(DataError, match=r"model\.zip"):
        checkpoint.newest(tmp_path)
    assert checkpoint.newest(tmp_path / "elsewhere") is None


def test_only_the_newest_stay(tmp_path, model):
    for steps in (5, 100, 20):
        written(checkpoint.place_of(tmp_path, steps), model, steps)
    checkpoint.prune(tmp_path, 2)
    assert [int(place.name) for place in checkpoint.listed(tmp_path)] == [20, 100]


def test_a_checkpoint_that_cannot_be_finished_leaves_nothing(tmp_path, model, monkeypatch):
    written(tmp_path / "a", model, 10)

    def fails(*_args, **_how):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(np, "savez", fails)
    with pytest.raises(Exception, match="No space left"):
        written(tmp_path / "a", model, 20)
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert checkpoint.read(tmp_path / "a").steps == 10


@pytest.mark.pitfall("SEC-03")
def test_reading_a_model_runs_nothing_that_stands_in_it(tmp_path, model):
    """The library keeps its settings as pickles; a planted one must stay unread."""
    import base64
    import io
    import zipfile

    place = written(tmp_path / "a", model) / "model.zip"
    planted = b"cbuiltins\nexec\n(S'raise SystemExit(99)'\ntR."
    old, new = zipfile.ZipFile(place), io.BytesIO()
    with zipfile.ZipFile(new, "w") as out:
        for name in old.namelist():
            content = old.read(name)
            if name == "data":
                said = {key: {":serialized:": base64.b64encode(planted).decode(), ":type:": "x"} for key in ("gamma",)}
                content = json.dumps(said).encode()
            out.writestr(name, content)
    place.write_bytes(new.getvalue())
    with pytest.raises(SystemExit):  # the plant works where it is read
        type(model).load(place)
    from polyfolio.train import learner

    learner.load_model(model, place)


def test_differences_name_their_place():
    found = {"a": 1, "b": {"c": [1, 2]}, "gone": None}
    assert checkpoint.differences(found, {"a": 1, "b": {"c": [1, 3]}, "gone": None}) == [("b.c[1]", 2, 3)]
    assert checkpoint.differences({"a": 1}, {"a": 1, "d": 2}) == [("d", None, 2)]
    assert checkpoint.differences([1], [1, 2], "x") == [("x", [1], [1, 2])]
