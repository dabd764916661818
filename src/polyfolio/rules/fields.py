"""What every configuration model is made of: the strict base, the `key` helper and words for codes."""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Annotated, Any

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
)
from pydantic_core import PydanticCustomError, PydanticUndefined, core_schema

from polyfolio.rules.arguments import closest
from polyfolio.rules.problems import refusal

BARS = "bars"
SHARE = "share of equity"
MONEY = "base currency"
NONE = "none"

INFINITE = "inf"  # an upper bound that is off
NEGATIVE = "-inf"  # a lower bound that is off
ZERO = "0"  # a floor that is off


class Section(BaseModel):
    """A part of the configuration: frozen, strict, unknown keys refused.

    Raises:
        ConfigError: names field, value, bound and remedy of every fault.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    def __init__(self, /, **data: Any) -> None:
        try:
            super().__init__(**data)
        except ValidationError as error:
            raise refusal(type(self), error) from None

    # Pydantic calls an `__init__` of one's own for each section inside a section too, where the path is not known
    # yet; with this mark it only validates there, and the outermost call names the whole path.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]


def key(  # noqa: PLR0913 - the parts of a key are named at each call, none is optional in spirit
    default: Any,
    description: str,
    *,
    unit: str = NONE,
    example: Any,
    used: str,
    record: str | None = None,
    off: str | None = None,
    **bounds: Any,
) -> Any:
    """One configuration key.

    Args:
        default: the value where the user says nothing; `...` makes the key required.
        description: what it means, one line.
        unit: unit of the value.
        example: a valid value that differs from the default.
        used: what reads it: a stage, a phase of the bar, a section of the report.
        record: field of the RULES record, when it is not the key's own name; "" when the key has none.
        off: how null stands in the record: INFINITE, NEGATIVE or ZERO.
        **bounds: ge, gt, le, lt, min_length, max_length, as pydantic knows them.
    """
    extra: dict[str, Any] = {"unit": unit, "used": used}
    if record is not None:
        extra["record"] = record
    if off is not None:
        extra["off"] = off
    return Field(default, description=description, examples=[example], json_schema_extra=extra, **bounds)


def problem(value: object, bound: str, remedy: str, path: tuple[str | int, ...] = ()) -> PydanticCustomError:
    """A refusal with its three parts, to be raised inside a validator; `path` is relative to the model at hand."""
    return PydanticCustomError("refused", "{bound}", {"value": value, "bound": bound, "remedy": remedy, "path": path})


class Words:
    """Marks an enum field that is written as a lower-case word."""

    def __get_pydantic_core_schema__(self, source: type[IntEnum], _: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        words = {member.name.lower(): member for member in source}

        def parse(value: object) -> IntEnum:
            if isinstance(value, source):
                return value
            if value is False and "off" in words:  # YAML 1.1 reads a bare `off` as false
                return words["off"]
            if isinstance(value, str) and value in words:
                return words[value]
            raise problem(value, "one of " + ", ".join(words), closest(str(value), words))

        return core_schema.no_info_plain_validator_function(
            parse,
            serialization=core_schema.plain_serializer_function_ser_schema(lambda member: member.name.lower()),
            metadata={"words": list(words)},
        )

    def __get_pydantic_json_schema__(self, schema: core_schema.CoreSchema, _: GetJsonSchemaHandler) -> dict[str, Any]:
        return {"type": "string", "enum": schema["metadata"]["words"]}


WORD = Words()


def as_tuple(value: object) -> object:
    """Lists of a YAML file become tuples, so that a frozen model holds nothing that can change."""
    return tuple(value) if isinstance(value, list) else value


FROZEN_LIST = BeforeValidator(as_tuple)


def plain(value: Any) -> str:
    """A value as a person writes it."""
    if value is None or value is PydanticUndefined:
        return "null"
    if isinstance(value, BaseModel):
        return "its section's defaults"
    if isinstance(value, IntEnum):
        return value.name.lower()
    return str(value).lower() if isinstance(value, bool) else str(list(value) if isinstance(value, tuple) else value)


def number(value: object, low: float, high: float, *path: str | int) -> float:
    """A finite number within [low, high], or a refusal that names the path."""
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
        raise problem(value, f"a number from {low:g} to {high:g}", "Correct the value.", path)
    return float(value)


def _period(value: object) -> int | str:
    if isinstance(value, str) and value in PERIODS:
        return value
    if isinstance(value, int) and not isinstance(value, bool) and value >= 1:
        return value
    remedy = closest(value, PERIODS) if isinstance(value, str) else "Give a period or a whole number of bars."
    raise problem(value, "a number of bars from 1 on, or one of " + ", ".join(PERIODS), remedy)


def _cap(value: object) -> float | dict[str, float]:
    if isinstance(value, dict):
        return {str(label): number(cap, 0.0, 100.0, str(label)) for label, cap in value.items()}
    return number(value, 0.0, 100.0)


def _budget(value: object) -> str | dict[str, float]:
    if value == "equal":
        return "equal"
    if not isinstance(value, dict) or not value:
        raise problem(value, "`equal` or a map of symbol to share", "Write `risk_budget: equal`, or name the shares.")
    shares = {str(symbol): number(share, 0.0, 1.0, str(symbol)) for symbol, share in value.items()}
    total = sum(shares.values())
    if not abs(total - 1.0) <= 1e-9:
        raise problem(total, "1, the sum of all shares", "Change the shares so that they add up to 1.")
    return shares


PERIODS = ("bar", "1min", "1h", "1d", "week", "month")


class Checked:
    """Marks a field that a function checks as a whole, with the JSON schema to show for it."""

    def __init__(self, check: Callable[[object], object], schema: dict[str, Any]) -> None:
        self.check, self.schema = check, schema

    def __get_pydantic_core_schema__(self, _: Any, __: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        return core_schema.no_info_plain_validator_function(self.check)

    def __get_pydantic_json_schema__(self, _: core_schema.CoreSchema, __: GetJsonSchemaHandler) -> dict[str, Any]:
        return dict(self.schema)


_NUMBERS = {"type": "object", "additionalProperties": {"type": "number"}}
Every = Annotated[
    int | str,
    Checked(_period, {"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string", "enum": list(PERIODS)}]}),
]
Cap = Annotated[float | dict[str, float], Checked(_cap, {"anyOf": [{"type": "number", "minimum": 0}, _NUMBERS]})]
Budget = Annotated[str | dict[str, float], Checked(_budget, {"anyOf": [{"const": "equal"}, _NUMBERS]})]
