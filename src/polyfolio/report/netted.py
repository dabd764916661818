"""Several portfolios seen as one account: what it would have traded, and the costs that crossing would have saved.

At one moment of a row, what one portfolio buys and another sells could have changed hands inside one account. The
smaller side would have paid nothing, the larger side its costs on what is left, pro rata: fees with a minimum, tiers
and impact are not computed again. Orders of a group with `netting` have met already; their crossed part paid nothing
and saves nothing here.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from polyfolio.core.codes import Level, Moment
from polyfolio.core.types import Floats, Ints
from polyfolio.engine.memory import records
from polyfolio.engine.rows import rows_of
from polyfolio.errors import ConfigError
from polyfolio.kernels.netting import MEETING, meetings
from polyfolio.kernels.netting_sums import COLUMNS, CROSSED, PAID, SAVED, TRADED, left, tally
from polyfolio.report.page.parts import Chart, Column, Fact, Facts, Line, Section, Table, Words
from polyfolio.report.results import Results
from polyfolio.rules.plan import Plan

ASSUMED = (
    "Purchases and sales of several portfolios on one symbol at the same moment of a bar are taken to meet. The "
    "smaller side saves its costs, the larger side its costs on the part that met; fees with a minimum, tiers and "
    "impact are not computed again, so the saving is an estimate. Each portfolio keeps its own results: nothing here "
    "changes them."
)


@dataclass(frozen=True, eq=False)
class Netted:
    """What met.

    Attributes:
        symbols: one per slot.
        met: MEETING records, one for each slot and moment at which something filled, by row.
        by_slot: float64[slots, 4], the columns of `kernels.netting_sums`.
        whole: float64[4], their sums.
        saved: float64[rows], costs saved up to each row's close.
        stamps: datetime64 of each row.
        currency: of the amounts.
    """

    symbols: tuple[str, ...]
    met: np.ndarray
    by_slot: Floats
    whole: Floats
    saved: Floats
    stamps: np.ndarray
    currency: str

    def of(self, column: int) -> float:
        """The sum of a column over all symbols."""
        return float(self.whole[column])

    @property
    def costs(self) -> tuple[float, float]:
        """Costs that all portfolios paid, and the part that crossing would have saved."""
        return self.of(PAID), self.of(SAVED)

    @property
    def one_account(self) -> float:
        """Notional that one account would have traded."""
        return float(left(self.whole[TRADED], self.whole[CROSSED]))

    def crossings(self, slot: int) -> int:
        """Moments at which portfolios met on a slot."""
        return int(((self.met["slot"] == slot) & (self.met["crossed"] > 0.0)).sum())


def netted(results: Results) -> Netted:
    """The netted view of a run.

    Raises:
        ConfigError: the journal kept no fills.
    """
    if results.journal.level < Level.FULL:
        level = results.journal.level.name.lower()
        raise ConfigError("journal", level, "full, where what met is looked for", "Run again with `journal: full`.")
    fills, tape = np.ascontiguousarray(results.journal.fills), results.tape
    unit = rows_of(tape, results.plan.observation).market.unit
    account = accounts_of(results.plan, fills)
    order = np.lexsort((account, fills["slot"], fills["moment"], fills["row"]))
    met = np.zeros(fills.size, MEETING)
    met = met[: meetings(records(fills), order, account, unit, records(met))]
    by_slot, whole, saved = np.empty((tape.slots, COLUMNS)), np.empty(COLUMNS), np.empty(tape.rows)
    tally(records(fills), records(met), unit, by_slot, whole, saved)
    stamps = tape.times.astype("datetime64[ns]")
    return Netted(tape.symbols, met, by_slot, whole, saved, stamps, tape.universe.base_currency)


def accounts_of(plan: Plan, fills: np.ndarray) -> Ints:
    """For each fill a number that fills share which met without cost: a lane's, at the open a netting group's."""
    shared = np.arange(plan.lanes, dtype=np.int64)
    for group, terms in enumerate(plan.groups):
        if terms["netting"]:
            shared[np.asarray(plan.group_of) == group] = plan.lanes + group
    lanes = fills["lane"].astype(np.int64)
    return np.where(fills["moment"] == Moment.OPEN, shared[lanes], lanes)


def netted_section(results: Results) -> Section | None:
    """The section of the combined summary; None for one portfolio, or without fills in the journal."""
    if len(results.lanes) < 2 or results.journal.level < Level.FULL:
        return None
    found = netted(results)
    words = Words("netted-assumption", (ASSUMED,))
    if found.of(CROSSED) == 0.0:
        words = Words("netted-assumption", ("No purchase met a sale: one account would have traded the same.",))
        return Section("netted", "As one account", (tiles(found), words))
    saved = Line("costs saved", found.stamps, found.saved, "area")
    chart = Chart("netted-saved", "Costs saved so far", (saved,), "money", height=220)
    return Section("netted", "As one account", (tiles(found), chart, table(found), words))


def tiles(found: Netted) -> Facts:
    """The sums."""
    items = (
        Fact("Traded", found.of(TRADED), "money", note=f"by all portfolios, {found.currency}"),
        Fact("One account", found.one_account, "money", note="would have traded"),
        Fact("Met inside", found.of(CROSSED), "money", note="bought by one, sold by another"),
        Fact("Costs paid", found.of(PAID), "money", note="commission, slippage and impact"),
        Fact("Saved by crossing", found.of(SAVED), "money", tone="good" if found.of(SAVED) > 0.0 else "plain"),
    )
    return Facts("netted-sums", items)


def table(found: Netted) -> Table:
    """A line for each symbol on which portfolios met, the largest saving first."""
    columns = (
        Column("Symbol"),
        Column("Crossings", "count"),
        Column("Traded", "money"),
        Column("One account", "money"),
        Column("Met inside", "money"),
        Column("Costs paid", "money"),
        Column("Saved", "money"),
    )
    rows = []
    for slot in np.argsort(-found.by_slot[:, SAVED], kind="stable").tolist():
        traded, crossed, costs, saved = found.by_slot[slot].tolist()
        if crossed > 0.0:
            alone = float(left(traded, crossed))
            rows.append((found.symbols[slot], found.crossings(slot), traded, alone, crossed, costs, saved))
    return Table("netted-symbols", "Where they met", columns, rows)
