"""Fee presets are configurations: known words, bounds that hold, and a source with a date."""

from __future__ import annotations

import itertools
import math

import pytest

from polyfolio.core import presets
from polyfolio.core.codes import Commission, Period, TierMode, VolumeBasis, VolumeUnit
from polyfolio.core.records import RULES

WORDS = {
    "commission_model": Commission,
    "tier_mode": TierMode,
    "volume_unit": VolumeUnit,
    "volume_basis": VolumeBasis,
    "tier_period": Period,
}


@pytest.mark.parametrize("name", presets.FEES)
def test_a_preset_uses_the_words_of_the_rules_and_names_its_source(name):
    preset = dict(presets.FEES[name])
    assert preset.pop("source")
    assert preset.pop("as_of")
    assert presets.CHECK in preset.pop("note")
    preset.pop("tiered_rates", None)
    for key, value in preset.items():
        assert key in RULES.names
        if key in WORDS:
            assert value.upper() in WORDS[key].__members__
        else:
            assert isinstance(value, float)


@pytest.mark.parametrize("name", ["coinbase_advanced", "kraken"])
def test_tiers_cover_zero_to_infinity_without_gaps_and_get_cheaper(name):
    rows = presets.FEES[name]["tiered_rates"]
    assert len(rows) <= 8
    assert rows[0]["min_volume"] == 0.0
    assert rows[-1]["max_volume"] == math.inf
    for before, after in itertools.pairwise(rows):
        assert before["max_volume"] == after["min_volume"]
        assert before["rate"] > after["rate"] >= 0.0


def test_the_base_allocations_are_those_of_the_stages():
    assert dict(presets.STAGE_BASE) == {
        "MATURE": 0.10,
        "VALIDATION": 0.05,
        "DISCOVERY": 0.02,
        "DECAY": 0.03,
        "PAPER": 0.0,
    }


def test_presets_cannot_be_changed_by_accident():
    with pytest.raises(TypeError):
        presets.FEES["binance_spot"]["percentage_fee"] = 0.0
    with pytest.raises(TypeError):
        presets.STAGE_BASE["PAPER"] = 1.0
