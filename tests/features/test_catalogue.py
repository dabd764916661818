"""Names, arguments, sets and the contract itself."""

from __future__ import annotations

import inspect

import pytest

from polyfolio.errors import ConfigError
from polyfolio.features.averages import Bbands, Sma
from polyfolio.features.base import Feature
from polyfolio.features.catalogue import catalogue, feature_of, features_of
from polyfolio.features.compute import column_names
from polyfolio.features.oscillators import Macd, Rsi
from polyfolio.features.prices import Returns
from polyfolio.features.ranks import Rank
from polyfolio.features.sets import SETS, feature_set
from polyfolio.features.timeframe import Timeframe
from polyfolio.rules import registry
from tests.features.tools import NAMES, example


@pytest.mark.parametrize("name", NAMES)
def test_a_feature_keeps_its_arguments_under_their_names(name: str) -> None:
    feature = example(name)
    kind = type(feature)
    parameters = inspect.signature(kind).parameters.values()
    assert all(parameter.kind is inspect.Parameter.KEYWORD_ONLY for parameter in parameters)
    assert list(feature.params()) == [parameter.name for parameter in parameters]
    assert feature.clone().params() == feature.params()
    assert repr(feature.clone()) == repr(feature)
    assert len(feature.columns()) == len(feature.outputs)
    assert len(set(feature.columns())) == len(feature.outputs)
    assert feature.inputs
    assert kind.meaning
    assert kind.__doc__


def test_columns_are_named_by_whole_numbers_and_by_what_is_not_the_default() -> None:
    assert Rsi().columns() == ("rsi_14",)
    assert Rsi(period=7, of="volume").columns() == ("rsi_7_volume",)
    assert Bbands().columns() == ("bbands_20_upper", "bbands_20_middle", "bbands_20_lower")
    assert Bbands(up=2.5).columns()[0] == "bbands_20_up2p5_upper"
    assert Bbands(up=1, average="ema").columns()[0] == "bbands_20_up1p0_ema_upper"
    assert Macd().columns()[1] == "macd_12_26_9_signal"


def test_an_average_that_remembers_makes_its_bands_remember() -> None:
    assert not Bbands().remembers
    assert Bbands(average="ema").remembers
    assert not Bbands(average="wma").remembers


def test_features_are_made_from_what_a_configuration_says() -> None:
    made = features_of(["rsi", {"sma": {"period": 5}}, {"returns": None}, Rsi(period=3)])
    assert [repr(feature) for feature in made] == [repr(x) for x in (Rsi(), Sma(period=5), Returns(), Rsi(period=3))]
    ranked = feature_of({"rank": {"of": {"timeframe": {"of": {"sma": {"period": 3}}, "every": "day"}}}})
    assert repr(ranked) == repr(Rank(of=Timeframe(of=Sma(period=3), every="day")))
    assert feature_of({"sma": {"of": "volume"}}).inputs == ("volume",)


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"rsi": {"perid": 3}}, "Did you mean `period`"),
        ({"trange": {"period": 3}}, "it takes none"),
        ({"rsi": {"period": 3.0}}, "rsi period"),
        ({"rsi": {}, "sma": {}}, "a name, or"),
        ({"rank": {}}, "rank of"),
        ({"rank": {"of": "nothing_known"}}, "nothing_known|kind"),
        (3, "a name, or"),
    ],
)
def test_what_cannot_be_made_is_refused(written: object, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        feature_of(written)


def test_the_registry_names_every_feature() -> None:
    assert set(registry.names("feature")) >= set(catalogue())
    for name, kind in catalogue().items():
        assert registry.resolve("feature", name) is kind


def test_sets_hold_what_their_names_say() -> None:
    assert len(feature_set("sixty")) == 60
    assert len(column_names(feature_set("wealth200"))) >= 200
    assert len(column_names(feature_set("own"))) >= 60
    for name in SETS:
        assert all(isinstance(feature, Feature) for feature in feature_set(name))
    with pytest.raises(ConfigError, match="wealth200"):
        feature_set("wealth")
