"""A sealed policy as a strategy, alone or together with a rule."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from polyfolio.core.codes import Sizing
from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError
from polyfolio.policy.manifest import Rule
from polyfolio.policy.match import refuse_other_market, refuse_other_rules
from polyfolio.policy.play import play, warmup
from polyfolio.policy.sealed import SealedPolicy, load
from polyfolio.rules.plan import Plan, compile_spec
from polyfolio.strategies.base import Strategy
from polyfolio.strategies.run import strategy_of


class Policy(Strategy):
    """What a sealed policy decides under its own rules, with its own book.

    A lane under the sealed rules keeps the very same book; `polyfolio policy show FILE --lane` prints that lane. A
    lane under other rules, or a tape of another market, is refused. With a rule, policy and rule each decide by
    themselves, and the lane follows the mixture.

    Args:
        path: the policy file.
        first: row at which its book begins, in cash; as soon as what it sees is known where that is later.
    """

    sizing: ClassVar[str] = "weights"
    remembers: ClassVar[bool] = True

    def __init__(self, *, path: str, first: int = 0) -> None:
        self.path = path
        self.first = first

    @property
    def warmup(self) -> int:
        """What it sees needs so many rows."""
        return warmup(load(self.path))

    def signals(self, tape: Tape) -> Floats:
        """The signals its actions become; NaN before what it sees is known."""
        policy = load(self.path)
        rule = policy.manifest.rule
        known = tape.rows >= warmup(policy)
        decided = play(policy, tape, self.first) if known else np.full((tape.rows, tape.slots), np.nan)
        return decided if rule is None else mixed(decided, said_by(rule, policy, tape), rule)

    def accept(self, plan: Plan, lane: int, tape: Tape) -> None:
        """Refuse a lane it was not sealed for.

        Raises:
            ConfigError: its rules differ; says which.
            DataError: the tape is of another market.
        """
        policy = load(self.path)
        refuse_other_market(policy.manifest.world.market, tape, policy.source)
        refuse_other_rules(compile_spec(policy.spec, tape.universe), plan, lane, policy.source)


def said_by(rule: Rule, policy: SealedPolicy, tape: Tape) -> Floats:
    """The rule's signals in the unit of the policy's lane.

    Raises:
        ConfigError: a rule whose signals only its own sizing method can turn into weights.
    """
    strategy = strategy_of(rule.name, rule.params, "policy.rule")
    said = np.asarray(strategy.signals(tape), dtype=np.float64)
    if rule.how == "agree" or policy.spec.lanes[0].sizing.method is not Sizing.WEIGHTS or strategy.sizing == "weights":
        return said
    if strategy.sizing == "equal_weight":
        held = (np.nan_to_num(said) != 0.0).sum(axis=1, keepdims=True)
        return np.asarray(said / np.maximum(held, 1))
    raise ConfigError(
        "policy.rule",
        f"{rule.name}, sized by {strategy.sizing}",
        "a rule sized by weights or equal_weight, to blend with weights",
        "Take another rule, or `agree`, which reads only the sign.",
    )


def mixed(decided: Floats, said: Floats, rule: Rule) -> Floats:
    """Policy and rule in one; where the policy has no opinion there is none.

    `blend`: (1 - share) of the policy and share of the rule; the policy's alone where the rule has no opinion.
    `agree`: the policy's, but flat where the rule's sign is another one.
    """
    silent = np.isnan(said)
    if rule.how == "blend":
        return np.where(silent, decided, (1.0 - rule.share) * decided + rule.share * np.where(silent, 0.0, said))
    against = ~silent & ~np.isnan(decided) & (np.sign(said) != np.sign(decided))
    return np.where(against, 0.0, decided)
