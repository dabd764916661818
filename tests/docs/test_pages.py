"""The pages under docs/: their programs run, their links lead somewhere, their keys and codes exist."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from polyfolio.core.codes import Event, Reason, Sizing, Stage
from polyfolio.core.records import RULES
from polyfolio.rules import built_in, explain
from polyfolio.rules.benchmark import BenchmarkSection
from polyfolio.rules.spec import Spec
from tests.house.sources import ROOT, run_python
from tests.house.test_documents import blocks

PAGES = sorted((ROOT / "docs").rglob("*.md"))
TOP = [ROOT / name for name in ("README.md", "ARCHITECTURE.md", "NOTATION.md") if (ROOT / name).is_file()]
HAND_WRITTEN = [page for page in PAGES if page.parent.name != "reference"]


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def name_of(page: Path) -> str:
    return page.relative_to(ROOT).as_posix()


WITH_PYTHON = [page for page in PAGES if blocks(text_of(page), "python")]


@pytest.mark.parametrize("page", WITH_PYTHON, ids=name_of)
def test_the_python_blocks_of_a_page_run_in_their_order(page: Path, tmp_path: Path) -> None:
    for block in blocks(text_of(page), "yaml"):
        named = re.match(r"# ([\w-]+\.yaml)\n", block)
        if named:
            (tmp_path / named[1]).write_text(block, encoding="utf-8")
    script = tmp_path / "page.py"
    script.write_text("\n".join(blocks(text_of(page), "python")), encoding="utf-8")
    done = run_python(str(script), cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_links_of_the_pages_lead_somewhere() -> None:
    dead = [
        f"{name_of(page)}: {target}"
        for page in PAGES
        for target in re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", text_of(page))
        if not (page.parent / target).exists()
    ]
    assert not dead, dead


def test_the_index_names_every_page() -> None:
    index = text_of(ROOT / "docs" / "README.md")
    missing = [name_of(page) for page in PAGES if f"]({page.relative_to(ROOT / 'docs').as_posix()})" not in index]
    assert missing == ["docs/README.md"]


def test_the_files_the_pages_name_exist() -> None:
    missing = []
    for page in [*HAND_WRITTEN, *TOP]:
        named = re.findall(
            r"`((?:kernels|core|rules|engine|market|strategies|report|cli|tests|scripts|examples|skeletons)"
            r"/[\w/]+(?:\.\w+)?)`",
            text_of(page),
        )
        for name in named:
            places = [ROOT / name, ROOT / "src" / "polyfolio" / name]
            if not any(place.exists() for place in places):
                missing.append(f"{name_of(page)}: {name}")
    assert not missing, missing


RUN = ("tape", "environment", "training")  # sections of a run; the others are a lane's


def test_yaml_blocks_are_sections_of_a_configuration() -> None:
    found = 0
    for page in [*HAND_WRITTEN, *TOP]:
        for block in blocks(text_of(page), "yaml"):
            data = yaml.safe_load(block)
            found += 1
            if "benchmark" in data:
                BenchmarkSection.model_validate(data.pop("benchmark"))
                if "lanes" not in data:
                    continue  # its runs are files of their own
            Spec.model_validate(whole(data))
    assert found, "no page shows YAML"


def whole(data: dict[str, Any]) -> dict[str, Any]:
    """A block with a name is a file, which a reader can run; any other is a part of one."""
    if "name" in data:
        return data
    run = {key: data[key] for key in RUN if key in data}
    if "agents" in run.get("training", {}):
        return {"name": "block", **run, "environment": {"profiles": {}, **run["environment"]}}
    return {"name": "block", "lanes": [{"name": "lane", **{k: v for k, v in data.items() if k not in RUN}}], **run}


def test_a_block_that_names_sections_of_a_run_and_of_a_lane_is_a_file() -> None:
    """Copied as it stands it would be refused: what belongs to a lane stands under `lanes`."""
    mixed = []
    for page in [*HAND_WRITTEN, *TOP]:
        for block in blocks(text_of(page), "yaml"):
            data = yaml.safe_load(block)
            if "environment" in data and set(data) - {*RUN, "name", "lanes", "seed", "defaults"}:
                mixed.append(name_of(page))
    assert not mixed, mixed


def test_dotted_keys_exist() -> None:
    """A key with its section, such as `risk.max_var`, is one of the configuration."""
    sections = "account|sizing|limits|risk|correlation|feedback|hedge|exits|rebalance|execution"
    unknown = []
    for page in [*HAND_WRITTEN, *TOP, ROOT / "docs" / "reference" / "reasons.md"]:
        for key in re.findall(rf"`((?:{sections})\.[a-z_.]+)`", text_of(page)):
            if not explain.explain(key):
                unknown.append(f"{name_of(page)}: {key}")
    assert not unknown, unknown


def test_codes_in_capitals_exist() -> None:
    known = {member.name for kind in (Event, Reason, Stage) for member in kind}
    known |= {"RULES", "ACCOUNT", "MARK", "FILL", "EVENT", "ORDER", "NUMBA_CACHE_DIR", "XDG_CACHE_HOME"}
    unknown = [
        f"{name_of(page)}: {word}"
        for page in [*HAND_WRITTEN, *TOP]
        for word in re.findall(r"`([A-Z][A-Z_]{3,})`", text_of(page))
        if word not in known
    ]
    assert not unknown, unknown


def test_every_sizing_method_and_stage_is_explained() -> None:
    sizing = text_of(ROOT / "docs" / "concepts" / "sizing.md")
    assert not [method.name for method in Sizing if f"| `{method.name.lower()}` |" not in sizing]
    stages = text_of(ROOT / "docs" / "concepts" / "risk-stage.md")
    assert not [stage.name for stage in built_in.STAGES if f"| `{stage.name.lower()}` |" not in stages]


def test_the_notation_says_each_word_once() -> None:
    rows = re.findall(r"^\| ([A-Z][\w ()]+?) \|", text_of(ROOT / "NOTATION.md"), flags=re.MULTILINE)
    assert len(rows) > 30
    assert len(set(rows)) == len(rows)


def test_money_names_that_are_rule_fields_are_none() -> None:
    """A rule field is a bound; a bound in the list of money names could not be compared with anything."""
    names = re.findall(r"^\| `(\w+)` \|", text_of(ROOT / "NOTATION.md").split("## Money names")[1], flags=re.MULTILINE)
    assert not set(names) & set(RULES.names or ())
