"""Spec + universe -> Plan: the same configuration as arrays and codes, nothing left to look up by name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import IntEnum
from typing import Any

import numpy as np

from polyfolio.core.codes import Covariance, Level, Period, Sizing
from polyfolio.core.presets import STAGE_BASE
from polyfolio.core.records import GROUP, RULES
from polyfolio.core.tape import Universe
from polyfolio.core.types import Floats, Ints
from polyfolio.errors import ConfigError
from polyfolio.rules import registry
from polyfolio.rules.fields import Section
from polyfolio.rules.groups import Capital, Group
from polyfolio.rules.optimise import OptimiseSection
from polyfolio.rules.program import WIDTH, padded, program_of
from polyfolio.rules.risk import CovarianceSection, Hedge
from polyfolio.rules.spec import Lane, Spec, Strategy
from polyfolio.rules.tables import Labels, Tiers, budget_row, slot_of_symbol

OFF = {"inf": float("inf"), "-inf": float("-inf"), "0": 0.0}
PERIODS = {"1min": Period.MINUTE, "1h": Period.HOUR, "1d": Period.DAY, "week": Period.WEEK, "month": Period.MONTH}
TIER_PERIODS = {"episode": 0, "day": int(Period.DAY), "week": int(Period.WEEK), "month": int(Period.MONTH)}
NO_SLOT = -1


@dataclass(frozen=True)
class CovarianceModel:
    """One covariance of the tape; lanes that ask for the same share it."""

    method: Covariance
    window: int
    decay: float
    min_history: int


@dataclass(frozen=True)
class Source:
    """Where one signal array of the run comes from: a strategy, or from outside under `name`."""

    name: str
    strategy: Strategy | None


@dataclass(frozen=True, eq=False)
class Plan:
    """The compiled form of a Spec. Its arrays go into compiled code as they are; nobody writes them afterwards.

    Attributes:
        names: name of each lane.
        symbols: symbol of each slot.
        sleeves: name of each sleeve; the symbols where each slot has one.
        slot_of: int64[sleeves].
        rules: RULES[lanes]; periods_per_year is NaN until `with_tape`.
        program: int64[lanes, 24], stage codes closed by END.
        extensions: third parties' stages; number k has the code Stage.EXTENSION + k.
        tiers: float64[tables, 8, 3].
        budget: float64[lanes, slots], risk budgets of any scale.
        caps: float64[rows, 3]: label vector, label, cap.
        labels: int64[vectors, slots], -1 where a slot has no label.
        label_names: name of each vector.
        label_values: words behind the codes of each vector.
        evidence: float64[lanes, sleeves, 3]: base allocation, Sharpe ratio, win rate in percent; NaN = unknown.
        rank: int64[slots], rank of the symbol in sorted order.
        group_of: int64[lanes], -1 = none.
        groups: GROUP[groups].
        group_names: name of each group.
        capital: when each group divides its capital anew, None where it never does.
        covariances: distinct covariance models; rules.covariance_model points here.
        sources: distinct signal sources; rules.signal points here.
        strategies: strategy of each lane, None where signals come from outside.
        optimisers: section `optimise` of each lane, None where it has none.
        benchmarks: benchmark of each lane, None where it has none.
        observation: "day" or "bar", what one risk return covers.
        seed: of the run.
        level: journal level.
        notes: what the reader should know once, such as caps no symbol answers to.
    """

    names: tuple[str, ...]
    symbols: tuple[str, ...]
    sleeves: tuple[str, ...]
    slot_of: Ints
    rules: np.ndarray
    program: Ints
    extensions: tuple[str, ...]
    tiers: Floats
    budget: Floats
    caps: Floats
    labels: Ints
    label_names: tuple[str, ...]
    label_values: tuple[tuple[str, ...], ...]
    evidence: Floats
    rank: Ints
    group_of: Ints
    groups: np.ndarray
    group_names: tuple[str, ...]
    capital: tuple[Capital | None, ...]
    covariances: tuple[CovarianceModel, ...]
    sources: tuple[Source, ...]
    strategies: tuple[Strategy | None, ...]
    optimisers: tuple[OptimiseSection | None, ...]
    benchmarks: tuple[str | None, ...]
    observation: str
    seed: int
    level: Level
    notes: tuple[str, ...]

    @property
    def lanes(self) -> int:
        """Number of lanes."""
        return len(self.names)

    def lane(self, name: str) -> int:
        """Number of a lane."""
        if name not in self.names:
            raise ConfigError("lane", name, "one of " + ", ".join(self.names[:12]), "Correct the name.")
        return self.names.index(name)

    def repeated(self, lanes: int) -> Plan:
        """So many lanes like the first, each with signals of its own.

        Args:
            lanes: how many.
        """
        rules = np.repeat(self.rules[:1], lanes)
        rules["signal"] = np.arange(lanes)
        name = self.names[0]
        names = tuple(f"{name} {index}" for index in range(lanes)) if lanes > 1 else (name,)
        return replace(
            self,
            names=names,
            rules=rules,
            program=np.repeat(self.program[:1], lanes, axis=0),
            budget=np.repeat(self.budget[:1], lanes, axis=0),
            evidence=np.repeat(self.evidence[:1], lanes, axis=0),
            group_of=np.full(lanes, -1, dtype=np.int64),
            sources=tuple(Source(name, None) for name in names),
            strategies=(None,) * lanes,
            optimisers=self.optimisers[:1] * lanes,
            benchmarks=self.benchmarks[:1] * lanes,
        )

    def with_own_tiers(self) -> Plan:
        """The same lanes, each with a table of tiers of its own: an episode may multiply its rates."""
        rules = self.rules.copy()
        rules["tier_table"] = np.arange(self.lanes)
        return replace(self, rules=rules, tiers=self.tiers[self.rules["tier_table"]])

    def with_tape(self, *, bars_per_year: float, days_per_year: float) -> Plan:
        """The same plan with what only the tape knows.

        Args:
            bars_per_year: closings in a year of the tape's calendar.
            days_per_year: sessions in a year.
        """
        rules = self.rules.copy()
        rules["periods_per_year"] = days_per_year if self.observation == "day" else bars_per_year
        return replace(self, rules=rules)


def compile_spec(spec: Spec, universe: Universe) -> Plan:
    """Compile a configuration for a universe.

    Raises:
        ConfigError: a symbol, label, strategy or stage that nobody knows.
    """
    compiler = _Compiler(spec, universe)
    for index, lane in enumerate(spec.lanes):
        compiler.add(index, lane)
    return compiler.plan()


def method_of(lane: Lane, field: str) -> Sizing:
    """The sizing method of a lane: its own, else the one its strategy was made for.

    Raises:
        ConfigError: nobody knows the strategy.
    """
    if lane.strategy is None or "method" in lane.sizing.model_fields_set:
        return lane.sizing.method
    strategy = registry.resolve("strategy", lane.strategy.name, field)
    return Sizing[getattr(strategy, "sizing", "equal_weight").upper()]


def every_bars(every: str | int) -> tuple[int, int]:
    """A key `every` as a number of bars and as Period bits; both 0 for every bar."""
    return (every, 0) if isinstance(every, int) else (0, int(PERIODS[every]) if every in PERIODS else 0)


def leaves(section: Section) -> Iterator[tuple[str, Any, dict[str, Any]]]:
    """(record field, value, metadata) of each key that stands in the RULES record under its own or a given name."""
    for name, info in type(section).model_fields.items():
        extra: dict[str, Any] = info.json_schema_extra  # type: ignore[assignment]
        record, value = extra.get("record", name), getattr(section, name)
        if isinstance(value, Section):
            yield from leaves(value)
        elif record in RECORD and record not in COMPILED:
            yield record, value, extra


RECORD = frozenset(RULES.names or ())

# Fields whose number is found by looking something up, not by copying a value.
COMPILED = ("signal", "periods_per_year", "level", "checked")


def encode(value: Any, extra: dict[str, Any]) -> float | int:
    """A configuration value as it stands in the record."""
    if value is None:
        return OFF[extra["off"]]
    return int(value) if isinstance(value, (bool, IntEnum)) else value


class _Compiler:
    def __init__(self, spec: Spec, universe: Universe) -> None:
        self.spec, self.universe, self.symbols = spec, universe, universe.symbols
        lanes = len(spec.lanes)
        self.rules = np.zeros(lanes, RULES)
        self.program = np.zeros((lanes, WIDTH), dtype=np.int64)
        self.budget = np.ones((lanes, len(self.symbols)))
        self.tiers, self.labels = Tiers(), Labels(universe)
        self.covariances: list[CovarianceModel] = []
        self.sources: list[Source] = []
        self.heard: dict[tuple[bool, str], int] = {}
        self.strategies = {lane.name: lane.strategy for lane in spec.lanes}
        self.extensions: list[str] = []
        self.notes: list[str] = []

    def add(self, index: int, lane: Lane) -> None:
        """Write one lane."""
        rules, at = self.rules[index], f"lanes[{index}]"
        for record, value, extra in leaves(lane):
            rules[record] = encode(value, extra)
        self._method(rules, lane, at)
        self._account(lane, at)
        self._hedge(rules, lane, at)
        self._rebalance(rules, lane)
        self._run(rules)
        self._worked(rules, lane)
        commission = lane.execution.commission
        rules["tier_table"] = self.tiers.index(commission)
        rules["tier_period"] = TIER_PERIODS[commission.tier_period]
        rules["covariance_model"] = self._covariance(lane.risk.covariance, lane.risk.min_history)
        rules["signal"] = self._signal(lane, at)
        rules["label_caps"], rules["label_caps_end"] = self.labels.add(lane.limits.labels, f"{at}.limits.labels")
        self.budget[index] = budget_row(lane.sizing.risk_budget, self.symbols, f"{at}.sizing.risk_budget")
        self.program[index] = padded(program_of(lane, rules, self.extensions, f"{at}.program"))

    def _method(self, rules: Any, lane: Lane, at: str) -> None:
        """A strategy that was made for a sizing method brings it along where the lane names none."""
        rules["method"] = int(method_of(lane, f"{at}.strategy.name"))

    def _account(self, lane: Lane, at: str) -> None:
        base = self.universe.base_currency
        if lane.account.base_currency != base:
            raise ConfigError(
                f"{at}.account.base_currency",
                lane.account.base_currency,
                f"the tape's, {base}",
                "Name the same currency in both.",
            )

    def _hedge(self, rules: Any, lane: Lane, at: str) -> None:
        if lane.hedge is None:
            for record, value, extra in leaves(Hedge()):
                rules[record] = encode(value, extra)
            rules["hedge_slot"] = NO_SLOT
            return
        symbol = lane.hedge.benchmark or lane.account.benchmark or ""
        rules["hedge_slot"] = slot_of_symbol(self.symbols, symbol, f"{at}.hedge.benchmark")

    def _rebalance(self, rules: Any, lane: Lane) -> None:
        rules["every_bars"], rules["every_period"] = every_bars(lane.rebalance.every)
        rules["risk_band_low"], rules["risk_band_high"] = lane.rebalance.risk_band or (0.0, OFF["inf"])

    def _run(self, rules: Any) -> None:
        rules["level"] = int(self.spec.journal)
        rules["checked"], rules["periods_per_year"] = int(self.spec.checked), np.nan

    def _worked(self, rules: Any, lane: Lane) -> None:
        """A word to lanes whose decisions replace orders before they are done."""
        if rules["schedule"] and not rules["every_period"] and rules["every_bars"] < rules["schedule_bars"]:
            self.notes.append(
                f"lane {lane.name}: an order is worked over bars, and the next decision replaces what is left of it: "
                "decide less often (rebalance.every), unless the strategy keeps silent in between"
            )

    def _covariance(self, section: CovarianceSection, min_history: int) -> int:
        model = CovarianceModel(section.method, section.window, section.decay, min_history)
        if model not in self.covariances:
            self.covariances.append(model)
        return self.covariances.index(model)

    def _signal(self, lane: Lane, at: str) -> int:
        strategy = lane.strategy or (self.strategies.get(lane.signal) if lane.signal else None)
        if strategy is None:
            name = key = lane.signal or lane.name
        else:
            made = registry.resolve("strategy", strategy.name, f"{at}.strategy.name")
            name, key = lane.name, strategy.model_dump_json()
            if getattr(made, "once", False):  # what it says must reach a row at which the lane decides
                key += f" {lane.rebalance.every}"
        if (strategy is None, key) not in self.heard:
            self.heard[(strategy is None, key)] = len(self.sources)
            self.sources.append(Source(name, strategy))
        return self.heard[(strategy is None, key)]

    def _sleeves(self) -> tuple[tuple[str, ...], Ints]:
        if self.spec.sleeves is None:
            return self.symbols, np.arange(len(self.symbols), dtype=np.int64)
        slots = [
            slot_of_symbol(self.symbols, sleeve.symbol, f"sleeves[{index}].symbol")
            for index, sleeve in enumerate(self.spec.sleeves)
        ]
        return tuple(sleeve.name for sleeve in self.spec.sleeves), np.array(slots, dtype=np.int64)

    def _evidence(self, sleeves: int) -> Floats:
        rows = np.full((sleeves, 3), np.nan)
        for index, sleeve in enumerate(self.spec.sleeves or ()):
            base = STAGE_BASE[sleeve.stage] if sleeve.base is None and sleeve.stage else sleeve.base
            rows[index] = [np.nan if value is None else value for value in (base, sleeve.sharpe, sleeve.win_rate)]
        return np.tile(rows, (len(self.spec.lanes), 1, 1))

    def _groups(self) -> tuple[Ints, np.ndarray]:
        names = [lane.name for lane in self.spec.lanes]
        group_of = np.full(len(names), -1, dtype=np.int64)
        groups = np.zeros(len(self.spec.groups), GROUP)
        for index, group in enumerate(self.spec.groups):
            group_of[[names.index(lane) for lane in group.lanes]] = index
            fields = Group.model_fields
            for name in GROUP.names or ():
                groups[name][index] = encode(getattr(group, name), fields[name].json_schema_extra)  # type: ignore[arg-type]
        return group_of, groups

    def plan(self) -> Plan:
        """Everything that was added."""
        sleeves, slot_of = self._sleeves()
        group_of, groups = self._groups()
        rank = np.empty(len(self.symbols), dtype=np.int64)
        rank[sorted(range(len(self.symbols)), key=self.symbols.__getitem__)] = np.arange(len(self.symbols))
        made: dict[str, Any] = {
            "slot_of": slot_of,
            "rules": self.rules,
            "program": self.program,
            "tiers": self.tiers.array(),
            "budget": self.budget,
            "caps": self.labels.caps(),
            "labels": self.labels.array(len(self.symbols)),
            "evidence": self._evidence(len(sleeves)),
            "rank": rank,
            "group_of": group_of,
            "groups": groups,
        }
        return Plan(
            names=tuple(lane.name for lane in self.spec.lanes),
            symbols=self.symbols,
            sleeves=sleeves,
            extensions=tuple(self.extensions),
            label_names=self.labels.names,
            label_values=self.labels.values,
            group_names=tuple(group.name for group in self.spec.groups),
            capital=tuple(group.capital for group in self.spec.groups),
            covariances=tuple(self.covariances),
            sources=tuple(self.sources),
            strategies=tuple(lane.strategy for lane in self.spec.lanes),
            optimisers=tuple(lane.optimise for lane in self.spec.lanes),
            benchmarks=tuple(lane.account.benchmark for lane in self.spec.lanes),
            observation=self.spec.observation,
            seed=self.spec.seed,
            level=self.spec.journal,
            notes=(*self.labels.notes, *self.notes),
            **made,
        )
