"""What every test may rely on: the shared data folder, modest random search, and no connection beyond this machine."""

from __future__ import annotations

import ipaddress
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hypothesis
import pytest

ROOT = Path(__file__).resolve().parent.parent

# Derandomised: a failure seen in CI is seen at home, and a run that passed passes again.
hypothesis.settings.register_profile("modest", max_examples=50, deadline=None, derandomize=True, database=None)
hypothesis.settings.register_profile("slow", max_examples=1000, deadline=None, derandomize=True, database=None)
hypothesis.settings.load_profile("slow" if os.environ.get("POLYFOLIO_SLOW") else "modest")


def shared_folder() -> Path:
    """The folder of shared price files: named by the environment, else beside the repository."""
    return Path(os.environ.get("POLYFOLIO_SHARED_DATA") or ROOT.parent / "shared" / "data")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if not shared_folder().is_dir():
        reason = f"no shared data: {shared_folder()} is not a folder; set POLYFOLIO_SHARED_DATA"
        for item in items:
            if item.get_closest_marker("shared"):
                item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of shared price files. Tests that use it are marked `shared`."""
    return shared_folder()


def is_local(address: Any) -> bool:
    """Whether a socket address stays on this machine: a path, or a loopback host."""
    if not isinstance(address, tuple):
        return True
    host = str(address[0])
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in ("localhost", "")


@pytest.fixture(scope="session", autouse=True)
def _only_this_machine() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            original = getattr(socket.socket, name)

            def guarded(self: socket.socket, address: Any, original: Any = original) -> Any:
                if not is_local(address):
                    raise ConnectionRefusedError(f"tests reach no other machine, and {address!r} is one")
                return original(self, address)

            patch.setattr(socket.socket, name, guarded)
        yield
