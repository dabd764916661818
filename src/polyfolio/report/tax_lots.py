"""Tax lots of a portfolio: which purchase each sale closed, under the method a tax law or a taxpayer names."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from polyfolio.core.codes import Level, Moment
from polyfolio.core.types import Floats
from polyfolio.core.views import Market
from polyfolio.engine.rows import rows_of
from polyfolio.errors import ConfigError
from polyfolio.kernels.measures import lots as kernels
from polyfolio.report.results import Results, actions_of
from polyfolio.rules.arguments import closest

METHODS = {"fifo": kernels.FIFO, "lifo": kernels.LIFO, "least_gain": kernels.LEAST_GAIN}
SUMS = ("short_gains", "short_losses", "long_gains", "long_losses")


@dataclass(frozen=True, eq=False)
class TaxLots:
    """The lots of one portfolio.

    Attributes:
        symbols: symbol of each slot.
        times: closing stamps of the tape's rows.
        records: LOT records; `closed` is -1 where a lot is open.
        sums: gains and losses of closed lots, held short and long, in base currency.
        counts: how many lots stand behind each sum.
    """

    symbols: tuple[str, ...]
    times: Any
    records: Any
    sums: dict[str, float]
    counts: dict[str, int]

    def rows(self) -> Iterator[dict[str, Any]]:
        """One map per lot, names and stamps in place of numbers."""
        for lot in self.records:
            open_ = int(lot["closed"]) < 0
            yield {
                "symbol": self.symbols[int(lot["slot"])],
                "opened": np.datetime64(int(self.times[lot["opened"]]), "ns"),
                "closed": None if open_ else np.datetime64(int(self.times[lot["closed"]]), "ns"),
                "quantity": float(lot["quantity"]),
                "entry": float(lot["entry"]),
                "exit": None if open_ else float(lot["exit"]),
                "commission": float(lot["commission"]),
                "gain": None if open_ else float(lot["gain"]),
            }


def tax_lots(results: Results, lane: int | str, method: str = "fifo", long_after: float = 365.0) -> TaxLots:
    """The lots of a portfolio, closed by a method.

    The account keeps the average price, whatever the method: a method changes which gains are realised when, not what
    the portfolio is worth. `least_gain` closes the lot that realises least, which is what defers taxes most.

    Args:
        results: a run whose journal is kept at level full.
        lane: name or number.
        method: fifo, lifo or least_gain.
        long_after: days; a lot held longer counts as held long.

    Raises:
        ConfigError: another method, or a journal without fills.

    Example:
        >>> tax_lots(result, "momentum", "least_gain").sums["short_gains"]
    """
    if method not in METHODS:
        raise ConfigError("method", method, "one of " + ", ".join(METHODS), closest(method, list(METHODS)))
    if results.journal.level < Level.FULL:
        raise ConfigError("journal", results.journal.level.name.lower(), "full", "Run again with `journal: full`.")
    part = results.journal.lane(lane)
    found = np.zeros(2 * part.fills.size + 1, kernels.LOT)
    rates = rates_of(part.fills, rows_of(results.tape, results.plan.observation).market)
    count = kernels.match_lots(part.fills, actions_of(part, results.tape), rates, METHODS[method], found)
    records = found[:count]
    days = np.array(results.tape.times, dtype=np.float64) / 86_400e9
    sums, counts = np.empty(4), np.empty(4, dtype=np.int64)
    kernels.sum_gains(records, days, long_after, sums, counts)
    return TaxLots(
        results.tape.symbols,
        results.tape.times,
        records,
        dict(zip(SUMS, sums.tolist(), strict=True)),
        dict(zip(SUMS, counts.tolist(), strict=True)),
    )


def rates_of(fills: Any, market: Market) -> Floats:
    """Base currency per unit of each fill's price: the rate of the open for what filled there, else of the close."""
    row = fills["row"] if market.unit.shape[0] > 1 else 0
    at_open = fills["moment"] == Moment.OPEN
    return np.asarray(np.where(at_open, market.unit_open[row, fills["slot"]], market.unit[row, fills["slot"]]))
