"""Which policy steers which agent: the same one always, or that of the regime at the start of an episode."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from polyfolio.errors import ConfigError
from polyfolio.rules.agents import policies_of
from polyfolio.rules.arguments import closest
from polyfolio.rules.spec import Spec

MARK = "@"


@dataclass(frozen=True)
class PolicyMap:
    """From agents to policies.

    Attributes:
        fixed: agent to policy, whatever the regime.
        moving: agent to the policy of each regime's label.
    """

    fixed: Mapping[str, str]
    moving: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    @property
    def policies(self) -> tuple[str, ...]:
        """Names of all policies, in order of first mention."""
        of_regimes = [policy for labels in self.moving.values() for policy in labels.values()]
        return tuple(dict.fromkeys([*self.fixed.values(), *of_regimes]))

    def names(self, agent: str) -> tuple[str, ...]:
        """What an agent may be called: by its own name, or together with each regime."""
        return tuple(f"{agent}{MARK}{label}" for label in self.moving[agent]) if agent in self.moving else (agent,)

    def name(self, agent: str, regime: str) -> str:
        """What an agent is called in an episode that starts in a regime."""
        return f"{agent}{MARK}{regime}" if agent in self.moving else agent

    def policy(self, name: str) -> str:
        """The policy of an agent so called."""
        if name in self.fixed:
            return self.fixed[name]
        agent, label = name.rsplit(MARK, 1)
        return self.moving[agent][label]


def policy_map(spec: Spec, labels: Sequence[str] = ()) -> PolicyMap:
    """The map of a configuration.

    Args:
        spec: a run with an environment. `training.agents` names the policies; without it lanes of one profile share
            one of its name, and any other lane has its own.
        labels: of the observed regime.

    Raises:
        ConfigError: a policy for a label the regime does not have.
    """
    agents = spec.training.agents if spec.training else None
    lanes = policies_of(spec)
    if agents is None or not agents.regimes:
        return PolicyMap(lanes)
    for label in agents.regimes:
        if label not in labels:
            bound = f"a label of the observed regime: {', '.join(labels)}"
            raise ConfigError("training.agents.regimes", label, bound, closest(label, labels))
    by_label = {label: policies_of(spec, label) for label in labels}
    moving = [lane for lane in lanes if lane not in (agents.policies or {})]
    return PolicyMap(
        {lane: policy for lane, policy in lanes.items() if lane not in moving},
        {lane: {label: found[lane] for label, found in by_label.items()} for lane in moving},
    )
