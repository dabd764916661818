"""Who is judged, and what it should beat: policies with their members, and the baselines under the same costs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from polyfolio.backtests.baselines import BASELINES, INDEX, baseline_lanes
from polyfolio.errors import ConfigError
from polyfolio.rules.spec import Lane, Spec, Strategy

RANDOM = "random policy"
TAKEN = (*BASELINES, INDEX, RANDOM)


@dataclass(frozen=True)
class Contender:
    """A name in the tables: a policy or a rule, with a member for every seed of its training.

    Attributes:
        name: unique among the contenders.
        members: strategies by registered name, one per seed; equal weights in everything said of it.
        lane: rules its members keep; None for those of the configuration's lane.
        trials: Sharpe ratios per period of everything that was tried to find it, or their number; None if unknown.
        trained: first and last nanosecond it learned from; None where it learned nothing, or in the folds alone.
        digest: what it is known by in the record of openings; its strategies where left empty.
    """

    name: str
    members: tuple[Strategy, ...]
    lane: Lane | None = None
    trials: int | tuple[float, ...] | None = None
    trained: tuple[int, int] | None = None
    digest: str = ""


@dataclass(frozen=True)
class Entry:
    """One account of an evaluation.

    Attributes:
        contender: name.
        member: number among the contender's members.
        kind: what it is.
        lane: its lane, with a name of its own.
    """

    contender: str
    member: int
    kind: Literal["policy", "baseline", "random"]
    lane: Lane


def entries_of(contenders: Sequence[Contender], lane: Lane) -> tuple[Entry, ...]:
    """The accounts of the contenders and of every baseline.

    Args:
        contenders: the policies.
        lane: rules of policies that bring none; its account, costs and decision rows are the baselines'.

    Raises:
        ConfigError: no contender, one without members, or a name that is taken.
    """
    refuse_names(contenders)
    refuse_other_costs(contenders, lane)
    made = [
        Entry(each.name, number, "policy", policy_lane(each, number, lane))
        for each in contenders
        for number in range(len(each.members))
    ]
    return (*made, *baselines(lane))


def refuse_names(contenders: Sequence[Contender]) -> None:
    """Refuse what cannot stand in one table."""
    if not contenders:
        raise ConfigError("policies", (), "one or more", "Name a policy file, or a registered strategy.")
    names = [each.name for each in contenders]
    for number, each in enumerate(contenders):
        if each.name in TAKEN or names.index(each.name) != number:
            bound = "unique, and none of " + ", ".join(TAKEN)
            raise ConfigError(f"policies[{number}].name", each.name, bound, "Give it another name.")
        if not each.members:
            raise ConfigError(f"policies[{number}].members", (), "one or more", "Give a strategy for each seed.")


def refuse_other_costs(contenders: Sequence[Contender], lane: Lane) -> None:
    """Refuse policies with other capital or costs than the baselines they are compared with."""
    for each in contenders:
        for section in ("account", "execution"):
            rules = each.lane or lane
            if getattr(rules, section) != getattr(lane, section):
                bound = f"the same for every policy and baseline: {section} of lane {lane.name}"
                remedy = "Judge policies with other costs apart."
                raise ConfigError(f"{section} of {each.name}", f"{section} of lane {rules.name}", bound, remedy)


def policy_lane(contender: Contender, number: int, lane: Lane) -> Lane:
    """The lane of one member."""
    name = f"{contender.name} / {number + 1}"
    rules = contender.lane or lane
    return rules.model_copy(update={"name": name, "strategy": contender.members[number], "signal": None})


def baselines(lane: Lane) -> Iterable[Entry]:
    """The accounts of the baselines."""
    return [Entry(name, 0, "baseline", one) for name, one in baseline_lanes(lane)]


def spec_of(spec: Spec, entries: Sequence[Entry], journal: str) -> Spec:
    """A configuration of these accounts, with nothing else of the one they come from but its seed and risk returns."""
    return Spec.model_validate(
        {
            "name": spec.name,
            "seed": spec.seed,
            "journal": journal,
            "observation": spec.observation,
            "lanes": tuple(entry.lane for entry in entries),
        }
    )
