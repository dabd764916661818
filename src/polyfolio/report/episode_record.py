"""What happened in one episode of an environment, step by step: what pages and plots of it are made from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from polyfolio.core.records import MARK
from polyfolio.core.types import Floats, Ints
from polyfolio.errors import DataError
from polyfolio.kernels.measures import drawdown, paid
from polyfolio.report.metrics import Convention, Metrics, metrics_from_marks

KINDS = paid.KINDS


@dataclass(frozen=True, eq=False)
class EpisodeRecord:
    """One episode. Arrays of states have a row more than arrays of steps: the first row is the state at the reset.

    Attributes:
        name: of the run, for headings.
        symbols: one per slot.
        currency: of the account.
        bars_per_year: of the tape's calendar.
        says: "weights" where actions ask for weights, "signals" where for signals.
        rows: int64[steps + 1], rows of the tape.
        times: int64[steps + 1], closing stamps, nanoseconds, UTC.
        marks: MARK[steps + 1]; filled are row (0 to steps), equity, turnover and the costs by kind.
        weights: float64[steps + 1, slots], held at each close, shares of equity.
        asked: float64[steps, slots], what the action asked for; NaN where it has no opinion.
        projected: float64[steps, slots], what the stages left of it, weights; NaN where the slot could not trade.
        rewards: float64[steps].
        reasons: for each step what was cut and why: symbol, stage, reason, before, after. Empty where not recorded.
        ended: why the episode ended; "" where it was left before its end.
    """

    name: str
    symbols: tuple[str, ...]
    currency: str
    bars_per_year: float
    says: str
    rows: Ints
    times: Ints
    marks: np.ndarray
    weights: Floats
    asked: Floats
    projected: Floats
    rewards: Floats
    reasons: tuple[tuple[Mapping[str, Any], ...], ...]
    ended: str

    @property
    def steps(self) -> int:
        """Decisions."""
        return int(self.rewards.size)

    @property
    def equity(self) -> Floats:
        """Equity at the reset and after each step."""
        return np.ascontiguousarray(self.marks["equity"])

    @cached_property
    def drawdowns(self) -> Floats:
        """Fall below the running maximum since the reset, <= 0, one per state."""
        depths, levels = np.zeros(self.steps + 1), self.equity
        drawdown.summary(levels, np.empty(drawdown.SIZE), depths[1:], np.empty(len(drawdown.NAMES)))
        return depths

    @cached_property
    def costs(self) -> dict[str, float]:
        """What was paid, by kind and together, what was traded, and trading costs in basis points of it."""
        out = np.empty(len(paid.NAMES))
        paid.summary(self.marks[1:], 0, float(self.marks["equity"][0]), np.empty(paid.SIZE), out)
        return dict(zip(paid.NAMES, out.tolist(), strict=True))

    @cached_property
    def metrics(self) -> Metrics:
        """Every metric of the episode's equity."""
        return metrics_from_marks(self.marks, self.times, Convention(bars_per_year=self.bars_per_year))

    @cached_property
    def shifted(self) -> Floats:
        """Per step the summed absolute difference of asked and projected weights, of the slots where both are known.

        NaN where signals were asked for.
        """
        if self.says != "weights":
            return np.full(self.steps, np.nan)
        return np.asarray(np.nansum(np.abs(self.asked - self.projected), axis=1), dtype=np.float64)

    def counted_reasons(self) -> list[tuple[str, str, str, int]]:
        """Stage, reason, symbol and how often, the most frequent first."""
        counts: dict[tuple[str, str, str], int] = {}
        for step in self.reasons:
            for item in step:
                key = (str(item["stage"]), str(item["reason"]), str(item["symbol"]))
                counts[key] = counts.get(key, 0) + 1
        return [(*key, count) for key, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))]


class EpisodeRecorder:
    """Collects the `info` of an environment's reset and steps.

    Example:
        >>> recorder = EpisodeRecorder("teaching", tape.symbols)
        >>> observation, info = env.reset(seed=0)
        >>> recorder.begin(info)
        >>> observation, reward, terminated, truncated, info = env.step(action)
        >>> recorder.step(reward, info)
        >>> record = recorder.record()
    """

    def __init__(
        self,
        name: str,
        symbols: tuple[str, ...],
        *,
        currency: str = "USD",
        bars_per_year: float = float("nan"),
        says: str = "weights",
    ) -> None:
        self.name = name
        self.symbols = tuple(symbols)
        self.currency = currency
        self.bars_per_year = bars_per_year
        self.says = says
        self._states: list[Mapping[str, Any]] = []
        self._rewards: list[float] = []

    def begin(self, info: Mapping[str, Any]) -> None:
        """Take the reset; what was collected before is dropped."""
        self._states, self._rewards = [_kept(info)], []

    def step(self, reward: float, info: Mapping[str, Any]) -> None:
        """Take one step."""
        if not self._states:
            raise DataError("step", "before begin", "after begin(info)", "Hand over the info of reset first.")
        self._states.append(_kept(info))
        self._rewards.append(float(reward))

    def record(self) -> EpisodeRecord:
        """What was collected so far."""
        if not self._rewards:
            raise DataError("steps", 0, "at least 1", "Step the environment before asking for the record.")
        states, after = self._states, self._states[1:]
        return EpisodeRecord(
            name=self.name,
            symbols=self.symbols,
            currency=self.currency,
            bars_per_year=self.bars_per_year,
            says=self.says,
            rows=np.array([state["row"] for state in states], dtype=np.int64),
            times=_stamps(states),
            marks=_marks(states),
            weights=self._slots("weights", states),
            asked=self._slots("asked", after),
            projected=self._slots("projected", after),
            rewards=np.array(self._rewards),
            reasons=tuple(tuple(state.get("reasons", ())) for state in after),
            ended=str(after[-1]["ended"]),
        )

    def _slots(self, key: str, states: list[Mapping[str, Any]]) -> Floats:
        out = np.array([state[key] for state in states], dtype=np.float64)
        if out.shape != (len(states), len(self.symbols)):
            wanted = f"of shape {(len(states), len(self.symbols))}, one per symbol"
            raise DataError(f"info[{key!r}]", out.shape, wanted, "Record an environment of these symbols.")
        return out


def _kept(info: Mapping[str, Any]) -> dict[str, Any]:
    """A copy that stays as it is: an environment may write its next step into the same arrays."""
    return {key: value.copy() if isinstance(value, np.ndarray | dict | list) else value for key, value in info.items()}


def _stamps(states: list[Mapping[str, Any]]) -> Ints:
    return np.array([state["time"] for state in states], dtype="datetime64[ns]").astype(np.int64)


def _marks(states: list[Mapping[str, Any]]) -> np.ndarray:
    """The figures of `info` as MARK records, which the kernels of the measures read."""
    marks = np.zeros(len(states), MARK)
    marks["row"] = np.arange(len(states))
    marks["equity"] = [state["equity"] for state in states]
    marks["turnover"][1:] = [state["turnover"] for state in states[1:]]
    for kind in KINDS:
        marks[kind][1:] = [state["costs"][kind] for state in states[1:]]
    return marks
