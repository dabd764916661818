"""The rounds of a benchmark walked through the engine: one run per round, all lanes in it, flat until it begins.

Rows before a round are there to warm up on. Whoever learns does so for each round anew, on its rows to learn from.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from polyfolio.backtests.entrants import Entrants
from polyfolio.backtests.failures import at_lane, ours, without
from polyfolio.backtests.periods import Period, Said, signals_of
from polyfolio.backtests.result import Result
from polyfolio.backtests.rounds import Round
from polyfolio.backtests.run import backtest, refuse_silent_lanes
from polyfolio.core.codes import FillAt
from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import PolyfolioError
from polyfolio.kernels.measures import growth
from polyfolio.market.window import window
from polyfolio.report.metrics import Activity, Benchmark, Convention, Metrics, metrics_from_returns
from polyfolio.rules.plan import compile_spec
from polyfolio.rules.spec import Spec

BARS = ("equity", "gross", "net", "turnover")
RATE = "cost_bp"  # of what is paid the one number that does not add up over rounds
Progress = Callable[[int, int], None]


@dataclass(frozen=True, eq=False)
class Ran:
    """A walked round.

    Attributes:
        round: what was judged.
        result: the run, on rows from the tape's first to the round's last.
    """

    round: Round
    result: Result

    def returns(self, lane: str) -> Floats:
        """Per judged bar, after all costs; 0 after a ruin."""
        path = self.path(lane)
        out = np.empty(path.size - 1)
        flows = np.zeros(path.size)
        flows[1:] = self.marks(lane)["flows"][self.round.first + 1 :]
        growth.returns_of(path, flows, out)
        out[np.isnan(out)] = 0.0
        return out

    def path(self, lane: str) -> Floats:
        """Wealth at the close before the first judged bar and at each judged close.

        An order that fills at the close of its decision has paid its costs at that close already, so such a lane's
        path begins with what it had before.
        """
        base, whole = self.round.first, self.marks(lane)["equity"]
        out = np.array(whole[base:])
        if self.fills_at_once(lane):
            start = self.result.plan.rules["initial_capital"][self.result.journal.index_of(lane)]
            out[0] = whole[base - 1] if base > 0 else start
        return out

    def bars(self, lane: str) -> Floats:
        """Equity, gross, net and turnover of each judged bar.

        What trades at the close of its decision trades a row before the bar it is for.
        """
        marks, first = self.marks(lane), self.round.first + 1
        out = np.stack([np.array(marks[name][first:]) for name in BARS])
        if self.fills_at_once(lane):
            out[-1] = marks["turnover"][first - 1 : -1]
        return out

    def fills_at_once(self, lane: str) -> bool:
        """Whether a lane's orders fill at the close of their decision."""
        rules = self.result.plan.rules[self.result.journal.index_of(lane)]
        return bool(rules["fill"] == int(FillAt.SAME_CLOSE))

    def marks(self, lane: str) -> np.ndarray:
        """MARK records of a lane, one per row."""
        if lane not in self._marks:
            self._marks[lane] = self.result.journal.lane(lane).marks
        return self._marks[lane]

    @cached_property
    def _marks(self) -> dict[str, np.ndarray]:
        return {}

    def metrics(self, lane: str, convention: Convention, index: Benchmark | None) -> Metrics:
        """Every metric of a lane in this round."""
        times = self.result.tape.times[self.round.first :]
        activity = Activity(self.bars(lane), self.result.trades(lane))
        return metrics_from_returns(self.returns(lane), times, convention, index, activity)


@dataclass(frozen=True, eq=False)
class Rounds:
    """Every round of a benchmark, walked.

    Attributes:
        entrants: the lanes.
        ran: the rounds, in order of time.
        tape: the whole tape.
        failed: what stopped a lane's strategy, by lane.
    """

    entrants: Entrants
    ran: tuple[Ran, ...]
    tape: Tape
    failed: Mapping[str, PolyfolioError] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the lanes that did not fail, the judged ones first."""
        return tuple(lane.name for lane in self.entrants.spec.lanes if lane.name not in self.failed)

    @property
    def judged(self) -> tuple[Ran, ...]:
        """The rounds that count, whose returns follow each other without a gap."""
        return tuple(one for one in self.ran if one.round.judged)

    @property
    def times(self) -> np.ndarray:
        """Closing stamps of the judged returns, that of the starting value first."""
        return self.tape.times[self.judged[0].round.first : self.judged[-1].round.end]

    def returns(self, lane: str) -> Floats:
        """Judged returns of a lane, round after round; each begins in cash and pays for its first trades."""
        return np.concatenate([one.returns(lane) for one in self.judged])

    def metrics(self, lane: str, convention: Convention, index: Benchmark | None) -> Metrics:
        """Every metric of a lane over all judged rounds."""
        bars = np.concatenate([one.bars(lane) for one in self.judged], axis=1)
        closed = np.concatenate([one.result.trades(lane) for one in self.judged])
        return metrics_from_returns(self.returns(lane), self.times, convention, index, Activity(bars, closed))

    def costs(self, lane: str) -> dict[str, float]:
        """What a lane paid in the judged rounds, by kind."""
        found = [one.result.costs(lane) for one in self.judged]
        return {kind: float(np.sum([each[kind] for each in found])) for kind in found[0] if kind != RATE}


def walked(entrants: Entrants, tape: Tape, rounds: Sequence[Round], progress: Progress | None = None) -> Rounds:
    """Walk every round. A judged lane whose strategy fails in one of them is left out of all.

    Lanes are isolated, so what the others did in the rounds before stays as it is.

    Raises:
        PolyfolioError: a baseline fails, or no judged lane is left; the first one's error.
    """
    refuse_silent_lanes(compile_spec(entrants.spec, tape.universe))
    said, failed = Said(tape), dict[str, PolyfolioError]()
    ran = []
    for number, one in enumerate(rounds):
        period = Period(window(tape, 0, one.end), (one.fold,))
        left, signals = heard(entrants, failed, period, said)
        ran.append(Ran(one, backtest(left, period.tape, signals=signals)))
        if progress is not None:
            progress(number + 1, len(rounds))
    return Rounds(entrants, tuple(ran), tape, failed)


def heard(entrants: Entrants, failed: dict[str, PolyfolioError], period: Period, said: Said) -> tuple[Spec, Floats]:
    """The lanes that answer in this round, and their signals; the others are added to `failed`."""
    left = without(entrants.spec, failed)
    try:
        return left, signals_of(compile_spec(left, period.tape.universe), period, said)
    except Exception:
        found = failures_of(entrants, failed, period, said)
        if not found:  # together they fail and alone they do not: nothing here tells whose fault it is
            raise
        failed.update(found)
    if len(failed) == entrants.judged:
        raise next(iter(failed.values()))
    left = without(entrants.spec, failed)
    return left, signals_of(compile_spec(left, period.tape.universe), period, said)


def failures_of(
    entrants: Entrants, failed: Mapping[str, PolyfolioError], period: Period, said: Said
) -> dict[str, PolyfolioError]:
    """What the strategies of single lanes raise in a round, by lane."""
    out: dict[str, PolyfolioError] = {}
    for number, lane in enumerate(entrants.spec.lanes[: entrants.judged]):
        if lane.name in failed:
            continue
        only = compile_spec(entrants.spec.model_copy(update={"lanes": (lane,)}), period.tape.universe)
        try:
            signals_of(only, period, said)
        except PolyfolioError as error:
            out[lane.name] = at_lane(error, number)
        except Exception as error:
            if isinstance(error, MemoryError):  # the fault of all lanes together
                raise
            out[lane.name] = at_lane(ours(only, error), number)
    return out
