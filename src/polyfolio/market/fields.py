"""Fields that follow from others: prices and spread from quotes, adjusted prices, and splits the prices must show."""

from __future__ import annotations

import logging
import math
from dataclasses import replace

import numpy as np

from polyfolio.core.types import Flags, Floats, Ints
from polyfolio.errors import DataError
from polyfolio.market.columns import BARS, QUOTES
from polyfolio.market.reading import Reading
from polyfolio.market.rows import Rows
from polyfolio.market.stamps import show

log = logging.getLogger("polyfolio.market")


def quoted(rows: Rows) -> Rows:
    """Prices halfway between bid and ask where only quotes are given; the spread is ask minus bid at the close.

    Where the ask stands below the bid the spread is NaN, and `crossed` is 1: such a bar is not traded.
    """
    fields = dict(rows.fields)
    if all(name in fields for name in QUOTES):
        for name in BARS:
            if name not in fields:
                fields[name] = 0.5 * (fields[f"bid_{name}"] + fields[f"ask_{name}"])
    if "bid_close" in fields and "ask_close" in fields and "spread" not in fields:
        gap = fields["ask_close"] - fields["bid_close"]
        fields["spread"] = np.where(gap < 0.0, np.nan, gap)
        fields["crossed"] = np.where(gap < 0.0, 1.0, 0.0)
        count = int((gap < 0.0).sum())
        if count:
            log.warning("%d of %d bars have their ask below their bid: they are not traded", count, rows.size)
    return replace(rows, fields=fields)


def adjusted(rows: Rows, reading: Reading) -> Rows:
    """Prices times adj_close / close, where adjusted prices are asked for and the rows have both."""
    if reading.adjusted and (reading.dividends or reading.splits):
        kind = "dividends" if reading.dividends else "splits"
        raise DataError(
            kind,
            True,
            "False with adjusted=True",
            "Adjusted prices contain dividends and splits: give dividends=False, splits=False.",
        )
    if not reading.adjusted or "adj_close" not in rows.fields:
        return rows
    fields = dict(rows.fields)
    factor = fields["adj_close"] / fields["close"]
    wrong = ~np.isnan(fields["close"]) & ~(factor > 0.0)
    if wrong.any():
        row = int(np.argmax(wrong))
        raise DataError(
            f"adj_close{rows.at(row)}",
            float(fields["adj_close"][row]),
            "above 0 where the close is known",
            "Complete the column, or remove it.",
        )
    return replace(rows, fields=fields | {name: fields[name] * factor for name in BARS})


def refuse_adjusted_splits(
    times: Ints, close: Floats, splits: Floats, tradable: Flags, symbols: tuple[str, ...]
) -> None:
    """Refuse splits that most prices do not show: those prices are adjusted for splits already.

    Only ratios of 1.5 and more, or their inverse, tell; a day's move may hide a smaller one.
    """
    row, slot = np.nonzero((splits > 0.0) & ((splits >= 1.5) | (splits <= 1.0 / 1.5)) & (tradable != 0))
    known = row > 0
    row, slot = row[known], slot[known]
    known = tradable[row - 1, slot] != 0
    row, slot = row[known], slot[known]
    if row.size == 0:
        return
    move = np.log(close[row, slot] / close[row - 1, slot])
    unmoved = np.abs(move) < np.abs(move + np.log(splits[row, slot]))
    if 2 * int(unmoved.sum()) > row.size:
        first = int(np.argmax(unmoved))
        raise DataError(
            f"splits[{symbols[slot[first]]}] at {show(int(times[row[first]]))}",
            float(splits[row[first], slot[first]]),
            f"seen in the prices, which moved by {math.expm1(move[first]):+.1%}",
            "The prices are adjusted for splits already: give splits=False.",
        )
