"""Doubts about luck: few trades, little time, one name, one stretch, one setting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from polyfolio.backtests.referee.doubts_of_costs import earned
from polyfolio.backtests.referee.neighbours import summary
from polyfolio.backtests.referee.words import part, percent, plural, years

Record = Mapping[str, Any]
Doubts = Iterator[tuple[int, str, str]]
COPIES = {
    "moments": "copies that begin the same trades at random moments",
    "names": "copies that make the same trades in random names",
}


def looks_ahead(record: Record) -> Doubts:
    """The strategy knows the future, or nobody could ask."""
    found = record["proof"]
    if found["verdict"] == "leaks":
        yield 100, "proof", f"No number here means anything before this is repaired. {found['words']}"
    elif found["verdict"] == "unknown":
        yield 40, "proof", f"Whether it looks ahead is unknown. {found['words']}"


def few_trades(record: Record) -> Doubts:
    """Few closed trades."""
    count, fills = record["facts"]["closed_trades"], record["facts"]["fills"]
    if fills == 0:
        return
    if count == 0:
        yield 40, "trades", "It never closed a position: what it earned is what its names did while it held them."
        return
    for bound, weight in ((10, 70), (30, 55), (100, 20)):
        if count < bound:
            yield weight, "trades", f"{plural(count, 'closed trade')}: too few to tell a habit from an accident."
            return


def short_history(record: Record) -> Doubts:
    """Little time."""
    span = record["facts"]["years"]
    for bound, weight in ((1.0, 65), (3.0, 45), (5.0, 25)):
        if span < bound:
            told = f"The history covers {years(span)}, {record['facts']['start']} to {record['facts']['end']}"
            yield weight, "history", f"{told}: few kinds of market are in it."
            return


def lucky_ratio(record: Record) -> Doubts:
    """The Sharpe ratio may be that of no skill."""
    found = record["facts"]["deflated"]
    sure = found["probability"]
    if sure is None or earned(record) <= 0.0:
        return
    told = "The chance that its true Sharpe ratio is above 0"
    if found["trials"] > 1:
        told = f"With {found['trials']} settings tried, the chance that its Sharpe ratio is more than luck"
    for bound, weight in ((0.5, 70), (0.9, 50), (0.95, 35)):
        if sure < bound:
            yield weight, "luck", f"{told} is {part(sure)}."
            return


def random_entries(record: Record) -> Doubts:
    """Random copies do as well."""
    for name, told in COPIES.items():
        found = record["luck"][name]
        if found["why"] or record["facts"]["fills"] == 0:
            continue
        ahead, draws = record["luck"]["draws"] - found["beaten"], record["luck"]["draws"]
        for bound, weight in ((0.5, 75), (0.1, 60), (0.05, 40)):
            if found["p"] > bound:
                few = "" if ahead else f" So few copies prove little: p is {found['p']:.2f}."
                yield weight, "luck", f"{ahead:,} of {draws:,} {told} did at least as well.{few}"
                break


def one_name(record: Record) -> Doubts:
    """One name carries all."""
    own, shares = earned(record), record["facts"]["by_asset"]
    if own <= 0.0 or record["facts"]["names"] < 2 or not shares:
        return
    name, most = next(iter(shares.items()))
    if most >= own:
        yield 60, "names", f"{name} alone earned {percent(most)}: without it the rest comes to {percent(own - most)}."
    elif most > 0.5 * own and record["facts"]["names"] > 2:
        yield 35, "names", f"{name} alone earned {percent(most)} of {percent(own)}."


def late(record: Record) -> Doubts:
    """The profit is of the last stretch only."""
    own, found = earned(record), record["facts"]["late"]
    if own > 0.0 and found["before"] <= 0.0:
        told = f"All of it is of the {found['span']}"
        yield 60, "history", f"{told}: before that it stood at {percent(found['before'])}."


def best_bars(record: Record) -> Doubts:
    """A handful of bars carries all."""
    own, rest, count = earned(record), record["facts"]["without_best_bars"], record["facts"]["best_bars"]
    if own > 0.0 and rest is not None and rest <= 0.0:
        yield 30, "luck", f"Without its {count} best bars of {record['facts']['bars']:,} it comes to {percent(rest)}."


def peak(record: Record) -> Doubts:
    """Its parameters stand on a peak."""
    if record["neighbours"]["why"]:
        return
    found, own = summary(record["neighbours"]), record["facts"]["outcome"]["sharpe"]
    if found["count"] < 2 or own is None or own <= 0.0:
        return
    told = plural(found["count"], "neighbouring setting")
    if found["earning"] < 0.5 * found["count"]:
        yield 60, "settings", f"Only {found['earning']} of {told} earned anything."
    elif found["median_sharpe"] is not None and found["median_sharpe"] < 0.5 * own:
        middle = f"the Sharpe ratio in the middle of {told} is {found['median_sharpe']:.2f}, its own is {own:.2f}"
        yield 45, "settings", f"It stands on a peak: {middle}."
    elif found["count"] >= 4 and found["better"] == 0:
        yield 25, "settings", f"None of {told} does as well: the setting was probably chosen on these rows."


ASKED = (
    looks_ahead,
    few_trades,
    short_history,
    lucky_ratio,
    random_entries,
    one_name,
    late,
    best_bars,
    peak,
)
