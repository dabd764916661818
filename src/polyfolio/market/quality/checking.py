"""The check of market rows: everything that can be found in them, in one report."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from polyfolio.market.quality.actions import check_actions
from polyfolio.market.quality.calendars import calendar_for
from polyfolio.market.quality.findings import NOTHING, Found, by_severity
from polyfolio.market.quality.frames import whole
from polyfolio.market.quality.gaps import check_gaps
from polyfolio.market.quality.moves import check_moves, moves_of
from polyfolio.market.quality.order import check_order
from polyfolio.market.quality.reference import check_reference
from polyfolio.market.quality.report import Report
from polyfolio.market.quality.table import Table, table_of
from polyfolio.market.quality.universe import check_universe
from polyfolio.market.quality.values import check_values


def check(
    source: Any,
    *,
    calendar: str | None = None,
    interval: str | None = None,
    membership: Any = None,
    timezone: str | None = None,
    reference: Any = None,
) -> Report:
    """Check market rows; nothing is refused, everything is told.

    Args:
        source: path of CSV or Parquet files (a file, folder or pattern), a frame, bars of a source, or several.
        calendar: "24/7", "24/5" or an exchange code; None takes the one that the rows fit, and says so.
        interval: length of a bar, such as "5min"; None takes the usual step.
        membership: file or frame of the spells in which symbols belong to the universe.
        timezone: zone of times written without one.
        reference: path or frame of bars of all venues, to which volume and closes are compared by session.

    Returns:
        The report; `ok` is False where there is an error.

    Raises:
        DataError: the file cannot be read at all, or an argument names nothing.

    Example:
        >>> print(check("bars.parquet", calendar="XNYS").table())
    """
    table, found = table_of(whole(source), timezone, interval)
    name, told = calendar_for(table, calendar)
    found += told + check_order(table) + check_values(table)
    found += _moves_and_actions(_without_dropped(table, found))
    found += check_gaps(table, name) + check_universe(table, membership) + check_reference(table, name, reference)
    return Report(table, name, by_severity(found.findings), found.repairs)


def _without_dropped(table: Table, found: Found) -> Table:
    """The rows that the copy keeps: a second copy of a bar would stand between a spike and its return."""
    dropped = [item.origin for item in found.repairs if item.verb == "drop"]
    if not dropped:
        return table
    return replace(table, rows=table.rows.take(~np.isin(table.rows.origin, np.concatenate(dropped))))


def _moves_and_actions(table: Table) -> Found:
    if table.shape != "bars" or table.rows.size == 0:
        return NOTHING
    moves = moves_of(table)
    actions, explained = check_actions(table, moves)
    return actions + check_moves(table, moves, explained)
