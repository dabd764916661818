"""A crash put into a tape: a common fall in which slots move by their betas, wilder bars, and a recovery.

The level after it stays where the crash and the recovery leave it; every other return of the tape is kept.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.market.synthetic.bars import rounded, share_of_gap
from polyfolio.market.synthetic.history import History, history_of
from polyfolio.market.synthetic.streams import Streams, whole, within


@dataclass(frozen=True)
class Crash:
    """What happens in a crash.

    Attributes:
        depth: return of a slot with beta 1 from the close before the crash to its last row, above -1 and below 0.
        fall: rows it takes, at least 1.
        recovery: rows after it in which prices come back, 0 or more.
        recovered: share of the logarithm of the fall that comes back, 0 to 1.
        volatility: factor on the moves of the fallen rows about their mean, and on the shadows of their bars.
        volume: factor on volume and spread in the fall; it fades over the recovery.
        at: first row that falls, 1 or more; None draws it.
    """

    depth: float = -0.35
    fall: int = 20
    recovery: int = 120
    recovered: float = 0.5
    volatility: float = 2.0
    volume: float = 2.0
    at: int | None = None

    def __post_init__(self) -> None:
        within("depth", self.depth, -0.99, -1e-6)
        whole("fall", self.fall, 1)
        whole("recovery", self.recovery, 0)
        within("recovered", self.recovered, 0.0, 1.0)
        within("volatility", self.volatility, 0.0, 20.0)
        within("volume", self.volume, 0.0, 1000.0)
        if self.at is not None:
            whole("at", self.at, 1)


def first_row(tape: Tape, crash: Crash, seed: int = 0, path: int = 0) -> int:
    """The first row that falls: the one given, or one drawn so that the crash and its recovery fit.

    Raises:
        ConfigError: the tape has too few rows.
    """
    last = tape.rows - crash.fall - crash.recovery
    if crash.at is not None:
        if crash.at > tape.rows - crash.fall:
            remedy = "Begin earlier or take a longer tape."
            raise ConfigError("crash.at", crash.at, f"at most {tape.rows - crash.fall}, rows - fall", remedy)
        return crash.at
    if last < 1:
        bound = f"below the tape's {tape.rows} rows"
        raise ConfigError("crash.fall + crash.recovery", crash.fall + crash.recovery, bound, "Shorten the crash.")
    return 1 + int(Streams(seed, path).of("crash row").integers(0, last))


def with_crash(tape: Tape, crash: Crash, *, betas: Floats | None = None, seed: int = 0, path: int = 0) -> Tape:
    """The tape with a crash in it.

    Args:
        tape: any tape, real or synthetic.
        crash: what happens.
        betas: one per slot; None takes each slot's beta against the mean return of all slots.
        seed: of the random numbers that spread the fall over its rows and draw its beginning.
        path: number of the path.
    """
    history = history_of(tape)
    betas = market_betas(history) if betas is None else np.asarray(betas, dtype=np.float64)
    if betas.shape != (tape.slots,) or not np.isfinite(betas).all():
        raise ConfigError("betas", betas.tolist(), f"{tape.slots} finite numbers, one per slot", "Correct the list.")
    begin = first_row(tape, crash, seed, path)
    steps = _steps(history, crash, betas, begin, Streams(seed, path))
    level = np.cumsum(steps, axis=0)
    first = np.argmax((tape.tradable != 0) & ~np.isnan(tape.close), axis=0)
    level = level - level[first, np.arange(tape.slots)]  # a slot listed later begins at its own price
    wild = np.ones(tape.rows)
    wild[begin : begin + crash.fall] = crash.volatility
    arrays = _bars(history, level, steps, np.maximum(wild, 1.0)[:, None])
    busy = _busy(crash, begin, tape.rows)
    arrays["volume"] = tape.volume * busy
    for name, factor in (("spread", busy), ("dividends", 1.0)):
        own = getattr(tape, name)
        if own is not None:
            arrays[name] = own * np.exp(level) * factor  # in proportion to the price
    kept = {name: getattr(tape, name) for name in ("splits", "borrow", "funding")}
    return Tape(
        times=tape.times.copy(),
        tradable=tape.tradable.copy(),
        calendar=tape.calendar,
        universe=tape.universe,
        instruments=tape.instruments.copy(),
        **arrays,
        **kept,
    )


def market_betas(history: History) -> Floats:
    """Beta of each slot against the mean log return of all slots; their mean is 1."""
    returns = history.filled(history.total)
    returns = returns - returns.mean(axis=0)
    market = returns.mean(axis=1)
    power = float(market @ market)
    return np.asarray(returns.T @ market / power if power > 0.0 else np.ones(returns.shape[1]), dtype=np.float64)


def _steps(history: History, crash: Crash, betas: Floats, begin: int, streams: Streams) -> Floats:
    """What each row adds to the logarithm of the price (rows, slots)."""
    out = np.zeros(history.total.shape)
    depth = math.log1p(crash.depth)
    fallen = slice(begin, begin + crash.fall)
    own = history.total[fallen]
    known = ~np.isnan(own)
    centre = np.where(known, own, 0.0).sum(axis=0) / np.maximum(known.sum(axis=0), 1)
    # Own moves about their mean keep their sum at 0, so the depth is met exactly.
    out[fallen] = np.where(known, crash.volatility * (own - centre) - own, 0.0)
    out[fallen] += np.outer(_uneven(crash.fall, streams.of("crash fall")), betas * depth)
    back = min(crash.recovery, history.tape.rows - begin - crash.fall)
    if back > 0:
        weights = _uneven(crash.recovery, streams.of("crash recovery"))[:back]
        out[begin + crash.fall : begin + crash.fall + back] = np.outer(weights, -crash.recovered * betas * depth)
    return out


def _uneven(count: int, random: np.random.Generator) -> Floats:
    """Positive shares that add up to 1."""
    draws = random.standard_exponential(count)
    return np.asarray(draws / draws.sum(), dtype=np.float64)


def _busy(crash: Crash, begin: int, rows: int) -> Floats:
    out = np.ones(rows)
    end = begin + crash.fall
    out[begin:end] = crash.volume
    fading = np.linspace(crash.volume, 1.0, crash.recovery + 2)[1:-1]
    out[end : end + crash.recovery] = fading[: max(rows - end, 0)]
    return out[:, None]


def _bars(history: History, level: Floats, steps: Floats, wild: Floats) -> dict[str, Floats]:
    """Bars moved by the level; the open takes the slot's usual share of a row's step."""
    tape = history.tape
    opened = np.log(tape.open) + level - (1.0 - share_of_gap(history)) * steps
    closed = np.log(tape.close) + level
    tops, bottoms = np.maximum(tape.open, tape.close), np.minimum(tape.open, tape.close)
    made = {
        "open": opened,
        "high": np.maximum(opened, closed) + wild * np.log(tape.high / tops),
        "low": np.minimum(opened, closed) + wild * np.log(tape.low / bottoms),
        "close": closed,
    }
    moved = {name: np.exp(value) for name, value in made.items()}
    # Rows and slots that nothing moved keep their bits.
    same = (level == 0.0) & (steps == 0.0) & (wild == 1.0)
    stepped = rounded(moved, tape.instruments["tick"])
    return {name: np.where(same, getattr(tape, name), value) for name, value in stepped.items()}
