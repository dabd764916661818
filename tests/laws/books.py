"""A second set of books, kept in plain Python from the fills and the tape alone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from polyfolio.core.codes import Moment
from polyfolio.core.tape import Tape
from polyfolio.engine.engine import Engine

OPEN = int(Moment.OPEN)


@dataclass
class Row:
    """One row of one lane: what carry brought, the state after the open's trades, the state at the close."""

    row: int
    dividends: float = 0.0
    interest: float = 0.0
    borrow: float = 0.0
    funding: float = 0.0
    fills: Any = None
    cash_open: float = 0.0
    held_open: list[float] = field(default_factory=list)
    price_open: list[float] = field(default_factory=list)  # money per unit at the open, last good where there is none
    cash: float = 0.0
    held: list[float] = field(default_factory=list)
    value: list[float] = field(default_factory=list)

    @property
    def equity(self) -> float:
        return self.cash + math.fsum(self.value)

    @property
    def gross(self) -> float:
        return math.fsum(abs(value) for value in self.value)

    @property
    def equity_open(self) -> float:
        return self.cash_open + math.fsum(_times(self.held_open, self.price_open))

    @property
    def gross_open(self) -> float:
        return math.fsum(abs(value) for value in _times(self.held_open, self.price_open))


def _times(held: list[float], price: list[float]) -> list[float]:
    return [units * money if units else 0.0 for units, money in zip(held, price, strict=True)]


def given(array: Any, row: int, slot: int, nothing: float = 0.0) -> float:
    """A value of an optional array; `nothing` where it has none."""
    value = math.nan if array is None else float(array[row, slot])
    return nothing if math.isnan(value) else value


def marks_of(tape: Tape) -> np.ndarray:
    """The last close of a tradable row, restated at splits."""
    marks = np.full((tape.rows, tape.slots), np.nan)
    for slot in range(tape.slots):
        last = math.nan
        for row in range(tape.rows):
            last /= given(tape.splits, row, slot, 1.0)
            if tape.tradable[row, slot]:
                last = float(tape.close[row, slot])
            marks[row, slot] = last
    return marks


def units_of(tape: Tape, prices: np.ndarray, row: int) -> list[float]:
    """Money per price unit at a row."""
    out = []
    for entry in tape.instruments:
        rate = 1.0
        if entry["fx_slot"] >= 0:
            rate = float(prices[row, entry["fx_slot"]])
            rate = 1.0 / rate if entry["fx_inverse"] else rate
        out.append(float(entry["multiplier"]) * rate)
    return out


def opens_of(tape: Tape, marks: np.ndarray) -> np.ndarray:
    """Opens, and the restated mark of the row before where the slot does not trade."""
    opens = np.array(tape.open)
    for row, slot in np.argwhere(tape.tradable == 0):
        before = marks[row - 1, slot] if row else tape.open[row, slot]
        opens[row, slot] = before / given(tape.splits, row, slot, 1.0)
    return opens


def rows_of(engine: Engine, lane: int = 0) -> Iterator[Row]:
    """The lane's rows, from its fills; one sleeve per slot."""
    tape, rules = engine.tape, engine.plan.rules[lane]
    fills = engine.journal.fills[engine.journal.fills["lane"] == lane]
    marks = marks_of(tape)
    opens = opens_of(tape, marks)
    before = Row(-1, cash=float(rules["initial_capital"]), held=[0.0] * tape.slots, value=[0.0] * tape.slots)
    for row in range(engine.row + 1):
        unit, unit_open = units_of(tape, marks, row), units_of(tape, opens, row)
        now = Row(row, cash=before.cash, held=list(before.held), fills=fills[fills["row"] == row])
        _split(tape, now, marks, unit_open)
        _carry(tape, rules, now, before, unit_open)
        for fill in now.fills[now.fills["moment"] == OPEN]:
            _settle(now, fill, unit_open)
        now.cash_open, now.held_open = now.cash, list(now.held)
        now.price_open = [float(opens[row, slot]) * unit_open[slot] for slot in range(tape.slots)]
        for fill in now.fills[now.fills["moment"] != OPEN]:
            _settle(now, fill, unit, unit_open)
        now.value = _times(now.held, [float(marks[row, slot]) * unit[slot] for slot in range(tape.slots)])
        yield now
        before = now


def _split(tape: Tape, now: Row, marks: np.ndarray, unit_open: list[float]) -> None:
    for slot in range(tape.slots):
        ratio, lot = given(tape.splits, now.row, slot, 1.0), float(tape.instruments["lot"][slot])
        if ratio == 1.0 or now.held[slot] == 0.0:
            continue
        exact = now.held[slot] * ratio
        whole = math.copysign(math.floor(abs(exact) / lot + 1e-9) * lot, exact) if lot else exact
        if exact != whole:
            now.cash += (exact - whole) * float(marks[now.row - 1, slot]) / ratio * unit_open[slot]
        now.held[slot] = whole


def _carry(tape: Tape, rules: Any, now: Row, before: Row, unit_open: list[float]) -> None:
    day = tape.calendar.day
    year = float(day[now.row] - day[now.row - 1]) / float(rules["day_count"]) if now.row else 0.0
    now.interest = now.cash * float(rules["interest_rate"] if now.cash > 0.0 else rules["loan_rate"]) * year
    for slot in range(tape.slots):
        if now.held[slot] < 0.0:
            rate = given(tape.borrow, now.row, slot, float(rules["borrow_rate"]))
            now.borrow += -before.value[slot] * rate * year
        now.funding += before.value[slot] * given(tape.funding, now.row, slot) if now.held[slot] else 0.0
        now.dividends += (
            now.held[slot] * given(tape.dividends, now.row, slot) * unit_open[slot] if now.held[slot] else 0.0
        )
    now.cash += now.interest + now.dividends - now.borrow - now.funding


def _settle(now: Row, fill: Any, unit: list[float], other: list[float] | None = None) -> None:
    """Fills of the bar are paid at the close's unit, resting ones inside it at the open's: `price` tells."""
    slot, quantity = int(fill["slot"]), float(fill["quantity"])
    paid = float(fill["commission"] + fill["slippage"] + fill["impact"])
    rate = unit[slot]
    if other is not None and fill["moment"] == Moment.INTRABAR and fill["reason"] == 1:
        rate = other[slot]
    now.cash -= quantity * float(fill["reference"]) * rate + paid
    now.held[slot] += quantity
    if abs(now.held[slot]) <= 1e-12 * abs(quantity):
        now.held[slot] = 0.0
