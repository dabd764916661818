"""What lanes look up besides their record: tiers, risk budgets and label caps, each as one array for all lanes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from polyfolio.core.tape import Universe
from polyfolio.core.types import Floats, Ints
from polyfolio.errors import ConfigError
from polyfolio.rules.arguments import closest
from polyfolio.rules.execution import MAX_TIERS, CommissionSection
from polyfolio.rules.sections import LabelCap

NO_TIERS: tuple[tuple[float, float, float], ...] = ((0.0, float("inf"), 0.0),)


def slot_of_symbol(symbols: Sequence[str], symbol: str, field: str) -> int:
    """The slot of a symbol a configuration names."""
    if symbol not in symbols:
        shown = ", ".join(symbols[:12]) + (", ..." if len(symbols) > 12 else "")
        raise ConfigError(field, symbol, f"a symbol of the tape: {shown}", closest(symbol, symbols))
    return list(symbols).index(symbol)


class Tiers:
    """Distinct tier tables. Rows that a table does not need are (0, 0, 0): a tier without width."""

    def __init__(self) -> None:
        self.tables: list[tuple[tuple[float, float, float], ...]] = []

    def index(self, commission: CommissionSection) -> int:
        """Number of the table with these tiers."""
        table = (
            tuple(
                (tier.min_volume, float("inf") if tier.max_volume is None else tier.max_volume, tier.rate)
                for tier in commission.tiered_rates
            )
            or NO_TIERS
        )
        if table not in self.tables:
            self.tables.append(table)
        return self.tables.index(table)

    def array(self) -> Floats:
        """float64[tables, 8, 3]."""
        result = np.zeros((len(self.tables), MAX_TIERS, 3))
        for index, table in enumerate(self.tables):
            result[index, : len(table)] = table
        return result


def budget_row(budget: str | Mapping[str, float], symbols: Sequence[str], field: str) -> Floats:
    """Risk budgets by slot, any scale: 1 for each when equal, 0 for a symbol that a map leaves out."""
    if isinstance(budget, str):
        return np.ones(len(symbols))
    row = np.zeros(len(symbols))
    for symbol, share in budget.items():
        row[slot_of_symbol(symbols, symbol, f"{field}.{symbol}")] = share
    return row


class Labels:
    """Label vectors as codes, and the caps that lanes put on them."""

    def __init__(self, universe: Universe) -> None:
        self.given = dict(universe.labels)
        if universe.currencies:
            self.given.setdefault("currency", universe.currencies)
        self.names = tuple(self.given)
        self.values: tuple[tuple[str, ...], ...] = tuple(
            tuple(sorted({value for value in vector if value})) for vector in self.given.values()
        )
        self.rows: list[tuple[float, float, float]] = []
        self.ranges: dict[tuple[Any, ...], tuple[int, int]] = {}
        self.notes: list[str] = []

    def array(self, slots: int) -> Ints:
        """int64[vectors, slots]: index of the value among `values` of its vector, -1 where a slot has none."""
        result = np.full((len(self.names), slots), -1, dtype=np.int64)
        for index, (vector, values) in enumerate(zip(self.given.values(), self.values, strict=True)):
            result[index] = [values.index(value) if value else -1 for value in vector]
        return result

    def add(self, caps: Sequence[LabelCap], field: str) -> tuple[int, int]:
        """Rows [first, end) of the cap table for these caps; lanes with the same caps share them."""
        rows = tuple(row for index, cap in enumerate(caps) for row in self._rows(cap, f"{field}[{index}]"))
        if rows not in self.ranges:
            self.ranges[rows] = (len(self.rows), len(self.rows) + len(rows))
            self.rows.extend(rows)
        return self.ranges[rows]

    def _rows(self, cap: LabelCap, field: str) -> list[tuple[float, float, float]]:
        if cap.by not in self.names:
            known = ", ".join(self.names) or "none"
            raise ConfigError(
                f"{field}.by",
                cap.by,
                f"a label of the tape: {known}",
                "Add the column to the instrument table, or remove the cap.",
            )
        vector = self.names.index(cap.by)
        values = self.values[vector]
        wanted = cap.cap if isinstance(cap.cap, Mapping) else dict.fromkeys(values, cap.cap)
        for name, number in wanted.items():
            if name not in values:
                carried = ", ".join(values) or "none"
                if not cap.absent:
                    raise ConfigError(
                        f"{field}.cap.{name}",
                        number,
                        f"for a {cap.by} that some symbol carries: {carried}",
                        f"{closest(name, values)} Where it may be missing from a tape, write `absent: true` beside "
                        "the cap.",
                    )
                note = f"{field}.cap.{name}: no symbol carries this {cap.by} ({carried}); the cap waits"
                self.notes += [] if note in self.notes else [note]
        return [(float(vector), float(values.index(name)), number) for name, number in wanted.items() if name in values]

    def caps(self) -> Floats:
        """float64[rows, 3]: label vector, label, cap."""
        return np.array(self.rows, dtype=np.float64).reshape(len(self.rows), 3)
