"""Several sealed policies as one, and a policy together with a rule: sealed files as well, which hold their members."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from polyfolio.errors import ConfigError
from polyfolio.policy.archive import packed
from polyfolio.policy.manifest import Manifest, Member, Rule, text_of
from polyfolio.policy.sealed import MANIFEST, MEMBERS, STATE, SealedPolicy, opened
from polyfolio.policy.world import kernels_digest
from polyfolio.rules.arguments import closest

VOTES = ("mean", "vote", "weighted")
# Keys of a configuration that no decision of a trained policy depends on.
IDLE = ("name", "seed", "environment.reward", "environment.episode", "environment.split")


def ensemble(
    policies: Sequence[SealedPolicy],
    vote: Literal["mean", "vote", "weighted"] = "mean",
    *,
    name: str = "ensemble",
    rule: Rule | None = None,
) -> SealedPolicy:
    """Policies that see the same and act under the same rules, as one.

    Args:
        policies: sealed networks; one is enough beside a rule.
        vote: "mean": of the numbers, or of the probabilities of choices. "vote": the median number, or the choice of
            most. "weighted": the mean, each member by what it reached on the split `validation`; one that reached
            nothing above 0 is silent.
        name: for people.
        rule: a registered strategy that decides with them.

    Raises:
        ConfigError: no policy, an ensemble among them, another observation, action, market or rules; or no validation
            above 0 to weigh by.
    """
    if vote not in VOTES:
        raise ConfigError("vote", vote, "one of " + ", ".join(VOTES), closest(vote, VOTES))
    if len(policies) < (1 if rule else 2):
        raise ConfigError("policies", len(policies), "two or more, or one beside a rule", "Name more policies.")
    first = policies[0]
    for other in policies:
        if other.members:
            raise ConfigError(f"policy {other.manifest.name}", "an ensemble", "a network", "Name its members instead.")
        refuse_other_world(first, other)
    manifest = Manifest(
        kind="ensemble",
        name=name,
        world=first.manifest.world,
        state=first.manifest.state,
        kernels=kernels_digest(),
        vote=vote,
        members=tuple(
            Member(digest=policy.digest, share=share)
            for policy, share in zip(policies, shares(policies, vote), strict=True)
        ),
        rule=rule,
    )
    entries = {MANIFEST: text_of(manifest), STATE: first.entries[STATE]}
    entries |= {f"{MEMBERS}{number}.policy": packed(policy.entries) for number, policy in enumerate(policies)}
    return opened(entries, name)


def shares(policies: Sequence[SealedPolicy], vote: str) -> list[float]:
    """Each member's part of the decision, summing to 1.

    Raises:
        ConfigError: a member without validation, or none above 0, where they are weighted.
    """
    if vote != "weighted":
        return [1.0 / len(policies)] * len(policies)
    reached: list[float] = []
    for policy in policies:
        if policy.manifest.validation is None:
            raise ConfigError(
                f"policy {policy.manifest.name}: validation",
                None,
                "a number, to weigh by",
                "Use mean, or export again.",
            )
        reached.append(max(policy.manifest.validation, 0.0))
    if not sum(reached) > 0.0:
        found = [policy.manifest.validation for policy in policies]
        raise ConfigError("validation", found, "above 0 for one of them", "Use mean: none of them has earned a weight.")
    return [part / sum(reached) for part in reached]


def refuse_other_world(first: SealedPolicy, other: SealedPolicy) -> None:
    """Refuse a member that sees, writes or may do something else than the first; rows it learned from may differ."""
    one, two = first.manifest.world, other.manifest.world
    pairs: list[tuple[str, Any, Any]] = [
        (name, getattr(two, name), getattr(one, name)) for name in ("names", "numbers", "market", "panel")
    ]
    pairs.append(("normaliser state", other.manifest.state, first.manifest.state))
    pairs += changes(meant(two.spec), meant(one.spec))
    for name, found, wanted in pairs:
        if found != wanted:
            raise ConfigError(
                f"policy {other.manifest.name}: {name}",
                found,
                f"{wanted!r}, as in {first.manifest.name}",
                "Join policies of one configuration and one training split; their seeds and algorithms may differ.",
            )


def meant(spec: Mapping[str, Any]) -> dict[str, Any]:
    """What a decision depends on, as one level of dotted keys."""
    flat = dict(leaves(spec))
    return {
        key: value
        for key, value in flat.items()
        if key != "lanes.0.name" and not any(key == idle or key.startswith(f"{idle}.") for idle in IDLE)
    }


def leaves(data: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted key, value) of everything below a map or a list."""
    if isinstance(data, Mapping) and data:
        for key, value in data.items():
            yield from leaves(value, f"{path}.{key}" if path else str(key))
    elif isinstance(data, (list, tuple)) and data:
        for number, value in enumerate(data):
            yield from leaves(value, f"{path}.{number}" if path else str(number))
    else:
        yield path, data


def changes(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """(key, found, wanted) of every key of either."""
    for key in sorted({*found, *wanted}):
        yield key, found.get(key), wanted.get(key)
