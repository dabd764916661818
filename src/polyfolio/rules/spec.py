"""The validated configuration of a run: a Spec of lanes over one tape."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import JsonValue, model_validator

from polyfolio.core.codes import Level, SizeAt, Sizing
from polyfolio.rules import contradictions, environment_checks
from polyfolio.rules.arguments import closest
from polyfolio.rules.environment import EnvironmentSection
from polyfolio.rules.execution import Execution, Exits, Rebalance
from polyfolio.rules.fields import FROZEN_LIST, SHARE, WORD, Section, key
from polyfolio.rules.groups import Group, shared
from polyfolio.rules.optimise import OptimiseSection
from polyfolio.rules.presets import expand, merge
from polyfolio.rules.problems import Problem, refuse
from polyfolio.rules.reporting import ReportingSection
from polyfolio.rules.rewards import RewardSection
from polyfolio.rules.risk import Correlation, Feedback, Hedge, Risk
from polyfolio.rules.search import in_space
from polyfolio.rules.sections import Account, Limits, SizingSection
from polyfolio.rules.steering import steered, with_lanes
from polyfolio.rules.tape import TapeSection
from polyfolio.rules.training import TrainingSection


class Sections(Section):
    """Everything a lane may be told about money and risk."""

    account: Account = key(
        Account(), "Capital and what money costs.", example={"initial_capital": 50_000.0}, record="", used="account"
    )
    sizing: SizingSection = key(
        SizingSection(), "Signals to wanted weights.", example={"method": "risk_parity"}, record="", used="stage size"
    )
    limits: Limits = key(Limits(), "Bounds on the book.", example={"max_position": 0.2}, record="", used="limit stages")
    risk: Risk = key(Risk(), "Statistical limits.", example={"max_var": 0.02}, record="", used="stage scale")
    correlation: Correlation = key(
        Correlation(), "Correlated pairs.", example={"limit": 0.7}, record="", used="stage correlation"
    )
    feedback: Feedback = key(Feedback(), "Risk feedback.", example={"iterations": 3}, record="", used="stage feedback")
    hedge: Hedge | None = key(
        None, "Benchmark hedge; null for none.", example={"benchmark": "SPY"}, record="", used="stage hedge"
    )
    exits: Exits = key(Exits(), "Stops and targets.", example={"stop_loss": 0.05}, record="", used="exits")
    rebalance: Rebalance = key(
        Rebalance(), "When to decide and trade.", example={"every": "1d"}, record="", used="decide"
    )
    execution: Execution = key(
        Execution(), "Orders, fills and costs.", example={"fill": "next_close"}, record="", used="fill"
    )

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, data: Any) -> Any:
        return expand(data) if isinstance(data, Mapping) else data

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse(self._contradictions())
        return self

    def _contradictions(self) -> Iterator[Problem]:
        yield from contradictions.in_limits(self.limits)
        yield from contradictions.in_risk(self.risk)
        yield from contradictions.in_account(self.account, self.limits, self.sizing)
        yield from contradictions.in_exits(self.exits)
        yield from contradictions.in_rebalance(self.rebalance)
        yield from contradictions.in_commission(self.execution.commission)
        yield from contradictions.in_schedule(self.execution)
        if self.hedge is not None and self.hedge.benchmark is None and self.account.benchmark is None:
            yield Problem(
                ("hedge", "benchmark"),
                None,
                "a symbol where account.benchmark is null",
                "Name the symbol to hedge with.",
            )


class Strategy(Section):
    """A strategy by name, with the keyword arguments of its constructor."""

    name: str = key(
        ..., "Registered name, or module:Class.", example="momentum", record="", min_length=1, used="signals"
    )
    params: dict[str, JsonValue] = key(
        {}, "Keyword arguments of the constructor.", example={"lookback": 20}, record="", used="signals"
    )


class Lane(Sections):
    """One isolated portfolio."""

    name: str = key(..., "Unique name.", example="momentum", record="", min_length=1, used="journal, reports")
    strategy: Strategy | None = key(
        None,
        "What gives the lane its signals; null for signals given from outside.",
        example={"name": "momentum"},
        record="signal",
        used="signals",
    )
    signal: str | None = key(
        None,
        "Signals given from outside (actions, arrays) under this name, or those of the lane "
        "so named; null takes the lane's own name.",
        example="agent",
        used="signals",
    )
    profile: Literal["conservative", "balanced", "aggressive"] | None = key(
        None,
        "Limits, stops and reward weights of an agent by one word; they hold where the lane says nothing.",
        example="balanced",
        record="",
        used="loading, policies of several agents",
    )
    reward: RewardSection | None = key(
        None,
        "What this lane's agent is paid, where it differs from environment.reward; the rest is taken from there.",
        example={"type": "sharpe"},
        record="",
        used="reward",
    )
    system: str | None = key(
        None,
        "Name of its folder of results and the heading of its page; null takes the lane's name.",
        example="momentum_system",
        record="",
        min_length=1,
        used="folder of results",
    )
    indicators: Annotated[tuple[str, ...], FROZEN_LIST] = key(
        (),
        "Features that are computed once for all lanes and shown beside its signals.",
        example=["sma_20", "rsi_14"],
        record="",
        used="events, report",
    )
    optimise: OptimiseSection | None = key(
        None,
        "What the stage `multi_period` weighs; null for lanes without it.",
        example={"horizon": 5},
        record="",
        used="stage multi_period",
    )
    program: Annotated[tuple[str, ...] | None, FROZEN_LIST] = key(
        None,
        "Stages in order, own ones by registered name; null takes the stages whose limits are on.",
        example=["size", "filter", "scale"],
        record="",
        used="decide",
    )

    def _contradictions(self) -> Iterator[Problem]:
        yield from super()._contradictions()
        if self.strategy is not None and self.signal is not None:
            yield Problem(
                ("signal",),
                self.signal,
                "null beside a strategy",
                "Signals come from the strategy or from outside: remove one of the two keys.",
            )


class Sleeve(Section):
    """One strategy's own position on a symbol."""

    name: str = key(..., "Unique name.", example="BTC mature", record="", min_length=1, used="book, journal")
    symbol: str = key(..., "Symbol of the tape it stands on.", example="BTC/USDT", record="", min_length=1, used="book")
    stage: Literal["MATURE", "VALIDATION", "DISCOVERY", "DECAY", "PAPER"] | None = key(
        None,
        "Stage of life; gives the base allocation where `base` is null.",
        example="MATURE",
        record="",
        used="stage size, method lifecycle",
    )
    base: float | None = key(
        None,
        "Base allocation; null takes the stage's.",
        unit=SHARE,
        example=0.1,
        ge=0.0,
        le=1.0,
        record="",
        used="stage size, method lifecycle",
    )
    sharpe: float | None = key(
        None,
        "Sharpe ratio of its validation; null counts as the lowest confidence.",
        unit="annualised",
        example=2.1,
        record="",
        used="stage size, method lifecycle",
    )
    win_rate: float | None = key(
        None,
        "Part of its trades that won; null counts as the lowest confidence.",
        unit="percent",
        example=68.0,
        ge=0.0,
        le=100.0,
        record="",
        used="stage size, method lifecycle",
    )


class Spec(Section):
    """A run: lanes over one tape."""

    name: str = key(..., "Name of the run.", example="three portfolios", record="", min_length=1, used="reports")
    seed: int = key(0, "Seed of every random number; part of the run's id.", example=7, ge=0, lt=2**63, used="run id")
    journal: Annotated[Level, WORD] = key(
        Level.SUMMARY,
        "What is kept: nothing, a row per bar, every decision.",
        example="full",
        record="level",
        used="journal",
    )
    checked: bool = key(False, "true: the accounting identity is asserted at every step.", example=True, used="mark")
    observation: Literal["day", "bar"] = key(
        "day",
        "What one risk return covers: VaR is of a day or of a bar.",
        example="bar",
        record="periods_per_year",
        used="risk returns",
    )
    tape: TapeSection | None = key(
        None,
        "The market rows; null for a tape given from code.",
        example={"path": "data/bars.parquet"},
        record="",
        used="market",
    )
    defaults: Sections | None = key(
        None,
        "Sections that hold for every lane; null once they are merged.",
        example={"limits": {"max_position": 0.2}},
        record="",
        used="loading",
    )
    lanes: Annotated[tuple[Lane, ...], FROZEN_LIST] = key(
        ..., "The portfolios.", example=[{"name": "momentum"}], record="", min_length=1, used="engine"
    )
    groups: Annotated[tuple[Group, ...], FROZEN_LIST] = key(
        (), "Lanes that share an account.", example=[{"name": "account", "lanes": ["a"]}], record="", used="engine"
    )
    sleeves: Annotated[tuple[Sleeve, ...] | None, FROZEN_LIST] = key(
        None,
        "Several positions on one symbol; null for one per symbol.",
        example=[{"name": "BTC mature", "symbol": "BTC/USDT"}],
        record="",
        used="book",
    )

    reporting: ReportingSection = key(
        ReportingSection(),
        "Pages and files beside the journal.",
        example={"referee": True},
        record="",
        used="folder of results",
    )
    environment: EnvironmentSection | None = key(
        None,
        "An agent's world over the lanes; null for runs without one.",
        example={"reward": {"type": "log_return"}},
        record="",
        used="envs, train, policy",
    )
    training: TrainingSection | None = key(
        None,
        "How a policy is learned in the environment; null takes every default where one is trained.",
        example={"algorithm": "ppo", "steps": 500_000},
        record="",
        used="train",
    )

    @model_validator(mode="before")
    @classmethod
    def _complete(cls, data: Any) -> Any:
        return steered(cls._merge(with_lanes(data))) if isinstance(data, Mapping) else data

    @classmethod
    def _merge(cls, data: Mapping[str, Any]) -> Mapping[str, Any]:
        defaults = data.get("defaults")
        lanes = data.get("lanes")
        if isinstance(defaults, Sections):
            defaults = defaults.model_dump(exclude_unset=True)
        if not isinstance(defaults, Mapping) or not isinstance(lanes, (list, tuple)):
            return data
        base = expand(defaults, ("defaults",))
        merged = [
            merge(base, expand(lane, ("lanes", index))) if isinstance(lane, Mapping) else lane
            for index, lane in enumerate(lanes)
        ]
        return {**data, "defaults": None, "lanes": merged}

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse(self._contradictions())
        return self

    def _in_sleeves(self) -> Iterator[Problem]:
        sleeves = self.sleeves or ()
        yield from _unique("sleeves", [sleeve.name for sleeve in sleeves])
        for index, lane in enumerate(self.lanes):
            if lane.sizing.method is not Sizing.LIFECYCLE:
                continue
            if not sleeves:
                yield Problem(
                    ("lanes", index, "sizing", "method"),
                    "lifecycle",
                    "another method where no sleeves are",
                    "List the configurations under `sleeves`, with their stages.",
                )
            for at, sleeve in enumerate(sleeves):
                if sleeve.base is None and sleeve.stage is None:
                    yield Problem(
                        ("sleeves", at, "stage"),
                        None,
                        "given with sizing.method: lifecycle",
                        "Give the stage or the base allocation.",
                    )

    def _contradictions(self) -> Iterator[Problem]:
        names = [lane.name for lane in self.lanes]
        yield from _unique("lanes", names)
        yield from _unique("groups", [group.name for group in self.groups])
        folders = [lane.system or lane.name for lane in self.lanes]
        for index, folder in enumerate(folders):
            if folder in folders[:index] and folder not in names[:index]:
                other = names[folders.index(folder)]
                yield Problem(("lanes", index, "system"), folder, f"unique; {other} has it", "Name another folder.")
        yield from self._in_sleeves()
        yield from environment_checks.in_environment(self.environment, self.lanes, self.tape)
        yield from environment_checks.in_training(self.training, self.environment, names)
        if self.training is not None:
            yield from in_space(self.training.search.space, type(self), names)
        taken: dict[str, str] = {}
        for index, group in enumerate(self.groups):
            for at, lane in enumerate(group.lanes):
                path = ("groups", index, "lanes", at)
                if lane not in names:
                    yield Problem(path, lane, "the name of a lane: " + ", ".join(names[:12]), closest(lane, names))
                elif lane in taken:
                    yield Problem(
                        path,
                        lane,
                        f"in one group, it is in {taken[lane]} already",
                        "A lane has one account: remove it from one of the groups.",
                    )
                taken[lane] = group.name
            places = sorted(names.index(lane) for lane in set(group.lanes) if lane in names)
            if places and places[-1] - places[0] >= len(places):
                yield Problem(
                    ("groups", index, "lanes"),
                    list(group.lanes),
                    "adjacent in `lanes`",
                    "Reorder `lanes` so that the lanes of a group follow each other.",
                )
            yield from shared(index, group)
            if group.max_gross is not None or group.max_position is not None:
                yield from self._sized_after_the_limits(places)

    def _sized_after_the_limits(self, places: list[int]) -> Iterator[Problem]:
        """A group's limits cut orders after the decision; quantities fixed at the fill would pass them by."""
        for place in places:
            if self.lanes[place].execution.sizing is SizeAt.FILL:
                yield Problem(
                    ("lanes", place, "execution", "sizing"),
                    "fill",
                    "decision in a group with max_gross or max_position",
                    "Write sizing: decision, or take the limits off the group.",
                )


def _unique(section: str, names: list[str]) -> Iterator[Problem]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield Problem((section, index, "name"), name, "unique", f"Two of `{section}` have this name.")
