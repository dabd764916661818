"""From what is named to what is judged: policy files and trainings, lanes of a configuration, registered strategies."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from polyfolio.errors import ConfigError, DataError
from polyfolio.policy.sealed import SealedPolicy, load
from polyfolio.rules import registry
from polyfolio.rules.arguments import closest
from polyfolio.rules.spec import Lane, Spec, Strategy
from polyfolio.train.evaluation_contenders import TAKEN, Contender

ENDING = ".policy"
# A training keeps its policy here; one with several seeds keeps one in the folder of each.
KEPT = ("policy.policy", "seed-*/policy.policy")


def is_sealed(target: str) -> bool:
    """Whether a target is a policy file or the folder of a training, and no name.

    A folder that merely has the name of a lane is none.
    """
    place = Path(target)
    path = len(place.parts) > 1 or any(any(place.glob(pattern)) for pattern in KEPT)
    return target.endswith(ENDING) or (place.is_dir() and path)


def files_of(target: str) -> list[Path]:
    """The policy files of a target.

    Raises:
        DataError: a folder without one.
    """
    place = Path(target)
    if not place.is_dir():
        return [place]
    found = [path for pattern in KEPT for path in sorted(place.glob(pattern))]
    if not found:
        remedy = "Finish the training, write its policy with `polyfolio policy export`, or name a file of `policies/`."
        raise DataError("policy", target, "a policy file, or a folder of a training with one", remedy)
    return found


def sealed(targets: Sequence[str]) -> tuple[tuple[Contender, ...], Spec | None]:
    """The policies of files and trainings, and the configuration of the first; files that differ in the seed are one.

    Args:
        targets: policy files, or folders of trainings.

    Raises:
        DataError: a file that is no policy, or was changed.
    """
    groups: dict[str, list[tuple[Path, SealedPolicy]]] = {}
    for path in dict.fromkeys(path for target in targets for path in files_of(target)):
        policy = load(path)
        groups.setdefault(kin(policy), []).append((path, policy))
    taken = list(TAKEN)
    made = []
    for members in groups.values():
        name = name_of(members)
        name = free(folder_of(members) or name if name in taken else name, taken)
        taken.append(name)
        made.append(contender(name, members))
    first = next(iter(groups.values()), None)
    return tuple(made), None if first is None else first[0][1].spec


def kin(policy: SealedPolicy) -> str:
    """What policies of one training have in common, whatever its seed; its own digest where its training is unknown."""
    world, lineage = policy.manifest.world, policy.manifest.lineage
    if lineage is None:
        return policy.digest
    spec = {name: value for name, value in world.spec.items() if name not in ("seed", "name")}
    keys = sorted(spec.items(), key=lambda item: item[0])
    parts = (lineage.algorithm, lineage.config, keys, world.names, world.learned.tape)
    return repr(parts)


def name_of(members: Sequence[tuple[Path, SealedPolicy]]) -> str:
    """The policies' common name, or the algorithm's where each has its own."""
    names = {policy.manifest.name for _, policy in members}
    lineage = members[0][1].manifest.lineage
    return names.pop() if len(names) == 1 or lineage is None else lineage.algorithm


def folder_of(members: Sequence[tuple[Path, SealedPolicy]]) -> str:
    """Name of the training's folder, by which policies of one name are told apart."""
    place = members[0][0].parent
    return (place.parent if place.match("seed-*") else place).name


def free(name: str, taken: Sequence[str]) -> str:
    """The name, with a number where it is taken."""
    tried, number = name, 1
    while tried in taken:
        number += 1
        tried = f"{name} {number}"
    return tried


def contender(name: str, members: Sequence[tuple[Path, SealedPolicy]]) -> Contender:
    """Policies that differ in the seed, as one contender under the rules they were sealed with."""
    lanes = [Lane(**policy.lane(path)) for path, policy in members]
    strategies = tuple(lane.strategy for lane in lanes if lane.strategy is not None)
    learned = [policy.manifest.world.learned for _, policy in members]
    trained = (min(nanoseconds(one.start) for one in learned), max(nanoseconds(one.end) for one in learned))
    digest = "; ".join(policy.digest for _, policy in members)
    return Contender(name, strategies, lane=lanes[0], trained=trained, digest=digest)


def nanoseconds(stamp: str) -> int:
    """Nanoseconds since 1970 of a time in UTC."""
    return int(np.datetime64(stamp, "ns").astype(np.int64))


def named(targets: Sequence[str], spec: Spec, seeds: int | None) -> Iterator[Contender]:
    """Contenders by name: lanes of a configuration, or registered strategies under the rules of its first lane.

    Args:
        targets: names.
        spec: the configuration.
        seeds: members of each; None for one.

    Raises:
        ConfigError: a name nobody knows, or a strategy without seeds where several are asked for.
    """
    lanes = {lane.name: lane for lane in spec.lanes if lane.strategy is not None}
    for target in targets:
        lane = lanes.get(target)
        strategy = Strategy(name=target) if lane is None or lane.strategy is None else lane.strategy
        cls = resolved(target, strategy, tuple(lanes))
        yield Contender(target, members(strategy, cls, seeds), lane=lane)


def resolved(target: str, strategy: Strategy, lanes: Sequence[str]) -> Any:
    """The class of a strategy; a name that is neither a lane nor a strategy is refused with both lists."""
    known = (*lanes, *registry.names("strategy"))
    if ":" not in strategy.name and strategy.name not in registry.names("strategy"):
        bound = "a policy file, a training's folder, a lane or a strategy: " + ", ".join(known)
        raise ConfigError("policy", target, bound, closest(target, known))
    return registry.resolve("strategy", strategy.name, "policy")


def members(strategy: Strategy, cls: Any, seeds: int | None) -> tuple[Strategy, ...]:
    """A strategy once, or once for each seed."""
    if seeds is None:
        return (strategy,)
    if "seed" not in inspect.signature(cls).parameters:
        remedy = "Leave --seeds out: a policy file has its own seed, name one file for each."
        raise ConfigError("seeds", seeds, f"left out, {strategy.name} takes no argument `seed`", remedy)
    return tuple(strategy.model_copy(update={"params": {**strategy.params, "seed": seed}}) for seed in range(seeds))
