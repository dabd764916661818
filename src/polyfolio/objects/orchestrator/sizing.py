"""The position sizing agent: signals to sizes, with what it has learned, and the caps of single positions."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from polyfolio.core.codes import Event, Reason, Stage
from polyfolio.core.records import EVENT
from polyfolio.objects.orchestrator.base import BaseAgent, proposed
from polyfolio.objects.orchestrator.configs import PositionSizingConfig
from polyfolio.objects.orchestrator.learning import Learner
from polyfolio.objects.orchestrator.messages import Said, TradeProposal
from polyfolio.objects.orchestrator.seat import Seat
from polyfolio.objects.orchestrator.states import ExecutionState


class PositionSizingAgent(BaseAgent):
    """Proposes sizes: the stages size, filter, cap_position, cap_label, cap_count and min_position.

    Args:
        config: PositionSizingConfig; None = no learning.
    """

    name = "position"
    stages = frozenset(
        {Stage.SIZE, Stage.FILTER, Stage.CAP_POSITION, Stage.CAP_LABEL, Stage.CAP_COUNT, Stage.MIN_POSITION}
    )

    def __init__(self, config: PositionSizingConfig | None = None) -> None:
        super().__init__(config)
        self.learner = Learner(0, 0.0, 2, 1.0)

    def seated(self, seat: Seat, periods_per_year: float) -> None:
        """Begin to learn for the symbols of a seat; what is known of them already stays."""
        known = dict(self.state.learning_state)
        rate, period = (0.0, 2) if self.config is None else (self.config.learning_rate, self.config.adaptation_period)
        self.learner = Learner(len(seat.tickers), rate, period, periods_per_year)
        if known.get("symbols") == list(seat.tickers):
            self.learner.take(known)

    def learned(self, seat: Seat) -> None:
        """After a decision: remember its sizes, and what came of the one before."""
        if seat.trading:
            self.learner.decided(seat.scratch.want)
        self.state.learning_state = {"symbols": list(seat.tickers), **self.learner.plain()}

    def step(self, proposal: TradeProposal | None, state: ExecutionState) -> TradeProposal:
        """Its first turn proposes; a later one runs more of its stages."""
        return self.propose_trades(state) if proposal is None else self.run(proposal, state)[0]

    def propose_trades(self, state: ExecutionState) -> TradeProposal:
        """Sizes and trades from the signals of the state."""
        seat, (first, last) = state.seat, state.stretch
        seat.use_method(state.method)
        try:
            if (self.learner.factor == 1.0).all():
                seat.run(first, last)
            else:
                seat.run(first, first + 1)
                scale_sizes(seat, self.learner.factor)
                if last > first + 1:
                    seat.run(first + 1, last)
        finally:
            seat.use_method(None)
        sizes = seat.sizes()
        return proposed(state, confidence_of(state.signals, sizes), reasoning_of(state.signals, sizes))


def scale_sizes(seat: Seat, factor: Any) -> None:
    """Multiply what was sized by the factors; what is frozen stays, each change is in the journal."""
    if not seat.trading:
        return
    for slot in np.flatnonzero((factor != 1.0) & (seat.scratch.frozen == 0) & (seat.scratch.want != 0.0)).tolist():
        before = float(seat.scratch.want[slot])
        after = before * float(factor[slot])
        cut = (seat.row, seat.lane, slot, int(Event.CUT), int(Reason.EXTENSION), int(Stage.SIZE), before, after)
        seat.events.append(np.array([cut], dtype=EVENT))
        seat.scratch.want[slot] = seat.scratch.before[slot] = after


def heard(one: Any) -> tuple[float, float]:
    """Signal and confidence of a number, of a signal object, or of anything with `signal` and `confidence`."""
    if hasattr(one, "number"):
        return float(one.number), float(one.sure)
    if hasattr(one, "signal"):
        sure = getattr(one, "confidence", None)
        return float(one.signal), 1.0 if sure is None else float(sure)
    return float(one), 1.0


def confidence_of(signals: Said, sizes: Any) -> float:
    """Mean confidence of the signals, weighted by abs(size); 0 where nothing is wanted."""
    parts = [(heard(signals[name])[1], abs(size)) for name, size in sizes.items() if name in signals]
    whole = math.fsum(size for _, size in parts)
    return math.fsum(sure * size for sure, size in parts) / whole if whole > 0.0 else 0.0


def reasoning_of(signals: Said, sizes: Any) -> str:
    """Each signal and the size it led to."""
    return "; ".join(f"{name}: signal {heard(signals[name])[0]:g} -> {sizes[name]:.4g}" for name in signals)
