"""Doubts about what was earned, what trading costs, when orders fill, and how much money it carries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from polyfolio.backtests.referee.words import amount, part, percent, size, times_costs, years

Record = Mapping[str, Any]
Doubts = Iterator[tuple[int, str, str]]
FILL_WORDS = {
    "next_open": "the next open",
    "next_close": "the next close",
    "next_typical": "the next bar's typical price",
    "same_close": "the close that decides them",
}
LEAST = 0.01  # a difference of total return below a hundredth is no news


def earned(record: Record) -> float:
    """The lane's own total return; 0 where it is undefined."""
    return float(record["facts"]["outcome"]["total_return"] or 0.0)


def cell(record: Record, fill: str, multiple: float) -> float | None:
    """Total return of one cell of the grid of fills and costs."""
    grid = record["timing"]
    value = grid["total_return"][grid["fills"].index(fill)][grid["multiples"].index(multiple)]
    return None if value is None else float(value)


def lost(record: Record) -> Doubts:
    """Nothing was earned, or the account ended."""
    facts = record["facts"]
    ended, own = facts["outcome"]["ended"], earned(record)
    if ended in ("ruined", "liquidating", "terminated"):
        yield 95, "result", f"The run did not reach its end: the account was {ended}."
    if ended == "reduce_only":
        fallen = size(facts["outcome"]["max_drawdown"] or 0.0)
        yield 45, "result", f"At the end it may only sell down: a fall of up to {fallen} met its limit on drawdown."
    if facts["fills"] == 0:
        yield 95, "result", "It never traded: there is nothing to judge."
    elif own <= 0.0:
        span = years(facts["years"])
        yield 90, "result", f"It came to {percent(own)} in {span} after costs: there is no profit to defend."


def same_close(record: Record) -> Doubts:
    """Orders fill at a price that is known only when it is too late to send them."""
    if record["timing"]["own_fill"] != "same_close" or record["facts"]["fills"] == 0:
        return
    own, later = earned(record), cell(record, "next_open", 1.0)
    told = "Orders fill at the very close that decides them, which no order sent after the close can do"
    if later is None or own <= 0.0:
        yield 60, "timing", f"{told}."
        return
    heavy = 85 if later <= 0.0 else 70 if later < 0.5 * own else 45
    yield heavy, "timing", f"{told}: at the next open it comes to {percent(later)} instead of {percent(own)}."


def other_fills(record: Record) -> Doubts:
    """The result depends on which price of the next bar is met."""
    own, mine = earned(record), record["timing"]["own_fill"]
    if own <= LEAST:
        return
    found = {fill: cell(record, fill, 1.0) for fill in FILL_WORDS if fill not in (mine, "same_close")}
    known = {fill: value for fill, value in found.items() if value is not None}
    worst = min(known, key=lambda fill: known[fill])
    told = f"Filled at {FILL_WORDS[worst]} it comes to {percent(known[worst])} instead of {percent(own)}"
    if known[worst] <= 0.0:
        yield 70, "timing", f"{told}: which price of the bar is met decides whether it earns anything."
    elif known[worst] < 0.5 * own:
        yield 45, "timing", f"{told}: much of it hangs on the price of the bar that is met."


def no_costs(record: Record) -> Doubts:
    """Trading is free."""
    found = record["break_even"]
    if found["why_multiple"] != "no_costs" or record["facts"]["fills"] == 0:
        return
    rate = found["rate_bp"]
    told = "" if rate is None else f" A charge of {rate:.1f} basis points of what is traded would take all of it."
    weight = 75 if rate is None or rate < 20.0 else 45
    yield weight, "costs", f"Trading costs nothing in this run.{told}"


def costs_kill(record: Record) -> Doubts:
    """A multiple of the costs takes the profit."""
    found, own = record["break_even"], earned(record)
    multiple = found["multiple"]
    if multiple is None or own <= 0.0:
        return
    told = f"At {multiple:.1f} times its costs nothing is left"
    charged = record["facts"]["outcome"]["costs_bp"]
    usual = "" if charged is None else f" (it pays {charged:.1f} basis points of what it trades)"
    for bound, weight in ((1.5, 85), (2.0, 75), (3.0, 45), (5.0, 20)):
        if multiple < bound:
            yield weight, "costs", f"{told}{usual}."
            return


def erratic(record: Record) -> Doubts:
    """It earns more where costs are higher: the path hangs on trifles."""
    fill = record["timing"]["own_fill"]
    values = [cell(record, fill, multiple) for multiple in record["timing"]["multiples"]]
    if any(value is None for value in values):
        return
    known = [float(value) for value in values if value is not None]
    rises = [(after - before, place) for place, (before, after) in enumerate(pairwise(known))]
    most, place = max(rises)
    if most > LEAST:
        before, after = (record["timing"]["multiples"][at] for at in (place, place + 1))
        yield (
            55,
            "costs",
            f"It comes to {percent(known[place + 1])} {times_costs(after)} and to {percent(known[place])} "
            f"{times_costs(before)}. Stops and limits turn small differences into other paths: one path says little.",
        )


def small(record: Record) -> Doubts:
    """It carries little more money than it was run with."""
    found, facts = record["capacity"], record["facts"]
    if found["why"] == "no_volume" and facts["fills"]:
        yield 15, "capacity", "The tape has no volume: how much money it carries cannot be said."
    own, moved = earned(record), found["points"][0]["total_return"] if found["points"] else None
    if own > LEAST and moved is not None and moved < 0.5 * own:
        told = f"Once its orders move prices it comes to {percent(moved)} instead of {percent(own)} at its own capital"
        yield 75 if moved <= 0.0 else 60, "capacity", f"{told}."
        return
    if found["half"] is None:
        return
    ratio = found["half"] / facts["capital"]
    for bound, weight in ((2.0, 55), (10.0, 35)):
        if ratio < bound:
            half = amount(found["half"], facts["currency"])
            yield weight, "capacity", f"With {half} half of the return is gone, because its orders move prices."
            return


def dear(record: Record) -> Doubts:
    """Much of what it wins goes to costs."""
    free, own = cell(record, record["timing"]["own_fill"], 0.0), earned(record)
    if free is None or not free > LEAST or own <= 0.0 or record["break_even"]["multiple"] is None:
        return
    share = (free - own) / free
    if share > 0.5:
        yield 40, "costs", f"Costs take {part(share)} of what it would earn without them."


ASKED = (lost, same_close, other_fills, no_costs, costs_kill, erratic, small, dear)
