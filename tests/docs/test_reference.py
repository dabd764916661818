"""The reference pages say what the code says, and every code and card stands in them."""

from __future__ import annotations

import importlib.util
import re
from types import ModuleType

import pytest

from polyfolio.core import records
from polyfolio.core.codes import Reason
from polyfolio.kernels.measures.cards import cards
from polyfolio.rules import explain
from tests.house.sources import ROOT, run_python

REFERENCE = ROOT / "docs" / "reference"
SCRIPT = ROOT / "scripts" / "make_reference.py"


@pytest.fixture(scope="module")
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_reference", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def first_column(page: str) -> list[str]:
    """The names in backticks that begin a row, or follow its code."""
    return re.findall(r"^\| (?:\d+ \| )?`(\w+)` \|", page, flags=re.MULTILINE)


@pytest.mark.parametrize("name", ["definitions.md", "reasons.md", "records.md"])
def test_a_reference_page_is_what_the_code_says(script: ModuleType, name: str) -> None:
    written = (REFERENCE / name).read_text(encoding="utf-8")
    assert written == script.PAGES[name](), f"{name} is stale: run python scripts/make_reference.py"


def test_the_configuration_page_is_what_the_code_says() -> None:
    written = (REFERENCE / "config.md").read_text(encoding="utf-8")
    assert written == explain.reference(), "config.md is stale: polyfolio config reference > docs/reference/config.md"


def test_every_card_reason_and_field_has_its_row(script: ModuleType) -> None:
    assert set(cards()) <= set(first_column(script.definitions()))
    assert {reason.name for reason in Reason} <= set(first_column(script.reasons()))
    fields = {
        name
        for record in (records.ACCOUNT, records.RULES, records.FILL, records.EVENT, records.MARK)
        for name in record.names or ()
    }
    assert fields <= set(first_column(script.records()))


def test_a_reason_that_a_kernel_writes_is_not_called_reserved(script: ModuleType) -> None:
    live = script.written({reason.name for reason in Reason})
    assert {"MAX_POSITION", "BUYING_POWER", "STOP_LOSS"} <= live
    called_reserved = set(re.findall(r"`(\w+)` \|[^|]*\(reserved\)", script.reasons()))
    assert not live & called_reserved
    assert called_reserved == {reason.name for reason in Reason} - live


def test_a_stale_page_is_found(script: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(script.PAGES, "reasons.md", lambda: script.reasons() + "one more line\n")
    assert script.stale() == ["reasons.md"]


def test_the_check_of_the_command_line_passes_on_fresh_pages() -> None:
    done = run_python(str(SCRIPT), "--check")
    assert done.returncode == 0, done.stderr
