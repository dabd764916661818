"""What every environment stands on: from a configuration to an arena, and what is said of its steps."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from polyfolio.core.codes import Ended, Level
from polyfolio.core.tape import Tape
from polyfolio.core.types import Ints
from polyfolio.engine.arena import Arena
from polyfolio.engine.markets import Market
from polyfolio.engine.seen import seen_of
from polyfolio.envs.layout import Layout, action_names, action_space
from polyfolio.envs.markets import tapes_of
from polyfolio.envs.pay import Custom, pay_of
from polyfolio.errors import ConfigError
from polyfolio.features.panel import Panel, build_panel
from polyfolio.market.splits import Split, rows_of_split
from polyfolio.rules.agents import agent_records
from polyfolio.rules.environment import EnvironmentSection
from polyfolio.rules.load import load
from polyfolio.rules.plan import compile_spec
from polyfolio.rules.spec import Spec

Source = Spec | str | os.PathLike[str] | Mapping[str, Any]
INFO = ("off", "summary", "full")
COSTS = ("commission", "slippage", "impact", "borrow", "funding")
WORDS = {int(ended): "" if ended is Ended.NOT else ended.name.lower() for ended in Ended}
# A world to look at before there is a configuration: the bundled hourly prices of six coins.
BUNDLED: dict[str, Any] = {
    "name": "coins",
    "tape": {"format": "demo"},
    "lanes": [
        {
            "name": "agent",
            "account": {"initial_capital": 100_000.0},
            "limits": {"max_position": 0.5},
            "execution": {"commission": {"model": "percentage", "percentage_fee": 0.001}},
        }
    ],
    "environment": {"episode": {"length": 168, "start": "random"}},
}

ONE_COIN = {**BUNDLED, "name": "coin", "tape": {**BUNDLED["tape"], "symbols": ["BTC/USDT"]}}


class Core:
    """An environment's parts.

    Args:
        config: a Spec, a YAML file, or a dict of its keys; None takes the bundled coins.
        copies: copies of the lane; 1 where the configuration has several lanes.
        tape: market rows; None reads what the section `tape` describes.
        split: train, validation, test or all: the rows that episodes play on; or a first row and the one after the
            last, as those of a walk-forward fold, which are then learned from too.
        state: `panel.state` of another environment: nothing is learned from this tape.
        info: off, summary, or full, which keeps reasons and limits too.
        threads: slices of lanes stepped at once.

    Attributes:
        spec, tape, plan, panel, arena, agents, layout, rows: what was made of them; `rows` are those of the split.
    """

    def __init__(  # noqa: PLR0913 - the arguments of an environment
        self,
        config: Source | None,
        copies: int,
        *,
        tape: Tape | None = None,
        split: Split = "train",
        state: Mapping[str, Any] | None = None,
        info: str = "summary",
        threads: int = 1,
    ) -> None:
        self.spec = spec_of(config)
        section: EnvironmentSection = self.spec.environment  # type: ignore[assignment]
        if info not in INFO:
            raise ConfigError("info", info, "one of " + ", ".join(INFO), "Name what is to be said of a step.")
        refuse_copies(self.spec, copies)
        tapes = tapes_of(self.spec, tape)
        self.tape, self.info, self.split = tapes[0], info, split
        self.rows = rows_of_split(self.spec, self.tape, split)
        learned = slice(*rows_of_split(self.spec, self.tape, "train" if isinstance(split, str) else split))
        self.panel = build_panel(section.observation, self.tape, train=learned, state=state)
        panels = [self.panel, *(panel_like(self.panel, section, other) for other in tapes[1:])]
        plan = compile_spec(self.spec, self.tape.universe)
        begin = max(self.rows[0], *(panel.first for panel in panels))
        agents = agent_records(self.spec, plan, self.tape, (begin, self.rows[1] - 1))
        if copies > 1:
            plan, agents = plan.repeated(copies), np.repeat(agents, copies)
        rules = plan.rules.copy()
        level = Level.FULL if info == "full" else Level.OFF
        rules["level"] = int(level)
        self.plan = replace(plan, rules=rules, level=level)
        markets = [Market(one, panel.values) for one, panel in zip(tapes, panels, strict=True)]
        self.arena = Arena(self.plan, markets, agents, seen_of(section.observation), threads=threads)
        self.agents = agents
        self.layout = Layout(section.observation, self.tape.symbols, self.panel, self.plan.lanes)
        self.action_space = action_space(agents[0], self.tape.slots)
        self.action_names = action_names(agents[0], self.tape.symbols)
        self.checked = bool(rules["checked"].any())
        pay = pay_of(self.spec)
        self.custom = Custom(pay, agents) if pay is not None else None

    def observe(self) -> Any:
        """What all lanes see, as the layout has it; overwritten by the next step."""
        return self.layout.view(self.arena.observations)

    def step(self) -> None:
        """One step of every lane that has not ended, with the arena's `actions`."""
        stepped = self.arena.episodes["ended"] == 0 if self.custom is not None else None
        self.arena.step()
        if self.custom is not None and stepped is not None:
            self.custom(self.arena.steps, self.arena.episodes, self.arena.rewards, stepped)
        if self.checked:
            self.arena.check()

    def said(self) -> dict[str, Any]:
        """What is said of the last step of all lanes: arrays of the arena, overwritten by the next step."""
        if self.info == "off":
            return {}
        arena = self.arena
        steps = arena.steps
        said: dict[str, Any] = {
            "row": steps["row"],
            "equity": steps["equity"],
            "drawdown": steps["drawdown"],
            "turnover": steps["turnover"],
            "costs": {name: steps[name] for name in COSTS},
            "weights": arena.held,
            "asked": arena.asked,
            "projected": arena.projected,
            "ended": steps["ended"],
        }
        return said | {"cut": arena.cut} if self.info == "full" else said

    def times(self, rows: Ints) -> np.ndarray:
        """Closing times of rows of the first market, datetime64[ns]."""
        return self.tape.times[rows].view("datetime64[ns]")


def panel_like(panel: Panel, section: EnvironmentSection, tape: Tape) -> Panel:
    """What another market shows, with what the first one learned."""
    return build_panel(section.observation, tape, state=panel.state)


def spec_of(config: Source | None) -> Spec:
    """The configuration of an environment; the default environment where it has none."""
    spec = config if isinstance(config, Spec) else load(BUNDLED if config is None else config)
    if spec.environment is None:
        said = spec.model_dump(exclude_unset=True, exclude={"defaults"})
        spec = (
            load({**said, "environment": {}})
            if not isinstance(config, Spec)
            else Spec(**said, environment=EnvironmentSection())
        )
    return spec


def refuse_several(tape: Tape) -> None:
    """Refuse a tape of several tickers in the environment of one."""
    if tape.slots != 1:
        raise ConfigError(
            "tape.symbols",
            list(tape.symbols[:5]),
            "one symbol in IntradayRLEnv",
            "Use MultiTickerRLEnvironment for several; its id is polyfolio/MultiTicker-v0.",
        )


def refuse_copies(spec: Spec, copies: int) -> None:
    """Refuse numbers of copies that cannot be."""
    if copies < 1:
        raise ConfigError("num_envs", copies, "a whole number of at least 1", "Ask for one environment or more.")
    if copies > 1 and len(spec.lanes) > 1:
        raise ConfigError(
            "lanes",
            len(spec.lanes),
            "one in a vector environment",
            "Several agents play in the environment for several agents: polyfolio.envs.multi_agent.",
        )
