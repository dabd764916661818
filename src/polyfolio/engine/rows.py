"""A tape made ready for the walk: marks, units, trailing statistics and risk returns, computed once."""

from __future__ import annotations

import weakref
from dataclasses import dataclass, replace

import numpy as np

from polyfolio.core.codes import Schedule
from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats, Ints
from polyfolio.core.views import Market
from polyfolio.engine.memory import records
from polyfolio.kernels import rows as kernels
from polyfolio.kernels.volatility import trailing_mean, trailing_std
from polyfolio.rules.plan import Plan

# Completed bars that estimate volume and volatility for costs.
TRAILING = 20


@dataclass(frozen=True, eq=False)
class Rows:
    """What the walk reads of a tape.

    Attributes:
        market: arrays of (row, slot).
        returns: risk returns, float64[slots, observations].
        observations: int64[rows], completed risk returns at each row's close.
    """

    market: Market
    returns: Floats
    observations: Ints


_made: weakref.WeakKeyDictionary[Tape, dict[str, Rows]] = weakref.WeakKeyDictionary()


def rows_of(tape: Tape, observation: str) -> Rows:
    """The tape's rows, computed at the first call and shared by every engine on this tape.

    Args:
        tape: the tape.
        observation: "day" or "bar", what one risk return covers.
    """
    made = _made.setdefault(tape, {})
    if observation not in made:
        made[observation] = _prepare(tape, observation)
    return made[observation]


def rows_for(plan: Plan, tape: Tape) -> Rows:
    """The tape's rows with what the lanes of a plan read of them."""
    rows = rows_of(tape, plan.observation)
    works_by_volume = (plan.rules["schedule"] == Schedule.VWAP).any()
    return with_expected_volumes(rows, tape) if works_by_volume else rows


def with_expected_volumes(rows: Rows, tape: Tape) -> Rows:
    """The rows with the volume that each is expected to have, for the schedule vwap."""
    day, times = np.array(tape.calendar.day, dtype=np.int64), np.array(tape.times, dtype=np.int64)
    session = np.cumsum(np.diff(day, prepend=day[0] - 1) != 0) - 1
    begins = times[np.unique(session, return_index=True)[1]]
    # Time since the session's first bar: clocks that change in spring move every session whole.
    clock = np.unique(times - begins[session], return_inverse=True)[1].astype(np.int64)
    expected, table = np.empty((tape.rows, tape.slots)), np.empty((clock.max() + 1, session[-1] + 1))
    kernels.expected_volumes(np.array(tape.volume), clock, session.astype(np.int64), TRAILING, table, expected)
    return replace(rows, market=rows.market._replace(expected=expected))


def _or_none(array: Floats | None, slots: int) -> Floats:
    """An optional array; one row of NaN stands for all rows where the tape has none."""
    return np.full((1, slots), np.nan) if array is None else np.array(array)


def _units(tape: Tape, price: Floats) -> Floats:
    """Money per price unit. One row serves all where nothing is quoted in a foreign currency."""
    foreign = bool((tape.instruments["fx_slot"] >= 0).any())
    out = np.empty((tape.rows if foreign else 1, tape.slots))
    kernels.units(records(tape.instruments), price, out)
    return out


def _prepare(tape: Tape, observation: str) -> Rows:
    shape = (tape.rows, tape.slots)
    dividends, splits = _or_none(tape.dividends, tape.slots), _or_none(tape.splits, tape.slots)
    funding = _or_none(tape.funding, tape.slots)
    tradable = np.array(tape.tradable, dtype=np.uint8, order="C")
    mark, opens = np.empty(shape), np.empty(shape)
    kernels.last_good(np.array(tape.close), tradable, splits, mark)
    kernels.opens_of(np.array(tape.open), mark, tradable, opens)
    unit = _units(tape, mark)
    tradable[~(np.broadcast_to(unit, shape) > 0.0)] = 0  # no rate of exchange yet: no value, no trade
    returns = np.empty(shape)
    kernels.bar_returns(mark, unit, dividends, splits, returns)
    sigma, base_volume = np.empty(shape), np.empty(shape)
    trailing_std(returns, TRAILING, np.empty(tape.slots), sigma)
    trailing_mean(np.array(tape.volume), TRAILING, base_volume)
    day = np.array(tape.calendar.day, dtype=np.int64)
    days, flags, starts = np.empty(tape.rows), np.empty(tape.rows, np.int64), np.empty(tape.rows, np.int64)
    kernels.days_between(day, days)
    kernels.row_flags(tradable, splits, dividends, funding, day, flags)
    kernels.row_starts(_opened(tape), day, starts)
    risk_returns, observations = _observe(returns, day, observation)
    market = Market(
        open=opens,
        high=np.array(tape.high),
        low=np.array(tape.low),
        close=np.array(tape.close),
        volume=np.array(tape.volume),
        spread=_or_none(tape.spread, tape.slots),
        dividend=dividends,
        split=splits,
        borrow=_or_none(tape.borrow, tape.slots),
        funding=funding,
        tradable=tradable,
        mark=mark,
        unit=unit,
        unit_open=_units(tape, opens),
        sigma=sigma,
        base_volume=base_volume,
        expected=np.full((1, tape.slots), np.nan),
        days=days,
        flags=flags,
        starts=starts,
        observations=observations,
    )
    return Rows(market, risk_returns, observations)


def _opened(tape: Tape) -> Ints:
    """When each row's bar opened: the close of the row before, at most the tape's usual bar length ago."""
    usual = int(np.median(np.diff(tape.times)))
    opened = np.empty(tape.rows, dtype=np.int64)
    opened[1:] = np.maximum(tape.times[:-1], tape.times[1:] - usual)
    opened[0] = tape.times[0] - usual
    return opened


def _observe(returns: Floats, day: Ints, observation: str) -> tuple[Floats, Ints]:
    """Risk returns and how many of them each row knows; a day's return is known at its last row."""
    rows = day.size
    if observation == "bar":
        ends = np.arange(rows, dtype=np.int64)
    else:
        last_of_day = np.append(day[1:] != day[:-1], True)
        ends = np.flatnonzero(last_of_day).astype(np.int64)
    known = np.zeros(rows, dtype=np.int64)
    known[ends] = 1
    observations = np.maximum(np.cumsum(known) - 1, 0)
    out = np.empty((returns.shape[1], max(ends.size - 1, 1)))
    out[:] = np.nan
    if ends.size > 1:
        kernels.period_returns(returns, ends, out)
    return out, observations
