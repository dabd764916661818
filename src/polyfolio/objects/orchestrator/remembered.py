"""What an orchestrator remembers, as a JSON file: versioned, written whole or not at all."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from polyfolio.errors import DataError
from polyfolio.objects.orchestrator.base import BaseAgent
from polyfolio.objects.orchestrator.seat import Seat
from polyfolio.objects.orchestrator.states import AgentState

KIND, VERSION = "polyfolio orchestrator", 1
NOT_FINITE = {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}


def write(path: Any, number: int, agents: Mapping[str, BaseAgent], **more: Any) -> None:
    """The number of the last decision, the agents' states, and more."""
    data = {
        "kind": KIND,
        "version": VERSION,
        "number": number,
        "agents": {name: agent.state.plain() for name, agent in agents.items()},
        **more,
    }
    target = Path(path)
    temporary = target.with_name(f"{target.name}.{os.getpid()}.tmp")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            json.dump(encoded(data), file, allow_nan=False, indent=1)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def read(path: Any) -> dict[str, Any]:
    """What `write` wrote."""
    field = f"state file {path}"
    remedy = "Give a file that TradeExecutionOrchestrator.save wrote."
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(field, f"{type(error).__name__}: {error}", "a readable JSON file", remedy) from error
    if not isinstance(data, dict) or data.get("kind") != KIND:
        raise DataError(field, data.get("kind") if isinstance(data, dict) else type(data).__name__, KIND, remedy)
    if data.get("version") != VERSION:
        raise DataError(f"{field}: version", data.get("version"), str(VERSION), "Save it anew with this version.")
    found: dict[str, Any] = decoded(data)
    return found


def take(data: Mapping[str, Any], agents: Mapping[str, BaseAgent]) -> int:
    """Put the agents' states back; returns the number of the last decision."""
    missing = [name for name in agents if name not in data["agents"]]
    if missing:
        raise DataError("state file: agents", missing, "all agents of the orchestrator", "Save it anew.")
    for name, agent in agents.items():
        agent.state = AgentState.of(data["agents"][name])
    return int(data["number"])


def take_lane(data: Mapping[str, Any], seat: Seat) -> None:
    """Put a lane's arrays back, where the symbols are the same."""
    lane = data.get("lane")
    if lane is not None and lane["symbols"] == list(seat.tickers):
        fill(seat, lane["book"])


def arrays(seat: Seat) -> dict[str, Any]:
    """The lane's arrays as lists; records as a list per field."""
    one = slice(seat.lane, seat.lane + 1)
    found: dict[str, Any] = {}
    for name, array in seat.book.arrays().items():
        if name != "slot_of":
            part = np.array(array[one])
            names = part.dtype.names
            found[name] = {of: part[of].tolist() for of in names} if names else part.tolist()
    return found


def fill(seat: Seat, book: Mapping[str, Any]) -> None:
    """`arrays` back into the lane."""
    one = slice(seat.lane, seat.lane + 1)
    for name, array in seat.book.arrays().items():
        if name == "slot_of":
            continue
        if name not in book:
            raise DataError(f"state file: book.{name}", None, "there", "Save it anew with this version.")
        if array.dtype.names:
            for of in array.dtype.names:
                array[of][one] = book[name][of]
        else:
            array[one] = book[name]


def encoded(value: Any) -> Any:
    """Numbers that JSON has no word for as strings behind a colon."""
    if isinstance(value, float) and not math.isfinite(value):
        return ":" + repr(value)
    if isinstance(value, Mapping):
        return {str(key): encoded(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [encoded(one) for one in value]
    return value


def decoded(value: Any) -> Any:
    """Back from `encoded`."""
    if isinstance(value, str) and value[:1] == ":" and value[1:] in NOT_FINITE:
        return NOT_FINITE[value[1:]]
    if isinstance(value, dict):
        return {key: decoded(one) for key, one in value.items()}
    return [decoded(one) for one in value] if isinstance(value, list) else value
