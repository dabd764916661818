"""The reference page says what the catalogue says."""

from __future__ import annotations

import importlib.util
import re

from polyfolio.features.catalogue import catalogue
from tests.house.sources import ROOT


def test_the_page_is_what_the_catalogue_says() -> None:
    path = ROOT / "scripts" / "make_features_reference.py"
    spec = importlib.util.spec_from_file_location("make_features_reference", path)
    assert spec is not None
    assert spec.loader is not None
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    written = (ROOT / "docs" / "reference" / "features.md").read_text(encoding="utf-8")
    assert written == script.page(), "features.md is stale: run python scripts/make_features_reference.py"
    assert set(catalogue()) <= set(re.findall(r"^\| `(\w+)` \|", written, flags=re.MULTILINE))
