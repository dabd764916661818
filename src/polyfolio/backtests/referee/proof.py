"""Does it look ahead? The strategy is asked again on cut and changed futures, and every earlier answer must stay."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

from polyfolio.backtests.trial import Trial
from polyfolio.core.tape import Tape
from polyfolio.errors import PolyfolioError
from polyfolio.market.window import window
from polyfolio.strategies.base import Strategy
from polyfolio.strategies.check import LookAheadError, check_strategy
from polyfolio.strategies.run import strategy_of

ROWS = 1500  # latest rows that are asked about; more where the warm-up is long
WARMUPS = 4


class Told(Protocol):
    """What a proof says."""

    @property
    def leaks(self) -> Sequence[Any]:
        """What leaks; each has a `sentence`."""
        ...


Proof = Callable[[Strategy, Tape], Told]


def look_ahead(trial: Trial, proof: Proof | None) -> dict[str, Any]:
    """`verdict` is clean, leaks or unknown; `words` say why, `rows` over how many rows.

    Args:
        trial: the lane.
        proof: one that asks more, such as `polyfolio.testing.find_leaks`; it is asked beside the strategy's contract.
    """
    named = trial.lane.strategy
    if named is None or trial.given:
        return told("unknown", "The signals came from outside: nobody can ask again what made them.", 0)
    strategy = strategy_of(named.name, named.params)
    tape = latest(trial.tape, max(ROWS, WARMUPS * strategy.warmup))
    if tape.rows <= max(strategy.warmup, 2) + 1:
        return told("unknown", f"The tape is no longer than the warm-up of {strategy.warmup} rows.", tape.rows)
    other = None
    try:
        check_strategy(strategy, tape)
    except LookAheadError as error:
        return told("leaks", f"It breaks the contract of strategies: {error}", tape.rows)
    except PolyfolioError as error:
        other = f"Its strategy breaks another promise, and the question stopped there: {error}"
    leaks = [] if proof is None else proof(strategy_of(named.name, named.params), tape).leaks
    if leaks:
        return told("leaks", str(leaks[0].sentence), tape.rows)
    if other is not None:
        return told("unknown", other, tape.rows)
    asked = "Cutting off or changing" if proof is None else "Cutting off, changing, shuffling or emptying"
    return told("clean", f"{asked} the future changed no earlier signal.", tape.rows)


def latest(tape: Tape, rows: int) -> Tape:
    """The last rows of a tape."""
    return tape if tape.rows <= rows else window(tape, tape.rows - rows, tape.rows)


def told(verdict: str, words: str, rows: int) -> dict[str, Any]:
    """One answer."""
    return {"verdict": verdict, "words": words, "rows": rows}
