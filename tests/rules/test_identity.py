"""A run's id depends on what its numbers depend on, and on nothing else."""

from __future__ import annotations

import hashlib

from polyfolio.rules.identity import canonical, run_id
from polyfolio.rules.load import load

ONE = {"name": "run", "lanes": [{"name": "a", "limits": {"max_position": 0.2}}]}
SAME = {"lanes": [{"name": "a"}], "defaults": {"limits": {"max_position": 0.2}}, "name": "run", "seed": 0}


def test_two_files_that_mean_the_same_have_one_id() -> None:
    assert run_id(load(ONE), "tape", "kernels") == run_id(load(SAME), "tape", "kernels")


def test_spec_tape_kernels_and_seed_each_change_the_id() -> None:
    other = load({**ONE, "lanes": [{"name": "a", "limits": {"max_position": 0.3}}]})
    ids = {
        run_id(load(ONE), "tape", "kernels"),
        run_id(other, "tape", "kernels"),
        run_id(load(ONE), "tape2", "kernels"),
        run_id(load(ONE), "tape", "kernels2"),
        run_id(load(ONE), "tape", "kernels", seed=1),
    }
    assert len(ids) == 5


def test_the_id_is_the_sha256_of_sorted_json_without_spaces() -> None:
    spec = load(ONE)
    text = f'{{"kernels":"k","seed":0,"spec":{canonical(spec)},"tape":"t"}}'
    assert run_id(spec, "t", "k") == hashlib.sha256(text.encode()).hexdigest()
