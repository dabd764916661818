"""What happened in a run, one row each: drawdowns, closed trades, returns by month."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from polyfolio.core.types import Floats, Ints
from polyfolio.errors import DataError
from polyfolio.kernels.measures import drawdown, growth, trades
from polyfolio.report.annualise import stamps
from polyfolio.report.checked import same_length, series


@dataclass(frozen=True)
class Prices:
    """Highs and lows (rows, slots) of a tape, and its contract multipliers per slot."""

    high: Floats
    low: Floats
    multipliers: Floats


def drawdown_table(wealth: npt.ArrayLike, times: npt.ArrayLike) -> list[dict[str, Any]]:
    """Every drawdown of a wealth or equity path, in order of time.

    Each row has peak, first (bar under water), trough and recovery as positions in `times`, the same stamps in
    nanoseconds with `_time` behind the name, depth (<= 0), length in bars and length_days from the peak to the
    recovery, and open. An open one ends at the last stamp.
    """
    path, closes = series(wealth, "wealth"), stamps(times)
    same_length("times", closes.size, path.size)
    room = path.size // 2 + 1
    spans, depths = np.zeros((room, 5), dtype=np.int64), np.zeros(room)
    rows = []
    for k in range(drawdown.table(path, spans, depths)):
        at = dict(zip(("peak", "first", "trough", "recovery"), spans[k, :4].tolist(), strict=True))
        passed = np.timedelta64(int(closes[at["recovery"]] - closes[at["peak"]]), "ns")
        row: dict[str, Any] = {**at, **{f"{name}_time": int(closes[i]) for name, i in at.items()}}
        row |= {"depth": float(depths[k]), "length": at["recovery"] - at["peak"], "open": bool(spans[k, 4])}
        rows.append(row | {"length_days": float(passed / np.timedelta64(1, "D"))})
    return rows


def compounded_by(returns: npt.ArrayLike, labels: npt.ArrayLike) -> tuple[Floats, Ints]:
    """Returns compounded over runs of equal labels, and the bars in each run: a short first month shows."""
    path, groups = series(returns, "returns"), np.ascontiguousarray(labels, dtype=np.int64)
    same_length("labels", groups.size, path.size)
    out, counts = np.empty(path.size), np.empty(path.size, dtype=np.int64)
    runs = growth.compound_groups(path, groups, out, counts)
    return out[:runs], counts[:runs]


def closed_trades(fills: Any, multipliers: npt.ArrayLike, lanes: int, actions: Any = None) -> Any:
    """TRADE records of FILL records; `actions` are ACTION records, dividends, carry and splits between the fills."""
    each = series(multipliers, "multipliers")
    between = np.zeros(0, dtype=trades.ACTION) if actions is None else actions
    for name, records in (("fills", fills), ("actions", between)):
        _inside(name, records, "lane", lanes)
        _inside(name, records, "slot", each.size)
    if (np.diff(between["row"]) < 0).any():
        raise DataError("actions", "rows out of order", "ascending rows", "Sort the actions by row.")
    found = np.zeros(fills.shape[0], dtype=trades.TRADE)
    positions = np.zeros((lanes * each.size, trades.OPEN_SIZE))
    return found[: trades.closed_trades(fills, between, each, positions, found)]


def trade_columns(closed: Any, times: npt.ArrayLike, prices: Prices | None = None) -> dict[str, npt.NDArray[Any]]:
    """TRADE records as columns, with stamps of entry and exit and the days held; MAE and MFE where prices are given.

    Args:
        closed: TRADE records.
        times: closing stamps of the tape's rows.
        prices: highs and lows of the same rows.
    """
    closes = stamps(times)
    rows = closes.size if prices is None else min(closes.size, prices.high.shape[0], prices.low.shape[0])
    _inside("trades", closed, "entry_row", rows)
    _inside("trades", closed, "exit_row", rows)
    days = np.empty(closed.size)
    trades.holding_days(closed, closes, days)
    columns: dict[str, npt.NDArray[Any]] = {name: closed[name] for name in closed.dtype.names}
    columns |= {"entry_time": closes[closed["entry_row"]], "exit_time": closes[closed["exit_row"]], "days": days}
    if prices is not None:
        _inside("trades", closed, "slot", min(prices.high.shape[1], prices.low.shape[1], prices.multipliers.size))
        adverse, favourable = np.empty(closed.size), np.empty(closed.size)
        trades.excursions(closed, prices.multipliers, prices.high, prices.low, adverse, favourable)
        columns |= {"mae": adverse, "mfe": favourable}
    return columns


def _inside(name: str, records: Any, column: str, bound: int) -> None:
    # The compiled walk indexes with these: one beyond the end would read foreign memory.
    found = records[column]
    if found.size and not (found.min() >= 0 and found.max() < bound):
        raise DataError(
            f"{name}.{column}", [int(found.min()), int(found.max())], f"in [0, {bound})", "Pass every lane and slot."
        )
