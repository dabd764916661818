"""Futures: which contract is held when, and one continuous series of their prices.

A contract is chosen at the close of a row from what is known then, and held from the next row on. A chain never goes
back to an earlier expiry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from polyfolio.core.tape import PRICES, Tape, Universe
from polyfolio.core.types import Floats, Ints
from polyfolio.errors import DataError
from polyfolio.market.intervals import DAY
from polyfolio.market.stamps import show, utc_nanoseconds

RULES = ("days", "volume")
METHODS = ("ratio", "difference", "none")


@dataclass(frozen=True)
class Roll:
    """A change of contract.

    Attributes:
        row: first row on which the new one is held.
        out: slot left.
        into: slot taken.
        before: close of the contract left at the last row at which both traded.
        after: close of the contract taken at that row.
    """

    row: int
    out: int
    into: int
    before: float
    after: float


@dataclass(frozen=True, eq=False)
class Chain:
    """The contracts of one future in the order they are held.

    Attributes:
        choice: slot chosen at the close of each row, to be held from the next row on.
        held: slot held during each row.
        rolls: the changes, in the order of time.
    """

    choice: Ints
    held: Ints
    rolls: tuple[Roll, ...]

    def on_contracts(self, signals: Floats, slots: int) -> Floats:
        """A signal for the future as signals for its contracts: the chosen one bears it, the others are flat.

        Args:
            signals: one per row.
            slots: of the tape of contracts.
        """
        out = np.zeros((signals.size, slots))
        out[np.arange(signals.size), self.choice] = signals
        return out


def chain(tape: Tape, expiries: Mapping[str, Any], *, rule: str = "days", days: int = 5) -> Chain:
    """The contracts to hold.

    Args:
        tape: one slot per contract.
        expiries: last trading day of each contract, by symbol.
        rule: "days" leaves a contract so many days before it expires; "volume" when the next one trades more, and
            at the latest by that day.
        days: calendar days before the expiry; more than the exchange is ever closed in a row.

    Raises:
        DataError: a contract has no expiry, none is left to hold, or one expires before it could be left.
    """
    if rule not in RULES:
        raise DataError("rule", rule, "one of " + ", ".join(RULES), "Name the rule.")
    expiry = _last_days(tape, expiries)
    order = np.argsort(expiry, kind="stable")
    choice = np.empty(tape.rows, np.int64)
    place = 0
    for row, day in enumerate(tape.calendar.day):
        while place < order.size and day >= expiry[order[place]] - days:
            place += 1
        if place == order.size:
            raise DataError(
                f"expiries at {show(int(tape.times[row]))} (row {row})",
                show(int(expiry.max()) * DAY),
                f"at least one more than {days} days later",
                "Add later contracts, or cut the tape before this row.",
            )
        if rule == "volume" and place + 1 < order.size and _trades_more(tape, row, order[place + 1], order[place]):
            place += 1
        choice[row] = order[place]
    held = np.concatenate([choice[:1], choice[:-1]])
    return Chain(choice, held, _rolls(tape, held, expiry))


def _last_days(tape: Tape, expiries: Mapping[str, Any]) -> Ints:
    for symbol in tape.symbols:
        if symbol not in expiries:
            raise DataError(f"expiries[{symbol}]", None, "the contract's last trading day", "Add it.")
    given = [expiries[symbol] for symbol in tape.symbols]
    return utc_nanoseconds(given, "UTC", lambda row: tape.symbols[row]) // DAY


def _trades_more(tape: Tape, row: int, new: int, old: int) -> bool:
    return bool(tape.tradable[row, new] and tape.volume[row, new] > tape.volume[row, old])


def _rolls(tape: Tape, held: Ints, expiry: Ints) -> tuple[Roll, ...]:
    made = []
    for row in np.flatnonzero(np.diff(held)) + 1:
        out, into = int(held[row - 1]), int(held[row])
        if tape.calendar.day[row] > expiry[out]:
            raise DataError(
                f"days, for the roll at {show(int(tape.times[row]))} (row {row})",
                show(int(expiry[out]) * DAY),
                f"an expiry of {tape.symbols[out]} on that day or later",
                "Leave contracts more days before they expire.",
            )
        both = np.flatnonzero((tape.tradable[:row, out] != 0) & (tape.tradable[:row, into] != 0))
        if both.size == 0:
            raise DataError(
                f"rows of {tape.symbols[into]} before {show(int(tape.times[row]))} (row {row})",
                0,
                f"at least one at which {tape.symbols[out]} trades too",
                "Start the contract's rows before the roll.",
            )
        at = int(both[-1])
        made.append(Roll(int(row), out, into, float(tape.close[at, out]), float(tape.close[at, into])))
    return tuple(made)


def continuous(tape: Tape, held: Chain, symbol: str, *, method: str = "ratio", anchor: str = "first") -> Tape:
    """One slot with the bars of the contract held on each row.

    Its returns are those of holding the chain, gaps at the rolls taken out; use it for signals, and trade the
    contracts by `Chain.on_contracts`, since nobody can buy a joined price.

    Args:
        tape: one slot per contract.
        held: the chain.
        symbol: name of the new slot.
        method: "ratio" keeps returns, "difference" keeps price moves, "none" leaves the gaps in.
        anchor: "first" changes no row for what comes later; "last" leaves the last contract as it is.
    """
    if method not in METHODS:
        raise DataError("method", method, "one of " + ", ".join(METHODS), "Name the method.")
    if anchor not in ("first", "last"):
        raise DataError("anchor", anchor, "first or last", "Say which row keeps its prices.")
    factor, shift = _joints(tape.rows, held.rolls, method, anchor)
    rows = np.arange(tape.rows)
    arrays: dict[str, Any] = {}
    for name in (*PRICES, "volume", "spread", "tradable"):
        array = getattr(tape, name)
        arrays[name] = None if array is None else array[rows, held.held][:, None]
    for name in PRICES:
        arrays[name] = arrays[name] * factor[:, None] + shift[:, None]
    if tape.spread is not None:
        arrays["spread"] = arrays["spread"] * factor[:, None]
    first = int(held.held[0])
    labels = {name: (words[first],) for name, words in tape.universe.labels.items()}
    currency = (tape.universe.currencies or (tape.universe.base_currency,) * tape.slots)[first]
    universe = Universe((symbol,), labels, (currency,), tape.universe.base_currency)
    table = tape.instruments[first : first + 1].copy()
    table["fx_slot"], table["fx_inverse"] = -1, 0
    arrays |= dict.fromkeys(("dividends", "splits", "borrow", "funding"))
    return replace(tape, universe=universe, instruments=table, **arrays)


def _joints(rows: int, rolls: tuple[Roll, ...], method: str, anchor: str) -> tuple[Floats, Floats]:
    """What each row's prices are multiplied by, and what is added then."""
    factor, shift = np.ones(rows), np.zeros(rows)
    for roll in rolls:
        if method == "ratio":
            factor[roll.row :] *= roll.before / roll.after
        elif method == "difference":
            shift[roll.row :] += roll.before - roll.after
    if anchor == "last":
        factor, shift = factor / factor[-1], shift - shift[-1]
    return factor, shift
