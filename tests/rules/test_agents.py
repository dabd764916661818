"""The records of agents: every key that a kernel reads arrives in its field, and rows hold the episodes."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from polyfolio.core.episodes import AGENT
from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError, DataError
from polyfolio.rules.agents import agent_records, policies_of
from polyfolio.rules.load import load
from polyfolio.rules.plan import compile_spec
from polyfolio.rules.problems import field_at, models_in, walk
from polyfolio.rules.spec import Spec
from tests.laws.tapes import flat_tape

TAPE = flat_tape(rows=60)
ROWS = (5, 40)
LANES: list[dict[str, Any]] = [{"name": "a"}]

# The field of the record a key becomes, where it is not the key's own name.
FIELDS = {
    ("reward", "type"): ("reward",),
    ("reward", "terms"): ("raw",),
    ("episode", "randomise", "costs"): ("costs_low", "costs_high"),
    ("episode", "randomise", "capital"): ("capital_low", "capital_high"),
}
# Read by the environments themselves: what is observed, how actions and observations are laid out, which rows.
ELSEWHERE = {"split", "profiles", "observation"}
KEYS = [
    path[1:]
    for path in walk(Spec)
    if path[0] == "environment" and len(path) > 1 and not models_in(field_at(Spec, path).annotation)  # type: ignore[union-attr]
]
READ_HERE = [path for path in KEYS if path[0] not in ELSEWHERE and path[-1] not in ("markets", "custom")]
BESIDE: dict[str, Any] = {"custom": "mine:pay"}


def records(
    environment: dict[str, Any], lanes: Any = None, tape: Tape = TAPE, rows: tuple[int, int] = ROWS, **more: Any
) -> np.ndarray:
    spec = load({"name": "run", "environment": environment, "lanes": lanes or LANES, **more})
    return agent_records(spec, compile_spec(spec, tape.universe), tape, rows)


def nested(path: tuple[Any, ...], value: Any) -> dict[str, Any]:
    for part in reversed(path):
        value = {part: value}
    return value  # type: ignore[no-any-return]


@pytest.mark.parametrize("path", READ_HERE, ids=".".join)
def test_a_key_changes_the_fields_of_its_name_and_no_other(path: tuple[str, ...]) -> None:
    info = field_at(Spec, ("environment", *path))
    assert info is not None
    assert info.examples is not None
    value = 20 if path[-1] == "length" else info.examples[0]
    before, after = records({})[0], records(nested(path, value))[0]
    fields = FIELDS.get(path, (path[-1],))
    changed = {name for name in AGENT.names or () if before[name] != after[name]}
    assert changed == set(fields)


def test_every_field_of_the_record_comes_from_a_key_the_lane_or_the_tape() -> None:
    named = {field for path in READ_HERE for field in FIELDS.get(path, (path[-1],))}
    assert set(AGENT.names or ()) - named == {"allow_short", "bars_per_year", "first", "last", "clip"}
    assert records({"observation": {"clip": 3.0}})["clip"][0] == 3.0
    assert records({}, [{"name": "a", "sizing": {"allow_short": True}}])["allow_short"][0] == 1
    record = records({})[0]
    assert (record["first"], record["last"], record["length"]) == (5, 40, 0)
    assert record["bars_per_year"] == TAPE.calendar.bars_per_year
    assert (record["costs_low"], record["costs_high"], record["capital_low"], record["capital_high"]) == (1, 1, 1, 1)


def test_the_lower_factor_of_a_pair_comes_first() -> None:
    record = records({"episode": {"randomise": {"costs": [0.5, 2.0], "capital": [0.1, 10.0]}}})[0]
    assert (record["costs_low"], record["costs_high"]) == (0.5, 2.0)
    assert (record["capital_low"], record["capital_high"]) == (0.1, 10.0)


def test_lanes_are_paid_each_by_their_own_words() -> None:
    lanes = [{"name": "a"}, {"name": "b", "profile": "aggressive"}, {"name": "c", "reward": {"type": "sharpe"}}]
    found = records({"reward": {"type": "composite", "reward_scaling": 2.0}}, lanes)
    assert list(found["reward"]) == [6, 6, 2]
    assert list(found["profit"]) == [2.0, 3.0, 2.0]
    assert list(found["reward_scaling"]) == [2.0, 2.0, 2.0]


def test_a_window_moves_the_first_row_until_it_is_whole() -> None:
    assert records({"observation": {"window": 6}})["first"][0] == 5
    assert records({"observation": {"window": 20}})["first"][0] == 19
    with pytest.raises(ConfigError) as caught:
        records({"observation": {"window": 41}})
    assert (caught.value.field, caught.value.value) == ("environment.observation.window", 41)
    assert records({"observation": {"window": 40}})["first"][0] == 39


def test_an_episode_longer_than_its_rows_is_refused() -> None:
    assert records({"episode": {"length": 35}})["length"][0] == 35
    with pytest.raises(ConfigError) as caught:
        records({"episode": {"length": 36}})
    assert caught.value.field == "environment.episode.length"
    assert "at most 35" in caught.value.bound


@pytest.mark.parametrize("rows", [(-1, 5), (5, 5), (6, 5), (0, 60)])
def test_rows_that_are_not_the_tape_s_are_refused(rows: tuple[int, int]) -> None:
    with pytest.raises(DataError, match="two rows of the tape"):
        records({}, rows=rows)


@pytest.mark.parametrize("kind, needs", [("sharpe", True), ("composite", True), ("log_return", False)])
def test_yearly_rewards_need_the_bars_of_a_year(kind: str, needs: bool) -> None:
    tape = replace(TAPE, calendar=replace(TAPE.calendar, bars_per_year=float("nan")))
    if not needs:
        assert np.isnan(records({"reward": {"type": kind}}, tape=tape)["bars_per_year"][0])
        return
    with pytest.raises(DataError, match="bars_per_year"):
        records({"reward": {"type": kind}}, tape=tape)


def test_lanes_that_are_no_agents_are_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        records({}, [{"name": "a", "strategy": {"name": "momentum"}}])
    assert caught.value.field == "lanes[0].strategy"
    with pytest.raises(ConfigError) as caught:
        records({}, [{"name": "a"}, {"name": "b"}], groups=[{"name": "g", "lanes": ["a", "b"]}])
    assert caught.value.field == "groups"
    spec = load({"name": "run", "lanes": LANES})
    with pytest.raises(ConfigError, match="environment"):
        agent_records(spec, compile_spec(spec, TAPE.universe), TAPE, ROWS)


def five(**agents: Any) -> Spec:
    seen = {"observation": {"regime": {"name": "trend"}}}
    return load({"name": "run", "environment": {"profiles": {}, **seen}, "training": {"agents": agents}})


def test_agents_of_one_profile_share_a_policy_and_others_have_their_own() -> None:
    assert set(policies_of(five()).values()) == {"conservative", "balanced", "aggressive"}
    spec = load({"name": "run", "environment": {}, "lanes": [{"name": "a"}, {"name": "b"}]})
    assert policies_of(spec) == {"a": "a", "b": "b"}


def test_policies_are_named_by_lane_and_then_by_regime() -> None:
    spec = five(policies={"balanced_1": "mine"}, regimes={"bull": "growth"})
    calm, bull = policies_of(spec), policies_of(spec, "bull")
    assert (calm["balanced_1"], calm["balanced_2"]) == ("mine", "balanced")
    assert bull == {**dict.fromkeys(bull, "growth"), "balanced_1": "mine"}
    assert policies_of(spec, "bear") == calm
