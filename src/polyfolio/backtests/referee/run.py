"""The referee: every question asked of one lane, and what follows from the answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from polyfolio.backtests.referee.break_even import break_even
from polyfolio.backtests.referee.capacity import capacity
from polyfolio.backtests.referee.crises import crises
from polyfolio.backtests.referee.doubts import doubts, verdict
from polyfolio.backtests.referee.facts import facts
from polyfolio.backtests.referee.findings import findings
from polyfolio.backtests.referee.luck import DRAWS, luck
from polyfolio.backtests.referee.neighbours import neighbours
from polyfolio.backtests.referee.proof import Proof, look_ahead
from polyfolio.backtests.referee.timing import timing
from polyfolio.backtests.stress import scenarios_for, stressed
from polyfolio.backtests.trial import SAME, Trial, plain, trial_of
from polyfolio.core.codes import Level
from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.report.page.parts import Section
from polyfolio.report.referee_page import sections_of
from polyfolio.rules.spec import Spec

Progress = Callable[[int, int, str], None]
FEWER = 20  # draws where a stage in plain Python makes every lane slow


@dataclass(frozen=True, eq=False)
class Terms:
    """What the referee is told beside the run.

    Attributes:
        signals: of the whole run, where they came from outside (`result.engine.signals`).
        trials: configurations that were tried before this one was chosen, itself included; None counts the lanes of
            the run.
        draws: random copies; None takes 400, or 20 where a stage in plain Python makes each one slow.
    """

    signals: Floats | None = None
    trials: int | None = None
    draws: int | None = None

    def __post_init__(self) -> None:
        for name in ("trials", "draws"):
            value = getattr(self, name)
            if value is not None and value < 1:
                raise ConfigError(name, value, "a whole number of at least 1", "Leave it out to take the default.")


@dataclass(frozen=True)
class Referee:
    """What the referee found; `print` shows the doubts.

    Attributes:
        record: every answer as plain values, for a JSON file.
    """

    record: dict[str, Any]

    @property
    def verdict(self) -> str:
        """What it comes to, in one or two sentences."""
        return str(self.record["verdict"])

    @property
    def doubts(self) -> list[dict[str, Any]]:
        """What to distrust, the heaviest first: topic, weight, grade and sentence."""
        return list(self.record["doubts"])

    def sections(self) -> tuple[Section, ...]:
        """The findings as parts of a page."""
        return sections_of(self.record)

    def __repr__(self) -> str:
        lines = [f"{doubt['grade']:8} {doubt['sentence']}" for doubt in self.doubts]
        return "\n".join([f"{self.record['lane']}: {self.verdict}", *lines])


def referee(
    spec: Spec,
    tape: Tape,
    lane: int | str = 0,
    *,
    proof: Proof | None = None,
    progress: Progress | None = None,
    terms: Terms | None = None,
) -> Referee:
    """Ask of one lane whether its result is to be believed.

    Args:
        spec: the run.
        tape: its market rows.
        lane: name or number. It is judged alone, without the limits of its group.
        proof: a look-ahead proof that asks more than the strategy's contract, such as `polyfolio.testing.find_leaks`.
        progress: called as progress(questions done, questions, name of the next one).
        terms: what the run itself does not say.

    Raises:
        ConfigError: no such lane, or nobody gives it signals.

    Example:
        >>> print(referee(spec, tape, "momentum"))
    """
    told = terms or Terms()
    trial = trial_of(spec, tape, lane, told.signals)
    draws = told.draws or (FEWER if trial.engine([SAME]).python_stages else DRAWS)
    answers: dict[str, Any] = {"lane": trial.lane.name, "notes": list(notes(spec, trial, told.trials))}
    questions = asked(trial, told.trials or len(spec.lanes), draws, proof)
    for number, (name, ask) in enumerate(questions):
        if progress is not None:
            progress(number, len(questions), name)
        answers[name] = plain(ask())
    if progress is not None:
        progress(len(questions), len(questions), "")
    found = doubts(answers)
    return Referee({"verdict": verdict(found), "doubts": found, **answers})


def asked(trial: Trial, trials: int, draws: int, proof: Proof | None) -> Sequence[tuple[str, Callable[[], Any]]]:
    """The questions by name, in the order of the record."""
    engine = trial.engine([SAME], Level.FULL).run()
    base = trial.results(engine)
    return (
        ("facts", lambda: facts(trial, engine, base, trials)),
        ("proof", lambda: look_ahead(trial, proof)),
        ("timing", lambda: timing(trial)),
        ("break_even", lambda: break_even(trial)),
        ("capacity", lambda: capacity(trial)),
        ("luck", lambda: luck(trial, base, draws)),
        ("neighbours", lambda: neighbours(trial)),
        ("crises", lambda: crises(trial)),
        ("stress", lambda: stress_of(trial)),
        ("data", lambda: findings(trial.tape)),
    )


def stress_of(trial: Trial) -> dict[str, Any]:
    """The scenarios; those of another market need a strategy that can be asked there."""
    if not trial.given:
        return stressed(trial)
    why = "The signals came from outside: nobody can ask what they would be on another tape."
    return {"base": None, "runs": [], "skipped": [{"name": one.name, "why": why} for one in scenarios_for(trial)]}


def notes(spec: Spec, trial: Trial, trials: int | None) -> Iterator[str]:
    """What the reader should know once."""
    group = next((one.name for one in spec.groups if trial.lane.name in one.lanes), None)
    if group is not None:
        yield f"The lane is judged alone: the limits, crossings and transfers of the group {group} are left out."
    if trials is None:
        count = "One configuration" if len(spec.lanes) == 1 else f"The {len(spec.lanes)} lanes of the run"
        yield f"{count} counted as tried. Whoever tried more must say so: luck grows with every try."
    if trial.given:
        yield "The signals came from outside: settings, stress and look-ahead could not be asked about."
