"""The arrays a walk works in: the ledger of a plan and its book, scratch memory and journal buffers of a thread."""

from __future__ import annotations

from typing import Any

import numpy as np
from numba.core import config as numba_config

from polyfolio.core.book import Book
from polyfolio.core.records import EVENT, FILL, MARK
from polyfolio.core.types import Floats
from polyfolio.core.views import Ledger, Log, Scratch
from polyfolio.kernels.bounds import tail_factors
from polyfolio.kernels.certificate import certificate_rows
from polyfolio.kernels.projection import projection_work
from polyfolio.kernels.risk import KNOWN, scratch_size
from polyfolio.kernels.walk import EVENTS_PER_LANE, EVENTS_PER_SLOT, FILLS_PER_SLOT
from polyfolio.rules.plan import Plan

# Rows of marks a buffer takes before it is emptied into the journal.
BUFFER = 1 << 15


class Record(np.record):  # type: ignore[misc]
    """A record whose fields come before NumPy's own attributes: `rules.fill` is the rule, not `ndarray.fill`."""

    def __getattribute__(self, name: str) -> Any:
        fields = np.record.__getattribute__(self, "dtype").fields
        if fields is not None and name in fields:
            return np.void.getfield(self, *fields[name][:2])
        return np.record.__getattribute__(self, name)


def records(array: np.ndarray) -> Any:
    """Records whose fields are attributes, as kernels read them; un-jitted that takes records of another class."""
    return array.view(np.dtype((Record, array.dtype))) if numba_config.DISABLE_JIT else array


def look_up_tails(rules: np.ndarray) -> None:
    """The normal factors of each lane's confidence: found once, they are asked for at every decision."""
    factors = np.empty(2)
    for confidence in np.unique(rules["var_confidence"]).tolist():
        tail_factors(confidence, factors)
        same = rules["var_confidence"] == confidence
        rules["normal_var"][same], rules["normal_es"][same] = factors


def ledger(plan: Plan, book: Book, instruments: np.ndarray, signals: Floats) -> Ledger:
    """The plan's and the book's arrays as the walk reads them."""
    rules = plan.rules.copy()
    rules["lots"] = int((instruments["lot"] > 0.0).any())
    look_up_tails(rules)
    smallest = (instruments["min_notional"] > 0.0).any() | (rules["min_notional"] > 0.0)
    free = np.logical_and.reduce([np.isinf(rules[name]) for name in ("participation_rate_limit", "auction_share")])
    rules["direct"] = free & np.isinf(rules["max_slippage"]) & (rules["volume_basis"] == 0)
    rules["direct"] &= rules["schedule"] == 0
    uncapped = ~(rules["market_impact_limit"] < np.inf)
    rules["uncut"] = (rules["schedule"] == 0) & (rules["lots"] == 0) & ~smallest & uncapped
    groups = plan.groups.copy() if plan.groups.size else np.zeros(1, plan.groups.dtype)
    apart = ("account", "orders", "exits", "slot_of")
    state = {name: array for name, array in book.arrays().items() if name not in apart}
    return Ledger(
        account=records(book.account),
        orders=records(book.orders),
        exits=records(book.exits),
        rules=records(rules),
        program=np.array(plan.program),
        tiers=np.array(plan.tiers),
        budget=np.array(plan.budget),
        evidence=np.array(plan.evidence),
        caps=np.array(plan.caps),
        labels=np.array(plan.labels),
        rank=np.array(plan.rank),
        slot_of=book.slot_of,
        instruments=records(np.array(instruments)),
        signals=signals,
        netted=np.array([int(book.netted)], dtype=np.int64),
        group_of=np.array(plan.group_of),
        groups=records(groups),
        **state,
    )


_BY_SLOT = (
    "want",
    "before",
    "weight",
    "worth",
    "trade",
    "trial",
    "costs",
    "share",
    "bought",
    "sold",
    "a",
    "b",
    "sized",
    "resting",
)
_BY_SLEEVE = (
    "own",
    "asked",
    "money",
    "paid",
    "fee",
    "slip",
    "push",
    "earned",
    "late",
    "stop",
    "target",
    "kept",
    "kept_asked",
    "sleeve_price",
    "sleeve_unit",
    "sleeve_spread",
    "sleeve_base",
    "sleeve_sigma",
)


def scratch(plan: Plan, slots: int, sleeves: int) -> Scratch:
    """Scratch memory of one thread, sized for the widest window of the plan."""
    window = int(max(plan.rules["var_window"].max(), plan.rules["hedge_window"].max(), 1))
    triangle = slots * (slots + 1) // 2
    by_slot = {name: np.zeros(slots) for name in _BY_SLOT}
    by_sleeve = {name: np.zeros(sleeves) for name in _BY_SLEEVE}
    return Scratch(
        sample=np.zeros(window),
        tail=np.zeros(scratch_size(window)),
        certificate=np.zeros((certificate_rows(plan.caps.shape[0]) + 1, 4)),
        out=np.zeros(16),
        codes=np.zeros(4, np.int64),
        known=np.zeros(slots + KNOWN),
        signed=np.zeros(triangle),
        triangle=np.zeros(4 * slots + triangle),
        projection=projection_work(slots, plan.caps.shape[0]),
        order=np.zeros(slots, np.int64),
        frozen=np.zeros(slots, np.uint8),
        why=np.zeros(sleeves, np.int64),
        matched=np.zeros(sleeves, np.int64),
        **by_slot,
        **by_sleeve,
    )


def log_buffers(largest_unit: int, sleeves: int, keeps_events: bool) -> Log:
    """Journal buffers of one thread; always room for one row of the largest unit."""
    events = largest_unit * (EVENTS_PER_SLOT * sleeves + EVENTS_PER_LANE)
    fills = largest_unit * FILLS_PER_SLOT * sleeves
    many = 8 if keeps_events else 1
    return Log(
        events=records(np.zeros(max(events * many, BUFFER * (many > 1)), EVENT)),
        fills=records(np.zeros(max(fills * many, BUFFER * (many > 1)), FILL)),
        marks=records(np.zeros(max(largest_unit, BUFFER), MARK)),
        cursor=np.zeros(3, np.int64),
    )
