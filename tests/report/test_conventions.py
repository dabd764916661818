from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from polyfolio.kernels.measures.cards import cards
from polyfolio.kernels.measures.conventions import REPLACED
from tests.report.reference import reference

FROZEN = json.loads((Path(__file__).parents[1] / "oracles" / "measures.json").read_text(encoding="utf-8"))["values"]
LIBRARIES = ("quantstats", "empyrical", "ffn")

# The reference series: 12 printed digits for ours, as many as are known for the others.
OURS = {
    "total_return": 0.08995228997483018,
    "sharpe": 0.244061109409,
    "cagr": 0.030182264982,
    "annual_volatility": 0.197131775340,
    "sortino": 0.351891648922,
    "max_drawdown": -0.440829734874,
    "calmar": 0.068466944478,
    "ulcer_index": 0.270199806207,
    "value_at_risk": 0.019750633328,
    "expected_shortfall": 0.026954675905,
    "var_normal": 0.020235092304,
    "es_normal": 0.025424123850,
    "var_cornish_fisher": 0.019806001466,
    "skew": 0.044598889666,
    "kurtosis": 4.082152678304,
    "beta": 0.869052610133,
    "alpha": 0.067911059261,
    "information_ratio": 0.517835854966,
    "omega": 1.041486725696,
    "period_profit_factor": 1.041486725696,
    "tail_ratio": 1.080435632088,
    "stability": 0.434042195406,
    "psr": 0.663689276815,
    "min_track_record": 11442.0,
    "treynor": 0.055362,
}
OTHERS = {
    "quantstats": {
        "sharpe": 0.244061109409,
        "cagr": 0.029127451,
        "sortino": 0.351891648922,
        "max_drawdown": -0.440829734874,
        "calmar": 0.066074,
        "ulcer_index": 0.270379,
        "value_at_risk": 0.020235092304,
        "expected_shortfall": 0.025424123850,
        "es_historical": 0.026917,
        "skew": 0.044687604,
        "kurtosis": 1.097322700,
        "alpha": 0.067911059261,
        "information_ratio": 0.032620592671,
        "treynor": 0.1035,
        "psr": 0.663689312872,
        "omega": 1.041486725696,
    },
    "empyrical": {
        "sharpe": 0.244061109409,
        "cagr": 0.029127451,
        "sortino": 0.351891648922,
        "max_drawdown": -0.440829734874,
        "calmar": 0.066074,
        "value_at_risk": 0.019530,
        "expected_shortfall": 0.026917,
        "alpha": 0.070260322,
        "information_ratio": 0.032620592671,
        "tail_ratio": 1.080435632088,
        "stability": 0.434042195406,
    },
    "ffn": {
        "sharpe": 0.244061109409,
        "cagr": 0.030182264982,
        "sortino": 0.351891648922,
        "max_drawdown": -0.440829734874,
        "calmar": 0.068466944478,
        "skew": 0.044687604,
        "kurtosis": 1.097322700,
        "information_ratio": 0.032620592671,
    },
    "lean": {"sharpe": 0.250003, "sortino": 0.388973},
    "qlib": {"sharpe": 0.237185, "cagr": 0.045439, "max_drawdown": -0.516974},
    "backtesting": {
        "sharpe": 0.142204,
        "cagr": 0.030182264982,
        "annual_volatility": 0.204829,
        "sortino": 0.213038,
        "max_drawdown": -0.440829734874,
        "calmar": 0.066074,
    },
}


def equals_printed(value, printed):
    """Equal in every digit that is printed."""
    digits = len(repr(printed).split(".")[1])
    return abs(value - printed) <= 0.500001 * 10.0**-digits


@pytest.mark.parametrize("name", OURS)
def test_the_reference_series_has_our_recorded_values(name):
    assert equals_printed(reference()[name], OURS[name])


@pytest.mark.pitfall("MET-03")
@pytest.mark.parametrize(("library", "name"), [(lib, name) for lib, table in OTHERS.items() for name in table])
def test_a_convention_reproduces_the_librarys_recorded_value(library, name):
    n_year = None if library == "qlib" else 252.0  # qlib counts 238 trading days
    assert equals_printed(reference(library, n_year)[name], OTHERS[library][name])


@pytest.mark.pitfall("MET-03")
@pytest.mark.parametrize("name", ["f1", "f2", "f3"])
@pytest.mark.parametrize("library", LIBRARIES)
def test_a_convention_equals_the_library_on_three_series(library, name):
    found = reference(library, name=name)
    compared = {metric: value for metric, value in FROZEN[library][name].items() if metric in found}
    assert len(compared) >= 9
    assert {metric: found[metric] for metric in compared} == pytest.approx(compared, rel=1e-12)


@pytest.mark.parametrize("name", ["f1", "f2", "f3"])
def test_our_definitions_equal_independent_libraries_on_three_series(name):
    expected = FROZEN["reference"][name]
    assert {metric: reference(name=name)[metric] for metric in expected} == pytest.approx(expected, rel=1e-12)
    same = ("sharpe", "sortino", "omega", "max_drawdown", "annual_volatility", "beta", "tail_ratio", "stability")
    expected = {metric: FROZEN["empyrical"][name][metric] for metric in same}
    assert {metric: reference(name=name)[metric] for metric in same} == pytest.approx(expected, rel=1e-12)


@pytest.mark.pitfall("MET-03")
def test_no_convention_changes_a_number_it_does_not_list():
    ours = reference()
    for library, table in REPLACED.items():
        found = reference(library)
        for name in cards():
            if name not in table:
                assert found[name] == ours[name] or math.isnan(ours[name]), (library, name)


def test_n_is_the_librarys_own_where_none_is_given():
    assert (reference("qlib", None).periods_per_year, reference("qlib", None).source) == (238.0, "the default of qlib")
    assert reference("quantstats", None).periods_per_year == 252.0
    assert reference("quantstats", 365.0).source == "given"
