"""What is installed may be shipped beside Apache-2.0: MIT, BSD, Apache and their equals, and named exceptions."""

from __future__ import annotations

import importlib.util
import re
from importlib.metadata import Distribution, distributions
from types import ModuleType

import pytest

from tests.house.sources import ROOT


@pytest.fixture(scope="module")
def licences() -> ModuleType:
    spec = importlib.util.spec_from_file_location("licences", ROOT / "scripts" / "licences.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Fake(Distribution):
    """A distribution that is nothing but metadata."""

    def __init__(self, text: str) -> None:
        self.text = f"Metadata-Version: 2.4\nName: Fake_Thing\nVersion: 1\n{text}\n"

    def read_text(self, filename: str) -> str | None:
        return self.text if filename == "METADATA" else None

    def locate_file(self, path: object) -> None:
        return None


def test_every_installed_licence_is_allowed_or_named(licences: ModuleType) -> None:
    found = licences.refused(distributions())
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    ("metadata", "allowed"),
    [
        ("License-Expression: BSD-3-Clause AND 0BSD AND MIT AND Zlib", True),
        ("License-Expression: Apache-2.0 OR GPL-3.0-only", True),
        ("License-Expression: MIT AND LGPL-3.0-only", False),
        ("Classifier: License :: OSI Approved :: MIT License", True),
        ("Classifier: License :: OSI Approved :: GNU General Public License v3 (GPLv3)", False),
        ("License: Apache License 2.0", True),
        ("License: Commons Clause", False),
        ("", False),
    ],
)
def test_licences_are_read_from_each_field(metadata: str, allowed: bool, licences: ModuleType) -> None:
    assert bool(licences.refused([Fake(metadata)])) is not allowed


def test_the_lock_pins_each_distribution_once_and_nothing_by_address() -> None:
    lines = [
        line for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if not line.startswith("#")
    ]
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in lines), (
        "a line is name==version, without a local version"
    )
    names = [re.sub(r"[-_.]+", "-", line.split("==")[0]).lower() for line in lines]
    assert len(set(names)) == len(names)


def test_every_requirement_of_the_project_is_pinned() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [
        *project["dependencies"],
        *(item for extra in project["optional-dependencies"].values() for item in extra),
    ]
    pinned = {
        re.sub(r"[-_.]+", "-", line.split("==")[0]).lower()
        for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
        if "==" in line
    }
    names = {re.sub(r"[-_.]+", "-", re.split(r"[\[<>=~!;, ]", item)[0]).lower() for item in wanted} - {"polyfolio"}
    assert names <= pinned, f"not in constraints.txt: {sorted(names - pinned)}"


def test_the_project_carries_its_own_licence() -> None:
    text = (ROOT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in text
    assert "Version 2.0, January 2004" in text
    assert "The polyfolio authors" in text
