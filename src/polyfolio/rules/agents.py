"""The records of the agents that steer a run's lanes, and the policies that several of them share."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyfolio.core.codes import Reward
from polyfolio.core.episodes import AGENT
from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError, DataError
from polyfolio.rules.environment import EnvironmentSection
from polyfolio.rules.plan import Plan
from polyfolio.rules.rewards import RewardSection
from polyfolio.rules.spec import Spec
from polyfolio.rules.training import AgentsSection

# Rewards that are read from annualised statistics.
YEARLY = (Reward.SHARPE, Reward.SORTINO, Reward.CALMAR, Reward.COMPOSITE)


def agent_records(spec: Spec, plan: Plan, tape: Tape, rows: tuple[int, int]) -> np.ndarray:
    """What each lane's agent is told.

    Args:
        spec: a run with an environment.
        plan: the run compiled for the tape.
        tape: the market rows.
        rows: first row an episode may begin at as far as the tape goes, and the row that ends every episode.

    Returns:
        AGENT[lanes]. The first row is late enough for a whole window.

    Raises:
        ConfigError: no environment; lanes that decide for themselves; an episode or window that does not fit the rows.
        DataError: rows that are not the tape's; a calendar without closings in a year, where the reward needs them.
    """
    environment = _environment(spec)
    first, last = _rows(environment, tape, rows)
    records = np.zeros(plan.lanes, AGENT)
    for index, lane in enumerate(spec.lanes):
        record, reward = records[index], lane.reward or environment.reward
        if lane.strategy is not None:
            raise ConfigError(
                f"lanes[{index}].strategy",
                lane.strategy.name,
                "null where an agent steers the lane",
                "Remove the strategy: the actions are the signals.",
            )
        _action(record, environment)
        record["allow_short"] = lane.sizing.allow_short
        _reward(record, reward)
        record["bars_per_year"] = _bars_per_year(tape, reward)
        _episode(record, environment)
        record["first"], record["last"] = first, last
    return records


def policies_of(spec: Spec, regime: str | None = None) -> dict[str, str]:
    """Lane to policy, the regime's where the lanes follow one.

    Args:
        spec: a run of several lanes.
        regime: label of the regime at the start of the episode; None or a label without a policy: whatever it is.
    """
    agents = (spec.training.agents if spec.training else None) or AgentsSection()
    named, by_regime = agents.policies or {}, agents.regimes or {}
    shared = by_regime.get(regime) if regime is not None else None
    return {lane.name: named.get(lane.name) or shared or lane.profile or lane.name for lane in spec.lanes}


def _environment(spec: Spec) -> EnvironmentSection:
    if spec.environment is None:
        raise ConfigError(
            "environment", None, "given where an agent steers lanes", "Write `environment: {}` for the defaults."
        )
    if spec.groups:
        raise ConfigError(
            "groups",
            [group.name for group in spec.groups],
            "absent beside agents: each lane has rows of its own",
            "Remove `groups`; each agent has an account of its own.",
        )
    return spec.environment


def _rows(environment: EnvironmentSection, tape: Tape, rows: tuple[int, int]) -> tuple[int, int]:
    begin, last = rows
    if not 0 <= begin < last < tape.rows:
        raise DataError(
            "rows", rows, f"two rows of the tape, the first before the last ({tape.rows} rows)", "Take a longer tape."
        )
    window, length = environment.observation.window, environment.episode.length
    first = max(begin, window - 1)
    if first >= last:
        raise ConfigError(
            "environment.observation.window",
            window,
            f"at most {last}: rows {begin} to {last} hold the episodes",
            "Shorten the window, or take a longer tape.",
        )
    if length is not None and length > last - first:
        raise ConfigError(
            "environment.episode.length",
            length,
            f"at most {last - first}, the decisions of rows {first} to {last}",
            "Shorten the episode, take a longer tape, or give its split a larger share.",
        )
    return first, last


def _action(record: Any, environment: EnvironmentSection) -> None:
    action, observation = environment.action, environment.observation
    record["kind"], record["space"], record["simplex"] = action.kind, action.space, action.simplex
    record["cash"], record["flat"] = action.cash, action.flat
    record["sharpness"], record["max_change"], record["levels"] = action.sharpness, action.max_change, action.levels
    record["clip"] = observation.clip


def _reward(record: Any, reward: RewardSection) -> None:
    record["reward"], record["raw"] = reward.type, reward.terms == "raw"
    record["risk_adjusted"], record["risk_aversion"] = reward.risk_adjusted, reward.risk_aversion
    record["transaction_cost_penalty"] = reward.transaction_cost_penalty
    record["drawdown_penalty"] = reward.drawdown_penalty
    record["eta"], record["reward_scaling"] = reward.eta, reward.reward_scaling
    weights = reward.weights
    record["profit"], record["risk"], record["cost"] = weights.profit, weights.risk, weights.cost
    record["stability"], record["sharpe"] = weights.stability, weights.sharpe
    record["momentum"], record["diversification"] = weights.momentum, weights.diversification


def _bars_per_year(tape: Tape, reward: RewardSection) -> float:
    found = tape.calendar.bars_per_year
    if reward.type in YEARLY and not np.isfinite(found):
        raise DataError(
            "tape.calendar.bars_per_year",
            found,
            f"known for the reward {reward.type.name.lower()}",
            "Give tape.bars_per_year, or choose another reward.",
        )
    return found


def _episode(record: Any, environment: EnvironmentSection) -> None:
    episode = environment.episode
    record["start"], record["length"] = episode.start, episode.length or 0
    randomise = episode.randomise
    record["costs_low"], record["costs_high"] = randomise.costs or (1.0, 1.0)
    record["capital_low"], record["capital_high"] = randomise.capital or (1.0, 1.0)
    record["positions"] = randomise.positions
