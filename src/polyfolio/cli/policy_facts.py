"""What a sealed policy says of itself, for people and for programs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from polyfolio.policy.manifest import Manifest, World
from polyfolio.policy.match import readable
from polyfolio.policy.sealed import SealedPolicy
from polyfolio.policy.world import kernels_digest

SHOWN = 8


def facts(policy: SealedPolicy) -> dict[str, Any]:
    """The manifest as JSON, with the digest over all and the members' own facts."""
    data: dict[str, Any] = policy.manifest.model_dump(mode="json")
    return {**data, "digest": policy.digest, "members": [facts(member) for member in policy.members]}


def told(policy: SealedPolicy, place: Path) -> str:
    """The same in lines."""
    manifest, world = policy.manifest, policy.manifest.world
    lines = [
        ("policy", f"{manifest.name} ({place})"),
        ("digest", policy.digest),
        ("kernels", "as here" if manifest.kernels == kernels_digest() else "others than here: last digits may differ"),
        *learned(manifest),
        *market(world),
        *numbers(world),
    ]
    if manifest.rule is not None:
        rule = manifest.rule
        part = f", {rule.share:.0%} of the decision" if rule.how == "blend" else ""
        lines.append(("rule", f"{rule.name} {rule.params or ''} {rule.how}{part}".replace("  ", " ")))
    for member, own in zip(manifest.members, policy.members, strict=True):
        lines.append(("member", f"{own.manifest.name}, {member.share:.1%}, {member.digest[:12]}"))
    return "\n".join(f"{name:<12} {text}" for name, text in lines)


def learned(manifest: Manifest) -> list[tuple[str, str]]:
    """How, and on which rows."""
    rows = manifest.world.learned
    lines = [("learned on", f"rows {rows.first} to {rows.last - 1}, {rows.start} to {rows.end}, tape {rows.tape[:12]}")]
    if manifest.validation is not None:
        lines.append(("validation", f"{manifest.validation:.6g}"))
    if manifest.lineage is not None:
        made = manifest.lineage
        lines.append(
            ("algorithm", f"{made.algorithm}, seed {made.seed}, {made.steps:,} steps, config {made.config[:12]}")
        )
        lines.append(("versions", ", ".join(f"{name} {number}" for name, number in made.versions.items())))
        lines += [("parent", made.parent)] if made.parent else []
    return lines


def market(world: World) -> list[tuple[str, str]]:
    """The market it was made for."""
    own = world.market
    year = "unknown" if own.bars_per_year is None else f"{own.bars_per_year:g}"
    return [
        ("symbols", ", ".join(own.symbols)),
        ("bars", f"{readable('interval', own.interval)}, calendar {own.calendar}, {year} a year, {own.base_currency}"),
    ]


def numbers(world: World) -> list[tuple[str, str]]:
    """What it sees and says."""
    action = world.configuration().environment
    kind = action.action.kind.name.lower() if action is not None else ""
    said = f"{len(world.low)} numbers" if world.low else f"choices {list(world.choices)}"
    shown = ", ".join(world.names[:SHOWN]) + (", ..." if len(world.names) > SHOWN else "")
    return [("sees", f"{len(world.names)} numbers: {shown}"), ("says", f"{kind}, {said}")]
