"""A sealed policy: written, read, at work."""

from __future__ import annotations

import hashlib
import json
import logging
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from polyfolio.core.tape import Tape
from polyfolio.errors import DataError
from polyfolio.policy.archive import AGAIN, digest_of, packed, read_bytes, unpacked, write_bytes
from polyfolio.policy.graph import graph
from polyfolio.policy.manifest import Lineage, Manifest, World, part_of, text_of
from polyfolio.policy.match import refuse_other_market
from polyfolio.policy.network import Network
from polyfolio.policy.session import Session
from polyfolio.policy.votes import combined
from polyfolio.policy.world import kernels_digest
from polyfolio.rules.spec import Spec

log = logging.getLogger("polyfolio")

MANIFEST, STATE, GRAPH, MEMBERS = "manifest.json", "panel.json", "policy.onnx", "members/"
NETWORK_ENTRIES = {MANIFEST, STATE, GRAPH}

Actions = npt.NDArray[Any]


@dataclass(frozen=True, eq=False)
class SealedPolicy:
    """A policy as it stands in its file.

    Attributes:
        manifest: what it says of itself.
        entries: the file's contents by name.
        members: policies of an ensemble, in the order of the manifest.
        source: where it was read from, for messages.
    """

    manifest: Manifest
    entries: Mapping[str, bytes]
    members: tuple[SealedPolicy, ...] = ()
    source: str = "policy"

    @cached_property
    def digest(self) -> str:
        """sha256 (hex) over everything in it; what `digest.txt` says."""
        return digest_of(self.entries)

    @cached_property
    def spec(self) -> Spec:
        """Rules, actions and observations: the configuration with one lane, without a tape."""
        return self.manifest.world.configuration()

    @cached_property
    def state(self) -> dict[str, Any]:
        """What the panel learned on the training rows."""
        found: dict[str, Any] = json.loads(self.entries[STATE])
        return found

    @cached_property
    def session(self) -> Session:
        """The network at work."""
        return Session(self.entries[GRAPH], self.source)

    @property
    def width(self) -> int:
        """Numbers of an observation."""
        return len(self.manifest.world.names)

    def raw(self, observations: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
        """What the graph writes: numbers of a Box, or a logit per choice; an ensemble has no graph of its own."""
        return self.session.run(observations)

    def act(self, observations: npt.ArrayLike) -> Actions:
        """Actions as the environment takes them: float32[n, k] of a Box, int64[n, k] or int64[n] of choices.

        Args:
            observations: float32[n, width], flat; `manifest.world.names` names the numbers.

        Raises:
            DataError: another width, or a number that is not finite.
        """
        rows = np.asarray(observations, dtype=np.float32)
        numbers = self.manifest.world.numbers
        if not self.members:
            return chosen(self.raw(rows), numbers.choices, numbers.single)
        raws = [member.raw(rows) for member in self.members]
        shares = [member.share for member in self.manifest.members]
        return combined(self.manifest.vote, raws, shares, numbers)

    def environment(self, tape: Tape, split: str = "all") -> dict[str, Any]:
        """Arguments of an environment in which it sees what it learned to see: `TradingVectorEnv(**these)`.

        Raises:
            DataError: the tape is of another market; says what differs.
        """
        refuse_other_market(self.manifest.world.market, tape, self.source)
        return {"config": self.spec, "tape": tape, "split": split, "state": self.state}

    def lane(self, path: str | os.PathLike[str] | None = None) -> dict[str, Any]:
        """The lane of a configuration that runs this policy under its own rules.

        Args:
            path: where the file stands; the place it was read from where left out.
        """
        lanes: Any = self.manifest.world.spec["lanes"]
        data: dict[str, Any] = lanes[0]
        kept = {key: value for key, value in data.items() if value is not None and key != "signal"}
        return {**kept, "strategy": {"name": "policy", "params": {"path": str(path or self.source)}}}

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write the file, whole or not at all."""
        return write_bytes(Path(path), packed(self.entries))


def chosen(raw: npt.NDArray[np.float32], choices: tuple[int, ...], single: bool) -> Actions:
    """Numbers of a Box as they are; of choices the likeliest, the first where several are."""
    if not choices:
        return raw
    edges = np.cumsum((0, *choices))
    picked = [raw[:, first:last].argmax(axis=1) for first, last in pairwise(edges)]
    actions = np.stack(picked, axis=1).astype(np.int64)
    return actions[:, 0] if single else actions


def seal(
    network: Network,
    world: World,
    state: Mapping[str, Any],
    lineage: Lineage,
    *,
    name: str = "policy",
    validation: float | None = None,
) -> SealedPolicy:
    """A policy sealed: nothing of it changes any more; `.save(path)` writes it.

    Args:
        network: `network_of(model)`, or `network_of_weights(...)`.
        world: `world_of(...)` of its training.
        state: `panel.state`.
        lineage: how it was learned.
        name: for people.
        validation: what it reached on the split `validation`.

    Example:
        >>> seal(network_of(model), world, panel.state, lineage, name="first").save("first.policy")
    """
    kept = text_of(state)
    manifest = Manifest(
        kind="network",
        name=name,
        world=world,
        state=hashlib.sha256(kept).hexdigest(),
        kernels=kernels_digest(),
        lineage=lineage,
        validation=validation,
    )
    entries = {MANIFEST: text_of(manifest), STATE: kept, GRAPH: graph(network, len(world.names))}
    return opened(entries, name)


def load(path: str | os.PathLike[str]) -> SealedPolicy:
    """A policy from its file, checked down to the last byte.

    Raises:
        DataError: it is no policy file, was changed after it was sealed, or is of another format; says what and how.
    """
    place = Path(path)
    policy = opened(unpacked(read_bytes(place), str(place)), str(place))
    if policy.manifest.kernels != kernels_digest():
        say_other_kernels(str(place))
    return policy


@cache
def say_other_kernels(source: str) -> None:
    """Said once of each file."""
    log.warning("%s was sealed with other kernels than these: decisions may differ in last digits.", source)


def opened(entries: Mapping[str, bytes], source: str) -> SealedPolicy:
    """A policy from its entries.

    Raises:
        DataError: an entry is missing, unknown, or does not fit the manifest.
    """
    if MANIFEST not in entries:
        raise DataError(source, sorted(entries)[:8], f"a policy file, with an entry {MANIFEST}", AGAIN)
    manifest = part_of(Manifest, entries[MANIFEST], f"{source}: {MANIFEST}")
    places = [f"{MEMBERS}{number}.policy" for number in range(len(manifest.members))]
    wanted = NETWORK_ENTRIES if manifest.kind == "network" else {MANIFEST, STATE, *places}
    if set(entries) != wanted:
        raise DataError(f"{source}: entries", sorted(entries), ", ".join(sorted(wanted)), AGAIN)
    if hashlib.sha256(entries[STATE]).hexdigest() != manifest.state:
        raise DataError(f"{source}: {STATE}", "another digest", f"{manifest.state}, as the manifest says", AGAIN)
    members = tuple(opened(unpacked(entries[place], f"{source}/{place}"), f"{source}/{place}") for place in places)
    for member, said in zip(members, manifest.members, strict=True):
        if member.digest != said.digest:
            raise DataError(f"{member.source}: digest", member.digest, f"{said.digest}, as the manifest says", AGAIN)
    policy = SealedPolicy(manifest, dict(entries), members, source)
    if manifest.kind == "network":
        refuse_other_graph(policy)
    return policy


def refuse_other_graph(policy: SealedPolicy) -> None:
    """Refuse a graph that reads or writes other numbers than the manifest says."""
    world, session = policy.manifest.world, policy.session
    found, said = (session.width, session.outputs), (policy.width, world.numbers.width)
    if found != said:
        raise DataError(f"{policy.source}: {GRAPH}", found, f"{said}, numbers seen and written", AGAIN)
