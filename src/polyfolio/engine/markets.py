"""The markets that episodes play on, laid down where the compiled step finds them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from polyfolio.core.book import Book, open_book
from polyfolio.core.codes import Level
from polyfolio.core.records import EVENT, FILL, MARK
from polyfolio.core.tape import Tape
from polyfolio.core.types import Ints
from polyfolio.core.views import Here, Ledger, Log, World
from polyfolio.engine.covariances import Covariances
from polyfolio.engine.inputs import looks_at_risk
from polyfolio.engine.memory import log_buffers, records, scratch
from polyfolio.engine.rows import Rows, rows_of
from polyfolio.errors import DataError
from polyfolio.kernels.kept import keep
from polyfolio.kernels.rewards import market_terms
from polyfolio.kernels.rows import bar_returns
from polyfolio.rules.plan import Plan

Panel = npt.NDArray[np.float32]
EMPTY = Log(np.zeros(0, EVENT), np.zeros(0, FILL), np.zeros(0, MARK), np.zeros(3, np.int64))


@dataclass(frozen=True, eq=False)
class Market:
    """One of the markets an episode may play on.

    Attributes:
        tape: its rows.
        panel: float32[rows, width], what it shows at each row.
    """

    tape: Tape
    panel: Panel


@dataclass(eq=False)
class Place:
    """A market as a thread steps it: where everything stands, and the lanes that play there."""

    here: Any
    world: Any
    log: Log
    lanes: Ints


def lay_down(
    markets: Sequence[Market],
    plan: Plan,
    risk: bool,
    shared: tuple[Ledger, dict[str, Any]],
    slices: Sequence[Ints],
) -> list[list[Place]]:
    """Every market of every thread; all lanes play on the first one to begin with.

    Args:
        markets: where episodes play.
        plan: the lanes.
        risk: whether risk is observed.
        shared: the lanes' arrays, and what a world has whatever its market.
        slices: the lanes of each thread.
    """
    book, base = keep(shared[0]), shared[1]
    slots = markets[0].tape.slots
    full = plan.level >= Level.FULL
    # Without a full journal nothing is written; with one, a step may fill two rows of each lane.
    logs = [log_buffers(2 * part.size if full else 1, slots, full) for part in slices]
    work = [keep(scratch(plan, slots, slots)) for _ in slices]
    laid = []
    for number, market in enumerate(markets):
        rows = rows_of(market.tape, plan.observation)
        inputs = keep(Covariances(rows, plan.covariances, looks_at_risk(plan) or risk, whole=True).shared(0))
        world, seen = keep(World(**base, **shown_by(market, rows))), keep(rows.market)
        laid.append(
            [
                Place(
                    keep(Here(seen, inputs, book, keep(log), s, market.tape.rows - 1)),
                    world,
                    log,
                    np.array(() if number else part, np.int64),
                )
                for part, log, s in zip(slices, logs, work, strict=True)
            ]
        )
    return laid


def beginnings(ledger: Ledger, book: Book) -> dict[str, Any]:
    """What a lane begins an episode as, and where its records stand as bytes."""
    blank = open_book(1, book.want.shape[1], book.slot_of)
    return {
        "rules": records(np.array(ledger.rules)),
        "tiers": np.array(ledger.tiers),
        "blank": as_bytes(blank.account)[0],
        "blank_orders": as_bytes(blank.orders)[0],
        "blank_exits": as_bytes(blank.exits)[0],
        "accounts": as_bytes(book.account),
        "orders": as_bytes(book.orders),
        "exits": as_bytes(book.exits),
    }


def written(log: Log) -> tuple[np.ndarray, np.ndarray]:
    """Copies of the events and fills in a log."""
    return log.events[: int(log.cursor[0])].copy(), log.fills[: int(log.cursor[1])].copy()


def shown_by(market: Market, rows: Rows) -> dict[str, Any]:
    """What a world has of its market."""
    prices = rows.market
    shape = prices.mark.shape
    change, spread, trend = np.empty(shape), np.empty(shape[0]), np.empty(shape)
    bar_returns(prices.mark, prices.unit, prices.dividend, prices.split, change)
    market_terms(change, prices.mark, spread, trend, np.empty(shape[0]))
    panel = np.require(market.panel, np.float32, ["C", "W"])
    return {"panel": panel, "spread": spread, "trend": trend}


def refuse_unlike(market: Market, tape: Tape) -> None:
    """Refuse a market of another length, or a panel of another tape."""
    rows = market.tape.rows
    if rows != tape.rows:
        raise DataError("markets", rows, f"of {tape.rows} rows, as the first", "Draw all markets of one length.")
    if market.panel.ndim != 2 or market.panel.shape[0] != rows or market.panel.dtype != np.float32:
        raise DataError("panel", market.panel.shape, f"float32 with {rows} rows", "Build it of this tape.")


def as_bytes(array: np.ndarray) -> npt.NDArray[np.uint8]:
    """The rows of an array of records as bytes, the same memory."""
    return array.view(np.uint8).reshape(array.shape[0], -1)
