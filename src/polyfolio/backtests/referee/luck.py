"""Could luck have done as well? The lane's own trades, begun at random moments, or in random names.

moments: each name keeps its trades with their number, holding times, sides and sizes; the moments at which they begin
are drawn, every arrangement without overlap being as likely as any other.
names: each trade keeps its moments, side and size; the name is drawn among those that are free and trade all the time.

The copies trade under the lane's account, fill and costs and under none of its limits. They are compared with the
lane's own trades replayed in the same way, so that a stop or a limit is no difference between them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from polyfolio.backtests.referee.spells import Spell, spells_of
from polyfolio.backtests.trial import AT_ONCE, SAME, Trial
from polyfolio.core.codes import FillAt, OrderType
from polyfolio.core.types import Floats, Ints
from polyfolio.market.synthetic.streams import Streams
from polyfolio.report.results import Results
from polyfolio.report.run_page.lane import LaneView
from polyfolio.rules.plan import compile_spec
from polyfolio.rules.schedule import ScheduleSection
from polyfolio.rules.spec import Lane
from polyfolio.strategies.run import strategy_of

DRAWS = 400
SMALLEST_SPREAD = 1e-9  # of the copies' returns: below it all copies are the same
LEAST_IDLE = 0.1  # share of the bars of all names without a position: below it there is hardly anything to draw


def luck(trial: Trial, base: Results, draws: int = DRAWS) -> dict[str, Any]:
    """Where the lane stands among copies of itself with random moments, and with random names."""
    held = LaneView(base, base.lanes[0]).holdings.weight
    spells = spells_of(held, base.journal.fills)
    idle = idle_share(trial, spells)
    whole = {"draws": draws, "trades": len(spells), "idle": idle, "replayed": None}
    if not spells or idle < LEAST_IDLE:
        why = "always_in" if spells else "no_trades"
        return whole | {name: nothing(why) for name in ("moments", "names")}
    copy = follower(trial)
    wait = int(trial.lane.execution.fill is not FillAt.SAME_CLOSE)
    own = float(copy.growth([SAME], as_it_was(copy, spells, wait))[0])
    rows = [np.flatnonzero(column) for column in (trial.tape.tradable != 0).T]
    begin = first_row(trial, spells) + wait

    def moments(count: int, random: np.random.Generator) -> Floats:
        return moved(copy, spells, (rows, begin, wait), count, random)

    def names(count: int, random: np.random.Generator) -> Floats:
        return renamed(copy, spells, wait, count, random)

    return whole | {
        "replayed": own,
        "moments": judged(copy, moments, own, draws),
        "names": judged(copy, names, own, draws),
    }


def idle_share(trial: Trial, spells: Sequence[Spell]) -> float:
    """Share of the bars at which a name trades and is not held, from the first spell on."""
    if not spells:
        return 1.0
    there = trial.tape.tradable[spells[0].first :] != 0
    held = sum(min(spell.end, trial.tape.rows) - spell.first for spell in spells)
    return max(0.0, 1.0 - held / max(int(there.sum()), 1))


def follower(trial: Trial) -> Trial:
    """A lane that holds the weights it is told, with the account, fill and costs of the one it follows."""
    lane = trial.lane
    execution = lane.execution.model_copy(
        update={"order_type": OrderType.MARKET, "schedule": ScheduleSection(), "max_slippage": None}
    )
    told = Lane(name="copy", sizing={"method": "weights", "allow_short": True})  # type: ignore[arg-type]
    limits = told.limits.model_copy(update={"max_leverage": lane.limits.max_leverage})
    told = told.model_copy(update={"account": lane.account, "execution": execution, "limits": limits})
    spec = trial.spec.model_copy(update={"lanes": (told,), "sleeves": None})
    return replace(trial, spec=spec, plan=compile_spec(spec, trial.tape.universe), given=True)


def first_row(trial: Trial, spells: Sequence[Spell]) -> int:
    """The first row at which the lane could have decided to hold anything."""
    first = spells[0].first
    strategy = trial.lane.strategy
    if trial.given or strategy is None:
        return max(first - 1, 0)
    return max(min(strategy_of(strategy.name, strategy.params).warmup - 1, first - 1), 0)


def silence(copy: Trial, count: int) -> Floats:
    """Signals of copies that say nothing."""
    return np.full((count, copy.tape.rows, copy.tape.slots), np.nan)


def as_it_was(copy: Trial, spells: Sequence[Spell], wait: int) -> Floats:
    """The signals that replay the spells."""
    out = silence(copy, 1)
    for spell in spells:
        out[0, spell.first + spell.after - wait, spell.slot] = spell.weights
        if spell.end - wait < copy.tape.rows and spell.end < copy.tape.rows:
            out[0, spell.end - wait, spell.slot] = still(out[0, spell.end - wait, spell.slot])
    return out


def still(said: Any) -> Any:
    """A way out, unless the next spell begins in the same row."""
    return np.where(np.isnan(said), 0.0, said)


def moved(
    copy: Trial, spells: Sequence[Spell], market: tuple[list[Ints], int, int], count: int, random: np.random.Generator
) -> Floats:
    """Signals of copies whose trades begin at random moments; moments are counted in rows at which the name trades."""
    rows_of, begin, wait = market
    out, lanes = silence(copy, count), np.arange(count)
    for slot in sorted({spell.slot for spell in spells}):
        own = [spell for spell in spells if spell.slot == slot]
        rows = rows_of[slot]
        low = min(int(np.searchsorted(rows, begin)), int(np.searchsorted(rows, own[0].first)))
        low = max(low, wait)
        lengths = np.array([np.searchsorted(rows, one.end) - np.searchsorted(rows, one.first) for one in own])
        starts = low + placed(lengths, rows.size - low, count, random)
        for number, spell in enumerate(own):
            after = np.searchsorted(rows, spell.first + spell.after) - np.searchsorted(rows, spell.first)
            at = rows[np.minimum(starts[:, number, None] + after - wait, rows.size - 1)]
            end = starts[:, number] + lengths[number] - wait
            leaves = end + wait < rows.size
            out[lanes[leaves], rows[end[leaves]], slot] = still(out[lanes[leaves], rows[end[leaves]], slot])
            out[lanes[:, None], at, slot] = spell.weights
    return out


def placed(lengths: Ints, room: int, count: int, random: np.random.Generator) -> Ints:
    """Starts of spells in random order and place, without overlap, int64[count, spells].

    What is left of the room is cut into the gaps before, between and after them, each way as likely as any other. A gap
    between two is one at least where the room allows it.
    """
    k, free = lengths.size, room - int(lengths.sum())
    between = int(free >= k - 1)
    spare = free - between * (k - 1)
    order = np.argsort(random.random((count, k)), axis=1)
    marks = np.sort(np.argsort(random.random((count, spare + k)), axis=1)[:, :k], axis=1)
    gaps = np.diff(marks, axis=1, prepend=-1) - 1
    gaps[:, 1:] += between
    lasting = lengths[order]
    begins = np.cumsum(gaps, axis=1) + np.cumsum(lasting, axis=1) - lasting
    out = np.empty((count, k), dtype=np.int64)
    np.put_along_axis(out, order, begins, axis=1)
    return out


def renamed(copy: Trial, spells: Sequence[Spell], wait: int, count: int, random: np.random.Generator) -> Floats:
    """Signals of copies whose trades happen in random names, never two of them in one name at a time."""
    tape = copy.tape
    out, lanes = silence(copy, count), np.arange(count)
    busy = np.zeros((count, tape.slots), dtype=np.int64)  # row from which each name is free again
    gaps = np.vstack([np.zeros((1, tape.slots), np.int64), np.cumsum(tape.tradable == 0, axis=0)])
    for spell in spells:
        last = min(spell.end, tape.rows - 1)
        trades = gaps[last + 1] - gaps[spell.first - wait] == 0
        free = busy <= spell.first
        slot = np.argmax(random.random(free.shape) + 2.0 * (free & trades) + free, axis=1)
        at = spell.first + spell.after - wait
        out[lanes[:, None], at, slot[:, None]] = spell.weights
        if spell.end < tape.rows:
            out[lanes, spell.end - wait, slot] = 0.0
        busy[lanes, slot] = spell.end
    return out


def judged(copy: Trial, draw: Callable[[int, np.random.Generator], Floats], own: float, draws: int) -> dict[str, Any]:
    """The copies' returns, and the share of them that did at least as well."""
    found = np.sort(np.concatenate(list(batches(copy, draw, draws))))
    if not found[-1] - found[0] > SMALLEST_SPREAD:
        return nothing("no_choice")
    as_good = int((found >= own).sum())
    low, middle, high = np.quantile(found, (0.05, 0.5, 0.95)).tolist()
    return {
        "why": "",
        "p": (1 + as_good) / (draws + 1),
        "beaten": draws - as_good,
        "low": low,
        "median": middle,
        "high": high,
        "returns": found.tolist(),
    }


def batches(copy: Trial, draw: Callable[[int, np.random.Generator], Floats], draws: int) -> Iterator[Floats]:
    """Total returns of the copies, as many at once as memory allows."""
    step = max(1, AT_ONCE // (copy.tape.rows * copy.tape.slots))
    for number, first in enumerate(range(0, draws, step)):
        random = Streams(copy.spec.seed, number).of(f"referee {draw.__name__}")
        count = min(step, draws - first)
        yield copy.growth([SAME] * count, draw(count, random))


def nothing(why: str) -> dict[str, Any]:
    """No copies to compare with: `no_trades`, `always_in` all names, or `no_choice` where all copies are the same."""
    return {"why": why, "p": None, "beaten": None, "low": None, "median": None, "high": None, "returns": []}
