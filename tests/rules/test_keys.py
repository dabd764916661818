"""Every key is described, in bounds by default, and read: changing it changes the plan."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from polyfolio.core.records import RULES
from polyfolio.core.tape import Universe
from polyfolio.rules.load import load
from polyfolio.rules.plan import Plan, compile_spec
from polyfolio.rules.problems import field_at, models_in, walk
from polyfolio.rules.spec import Lane, Spec

UNIVERSE = Universe(
    ("AAPL", "MSFT", "SPY"),
    {"sector": ("tech", "tech", "fund"), "asset": ("A", "M", "S"), "stage": ("MATURE", "DISCOVERY", "")},
)
LEAVES = [path for path in walk(Spec) if path[0] != "defaults" and not models_in(field_at(Spec, path).annotation)]  # type: ignore[union-attr]
LANE_LEAVES = [path[1:] for path in LEAVES if path[0] == "lanes" and len(path) > 1]

# What a key needs beside it to be valid, or to be read at all.
BESIDE: dict[tuple[str, ...], dict[str, Any]] = {
    ("exits", "bar_until"): {"exits": {"bar_until": "bars", "cooldown_bars": 5}},
    ("exits", "cooldown_bars"): {"exits": {"bar_until": "bars"}},
    ("limits", "max_short_positions"): {"sizing": {"allow_short": True}},
    ("limits", "labels", "by"): {"limits": {"labels": [{"by": "sector", "cap": 0.2}]}},
    ("limits", "labels", "cap"): {"limits": {"labels": [{"by": "stage", "cap": {"MATURE": 0.3}}]}},
    ("limits", "labels", "absent"): {"limits": {"labels": [{"by": "stage", "cap": {"DECAY": 0.1}, "absent": True}]}},
    ("execution", "commission", "tiered_rates"): {},
}
TIERS = {"min_volume": 0, "rate": 0.001}
# Not numbers of a record: read by the market, the reports and the drivers, from the Spec or from the plan's names.
ELSEWHERE = {"tape", "groups", "sleeves", "name", "program", "reward", "system", "indicators"}


def lane_data(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    data: dict[str, Any] = {"name": "a", **BESIDE.get(path, {})}
    if "labels" in path[:-1]:
        return data
    if "tiered_rates" in path[:-1]:
        tier = {"min_volume": 0, "max_volume": None, "rate": 0.002, path[-1]: value}
        tiers = [tier] if path[-1] != "max_volume" else [tier, {"min_volume": value, "rate": 0.0}]
        return {**data, "execution": {"commission": {"tiered_rates": tiers}}}
    inner = data
    for part in path[:-1]:
        inner[part] = dict(inner.get(part, {}))
        inner = inner[part]
    inner.setdefault(path[-1], value)
    return data


def compiled(lane: dict[str, Any], **run: Any) -> Plan:
    account = {"benchmark": "AAPL", **lane.get("account", {})}
    currency = account.get("base_currency", "USD")
    spec = load({"name": "run", **run, "lanes": [{**lane, "account": account}]})
    return compile_spec(spec, Universe(UNIVERSE.symbols, UNIVERSE.labels, base_currency=currency))


def content(plan: Plan) -> dict[str, Any]:
    return {name: value.tobytes() if isinstance(value, np.ndarray) else value for name, value in vars(plan).items()}


def neighbour(path: tuple[str, ...]) -> dict[str, Any]:
    """The lane without the key, everything else as in `lane_data`."""
    if path[0] == "hedge":
        return {"name": "a", "hedge": {}}
    if path == ("exits", "cooldown_bars"):
        return {"name": "a", "exits": {"bar_until": "bars", "cooldown_bars": 1}}
    if path == ("limits", "max_short_positions"):
        return {"name": "a", "sizing": {"allow_short": True}}
    return {"name": "a"}


@pytest.mark.parametrize("path", list(walk(Spec)), ids=lambda path: ".".join(map(str, path)))
def test_every_key_has_a_description_a_unit_an_example_and_a_reader(path: tuple[str, ...]) -> None:
    info = field_at(Spec, path)
    assert info is not None
    assert info.description
    assert info.description.endswith(".")
    assert info.examples
    assert info.examples[0] != info.default
    assert set(info.json_schema_extra) >= {"unit", "used"}  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "path",
    [p for p in LANE_LEAVES if p[0] not in ELSEWHERE and p[-1] not in ("preset", "base_currency", "min_volume")],
    ids=".".join,
)
def test_changing_a_key_of_a_lane_changes_the_plan(path: tuple[str, ...]) -> None:
    value = field_at(Lane, path).examples[0]  # type: ignore[union-attr, index]
    if path == ("sizing", "risk_budget"):
        value = {"AAPL": 0.5, "MSFT": 0.5}
    if path == ("strategy", "params"):
        assert compiled({"name": "a", "strategy": {"name": "momentum", "params": value}}).strategies[0].params == value
        return
    before, after = compiled(neighbour(path)), compiled(lane_data(path, value))
    assert content(before) != content(after)


def test_a_numeric_key_changes_the_record_field_of_its_name() -> None:
    for path in LANE_LEAVES:
        info = field_at(Lane, path)
        record = (info.json_schema_extra or {}).get("record", path[-1])  # type: ignore[union-attr]
        if record not in RULES.names or record == "signal":
            continue
        before, after = compiled(neighbour(path)), compiled(lane_data(path, info.examples[0]))  # type: ignore[union-attr, index]
        assert before.rules[record][0] != after.rules[record][0], path


def test_every_field_of_the_record_is_written_from_a_key_or_from_a_lookup() -> None:
    named = set()
    for path in LEAVES:
        extra = field_at(Spec, path).json_schema_extra  # type: ignore[union-attr]
        named.add(extra.get("record", path[-1]))  # type: ignore[union-attr]
    looked_up = {
        "tier_period",
        "covariance_model",
        "hedge_slot",
        "every_bars",
        "every_period",
        "risk_band_low",
        "risk_band_high",
        "tier_table",
        "signal",
        "label_caps",
        "label_caps_end",
    }
    from_the_tape = {"lots", "uncut", "direct", "normal_var", "normal_es"}
    assert set(RULES.names or ()) - named - looked_up == from_the_tape
    assert looked_up - {"signal"} <= set(RULES.names or ()) - named


def test_the_run_s_own_keys_reach_the_plan() -> None:
    plan = compiled({"name": "a"}, seed=7, journal="full", checked=True, observation="bar")
    record = plan.rules[0]
    assert (record["level"], record["checked"]) == (2, 1)
    assert (plan.seed, int(plan.level), plan.observation) == (7, 2, "bar")


def test_defaults_are_valid_values() -> None:
    spec = load({"name": "run", "lanes": [{"name": "a"}]})
    assert load({**spec.model_dump(mode="json")}) == spec


@pytest.mark.parametrize(
    "key, off",
    [
        ("max_position", np.inf),
        ("min_net", -np.inf),
        ("min_notional", 0.0),
        ("max_leverage", np.inf),
        ("max_positions", np.inf),
    ],
)
def test_null_is_off_in_the_record(key: str, off: float) -> None:
    assert compiled({"name": "a", "limits": {key: None}}).rules[key][0] == off
