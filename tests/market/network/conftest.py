"""No cache of the user's own folder: a test asks its server, also when it runs again."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def _no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYFOLIO_CACHE", "off")
