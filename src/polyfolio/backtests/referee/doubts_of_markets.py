"""Doubts about the market it ran in: what it would have lost, what its names did, and whether the prices are right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from polyfolio.backtests.referee.doubts_of_costs import earned
from polyfolio.backtests.referee.words import percent, plural, size

Record = Mapping[str, Any]
Doubts = Iterator[tuple[int, str, str]]


def market_did_more(record: Record) -> Doubts:
    """All names in equal parts did better."""
    own, market, names = earned(record), record["facts"]["market_return"], record["facts"]["names"]
    if record["facts"]["fills"] == 0 or market is None or market <= own:
        return
    told = "Its name, held without costs," if names == 1 else f"Its {names} names in equal parts, without costs,"
    yield 50, "market", f"{told} came to {percent(market)}; it came to {percent(own)}."


def stressed(record: Record) -> Doubts:
    """A shock would take much, or end the account."""
    runs = record["stress"]["runs"]
    ended = [run for run in runs if run["ended"] in ("ruined", "liquidating", "terminated")]
    base = record["facts"]["outcome"]["ended"]
    if ended and base not in ("ruined", "liquidating", "terminated"):
        yield 60, "stress", f'Under "{ended[0]["name"]}" the account does not reach the end: it is {ended[0]["ended"]}.'
    worst = min((run for run in runs if run["effect"] is not None), key=lambda run: run["effect"], default=None)
    if worst is None:
        return
    for bound, weight in ((-0.5, 50), (-0.3, 35)):
        if worst["effect"] < bound:
            told = f'In "{worst["name"]}" it loses {size(worst["effect"])} of its equity'
            if worst["at"] is None:  # over the whole run, against the run without it
                before, after = record["stress"]["base"]["total_return"], worst["total_return"]
                told = f'In "{worst["name"]}" the run comes to {percent(after)} instead of {percent(before)}'
            carried = min(worst["by_asset"], key=lambda name: worst["by_asset"][name], default="")
            named = f", most of it in {carried} ({percent(worst['by_asset'][carried])})" if carried else ""
            yield weight, "stress", f"{told}{named}."
            return


def worse_in_crises(record: Record) -> Doubts:
    """It falls more than its market when the market falls."""
    falls = [one for one in record["crises"] if one["lane"] is not None and one["market"] < 0.0]
    worse = [one for one in falls if one["lane"] < 1.2 * one["market"]]
    if worse:
        first = min(worse, key=lambda one: one["lane"])
        told = (
            f"by {size(first['lane'])} from {first['start']} to {first['end']}, its market by {size(first['market'])}"
        )
        yield 30, "crises", f"It fell more than its market in {plural(len(worse), 'crisis window')}: {told}."


def wrong_prices(record: Record) -> Doubts:
    """The rows have errors."""
    kinds = record["data"]["kinds"]
    errors = [kind for kind in kinds if kind["severity"] == "error"]
    if errors:
        first = errors[0]
        yield (
            60,
            "data",
            f"The prices have errors: {first['kind'].replace('_', ' ')}, {first['count']:,}. {first['example']}",
        )
    warnings = [kind for kind in kinds if kind["severity"] == "warning" and kind["kind"] != "survivorship"]
    if warnings:
        named = ", ".join(f"{kind['kind'].replace('_', ' ')} ({kind['count']:,})" for kind in warnings[:4])
        yield 20, "data", f"The prices ask for a look: {named}."


def survivors(record: Record) -> Doubts:
    """Every name is still alive."""
    found = record["data"]
    if found["symbols"] > 1 and found["alive"] == found["symbols"]:
        weight = 40 if found["symbols"] >= 5 else 20
        told = f"All {found['symbols']} names still trade at the end"
        yield (
            weight,
            "data",
            f"{told}: if they come from today's list, those that failed are missing, and it looks better.",
        )


ASKED = (market_did_more, stressed, worse_in_crises, wrong_prices, survivors)
