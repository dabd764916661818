"""Stress scenarios as runs: the same lane on a tape to which something happens, and what it lost by name and by kind.

A shock at a moment strikes where the lane held most. Its loss is counted over the rows of the shock, from the close
before it. Scenarios that change the whole tape are counted over the whole run, less what the lane earned without them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from polyfolio.backtests.slices import Slice, slices
from polyfolio.backtests.trial import SAME, Trial, Variant, outcomes, plain, trial_of
from polyfolio.core.codes import Level, Slippage
from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError, PolyfolioError
from polyfolio.market.synthetic.crash import Crash, with_crash
from polyfolio.market.synthetic.shocks import drought, gap, shuffled, together, wilder
from polyfolio.report.run_page.lane import LaneView
from polyfolio.rules.spec import Spec

GAP_ALL, GAP_ONE, GAP_LABEL = 0.2, 0.5, 0.3
WILDER, THIN, WIDE = 2.0, 0.1, 5.0
CRASH = Crash()


@dataclass(frozen=True)
class Scenario:
    """Something that happens to a market.

    Attributes:
        name: a few words.
        words: one sentence that says what happens.
        make: from the tape to the stressed one.
        at: first row of the shock, None where the whole tape is changed.
        rows: rows the shock takes.
        variant: what changes in the lane's rules beside it.
    """

    name: str
    words: str
    make: Callable[[Tape], Tape]
    at: int | None = None
    rows: int = 1
    variant: Variant = SAME


def stress(spec: Spec, tape: Tape, lane: int | str = 0, scenarios: Sequence[Scenario] | None = None) -> dict[str, Any]:
    """Run a lane through scenarios.

    Args:
        spec: the run.
        tape: its market rows.
        lane: name or number; its signals must come from a strategy, which is asked again on each tape.
        scenarios: what happens; None takes `scenarios_for`.

    Returns:
        Plain values: `base` is the lane without stress, `runs` one entry per scenario, `skipped` those that cannot be
        made of this tape, with the reason. Effects are shares of equity, negative where the lane loses.

    Example:
        >>> stress(spec, tape, "momentum")["runs"][0]["effect"]
    """
    return stressed(trial_of(spec, tape, lane), scenarios)


def stressed(trial: Trial, scenarios: Sequence[Scenario] | None = None) -> dict[str, Any]:
    """`stress` of a lane that was taken out already."""
    engine, whole = slices(trial, [(0, trial.tape.rows - 1)])
    base = outcomes(engine)[0]
    runs, skipped = [], []
    for one in scenarios_for(trial) if scenarios is None else scenarios:
        try:
            runs.append(plain(run_of(trial, one, whole[0])) | {"name": one.name, "words": one.words})
        except PolyfolioError as error:
            skipped.append({"name": one.name, "why": str(error)})
    return {"base": base.record(), "runs": runs, "skipped": skipped}


def run_of(trial: Trial, scenario: Scenario, base: Slice) -> dict[str, Any]:
    """One scenario: what the lane lost to it, and how the run ended."""
    there = trial.on(scenario.make(trial.tape))
    last = trial.tape.rows - 1
    at, span = scenario.at, (0, last)
    if at is not None:
        if not 1 <= at <= last:
            raise ConfigError("at", at, f"from 1 to {last}, the last row", "Choose a row of the tape.")
        span = (at - 1, min(at + scenario.rows - 1, last))
    engine, (cut,) = slices(there, [span], scenario.variant)
    lost = cut if at is not None else less(cut, base)
    end = outcomes(engine)[0]
    return {
        "at": None if at is None else str(np.datetime64(int(trial.tape.times[at]), "ns")),
        "effect": lost.change,
        "by_asset": dict(lost.by_asset),
        "by_kind": dict(lost.by_kind),
        "rest": lost.rest,
        "total_return": end.total_return,
        "sharpe": end.sharpe,
        "max_drawdown": end.max_drawdown,
        "ended": end.ended,
    }


def less(one: Slice, other: Slice) -> Slice:
    """The difference of two slices, part by part."""

    def apart(mine: Mapping[str, float], theirs: Mapping[str, float]) -> dict[str, float]:
        return {name: mine.get(name, 0.0) - theirs.get(name, 0.0) for name in {**mine, **theirs}}

    return Slice(
        one.change - other.change,
        apart(one.by_asset, other.by_asset),
        apart(one.by_kind, other.by_kind),
        one.rest - other.rest,
    )


def scenarios_for(trial: Trial) -> list[Scenario]:
    """The usual scenarios, against what the lane held."""
    walked = trial.results(trial.engine([SAME], Level.FULL).run())
    weights = np.nan_to_num(LaneView(walked, walked.lanes[0]).holdings.weight)
    return [*gaps(trial.tape, weights), *whole_tapes(trial)]


def gaps(tape: Tape, weights: Floats) -> Iterator[Scenario]:
    """Shocks at the moments at which most was at stake; none where nothing was held."""
    held = weights[:-1]
    total = np.abs(held).sum(axis=1)
    if not total.max(initial=0.0) > 0.0:
        return
    row = int(np.argmax(total))
    size = against(held[row].sum(), GAP_ALL)
    yield Scenario(
        f"gap of {size:+.0%} in all names".replace("%", " %"),
        f"Every name opens {away(size)} its last close when most was held, and keeps it.",
        lambda tape: gap(tape, size, row + 1),
        row + 1,
    )
    if row + CRASH.fall < tape.rows:
        fall = Crash(at=row + 1)
        yield Scenario(
            f"crash of {CRASH.depth:+.0%} over {CRASH.fall} bars".replace("%", " %"),
            "The market falls, each name by its beta, with moves twice as wide; half of it comes back.",
            lambda tape: with_crash(tape, fall),
            row + 1,
            CRASH.fall,
        )
    yield largest(tape, held)
    yield from label_gap(tape, held)


def largest(tape: Tape, held: Floats) -> Scenario:
    """A gap in the name of which the lane held most at any time."""
    row, slot = (int(number) for number in np.unravel_index(np.argmax(np.abs(held)), held.shape))
    symbol, size = tape.symbols[slot], against(held[row, slot], GAP_ONE)
    return Scenario(
        f"gap of {size:+.0%} in {symbol}".replace("%", " %"),
        f"{symbol} alone opens {away(size)} its last close, when it was the largest position.",
        lambda tape: gap(tape, size, row + 1, [symbol]),
        row + 1,
    )


def label_gap(tape: Tape, held: Floats) -> Iterator[Scenario]:
    """A gap in the sector of which the lane held most; none where the tape has no sectors or only one."""
    labels = tape.universe.labels.get("sector", ())
    names = sorted(set(labels))
    if len(names) < 2:
        return
    sums = np.stack([held[:, np.array(labels) == name].sum(axis=1) for name in names], axis=1)
    row, place = (int(number) for number in np.unravel_index(np.argmax(np.abs(sums)), sums.shape))
    size = against(sums[row, place], GAP_LABEL)
    members = [symbol for symbol, label in zip(tape.symbols, labels, strict=True) if label == names[place]]
    yield Scenario(
        f"gap of {size:+.0%} in sector {names[place]}".replace("%", " %"),
        f"Every name of the sector {names[place]} opens {away(size)} its last close.",
        lambda tape: gap(tape, size, row + 1, members),
        row + 1,
    )


def against(exposure: float, size: float) -> float:
    """The size with the sign that hurts."""
    return size if exposure < 0.0 else -size


def away(size: float) -> str:
    """`20 % below`."""
    return f"{abs(size) * 100.0:g} % {'below' if size < 0.0 else 'above'}"


def whole_tapes(trial: Trial) -> Iterator[Scenario]:
    """Scenarios that change every row."""
    yield Scenario(
        f"moves {WILDER:g} times as wide",
        f"Every return is {WILDER:g} times as far from its mean; each name ends where it ended.",
        lambda tape: wilder(tape, WILDER),
    )
    if trial.tape.slots > 1:
        yield Scenario(
            "all names move as one",
            "Each name keeps its mean and its volatility, and every correlation is 1.",
            together,
        )
        yield Scenario(
            "pairs come apart",
            "What the market explains of each name stays; what is the name's own comes in another order.",
            lambda tape: shuffled(tape, trial.spec.seed),
        )
    spread = trial.tape.spread is not None
    dearer = "spread" if spread else "slippage"
    yield Scenario(
        f"volume {THIN:g} times, {dearer} {WIDE:g} times",
        f"A tenth of each bar's volume is there, and the {dearer} is {WIDE:g} times as wide.",
        lambda tape: drought(tape, THIN, WIDE),
        variant=SAME if spread else (slips,),
    )


def slips(rules: np.ndarray, tiers: Floats) -> None:  # noqa: ARG001
    """The base slippage so many times as large; a lane without slippage stays without it."""
    charged = rules["slippage_model"] != int(Slippage.NONE)
    rules["base_slippage"] = np.where(charged, rules["base_slippage"] * WIDE, rules["base_slippage"])
