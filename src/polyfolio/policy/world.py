"""The world of a training, as it is sealed with its policy."""

from __future__ import annotations

import hashlib
import json
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError
from polyfolio.kernels.compile import source_digest
from polyfolio.policy.manifest import Learned, Market, World
from polyfolio.policy.network import Numbers
from polyfolio.rules.identity import canonical
from polyfolio.rules.spec import Spec

# Packages whose versions a training may depend on.
PACKAGES = ("polyfolio", "numpy", "numba", "gymnasium", "torch", "stable_baselines3", "ray")

# Keys of a training that say where it is kept and shown, and which of several it is.
SHOWN = ("seeds", "folder", "tracking", "checkpoints", "search")


def world_of(
    spec: Spec, tape: Tape, panel: str, names: tuple[str, ...], numbers: Numbers, rows: tuple[int, int]
) -> World:
    """The world of a training, to be sealed with its policy.

    Args:
        spec: its configuration.
        tape: its tape.
        panel: `panel.digest` of what its environment shows of the tape.
        names: `env.feature_names`.
        numbers: `numbers_of(env.single_action_space)`.
        rows: first row of the split `train`, and the row after its last.

    Raises:
        ConfigError: several lanes, or no section `environment`.
    """
    if len(spec.lanes) != 1 or spec.environment is None:
        found = f"{len(spec.lanes)} lanes, {'an' if spec.environment else 'no'} environment"
        bound = "one lane and a section `environment`"
        raise ConfigError("policy", found, bound, "Seal the policies of several lanes one by one.")
    first, last = rows
    stamps = [np.datetime_as_string(np.datetime64(int(tape.times[row]), "ns"), "s") for row in (first, last - 1)]
    return World(
        spec=reduced(spec),
        names=names,
        low=numbers.low,
        high=numbers.high,
        choices=numbers.choices,
        single=numbers.single,
        market=market_of(tape),
        panel=panel,
        learned=Learned(tape=tape.digest(), first=first, last=last, start=stamps[0], end=stamps[1]),
    )


def reduced(spec: Spec) -> dict[str, Any]:
    """A configuration as JSON without what a policy does not depend on: tape, training, journal, the lane's signals."""
    data: dict[str, Any] = json.loads(canonical(spec))
    data |= {"tape": None, "training": None, "journal": "off", "checked": False, "groups": []}
    data["lanes"] = [{**lane, "strategy": None, "signal": None} for lane in data["lanes"]]
    return {key: value for key, value in data.items() if value is not None}


def market_of(tape: Tape) -> Market:
    """What tapes of one market have in common."""
    bars = tape.calendar.bars_per_year
    return Market(
        symbols=tape.symbols,
        currencies=tape.universe.currencies,
        base_currency=tape.universe.base_currency,
        calendar=tape.calendar.name,
        bars_per_year=float(bars) if np.isfinite(bars) else None,
        interval=usual_step(tape),
    )


def usual_step(tape: Tape) -> int:
    """The most frequent step between rows, nanoseconds; of two equally frequent ones the shorter."""
    lengths, counts = np.unique(np.diff(tape.times), return_counts=True)
    return int(lengths[np.argmax(counts)])


def versions() -> dict[str, str]:
    """Versions of the packages a training depends on, as far as they are installed."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "absent"
    return found


def config_digest(spec: Spec) -> str:
    """sha256 (hex) of a configuration."""
    return hashlib.sha256(canonical(spec).encode()).hexdigest()


def learning_digest(spec: Spec) -> str:
    """sha256 (hex) of what a policy was learned from, its seed and where the training is kept and shown left out.

    Trainings with the same digest differ by luck alone.
    """
    data: dict[str, Any] = json.loads(canonical(spec))
    training = data["training"] or {}
    for place, names in ((data, ("name", "seed", "journal")), (training, SHOWN)):
        for name in names:
            place.pop(name, None)
    return hashlib.sha256(json.dumps(data, sort_keys=True).encode()).hexdigest()


def kernels_digest() -> str:
    """Digest of the kernels at hand."""
    return source_digest()
