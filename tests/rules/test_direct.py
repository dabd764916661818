"""Sections that are constructed in code are refused like those of a file: one ConfigError that names every fault."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import polyfolio as pf
from polyfolio.errors import ConfigError
from polyfolio.rules.execution import Exits
from polyfolio.rules.fields import Section
from polyfolio.rules.sections import Limits

NUMBER = "Largest sum of absolute weights. Unit: share of equity. Example: max_gross: 0.5."


def spec(*lanes: Any, **more: Any) -> pf.Spec:
    return pf.Spec(name="run", lanes=list(lanes), **more)


def refusal(make: Any) -> ConfigError:
    with pytest.raises(ConfigError) as caught:
        make()
    return caught.value


@pytest.mark.parametrize(
    ("make", "field", "value", "bound", "remedy"),
    [
        (
            lambda: spec({"name": "a", "limits": {"max_gros": 1.0}}),
            "lanes[0].limits.max_gros",
            1.0,
            "a known key",
            "Did you mean `max_gross`?",
        ),
        (lambda: spec({"name": "a", "limits": {"max_gross": -1.0}}), "lanes[0].limits.max_gross", -1.0, "> 0", NUMBER),
        (lambda: spec({"name": "a"}, sed=3), "sed", 3, "a known key", "Did you mean `seed`?"),
        (
            lambda: spec(pf.Lane(name="a"), {"name": "b", "limits": {"max_var": 0.1}}),
            "lanes[1].limits.max_var",
            0.1,
            "a known key",
            "It belongs to `lanes.risk.max_var`.",
        ),
        (
            lambda: spec({"name": "a"}, defaults={"limits": {"preset": "framwork"}}),
            "defaults.limits.preset",
            "framwork",
            "one of framework, lifecycle",
            "Did you mean `framework`?",
        ),
        (
            lambda: pf.Lane(name="a", limits={"max_gross": 3.0}),
            "limits.max_gross",
            3.0,
            "at most max_leverage (1)",
            "Buying power ends at max_leverage: raise it or lower max_gross.",
        ),
        (lambda: Limits(max_gross=0.0), "max_gross", 0.0, "> 0", NUMBER),
        (lambda: Exits(stop_los=0.1), "stop_los", 0.1, "a known key", "Did you mean `stop_loss`?"),
    ],
)
def test_a_bad_key_or_value_names_path_value_bound_and_remedy(
    make: Any, field: str, value: object, bound: str, remedy: str
) -> None:
    error = refusal(make)
    assert (error.field, error.value, error.bound, error.remedy) == (field, value, bound, remedy)


def test_every_fault_is_in_the_one_error() -> None:
    error = refusal(lambda: spec({"name": "a", "exits": {"stop_los": 0.1}}, sed=3, seed=-1))
    assert [part in str(error) for part in ("lanes[0].exits.stop_los", "sed: got 3", "seed: got -1")] == [True] * 3


def test_a_section_made_in_code_is_the_one_of_a_file_and_can_be_copied() -> None:
    made = spec(pf.Lane(name="a", limits=Limits(max_gross=0.5)))
    assert made == pf.load({"name": "run", "lanes": [{"name": "a", "limits": {"max_gross": 0.5}}]})
    assert made.lanes[0].limits.model_fields_set == {"max_gross"}
    assert pickle.loads(pickle.dumps(made)) == copy.deepcopy(made) == made


def test_sections_inside_sections_are_only_validated() -> None:
    """Pydantic must not call our `__init__` for an inner section: its error would know the inner path alone."""
    assert not Section.__pydantic_custom_init__
    assert not pf.Spec.__pydantic_custom_init__
