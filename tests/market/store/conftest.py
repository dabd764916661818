"""A real Redis server for tests of the shared cache."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.market.store.tools import Valkey, started


@pytest.fixture
def valkey() -> Iterator[Valkey]:
    """A running server, which the test may stop and start."""
    yield from started()
