"""One lane of a run, taken out of it, to be run again in other ways: other fills, costs, capital, signals, tapes.

Whoever has a question about a result asks for variants; all variants of a question are lanes of one engine.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from polyfolio.core.codes import Level, Status
from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.engine.engine import Engine
from polyfolio.errors import ConfigError
from polyfolio.kernels.measures import growth, paid
from polyfolio.report.metrics import Convention, metrics_from_marks
from polyfolio.report.results import Results
from polyfolio.rules.arguments import closest
from polyfolio.rules.plan import Plan, compile_spec
from polyfolio.rules.spec import Lane, Spec
from polyfolio.strategies.run import signals_for

# Changes the rules (RULES[1]) and the tiers (float64[8, 3]) of one lane in place.
Change = Callable[[np.ndarray, Floats], None]
Variant = Sequence[Change]

SAME: tuple[Change, ...] = ()
# Signals of lanes that run at once; 8 million are 64 MB.
AT_ONCE = 8_000_000


@dataclass(frozen=True)
class Outcome:
    """What one variant came to; NaN where a measure is undefined.

    Attributes:
        total_return: of the whole run, after all costs.
        annual_return: the same a year.
        sharpe: annualised.
        max_drawdown: 0 or negative.
        costs_bp: commission, slippage and impact in basis points of what was traded.
        annual_turnover: what was traded a year over equity, both sides counted.
        ended: word of the status at the last row: live, or what stopped it.
    """

    total_return: float
    annual_return: float
    sharpe: float
    max_drawdown: float
    costs_bp: float
    annual_turnover: float
    ended: str

    def record(self) -> dict[str, Any]:
        """Plain values, None where undefined."""
        values: dict[str, Any] = plain(asdict(self))
        return values


@dataclass(frozen=True, eq=False)
class Trial:
    """A lane alone.

    Attributes:
        spec: the configuration with this lane only, without groups.
        tape: the market rows.
        plan: compiled, one lane.
        signals: of the lane, float64[1, rows or 1, sleeves].
        given: True where the signals came from outside, so that they cannot be asked for on another tape.
    """

    spec: Spec
    tape: Tape
    plan: Plan
    signals: Floats
    given: bool

    @property
    def lane(self) -> Lane:
        """The lane's configuration."""
        return self.spec.lanes[0]

    @property
    def capital(self) -> float:
        """What the lane starts with."""
        return self.lane.account.initial_capital

    def on(self, tape: Tape) -> Trial:
        """The same lane over another market, with the signals its strategy gives there."""
        if self.given:
            raise ConfigError(
                f"strategy of lane {self.lane.name}",
                None,
                "named, so that it can be asked on another tape",
                "Signals from outside answer for their own rows alone.",
            )
        plan = compile_spec(self.spec, tape.universe)
        return replace(self, tape=tape, plan=plan, signals=signals_for(plan, tape))

    def engine(
        self, variants: Sequence[Variant], level: Level = Level.SUMMARY, signals: Floats | None = None
    ) -> Engine:
        """An engine at its start, one lane per variant.

        Args:
            variants: what changes in each lane.
            level: of the journal.
            signals: float64[variants, rows or 1, sleeves], one array per lane; None gives all of them the lane's own.
        """
        plan = self.plan.repeated(len(variants))
        if signals is None:
            rules = plan.rules.copy()
            rules["signal"] = 0
            plan = replace(plan, rules=rules, sources=plan.sources[:1])
        plan = plan.with_own_tiers()
        rules, tiers = plan.rules.copy(), plan.tiers.copy()
        for index, changes in enumerate(variants):
            for change in changes:
                change(rules[index : index + 1], tiers[index])
        rules["level"] = int(level)
        return Engine(
            replace(plan, rules=rules, tiers=tiers, level=level),
            self.tape,
            self.signals if signals is None else signals,
        )

    def outcomes(self, variants: Sequence[Variant], signals: Floats | None = None) -> list[Outcome]:
        """What each variant comes to."""
        return outcomes(self.engine(variants, signals=signals).run())

    def growth(self, variants: Sequence[Variant], signals: Floats | None = None) -> Floats:
        """Total return of each variant and nothing else: no journal is kept."""
        engine = self.engine(variants, Level.OFF, signals).run()
        out, one = np.empty(len(variants)), np.empty(1)
        for index in range(len(variants)):
            ends = np.array([engine.plan.rules["initial_capital"][index], engine.book.account["equity"][index]])
            growth.returns_of(ends, np.zeros(2), one)
            out[index] = one[0]
        return out

    def results(self, engine: Engine) -> Results:
        """The results of an engine of one lane, so far."""
        return Results(self.spec, engine.plan, self.tape, engine.journal, "", engine.book)


def trial_of(spec: Spec, tape: Tape, lane: int | str, signals: Floats | None = None) -> Trial:
    """Take a lane out of a run.

    Args:
        spec: the run.
        tape: its market rows.
        lane: name or number.
        signals: of the whole run, one array per source, where they were given from outside.

    Raises:
        ConfigError: no such lane, or nobody gives it signals.
    """
    names = [one.name for one in spec.lanes]
    index = place(lane, names)
    heard = spec.lanes[index]
    if heard.signal in names and heard.strategy is None:
        strategy = spec.lanes[names.index(str(heard.signal))].strategy
        heard = heard.model_copy(update={"strategy": strategy, "signal": None if strategy else heard.signal})
    alone = spec.model_copy(
        update={"lanes": (heard,), "groups": (), "environment": None, "training": None, "journal": Level.FULL}
    )
    plan = compile_spec(alone, tape.universe)
    if signals is not None:
        source = int(compile_spec(spec, tape.universe).rules["signal"][index])
        return Trial(alone, tape, plan, np.ascontiguousarray(signals[source : source + 1]), heard.strategy is None)
    if heard.strategy is None:
        raise ConfigError(
            f"strategy of lane {heard.name}",
            None,
            "named, or its signals given",
            "Pass the run's signals, `result.engine.signals`.",
        )
    return Trial(alone, tape, plan, signals_for(plan, tape), False)


def place(lane: int | str, names: Sequence[str]) -> int:
    """Number of a lane."""
    if lane in names:
        return names.index(str(lane))
    if isinstance(lane, int) and 0 <= lane < len(names):
        return lane
    raise ConfigError("lane", lane, "one of " + ", ".join(names[:12]), closest(str(lane), names))


def outcomes(engine: Engine) -> list[Outcome]:
    """What each lane of an engine comes to; its journal is at level summary or full."""
    marks, tape = engine.journal.marks, engine.tape
    lanes = np.arange(engine.plan.lanes + 1)
    edges = np.searchsorted(marks["lane"], lanes)
    convention = Convention(bars_per_year=tape.calendar.bars_per_year)
    out = []
    for index in range(engine.plan.lanes):
        own = from_capital(marks[edges[index] : edges[index + 1]], engine, index)
        found = metrics_from_marks(own, tape.times, convention, lane=index)
        costs = np.empty(len(paid.NAMES))
        paid.summary(own, index, float(engine.plan.rules["initial_capital"][index]), np.empty(paid.SIZE), costs)
        out.append(
            Outcome(
                found["total_return"],
                found["cagr"],
                found["sharpe"],
                found["max_drawdown"],
                float(costs[paid.NAMES.index("cost_bp")]),
                found["annual_turnover"],
                Status(int(engine.book.account["status"][index])).name.lower(),
            )
        )
    return out


def from_capital(marks: np.ndarray, engine: Engine, lane: int) -> np.ndarray:
    """A lane's marks that begin with its capital: what it paid at the first close counts in its first return."""
    out = marks.copy()
    out["equity"][:1] = engine.plan.rules["initial_capital"][lane]
    return out


def wealth_of(engine: Engine, lane: int = 0) -> Floats:
    """What 1 became at each close, float64[rows walked], 1 at the first row; 0 from a ruin on."""
    marks = engine.journal.marks
    own = from_capital(marks[marks["lane"] == lane], engine, lane)
    returns = np.empty(max(own.size - 1, 0))
    growth.returns_of(np.array(own["equity"]), np.array(own["flows"]), returns)
    path = np.ones(own.size)
    growth.wealth_path(np.nan_to_num(returns, nan=0.0), path)
    return path


def plain(values: Any) -> Any:
    """The same values as JSON has them: NaN and infinities are None, numbers of NumPy are Python's."""
    if isinstance(values, dict):
        return {name: plain(value) for name, value in values.items()}
    if isinstance(values, (list, tuple)):
        return [plain(value) for value in values]
    if isinstance(values, np.ndarray | np.generic):
        return plain(values.tolist())
    return None if isinstance(values, float) and not math.isfinite(values) else values
