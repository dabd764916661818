"""Names: built-ins as text, entry points, the decorator, and what an unknown name is told."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import EntryPoint

import pytest

from polyfolio.core.codes import Stage
from polyfolio.errors import ConfigError
from polyfolio.rules import registry
from polyfolio.rules.built_in import BUILT_IN


@pytest.fixture(autouse=True)
def _clean(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(registry, "_registered", {kind: {} for kind in registry.KINDS})
    yield
    registry._entry_points.cache_clear()


def test_there_is_one_table_per_kind() -> None:
    assert tuple(BUILT_IN) == registry.KINDS


def test_every_stage_code_has_its_name() -> None:
    for stage in Stage:
        if stage not in (Stage.END, Stage.EXTENSION):
            assert registry.resolve("stage", stage.name.lower()) is stage


def test_an_unknown_name_gets_the_closest_and_the_list() -> None:
    with pytest.raises(ConfigError) as caught:
        registry.resolve("strategy", "momentun", "lanes[0].strategy.name")
    assert caught.value.field == "lanes[0].strategy.name"
    assert "`momentum`" in caught.value.remedy
    assert "buy_and_hold" in caught.value.bound


def test_an_unknown_name_of_an_empty_table_says_how_to_register() -> None:
    with pytest.raises(ConfigError, match=r"Register it under polyfolio\.aggregator"):
        registry.check("aggregator", "vote")


def test_an_unknown_kind_lists_the_kinds() -> None:
    with pytest.raises(ConfigError, match="strategy, aggregator, stage"):
        registry.names("strategies")


def test_the_decorator_gives_a_name_and_a_cell_may_run_twice() -> None:
    for _ in range(2):

        @registry.register("strategy", "mine")
        class Mine: ...

    assert registry.resolve("strategy", "mine") is Mine
    assert "mine" in registry.names("strategy")


def test_a_taken_name_is_refused() -> None:
    registry.register("strategy", "mine")(dict)
    with pytest.raises(ConfigError, match="another name"):
        registry.register("strategy", "mine")(list)
    with pytest.raises(ConfigError, match="another name"):
        registry.register("strategy", "momentum")(dict)


def test_an_entry_point_is_found_and_imported_only_when_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("theirs", "fractions:Fraction", "polyfolio.cost")
    broken = EntryPoint("broken", "no_such_module_here:Cost", "polyfolio.cost")
    monkeypatch.setattr(registry, "entry_points", lambda group: [point, broken] if group == "polyfolio.cost" else [])
    registry._entry_points.cache_clear()
    assert registry.names("cost") == ("theirs", "broken")
    assert registry.resolve("cost", "theirs").__name__ == "Fraction"
    with pytest.raises(ConfigError, match="no_such_module_here"):
        registry.resolve("cost", "broken")


def test_a_built_in_whose_extra_is_missing_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(BUILT_IN["source"], "far", "no_such_module_here:Far [live]")
    with pytest.raises(ConfigError, match=r"pip install 'polyfolio\[live\]'"):
        registry.resolve("source", "far")


def test_a_path_to_an_object_needs_no_name() -> None:
    assert registry.resolve("strategy", "fractions:Fraction").__name__ == "Fraction"
    with pytest.raises(ConfigError, match="It has no Nothing"):
        registry.resolve("strategy", "fractions:Nothing")
    with pytest.raises(ConfigError, match="module:Name"):
        registry.resolve("strategy", "fractions:")


def test_the_registry_imports_nothing_that_stands_above_it() -> None:
    code = (
        "import sys, polyfolio.rules.registry as r; r.check('strategy', 'momentum');"
        "print([m for m in sys.modules if m.startswith('polyfolio.') and m.split('.')[1] not in"
        " ('core', 'rules', 'errors', 'kernels')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
