"""Code and files of a user's own that a configuration names: a change of any of them is a new run."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from polyfolio.rules import foreign, registry
from polyfolio.rules.foreign import foreign_digests
from polyfolio.rules.identity import code_digest
from polyfolio.rules.load import load
from polyfolio.rules.spec import Spec

FILES = {
    "own_plan.py": "import json\nimport own_help\nfrom own_pack import more\n\n\nclass Mine: ...\n",
    "own_help.py": "LENGTH = 3\n",
    "own_pack/__init__.py": "",
    "own_pack/more.py": "from . import deep\nfrom .deep import x\n",
    "own_pack/deep.py": "x = 1\n",
    "own_pack/alone.py": "import own_plan\n",
    "own_rest.py": "x = 1\n",
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, text in FILES.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def spec(strategy: str, **params: object) -> Spec:
    return load({"name": "run", "lanes": [{"name": "a", "strategy": {"name": strategy, "params": params}}]})


def test_what_comes_with_the_package_is_nothing_foreign() -> None:
    assert foreign_digests(spec("momentum", lookback=3)) == {}
    assert foreign_digests(spec("polyfolio.strategies.momentum:Momentum")) == {}


def test_a_module_is_followed_to_what_it_imports_from_beside_it(folder: Path) -> None:
    found = foreign_digests(spec("own_plan:Mine"))
    assert set(found) == {"own_plan.py", "own_help.py", "own_pack/__init__.py", "own_pack/more.py", "own_pack/deep.py"}
    assert "own_plan" not in sys.modules, "it is read, not run"


@pytest.mark.parametrize(
    ("name", "counts"), [("own_plan.py", True), ("own_pack/deep.py", True), ("own_rest.py", False)]
)
def test_a_change_of_a_helper_is_a_new_run(name: str, counts: bool, folder: Path) -> None:
    before = code_digest(spec("own_plan:Mine"))
    (folder / name).write_text(FILES[name] + "# changed\n")
    assert (code_digest(spec("own_plan:Mine")) != before) == counts


def test_the_place_of_the_files_is_no_part_of_it(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "own_plan.py").write_text(FILES["own_help.py"])
    (folder / "own_plan.py").write_text(FILES["own_help.py"])
    here = foreign.sources("own_plan")
    file = foreign.file_of("own_plan")
    assert file == folder / "own_plan.py"
    assert here == {"own_plan.py": foreign.digest_of(elsewhere / "own_plan.py")}


def test_strategies_inside_strategies_are_found(folder: Path) -> None:
    members = [{"name": "momentum"}, {"name": "own_rest:Inner", "params": {}}]
    assert set(foreign_digests(spec("equal_weight", members=members))) == {"own_rest.py"}


def test_a_file_that_a_strategy_reads_counts_by_its_bytes(folder: Path) -> None:
    policy = folder / "first.policy"
    policy.write_bytes(b"one")
    before = code_digest(spec("policy", path="first.policy"))
    assert set(foreign_digests(spec("policy", path="first.policy"))) == {"first.policy"}
    policy.write_bytes(b"two")
    assert code_digest(spec("policy", path="first.policy")) != before


def test_words_that_look_like_names_but_are_none_are_let_be(folder: Path) -> None:
    (folder / "momentum").write_text("a file that is called like a word of the configuration")
    assert foreign_digests(spec("momentum", pair="BTC:USDT", at="10:30", text="x" * 5000)) == {}


def test_a_module_with_a_fault_counts_by_its_bytes(folder: Path) -> None:
    (folder / "own_plan.py").write_text("def broken(:\n")
    assert set(foreign_digests(spec("own_plan:Mine"))) == {"own_plan.py"}


def test_an_installed_package_is_followed_within_itself(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(foreign, "INSTALLED", frozenset({folder}))
    assert set(foreign.sources("own_pack.more")) == {"own_pack/__init__.py", "own_pack/more.py", "own_pack/deep.py"}
    assert set(foreign.sources("own_plan")) == {"own_plan.py"}


def test_what_was_registered_counts_by_its_module(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(registry._registered, "strategy", {})

    @registry.register("strategy", "of_this_test")
    class Mine: ...

    found = foreign_digests(spec("of_this_test"))
    assert [name for name in found if name.endswith("test_foreign.py")]
    Mine.__module__ = "__notebook__"
    assert list(foreign_digests(spec("of_this_test"))) == ["strategy of_this_test"]
