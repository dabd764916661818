"""Whether a lane and a tape are those a policy was sealed for, and what differs where they are not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from enum import IntEnum
from functools import cache
from typing import Any

from pydantic import BaseModel

from polyfolio.core.codes import Stage
from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError, DataError
from polyfolio.policy.manifest import Market
from polyfolio.policy.world import market_of
from polyfolio.rules.plan import Plan
from polyfolio.rules.problems import models_in
from polyfolio.rules.spec import Sections

# Closings in a year are counted on the tape where an exchange has holidays; a short tape counts a few more or less.
SAME_YEAR = 0.1

# Fields that say where something stands in a plan: what stands there is compared instead.
PLACES = {"signal", "tier_table", "label_caps", "label_caps_end", "covariance_model"}
# Fields that change no decision, or that the engine fills in from the others and the tape.
IDLE = {"level", "checked", "periods_per_year", "lots", "normal_var", "normal_es", "direct", "uncut"}
SHOWN = 6
NANOSECONDS_A_MINUTE = 60_000_000_000
UNITS = (("d", 1440.0), ("h", 60.0), ("min", 0.0))
TRAINED = "Use the tape of the market it was trained on, or train a policy for this one."


def refuse_other_market(sealed: Market, tape: Tape, field: str) -> None:
    """Refuse a tape of another market.

    Raises:
        DataError: names the first thing that differs.
    """
    here = market_of(tape)
    for name in ("symbols", "currencies", "base_currency", "calendar", "interval"):
        found, wanted = getattr(here, name), getattr(sealed, name)
        if found != wanted:
            bound = f"{readable(name, wanted)}, as sealed"
            raise DataError(f"{field}: tape's {name}", readable(name, found), bound, TRAINED)
    bars, year = here.bars_per_year, sealed.bars_per_year
    if year is not None and (bars is None or abs(bars / year - 1.0) > SAME_YEAR):
        bound = f"{year:g} within {SAME_YEAR:.0%}, as sealed"
        raise DataError(
            f"{field}: tape's bars_per_year", bars, bound, "Use the calendar of the training, or give bars_per_year."
        )


def readable(name: str, value: Any) -> Any:
    """The length of a bar as a word, a list of symbols as a list; the rest as it is."""
    if name != "interval":
        return list(value) if isinstance(value, tuple) else value
    minutes = value / NANOSECONDS_A_MINUTE
    unit, length = next(pair for pair in UNITS if minutes >= pair[1] or pair[1] == 0.0)
    return f"{minutes / (length or 1.0):g}{unit}"


def refuse_other_rules(sealed: Plan, plan: Plan, lane: int, field: str) -> None:
    """Refuse a lane under other rules than the sealed ones, or one that shares an account.

    Args:
        sealed: the policy's own configuration, compiled for the same universe.
        plan: of the run.
        lane: number of the lane in it.
        field: where the policy was read from, for messages.

    Raises:
        ConfigError: says which keys differ, here and sealed.
    """
    found = list(differences(sealed, plan, lane))
    if found:
        more = f" and {len(found) - SHOWN} more" if len(found) > SHOWN else ""
        here = "; ".join(f"{name} {value}" for name, value, _ in found[:SHOWN]) + more
        wanted = "; ".join(f"{name} {value}" for name, _, value in found[:SHOWN]) + more
        raise ConfigError(
            f"{field}: rules of lane {plan.names[lane]}",
            here,
            f"as sealed with the policy: {wanted}",
            "Take the lane that `polyfolio policy show --lane` prints, or train a policy under these rules.",
        )


def differences(sealed: Plan, plan: Plan, lane: int) -> Iterator[tuple[str, Any, Any]]:
    """(key, here, sealed) of everything a decision depends on and that is not the same."""
    here, there = plan.rules[lane], sealed.rules[0]
    known = words()
    for name in (name for name in here.dtype.names if name not in PLACES | IDLE):
        one, other = here[name].item(), there[name].item()
        if one != other:
            yield name, *(known[name](code).name.lower() if name in known else code for code in (one, other))
    for name, content in TABLES.items():
        one, other = content(plan, lane), content(sealed, 0)
        if one != other:
            yield name, one, other


@cache
def words() -> dict[str, type[IntEnum]]:
    """The enumeration behind each field of the rule record that holds a code."""
    found: dict[str, type[IntEnum]] = {}
    models: list[type[BaseModel]] = [Sections]
    while models:
        for name, info in models.pop().model_fields.items():
            inner = models_in(info.annotation)
            models += inner
            extra: dict[str, Any] = info.json_schema_extra or {}  # type: ignore[assignment]
            if isinstance(info.annotation, type) and issubclass(info.annotation, IntEnum):
                found[extra.get("record", name)] = info.annotation
    return found


def _program(plan: Plan, lane: int) -> list[str]:
    codes = [int(code) for code in plan.program[lane] if code != Stage.END]
    own = int(Stage.EXTENSION)
    return [plan.extensions[code - own] if code >= own else Stage(code).name.lower() for code in codes]


def _tiers(plan: Plan, lane: int) -> Any:
    return plan.tiers[int(plan.rules["tier_table"][lane])].tolist()


def _caps(plan: Plan, lane: int) -> Any:
    rules = plan.rules[lane]
    rows = plan.caps[int(rules["label_caps"]) : int(rules["label_caps_end"])]
    return [
        (plan.label_names[int(vector)], plan.label_values[int(vector)][int(label)], float(cap))
        for vector, label, cap in rows
    ]


TABLES: dict[str, Callable[[Plan, int], Any]] = {
    "program": _program,
    "risk_budget": lambda plan, lane: plan.budget[lane].tolist(),
    "tiers": _tiers,
    "labels": _caps,
    "covariance": lambda plan, lane: plan.covariances[int(plan.rules["covariance_model"][lane])],
    "observation": lambda plan, _: plan.observation,
    "sleeves": lambda plan, _: plan.slot_of.tolist(),
    "group": lambda plan, lane: int(plan.group_of[lane]),
}
