"""The audit: black-box checks of the accounting, the seeds and the clock of any Gymnasium trading environment.

    report = audit(EnvSubject(make, "mine", value=lambda env, info: info["equity"]))

`make` is asked for fresh environments; the knobs it has (prices, fee, borrow, features) decide which checks can be
asked. A check that cannot is skipped and says why: an audit passes only what it saw.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Iterable, Mapping
from dataclasses import replace
from importlib import metadata
from typing import Any

from polyfolio.errors import ConfigError
from polyfolio.rules import registry
from polyfolio.testing import audit_api, audit_future, audit_growth, audit_money, audit_seeds
from polyfolio.testing.audit_play import Check, Trial, seed_all
from polyfolio.testing.audit_report import AuditReport, Verdict, failed, skipped
from polyfolio.testing.audit_subject import BrokenEnvError, EnvSubject, subject_of_id, subject_of_object

__all__ = ["CHECKS", "AuditReport", "EnvSubject", "audit", "check_env"]


LONGEST = 300  # letters of an error of foreign code
OWN_IDS = "polyfolio/"
OWN = "polyfolio.testing.audit_own:own_subject [rl]"

CHECKS: dict[str, Check] = {
    "api": Check(audit_api.check_api, "Return what gymnasium.Env documents, with finite rewards."),
    "spaces": Check(audit_api.check_spaces, "Return arrays of the space's dtype, shape and bounds, all finite."),
    "kept": Check(audit_api.check_kept, "Return a new array each step, or a copy of the buffer."),
    "refuses_nan": Check(audit_api.check_refuses_nan, "Raise where an action is not in the action space."),
    "import": Check(audit_api.check_import, "Set no warning filter, logger or seed at import."),
    "determinism": Check(
        audit_seeds.check_determinism, "Keep state in the instance; draw from self.np_random.", steady=False
    ),
    "seeds": Check(
        audit_seeds.check_seeds, "Call super().reset(seed=seed) and draw from self.np_random alone.", steady=False
    ),
    "history": Check(audit_seeds.check_history, "Clear everything an episode wrote in reset, buffers of windows too."),
    "global_state": Check(
        audit_seeds.check_global_state, "Draw from self.np_random, never from random or np.random.", steady=False
    ),
    "fee": Check(audit_money.check_fee, "Charge rate x traded value, and take rewards after it.", ("fee",)),
    "flat_prices": Check(
        audit_money.check_flat, "Let costs only ever take; fees, spread and slippage have one sign.", ("prices",)
    ),
    "short_carry": Check(audit_money.check_carry, "Add the fee on shorts in every row.", ("prices", "borrow", "short")),
    "reward_once": Check(audit_money.check_reward, "Pay each change of the worth in the step it happens, and once."),
    "future": Check(audit_future.check_future, "Let the observation of row t use rows up to t.", ("prices",)),
    "same_bar": Check(
        audit_future.check_same_bar,
        "Fill at the next bar, or show the observation before the close.",
        ("prices", "flat", "long"),
    ),
    "features": Check(audit_future.check_features, "Read no trading rule from a column of features.", ("features",)),
    "time": Check(audit_growth.check_time, "Keep running sums; never recompute over the whole history."),
    "memory": Check(audit_growth.check_memory, "Clear lists and frames of the former episode in reset."),
}


def audit(
    subject: Any,
    *,
    seed: int = 0,
    steps: int = 2_000,
    only: Iterable[str] | None = None,
) -> AuditReport:
    """Ask every check of an environment.

    Args:
        subject: an EnvSubject, a registered id, a maker, or a class of environments. Ids of our own are asked further
            checks, about what only our environments say.
        seed: of resets, actions and prices; an audit of one seed is repeatable, times aside.
        steps: of the walk whose steps are timed.
        only: names of checks; all where it is not given.

    Raises:
        ConfigError: a check or an id nobody knows, or a maker that cannot be used.

    Example:
        >>> audit("CartPole-v1", only=["seeds"]).failures
        ()
    """
    asked = subject_of(subject)
    checks: dict[str, Check] = {**CHECKS, **asked.further}
    names = tuple(checks if only is None else only)
    unknown = [name for name in names if name not in checks]
    if unknown:
        raise ConfigError("only", unknown, "one of " + ", ".join(checks), "Correct the name.")
    trial = Trial(asked, seed, steps)
    with audit_seeds.global_state_kept():
        verdicts: list[Verdict] = []
        for name in names:
            verdicts.append(_verdict(name, checks[name], trial, verdicts))
    return AuditReport(asked.name or _name(asked.make), seed, tuple(verdicts), _versions())


def check_env(subject: Any, *, seed: int = 0, steps: int = 2_000, only: Iterable[str] | None = None) -> AuditReport:
    """Audit, and raise where a check fails.

    Raises:
        StopTrading: a check failed; the message is the first failure.
    """
    report = audit(subject, seed=seed, steps=steps, only=only)
    if report.failures:
        raise report.error()
    return report


def subject_of(thing: Any, arguments: Mapping[str, Any] | None = None) -> EnvSubject:
    """The subject that an id, a maker, a class or a subject is.

    Args:
        thing: what is to be audited.
        arguments: keyword arguments of `gymnasium.make`, of an id.

    Raises:
        ConfigError: an id nobody registered, or something that makes no environment.
    """
    if not isinstance(thing, str):
        return subject_of_object(thing, _name(thing))
    if not thing.startswith(OWN_IDS):
        return subject_of_id(thing, arguments)
    # Our environments are written in modules that need Gymnasium, so they are looked up by name.
    subject: EnvSubject = registry.resolve("strategy", OWN, thing)(thing, **(arguments or {}))
    return subject


def _verdict(name: str, check: Check, trial: Trial, before: list[Verdict]) -> Verdict:
    missing = [need for need in check.needs if not trial.subject.has(need)]
    if missing:
        found = skipped(f"the subject has no {', '.join(missing)}")
    else:
        # Also where walks are not steadied: what draws from everybody's state is then judged alike each time.
        seed_all(trial.seed)
        try:
            found = check.ask(replace(trial, steady=check.steady))
        except BrokenEnvError as error:
            found = _broken(f"{error.field}: {error.value}, must be {error.bound}"[:LONGEST], before)
    return replace(found, check=name, law=check.law, remedy=check.remedy)


def _broken(sentence: str, before: list[Verdict]) -> Verdict:
    """A failure; one that an earlier check met too is told once."""
    met = next((verdict.check for verdict in before if verdict.sentence == sentence), None)
    return failed(sentence) if met is None else skipped(f"it raises what `{met}` says")


def _name(thing: Any) -> str:
    return str(getattr(thing, "__name__", type(thing).__name__))


def _versions() -> dict[str, str]:
    names = [name for name in ("gymnasium", "numpy") if name in sys.modules]
    return {"Python": platform.python_version(), **{name: metadata.version(name) for name in names}}
