from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest

from polyfolio.kernels.measures import (
    cards as cards_module,
)
from polyfolio.kernels.measures import (
    conventions,
    drawdown,
    exposure,
    growth,
    moments,
    ratios,
    relative,
    significance,
    tails,
    trades,
)
from polyfolio.kernels.measures.cards import cards, definitions_version, explain
from polyfolio.report.metrics import metrics_from_returns
from tests.oracles.generate_definitions import measured

STORED = json.loads((Path(__file__).parents[1] / "oracles" / "definitions.json").read_text(encoding="utf-8"))


def test_every_number_has_a_card_and_every_card_a_number():
    families = (growth, ratios, moments, drawdown, tails, significance, relative, exposure, trades)
    made = [name for family in families for name in family.NAMES]
    made += [*drawdown.TAIL_NAMES, *drawdown.REWARD_NAMES, "value_at_risk", "expected_shortfall"]
    assert len(made) == len(set(made))
    assert set(made) == set(cards())
    assert list(metrics_from_returns([0.01], [0, 1])) == list(cards())
    assert len(cards()) >= 35


def test_cards_are_complete_and_frozen():
    for card in cards().values():
        for name in ("formula", "inputs", "unit", "sign", "undefined"):
            assert getattr(card, name), f"{card.name}.{name}"
        assert card.annualised in ("", "N", "Y")
        assert card.version >= 1
        assert 0.0 <= card.tolerance <= 1e-12
    with pytest.raises(dataclasses.FrozenInstanceError):
        cards()["sharpe"].version = 2
    with pytest.raises(TypeError):
        cards()["sharpe"] = None


def test_every_replaced_number_and_its_variant_exist():
    variants = {*conventions.NAMES, *conventions.RELATIVE_NAMES}
    assert set(conventions.FORMULAS) == variants
    assert set(conventions.REPLACED) == set(conventions.PERIODS)
    for table in conventions.REPLACED.values():
        assert set(table) <= set(cards())
        assert set(table.values()) <= variants | set(cards())
    assert variants <= {variant for table in conventions.REPLACED.values() for variant in table.values()}


def test_a_card_explains_itself_and_what_a_library_prints_instead():
    text = explain("sharpe", "lean")
    assert "mean(e) / std(e) sqrt(N)" in text
    assert "sharpe_of_compounded_mean" in text
    assert "prints" not in explain("sharpe")
    assert "var_normal" in explain("value_at_risk", "quantstats")
    for name in cards():
        assert explain(name).startswith(name)
    with pytest.raises(KeyError):
        explain("sharp")


def test_a_raised_version_changes_the_digest(monkeypatch):
    before = definitions_version()
    assert before == definitions_version()
    changed = dict(cards())
    changed["sharpe"] = dataclasses.replace(changed["sharpe"], version=2)
    monkeypatch.setattr(cards_module, "_CARDS", changed)
    assert definitions_version() != before


@pytest.mark.parametrize("name", sorted(STORED))
def test_a_number_keeps_its_value_as_long_as_its_version_stands(name):
    version, value = STORED[name]
    assert cards()[name].version == version, "a new version: run tests/oracles/generate_definitions.py"
    assert NOW[name] == pytest.approx(value, rel=1e-11, abs=1e-14), (
        f"{name} was {value!r} on the stored run: a changed formula needs a new version in definitions.py"
    )


def test_every_card_has_a_stored_value():
    assert set(STORED) == set(cards())


NOW = measured()
