"""Our environments pass their audit, black box and white box; what is broken inside is found."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from polyfolio.errors import ConfigError
from polyfolio.testing.audit import CHECKS, audit, subject_of
from polyfolio.testing.audit_own import CONFIG, OWN_CHECKS
from polyfolio.testing.audit_report import Outcome
from polyfolio.testing.audit_subject import BrokenEnvError, EnvSubject
from tests.house.sources import ROOT

SLOW = ("time", "import", "memory")
QUICK = [name for name in (*CHECKS, *OWN_CHECKS) if name not in SLOW]
ID = "polyfolio/MultiTicker-v0"
LAYOUTS = ("dict", "matrix")


def with_changed(change: Any) -> EnvSubject:
    """Our subject with environments that a change is made to."""
    subject = subject_of(ID)

    def make(prices: np.ndarray | None = None, fee: float | None = None, borrow: float | None = None) -> Any:
        env = subject.make(prices, fee, borrow)
        change(env)
        return env

    return replace(subject, make=make)


def after_each_step(env: Any, change: Any) -> None:
    """Let a change of the answer follow each step."""
    step = env.step

    def changed(action: Any) -> Any:
        observation, reward, terminated, truncated, info = step(action)
        return change(env, observation, reward, terminated, truncated, info)

    env.step = changed


@pytest.mark.parametrize("name", [ID, "polyfolio/Intraday-v0"])
def test_our_environments_pass(name: str) -> None:
    report = audit(name, only=QUICK)
    assert not report.failures, report.text()
    assert [verdict.check for verdict in report.of(Outcome.SKIPPED)] == ["features"]
    assert report.verdict("draws").figures["trajectories"] == 6


@pytest.mark.slow
@pytest.mark.parametrize("name", [ID, "polyfolio/Intraday-v0"])
def test_our_environments_pass_what_takes_long(name: str) -> None:
    report = audit(name, only=SLOW, steps=10_000)
    assert not report.failures, report.text()
    assert len(report.of(Outcome.PASSED)) == len(SLOW)


@pytest.mark.slow
@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("space", ["discrete", "multi_discrete"])
@pytest.mark.parametrize("kind", ["weights", "changes", "signals"])
def test_each_kind_of_action_and_layout_passes(kind: str, space: str, layout: str) -> None:
    if (kind, space) == ("weights", "discrete"):
        space = "box"
    environment = {"action": {"kind": kind, "space": space}, "observation": {"layout": layout, "window": 3}}
    config = {**CONFIG, "environment": environment}
    report = audit(subject_of(ID, {"config": config}), only=QUICK)
    assert not report.failures, report.text()


def test_a_configuration_of_ones_own_is_audited_with_its_rules() -> None:
    config = {**CONFIG, "environment": {"action": {"kind": "signals"}, "reward": {"type": "portfolio_pnl"}}}
    subject = subject_of(ID, {"config": config})
    report = audit(subject, only=["reward_once", "conservation", "short_carry"])
    assert report.verdict("reward_once").outcome is Outcome.PASSED
    assert report.verdict("conservation").outcome is Outcome.PASSED
    assert report.verdict("short_carry").sentence == "the subject has no short"


def test_an_unrecorded_cost_is_found() -> None:
    def change(env: Any) -> None:
        def forget(env: Any, *answer: Any) -> Any:
            env.core.arena.steps["commission"] = 0.0
            return answer

        after_each_step(env, forget)

    report = audit(with_changed(change), only=["conservation"])
    assert "unexplained" in report.verdict("conservation").sentence


def test_an_equity_that_is_told_in_two_ways_is_found() -> None:
    def change(env: Any) -> None:
        def tell(env: Any, *answer: Any) -> Any:
            *rest, info = answer
            return *rest, {**info, "equity": np.nextafter(info["equity"], 0.0)}

        after_each_step(env, tell)

    report = audit(with_changed(change), only=["conservation"])
    assert "told in two ways" in report.verdict("conservation").sentence


def test_a_cut_without_its_reason_is_found() -> None:
    def change(env: Any) -> None:
        def keep_silent(env: Any, *answer: Any) -> Any:
            *rest, info = answer
            return *rest, {**info, "reasons": []}

        after_each_step(env, keep_silent)

    report = audit(with_changed(change), only=["reasons"])
    assert "no reason says why" in report.verdict("reasons").sentence


def test_a_single_environment_that_differs_from_the_vector_is_found() -> None:
    def change(env: Any) -> None:
        def pay_more(env: Any, *answer: Any) -> Any:
            observation, reward, *rest = answer
            return observation, float(np.nextafter(reward, 1.0)), *rest

        after_each_step(env, pay_more)

    report = audit(with_changed(change), only=["twins"])
    assert "environment 0, reward of step 1" in report.verdict("twins").sentence


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        ({"num_envs": 3}, "--set"),
        ({"config": {**CONFIG, "environment": {"observation": {"technical": ["no_such"]}}}}, None),
        ({"config": {**CONFIG, "lanes": [*CONFIG["lanes"], {**CONFIG["lanes"][0], "name": "b"}]}}, "lanes"),
    ],
)
def test_what_cannot_be_audited_is_refused(arguments: dict[str, Any], field: str | None) -> None:
    with pytest.raises(ConfigError) as caught:
        subject_of(ID, arguments)
    assert field in (None, caught.value.field)
    assert not isinstance(caught.value, BrokenEnvError)


def test_a_file_is_audited_without_its_tape_and_training() -> None:
    subject = subject_of(ID, {"config": str(ROOT / "examples" / "teaching.yaml")})
    report = audit(subject, only=["conservation", "twins", "future", "reward_once"])
    assert not report.failures, report.text()
    assert not report.of(Outcome.SKIPPED)
