"""A package that is missing is named with the extra that brings it."""

from __future__ import annotations

import json
import sys

import pytest

from polyfolio.errors import ConfigError
from polyfolio.report.extras import loaded


def test_a_module_that_is_there_is_given() -> None:
    assert loaded("json") is json


def test_a_missing_package_is_named_with_its_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    with pytest.raises(ConfigError, match=r"plotly: got None, must be installed.*polyfolio\[report\]"):
        loaded("plotly.offline")
