"""Loading: YAML with lines, strict types, closest keys, defaults and presets."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest
from pydantic import ValidationError

from polyfolio.core.codes import Level, Sizing
from polyfolio.errors import ConfigError
from polyfolio.rules.load import load, load_with_history, parse, single

MINIMAL = {"name": "run", "lanes": [{"name": "a"}]}


def refusal(text: str) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        parse(text, "run.yaml")
    return caught.value


def test_an_unknown_key_names_the_closest_its_path_and_its_line() -> None:
    error = refusal("name: run\nlanes:\n  - name: a\n    limits:\n      max_positon: 0.2\n")
    assert error.field == "lanes[0].limits.max_positon (run.yaml, line 5)"
    assert error.value == 0.2
    assert error.bound == "a known key"
    assert "`max_position`" in error.remedy


def test_a_key_in_the_wrong_section_is_told_where_it_belongs() -> None:
    error = refusal("name: run\nlanes:\n  - name: a\n    limits:\n      max_var: 0.02\n")
    assert error.remedy == "It belongs to `lanes.risk.max_var`."


def test_a_key_like_nothing_lists_the_keys_of_its_section() -> None:
    assert "stop_loss, take_profit" in refusal("name: run\nlanes:\n  - name: a\n    exits: {zzz: 1}\n").remedy


@pytest.mark.parametrize(
    "value, bound",
    [
        ("'0.2'", "a number"),
        ("true", "a number"),
        ("[1]", "a number"),
        (".nan", "a finite number"),
        (".inf", "a finite number"),
        ("-1", "> 0"),
        ("101", "<= 100"),
    ],
)
def test_a_limit_of_the_wrong_type_or_size_is_refused(value: str, bound: str) -> None:
    error = refusal(f"name: run\nlanes:\n  - name: a\n    limits:\n      max_position: {value}\n")
    assert error.field == "lanes[0].limits.max_position (run.yaml, line 5)"
    assert error.bound == bound


def test_a_number_that_yaml_takes_for_text_is_explained() -> None:
    error = refusal("name: run\nlanes:\n  - {name: a, execution: {slippage: {volume_impact: 1e-8}}}\n")
    assert error.value == "1e-8"
    assert "1.0e-8" in error.remedy


@pytest.mark.parametrize(
    "text, field, bound",
    [
        ("name: run\nlanes: 5\n", "lanes (run.yaml, line 2)", "a list"),
        ("name: run\nlanes: []\n", "lanes (run.yaml, line 2)", "at least 1 long"),
        ("name: run\nlanes: [5]\n", "lanes[0] (run.yaml, line 2)", "a section of keys"),
        ("lanes: [{name: a}]\n", "name (run.yaml)", "given"),
        ("name: run\nseed: 1.5\nlanes: [{name: a}]\n", "seed (run.yaml, line 2)", "a whole number"),
        (
            "name: run\nobservation: hour\nlanes: [{name: a}]\n",
            "observation (run.yaml, line 2)",
            "one of 'day' or 'bar'",
        ),
        (
            "name: run\nlanes: [{name: a, sizing: {method: risk_party}}]\n",
            "lanes[0].sizing.method (run.yaml, line 2)",
            "one of weights, equal_weight",
        ),
        ("- 1\n", "run.yaml", "a map of keys"),
        ("name: [\n", "run.yaml, line 2", "YAML"),
        ("name: 2024-13-45\n", "run.yaml", "YAML with valid values"),
    ],
)
def test_a_configuration_of_the_wrong_shape_is_refused(text: str, field: str, bound: str) -> None:
    error = refusal(text)
    assert error.field == field
    assert error.bound.startswith(bound)


def test_an_enum_word_names_the_closest_word() -> None:
    assert "`risk_parity`" in refusal("name: r\nlanes: [{name: a, sizing: {method: risk_party}}]\n").remedy


def test_a_key_written_twice_is_refused_where_yaml_would_keep_the_last() -> None:
    error = refusal("name: run\nlanes:\n  - name: a\n    limits: {max_gross: 0.5}\n    limits: {max_gross: 0.9}\n")
    assert error.field == "lanes.0.limits (run.yaml, line 5)"
    assert "line 4" in error.bound


def test_every_fault_is_listed_in_one_error() -> None:
    error = refusal("name: 5\nseed: x\nlanes:\n  - name: a\n    exits: {stop_los: 1}\n")
    for part in ("name (run.yaml, line 1)", "seed (run.yaml, line 2)", "exits.stop_los (run.yaml, line 5)"):
        assert part in str(error)


def test_a_fault_in_defaults_is_shown_once_where_it_was_written() -> None:
    error = refusal("name: run\ndefaults:\n  limits:\n    max_gros: 1\nlanes:\n  - name: a\n  - name: b\n")
    assert error.field == "defaults.limits.max_gros (run.yaml, line 4)"
    assert str(error).count("max_gros:") == 0
    assert str(error).count("max_gros (") == 1


def test_a_missing_or_unreadable_file_is_a_config_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="correct the path"):
        load(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"name: caf\xe9\n")
    with pytest.raises(ConfigError, match="UTF-8"):
        load(tmp_path / "latin.yaml")


def test_a_file_and_a_dict_of_the_same_content_are_the_same_spec(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    path.write_text("name: run\nlanes: [{name: a}]\n", encoding="utf-8")
    assert load(path) == load(str(path)) == load(MINIMAL)


def test_a_bare_off_of_yaml_is_the_word_off() -> None:
    assert parse("name: run\njournal: off\nlanes: [{name: a}]\n").spec.journal is Level.OFF


def test_defaults_hold_for_every_lane_and_a_lane_s_own_word_wins() -> None:
    spec = load(
        {
            "name": "run",
            "defaults": {"limits": {"max_position": 0.2, "max_gross": 0.8}},
            "lanes": [{"name": "a"}, {"name": "b", "limits": {"max_position": 0.1}}],
        }
    )
    assert [lane.limits.max_position for lane in spec.lanes] == [0.2, 0.1]
    assert [lane.limits.max_gross for lane in spec.lanes] == [0.8, 0.8]
    assert spec.defaults is None


def test_maps_of_symbols_replace_each_other() -> None:
    spec = load(
        {
            "name": "run",
            "defaults": {"sizing": {"risk_budget": {"A": 1.0}}},
            "lanes": [{"name": "a", "sizing": {"risk_budget": {"B": 0.5, "C": 0.5}}}],
        }
    )
    assert spec.lanes[0].sizing.risk_budget == {"B": 0.5, "C": 0.5}


def test_the_framework_preset_has_its_published_numbers_and_stays_below_the_lane_s_own() -> None:
    lane = single({"limits": {"preset": "framework", "max_position": 0.1}}).lanes[0]
    assert (lane.limits.max_position, lane.limits.max_leverage, lane.correlation.limit) == (0.1, 1.0, 0.7)
    assert (lane.exits.stop_loss, lane.exits.take_profit) == (0.08, 0.20)
    assert (lane.risk.max_volatility, lane.risk.max_drawdown, lane.risk.max_var, lane.risk.max_es) == (
        0.12,
        0.15,
        0.05,
        0.05,
    )
    assert lane.limits.preset is None


def test_the_lifecycle_preset_has_its_published_numbers() -> None:
    limits = single({"limits": {"preset": "lifecycle"}}).lanes[0].limits
    assert (limits.max_gross, limits.min_cash_reserve, limits.max_daily_loss) == (0.5, 0.3, 0.02)
    assert (limits.max_positions, limits.min_notional) == (10, 100.0)
    assert [(label.by, label.cap) for label in limits.labels] == [
        ("stage", {"MATURE": 0.30, "VALIDATION": 0.15, "DISCOVERY": 0.05, "DECAY": 0.10}),
        ("asset", 0.20),
    ]


@pytest.mark.parametrize(
    "section, field",
    [
        ("defaults: {limits: {preset: framwork}}\nlanes: [{name: a}]", "defaults"),
        ("lanes: [{name: a, limits: {preset: framwork}}]", "lanes[0]"),
    ],
)
def test_an_unknown_preset_names_the_closest(section: str, field: str) -> None:
    error = refusal(f"name: run\n{section}\n")
    assert error.field == f"{field}.limits.preset (run.yaml, line 2)"
    assert "`framework`" in error.remedy


def test_a_commission_preset_is_written_out_and_can_be_changed_by_key() -> None:
    fee = single({"execution": {"commission": {"preset": "ibkr_fixed", "min_fee": 2.0}}}).lanes[0].execution.commission
    assert (fee.model.name, fee.per_unit_fee, fee.min_fee, fee.preset) == ("PER_UNIT", 0.005, 2.0, None)


def test_every_commission_preset_loads() -> None:
    from polyfolio.core.presets import FEES

    for name, fees in FEES.items():
        commission = single({"execution": {"commission": {"preset": name}}}).lanes[0].execution.commission
        assert commission.model.name.lower() == fees["commission_model"]
        assert len(commission.tiered_rates) == len(fees.get("tiered_rates", ()))


def test_a_spec_is_frozen() -> None:
    with pytest.raises(ValidationError):
        load(MINIMAL).name = "other"  # type: ignore[misc]


def test_an_error_survives_pickling() -> None:
    error = refusal("name: run\nlanes: 5\n")
    copy = pickle.loads(pickle.dumps(error))
    assert (copy.field, copy.bound, str(copy)) == (error.field, error.bound, str(error))


def test_codes_are_read_as_words_only() -> None:
    assert single({"sizing": {"method": "kelly"}}).lanes[0].sizing.method is Sizing.KELLY
    with pytest.raises(ConfigError):
        single({"sizing": {"method": 5}})


def test_a_benchmark_beside_a_run_is_left_to_its_own_reader() -> None:

    loaded = load_with_history({"name": "x", "lanes": [{"name": "a"}], "benchmark": {"trials": 3}})
    assert loaded.unused == ("benchmark",)
    assert loaded.spec.lanes[0].name == "a"
