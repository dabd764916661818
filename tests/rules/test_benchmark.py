"""The document of a benchmark: read with its lines, and every key of it told in the guide."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel

from polyfolio.errors import ConfigError
from polyfolio.rules.benchmark import (
    BASELINES,
    BenchmarkSection,
    FoldsSection,
    RunSection,
    TargetSection,
    load_benchmark,
)

ROOT = Path(__file__).resolve().parents[2]
LANES = {"name": "x", "lanes": [{"name": "a"}]}


def test_a_document_is_its_section_and_a_configuration() -> None:
    found = load_benchmark({**LANES, "seed": 4, "benchmark": {"split": {"kind": "purged", "embargo": 3}}})
    assert (found.name, found.own, found.base.seed, found.runs) == ("x", True, 4, ())
    assert (found.section.split.kind, found.section.split.embargo, found.section.baselines) == ("purged", 3, BASELINES)


def test_keys_from_code_say_where_their_files_are(tmp_path: Path) -> None:
    (tmp_path / "one.yaml").write_text("name: one\nseed: 5\nlanes:\n  - name: b\n")
    found = load_benchmark({"benchmark": {"runs": ["one.yaml"]}}, tmp_path)
    assert (found.name, found.own, found.base.seed, found.base.lanes[0].name) == ("one", False, 5, "b")
    with pytest.raises(ConfigError, match=r"file: got '.*one\.yaml'"):
        load_benchmark({"benchmark": {"runs": ["one.yaml"]}}, tmp_path / "elsewhere")


def test_a_document_of_another_s_words_may_have_the_section_beside_it() -> None:
    found = load_benchmark({"ticker": "AAPL", "benchmark": {"draws": 500}})
    assert (found.own, found.section.draws) == (True, 500)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({**LANES, "benchmark": {"drawz": 5}}, r"benchmark\.drawz: got 5.*Did you mean `draws`"),
        ({**LANES, "benchmark": {"level": 0.9}}, r"benchmark\.level: got 0\.9, must be < 0\.5"),
        ({**LANES, "benchmark": {"targets": {"sharpe": {}}}}, r"benchmark\.targets\.sharpe\.low"),
        ({**LANES, "benchmark": {"tests": ["t"]}}, r"benchmark\.tests\[0\]: got 't'"),
        ({**LANES, "lane": []}, "lane: got"),
    ],
)
def test_faults_are_named_with_their_key(given: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_benchmark(given)
    with pytest.raises(ConfigError, match="a file's path or a map"):
        load_benchmark(7)  # type: ignore[arg-type]


@pytest.mark.parametrize("section", [BenchmarkSection, FoldsSection, RunSection, TargetSection])
def test_the_guide_tells_every_key_and_each_has_a_valid_example(section: type[BaseModel]) -> None:
    guide = (ROOT / "docs" / "how-to" / "benchmark.md").read_text(encoding="utf-8")
    base = {"file": "x.yaml"} if section is RunSection else {"low": 0.0} if section is TargetSection else {}
    for name, field in section.model_fields.items():
        assert f"`{name}`" in guide, name
        assert field.description
        example = field.examples[0]
        assert example != field.default
        section.model_validate({**base, name: example})
