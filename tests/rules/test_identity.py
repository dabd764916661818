"""A run's id depends on what its numbers depend on, and on nothing else."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from polyfolio.core.codes import Sizing
from polyfolio.rules import identity
from polyfolio.rules.identity import canonical, code_digest, effective, run_id
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
    text = f'{{"code":"{code_digest(spec)}","kernels":"k","seed":0,"spec":{canonical(spec)},"tape":"t"}}'
    assert run_id(spec, "t", "k") == hashlib.sha256(text.encode()).hexdigest()


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy in small of the package's folders."""
    for name in (*identity.DECIDING, "report"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "module.py").write_text("x = 1\n")
    monkeypatch.setattr(identity, "PACKAGE", tmp_path)
    identity.package_digest.cache_clear()
    yield tmp_path
    identity.package_digest.cache_clear()


@pytest.mark.parametrize(("folder", "counts"), [("strategies", True), ("rules", True), ("report", False)])
def test_a_changed_strategy_is_a_new_run_and_a_changed_page_is_not(folder: str, counts: bool, package: Path) -> None:
    before = code_digest(load(ONE))
    (package / folder / "module.py").write_text("x = 2\n")
    identity.package_digest.cache_clear()
    assert (code_digest(load(ONE)) != before) == counts


def test_the_sizing_a_strategy_brings_along_is_part_of_the_id_and_of_what_is_kept() -> None:
    """A book of weights resized to equal weights is another run; loaded from what was kept it is the same one."""
    lane = {"name": "a", "strategy": {"name": "minimum_variance"}}
    brought = load({"name": "run", "lanes": [lane]})
    other = load({"name": "run", "lanes": [{**lane, "sizing": {"method": "equal_weight"}}]})
    assert run_id(brought, "tape", "kernels") != run_id(other, "tape", "kernels")
    again = load(effective(brought))
    assert (brought.lanes[0].sizing.method, again.lanes[0].sizing.method) == (Sizing.EQUAL_WEIGHT, Sizing.MIN_VARIANCE)
    assert canonical(again) == canonical(brought)


def test_what_is_kept_of_limits_below_the_default_target_loads_again() -> None:
    spec = load({"name": "run", "lanes": [{"name": "a", "limits": {"max_gross": 0.5}}]})
    assert canonical(load(effective(spec))) == canonical(spec)
