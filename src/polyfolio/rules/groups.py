"""Lanes that share an account: the sections `groups` and `groups.capital`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from polyfolio.rules.arguments import closest
from polyfolio.rules.fields import FROZEN_LIST, SHARE, Every, Section, key
from polyfolio.rules.problems import Problem


class Capital(Section):
    """When and how a group's capital is divided anew between its lanes."""

    every: Every = key(
        "month",
        "At the close of the first bar of each period, or of every nth bar.",
        unit="period or bars",
        example="week",
        record="",
        used="walk of a run",
    )
    shares: dict[str, float] = key(
        {},
        "Share of the group's equity by lane, adding up to 1; empty for equal shares. Cash alone is moved: what is "
        "invested is not sold for it.",
        unit=SHARE,
        example={"a": 0.6, "b": 0.4},
        record="",
        used="walk of a run",
    )


class Group(Section):
    """The lanes of one account, between decide and fill."""

    name: str = key(..., "Unique name.", example="account", record="", min_length=1, used="journal, reports")
    lanes: Annotated[tuple[str, ...], FROZEN_LIST] = key(
        ..., "Names of its lanes, adjacent in `lanes`.", example=["a", "b"], record="", min_length=1, used="engine"
    )
    max_gross: float | None = key(
        None,
        "Largest gross exposure of all its lanes together.",
        unit=SHARE,
        example=1.0,
        gt=0.0,
        le=100.0,
        off="inf",
        record="",
        used="group stage",
    )
    max_position: float | None = key(
        None,
        "Largest absolute weight of a slot over all its lanes.",
        unit=SHARE,
        example=0.2,
        gt=0.0,
        le=100.0,
        off="inf",
        record="",
        used="group stage",
    )
    capital: Capital | None = key(
        None,
        "Capital moved between its lanes on a schedule; null leaves each lane its own.",
        example={"every": "month"},
        record="",
        used="walk of a run",
    )
    netting: bool = key(
        False,
        "true: orders of its lanes that meet are crossed inside the account.",
        example=True,
        record="",
        used="group stage",
    )


def shared(index: int, group: Group) -> Iterator[Problem]:
    """Shares of a group's capital that name other lanes, or do not add up."""
    shares = group.capital.shares if group.capital is not None else {}
    path = ("groups", index, "capital", "shares")
    for lane, share in shares.items():
        if lane not in group.lanes:
            yield Problem((*path, lane), share, "the share of a lane of the group", closest(lane, list(group.lanes)))
        elif share < 0.0:
            yield Problem((*path, lane), share, "at least 0", "A lane with a share of 0 gives its free cash.")
    if shares and abs(sum(shares.values()) - 1.0) > 1e-9:
        yield Problem(path, shares, f"adding up to 1, not {sum(shares.values()):g}", "Correct the shares.")
