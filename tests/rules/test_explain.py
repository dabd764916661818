"""What `polyfolio config` prints."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from typer.testing import CliRunner

from polyfolio.cli.config import app
from polyfolio.errors import ConfigError
from polyfolio.rules import explain

ENVIRONMENT = Path(__file__).parent / "data" / "multi_ticker_env.yaml"


def test_the_schema_is_json_with_bounds_words_and_descriptions() -> None:
    schema = json.loads(json.dumps(explain.schema(), allow_nan=False))
    limits = schema["$defs"]["Limits"]["properties"]
    assert limits["max_position"]["description"] == "Largest absolute weight of one slot."
    assert {"exclusiveMinimum": 0.0, "maximum": 100.0, "type": "number"} in limits["max_position"]["anyOf"]
    assert "risk_parity" in schema["$defs"]["SizingSection"]["properties"]["method"]["enum"]
    assert schema["$defs"]["Lane"]["additionalProperties"] is False


def test_a_valid_file_is_told_so_and_a_faulty_one_raises(tmp_path: Path) -> None:
    assert explain.validate(ENVIRONMENT) == "multi_ticker_env.yaml: valid, 1 lane (multi_ticker_env)"
    path = tmp_path / "run.yaml"
    path.write_text("name: r\nlanes: [{name: a, strategy: {name: momentun}}]\n", encoding="utf-8")
    with pytest.raises(ConfigError, match="momentum"):
        explain.validate(path)


def test_show_has_defaults_the_schedule_and_the_translation() -> None:
    shown = explain.show(ENVIRONMENT)
    assert shown["configuration"]["lanes"][0]["execution"]["fill"] == "next_open"
    schedule = shown["schedule"]["multi_ticker_env"]
    assert schedule["program"] == [
        "size",
        "filter",
        "cap_position (max_position)",
        "cap_count (max_long_positions, max_short_positions)",
        "min_position (min_position)",
        "correlation (correlation_limit)",
        "drawdown (max_drawdown)",
        "scale (max_leverage, max_var)",
    ]
    assert schedule["decides"] == "at the first bar of each 1min"
    assert schedule["commission"] == (
        "tiered; marginal, per_trade; [0, 1000) units: 0.001 of notional; [1000, 10000) units: 0.0008 of notional; "
        "[10000, inf) units: 0.0005 of notional"
    )
    assert any("max_portfolio_risk -> risk.max_var: 0.02" in line for line in shown["translated"])
    assert any("reward.type -> environment.reward.type: portfolio_pnl" in line for line in shown["translated"])
    assert shown["not used by this part"] == []


def test_the_schedule_says_what_happens_to_labels_that_nobody_carries(tmp_path: Path) -> None:
    path = tmp_path / "run.yaml"
    caps = [{"by": "sector", "cap": {"tech": 0.3}}, {"by": "stage", "cap": {"DECAY": 0.1}, "absent": True}]
    lane = {"name": "a", "limits": {"labels": [*caps, {"by": "asset", "cap": 0.2}]}}
    path.write_text(yaml.safe_dump({"name": "r", "lanes": [lane]}), encoding="utf-8")
    assert explain.show(path)["schedule"]["a"]["label_caps"] == [
        "sector: tech 0.3; a label that no symbol of the tape carries is refused",
        "stage: DECAY 0.1; a label that no symbol of the tape carries waits",
        "asset: each 0.2",
    ]


def test_what_show_prints_loads_again_to_the_same_configuration(tmp_path: Path) -> None:
    shown = explain.show(ENVIRONMENT)["configuration"]
    path = tmp_path / "again.yaml"
    path.write_text(yaml.safe_dump(shown), encoding="utf-8")
    assert explain.show(path)["configuration"] == shown


def test_a_key_is_explained_by_name_or_path() -> None:
    by_name, by_path = explain.explain("max_position"), explain.explain("limits.max_position")
    assert by_path[0] in by_name
    found = by_path[0]
    assert (found.unit, found.bounds, found.default, found.example) == ("share of equity", "> 0, <= 100", "null", "0.2")
    assert found.used == "stage cap_position"
    assert ("agents", "position_config.max_position_size", "absolute share of equity") in found.sources


def test_a_key_of_another_document_leads_to_each_of_ours() -> None:
    assert {item.key for item in explain.explain("max_portfolio_risk")} == {
        "risk.max_volatility",
        "risk.max_var",
        "risk.var_method",
        "risk.var_confidence",
    }


def test_an_unknown_key_names_the_closest() -> None:
    with pytest.raises(ConfigError, match="`max_drawdown`"):
        explain.explain("max_drawdwn")


def test_every_row_of_the_translation_tables_names_a_key_that_exists() -> None:
    from polyfolio.rules.alias_tables import TABLES

    keys = {item.key for item in explain.catalogue()}
    for name, rows in TABLES.items():
        for row in rows:
            assert row.ours in keys or not row.ours, (name, row.theirs)


def test_the_reference_page_has_a_line_for_every_key() -> None:
    page = explain.reference()
    assert page.count("\n| `") == len(explain.catalogue())


def test_the_reference_page_in_the_documentation_is_up_to_date() -> None:
    page = Path(__file__).parents[2] / "docs" / "reference" / "config.md"
    remedy = "polyfolio config reference > docs/reference/config.md"
    assert page.read_text(encoding="utf-8") == explain.reference(), remedy


@pytest.mark.parametrize(
    "arguments, part",
    [
        (["schema"], '"$defs"'),
        (["validate", str(ENVIRONMENT)], "valid, 1 lane"),
        (["show", str(ENVIRONMENT)], "scale (max_leverage, max_var)"),
        (["explain", "max_var"], "value at risk"),
        (["reference"], "# Configuration"),
    ],
)
def test_the_command_prints_it(arguments: list[str], part: str) -> None:
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert part in result.output
