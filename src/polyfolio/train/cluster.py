"""Ray: a cluster of this machine alone, or one that is there already."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from polyfolio.errors import RetryError
from polyfolio.train import ray_library

LOCAL = "127.0.0.1"
PATIENCE = 10.0  # seconds a cluster has to answer


@contextmanager
def cluster(address: str | None = None, processors: int = 1) -> Iterator[Any]:
    """Ray at work inside the block: what was running before goes on afterwards, what was started is stopped.

    Args:
        address: of a cluster (`host:port`, `ray://host:port`, `auto`); None starts one on this machine that only
            this machine reaches. Where this process is connected already, that connection is used.
        processors: how many a cluster started here offers.

    Raises:
        ConfigError: Ray is not installed.
        RetryError: no cluster answers at the address.
    """
    ray = ray_library.ray()
    if ray.is_initialized():
        yield ray
        return
    # Ray sends figures about its use to its makers unless told otherwise; what the user set stays.
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    settings: dict[str, Any] = {"address": address} if address else _alone(processors)
    try:
        _knock(address)
        ray.init(**settings, log_to_driver=False, logging_level="ERROR", ignore_reinit_error=True)
    except (OSError, RuntimeError, ValueError, ray.exceptions.RayError) as error:
        remedy = "Start it there (ray start --head), or leave the address out for a cluster on this machine."
        raise RetryError("ray", address, f"the address of a cluster that answers ({error})", remedy) from error
    try:
        yield ray
    finally:
        ray.shutdown()


def _alone(processors: int) -> dict[str, Any]:
    """Settings of a cluster on this machine, whatever address of another one the surroundings name."""
    return {"address": "local", "num_cpus": processors, "include_dashboard": False, "_node_ip_address": LOCAL}


def _knock(address: str | None) -> None:
    """Ask whether anybody is there: Ray itself tries for a minute."""
    host, _, port = (address or "").removeprefix("ray://").rpartition(":")
    if port.isdigit():
        socket.create_connection((host.strip("[]"), int(port)), timeout=PATIENCE).close()
