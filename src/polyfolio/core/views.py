"""The views a kernel gets: one lane, one bar, scratch memory. Built by the driver, never allocated per step.

Fields are documented here and nowhere else; kernels name them as `lane.quantity[i]` or `bar.close[i]`.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Lane(NamedTuple):
    """One isolated portfolio. Arrays are rows of the book's arrays."""

    account: Any  # ACCOUNT record
    rules: Any  # RULES record
    program: Any  # int64[stages], Stage codes
    tiers: Any  # float64[8, 3]
    budget: Any  # float64[slots], risk budgets
    evidence: Any  # float64[sleeves, 3]: base allocation, Sharpe ratio, win rate in percent (lifecycle sizing)
    caps: Any  # float64[rows, 3]: label vector, label, cap; shared by lanes, see rules.label_caps
    labels: Any  # int64[vectors, slots]
    rank: Any  # int64[slots], rank of the symbol in sorted order: breaks ties whatever the slot order
    slot_of: Any  # int64[sleeves]
    instruments: Any  # INSTRUMENT[slots]
    signal: Any  # float64[sleeves], this row's signals; NaN = keep what is held
    quantity: Any  # float64[sleeves], signed
    average_price: Any  # float64[sleeves]
    order_quantity: Any  # float64[sleeves], signed, what still works
    order_price: Any  # float64[sleeves], price the order was decided at; 0 = an exit under way
    order_filled: Any  # float64[sleeves], what earlier fills of the same order took, signed
    orders: Any  # ORDER[sleeves]; not written while account.plain
    exits: Any  # EXIT[sleeves]
    crossed: Any  # float64[sleeves], share of the order that meets another lane's or sleeve's
    heard: Any  # float64[sleeves], sign of the last signal the sleeve heard
    held: Any  # float64[slots], sleeves netted; the same memory as quantity where each slot has one sleeve
    value: Any  # float64[slots], value at the last mark
    traded: Any  # float64[slots], quantity * reference traded since the last mark
    pressure: Any  # float64[slots], propagated permanent impact as a share of the price
    gain: Any  # float64[slots], price gains since the start
    cost: Any  # float64[slots], commission + slippage + impact since the start
    carry: Any  # float64[slots], dividends - borrow - funding since the start
    want: Any  # float64[slots], target weights of the last decision
    sleeve_want: Any  # float64[sleeves], each sleeve's part of its slot's want; `want` itself where not netted
    volume_left: Any  # float64[slots], what the bar's participation cap still allows
    netted: Any  # 1: sleeves share slots, so `held` has to be netted
    index: Any  # int, the lane's number in the book
    at: Any  # address of the `Here` it was taken from, for routines


class Bar(NamedTuple):
    """One row of the tape. `before` is the row before it."""

    open: Any
    high: Any
    low: Any
    close: Any
    volume: Any
    spread: Any
    dividend: Any
    split: Any
    borrow: Any
    funding: Any
    tradable: Any  # uint8[slots]
    mark: Any  # last good close
    mark_before: Any
    unit: Any  # multiplier * fx at the close
    unit_open: Any
    sigma: Any  # trailing volatility of bar returns, up to and with this row
    base_volume: Any  # trailing mean volume, up to and with this row
    sigma_before: Any
    base_volume_before: Any
    days: Any  # calendar days since the row before
    flags: Any  # RowFlag bits
    starts: Any  # Period bits
    row: Any
    last: Any  # 1: the last row of the tape, no order is accepted


class Scratch(NamedTuple):
    """Memory for one thread: overwritten by every stage."""

    want: Any  # float64[slots]
    before: Any  # float64[slots], want before the stage
    weight: Any  # float64[slots], held weights at the decision
    worth: Any  # float64[slots], money value held at a reference price
    trade: Any  # float64[slots], signed quantities to trade
    trial: Any  # float64[slots], a scaled copy of trade
    costs: Any  # float64[slots]
    share: Any  # float64[slots], part of an order that fills
    bought: Any  # float64[slots], what the lanes of a group buy at the open
    sold: Any  # float64[slots]
    own: Any  # float64[sleeves], each sleeve's part: of a weight when deciding, of a fill when filling
    asked: Any  # float64[sleeves], orders that trade at this moment
    money: Any  # float64[sleeves], signed notional of each fill at its reference
    paid: Any  # float64[sleeves], price of each fill
    fee: Any  # float64[sleeves], its commission
    slip: Any  # float64[sleeves], its spread and slippage
    push: Any  # float64[sleeves], its impact
    earned: Any  # float64[sleeves], profit it realises
    late: Any  # float64[sleeves], what waiting for it cost
    stop: Any  # float64[sleeves], stop price of each position
    target: Any  # float64[sleeves], target price of each position
    a: Any  # float64[slots]
    b: Any  # float64[slots]
    sample: Any  # float64[window], portfolio returns
    tail: Any  # float64[see risk.scratch_size]
    certificate: Any  # float64[rows, 4]
    out: Any  # float64[16]
    codes: Any  # int64[4], reasons handed back
    known: Any  # float64[slots + risk.KNOWN], the wants whose risk was measured last, and that risk
    signed: Any  # float64[triangle], a covariance with the signs of the wants
    triangle: Any  # float64[work of the optimisers]
    projection: Any  # float64[work of the projection]
    sized: Any  # float64[slots], want as sized
    sleeve_price: Any  # float64[sleeves]
    sleeve_unit: Any  # float64[sleeves]
    sleeve_spread: Any  # float64[sleeves]
    sleeve_base: Any  # float64[sleeves]
    sleeve_sigma: Any  # float64[sleeves]
    kept: Any  # float64[sleeves]
    kept_asked: Any  # float64[sleeves]
    resting: Any  # float64[slots], prices at which resting orders meet the bar
    matched: Any  # int64[sleeves], how they meet it
    why: Any  # int64[sleeves], reason behind a fill that is less than its order
    order: Any  # int64[slots]
    frozen: Any  # uint8[slots]


class Log(NamedTuple):
    """The journal's buffers of one thread."""

    events: Any  # EVENT[capacity]
    fills: Any  # FILL[capacity]
    marks: Any  # MARK[capacity]
    cursor: Any  # int64[3]: events, fills, marks written


class Market(NamedTuple):
    """The tape as the walk reads it: arrays of (row, slot); one-row arrays hold for every row."""

    open: Any
    high: Any
    low: Any
    close: Any
    volume: Any
    spread: Any
    dividend: Any
    split: Any
    borrow: Any
    funding: Any
    tradable: Any
    mark: Any
    unit: Any
    unit_open: Any
    sigma: Any
    base_volume: Any
    expected: Any  # volume of a row as earlier days make it probable; one row of NaN where nobody asks
    days: Any  # [rows]
    flags: Any
    starts: Any
    observations: Any  # completed risk observations after the row's close


class Shared(NamedTuple):
    """Risk inputs that depend on the tape only: computed once, read by every lane."""

    returns: Any  # float64[slots, observations], slot-major
    covariance: Any  # float64[models, observations in block, triangle]
    correlation: Any
    sigma: Any  # float64[models, observations in block, slots]
    first: Any  # the block's first observation


class Ledger(NamedTuple):
    """The book and what the plan fixed for each lane, as the walk reads them. Row = lane."""

    account: Any
    rules: Any
    program: Any
    tiers: Any  # float64[tables, 8, 3]
    budget: Any
    evidence: Any
    caps: Any
    labels: Any
    rank: Any
    slot_of: Any
    instruments: Any
    signals: Any  # float64[arrays, rows, sleeves]
    quantity: Any
    average_price: Any
    order_quantity: Any
    order_price: Any
    order_filled: Any
    orders: Any
    exits: Any
    crossed: Any
    heard: Any
    held: Any
    value: Any
    traded: Any
    pressure: Any
    gain: Any
    cost: Any
    carry: Any
    want: Any
    sleeve_want: Any
    volume_left: Any
    netted: Any  # int64[1], see Lane.netted
    group_of: Any  # int64[lanes], -1 = none
    groups: Any  # GROUP[groups]


class Here(NamedTuple):
    """Everything a walk reads and writes, laid down once and passed by its address (`kernels.pointers`)."""

    market: Any  # Market
    shared: Any  # Shared
    book: Any  # Ledger
    log: Any  # Log
    s: Any  # Scratch
    final: Any  # int, the row that accepts no order, -1 = none


class World(NamedTuple):
    """The lanes that agents steer: what they are told, say and see, and where their episodes stand. Row = lane."""

    agents: Any  # AGENT[lanes]
    episodes: Any  # EPISODE[lanes]
    steps: Any  # STEP[lanes]
    actions: Any  # float64[lanes, numbers], as given
    asked: Any  # float64[lanes, slots], what the action asked for
    projected: Any  # float64[lanes, slots], the want after the stages; what is held where frozen
    held: Any  # float64[lanes, slots], weights held after the step
    cut: Any  # int64[lanes, slots], Reason of the last cut of each want; 0 = none, or not kept
    observations: Any  # float32[lanes, window * frame]
    rewards: Any  # float64[lanes]
    running: Any  # float64[lanes, rewards.RUNNING], running statistics of the episode
    returns: Any  # float64[lanes, rewards.WINDOW], the last returns, a ring
    exposure: Any  # float64[slots], what all lanes hold together, a share of their equity
    panel: Any  # float32[rows, width], what the tape shows
    spread: Any  # float64[rows], deviation of the market's return over rewards.WINDOW rows
    trend: Any  # float64[rows, slots], return over rewards.TREND rows
    rules: Any  # RULES[lanes], as the plan has them: an episode's draws start from these
    tiers: Any  # float64[tables, 8, 3], likewise
    blank: Any  # uint8, an account nobody has touched
    blank_orders: Any  # uint8, the orders of a lane without any
    blank_exits: Any  # uint8
    accounts: Any  # uint8[lanes, bytes], the book's records as bytes
    orders: Any  # uint8[lanes, bytes]
    exits: Any  # uint8[lanes, bytes]
    seen: Any  # int64[observe.SEEN], which blocks are seen and how wide they are


class Seat(NamedTuple):
    """One lane of a World, as the agent on it has it."""

    agent: Any
    episode: Any
    step: Any
    action: Any
    asked: Any
    projected: Any
    held: Any
    cut: Any
    observation: Any
    running: Any
    returns: Any
    trend: Any  # of the row
    shown: Any  # float32[width], the panel's row
    exposure: Any
    seen: Any
