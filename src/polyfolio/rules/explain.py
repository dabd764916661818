"""What `polyfolio config` prints: the schema, a file's effective configuration, and the meaning of a key."""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from polyfolio.core.codes import Commission, Stage
from polyfolio.core.tape import Universe
from polyfolio.errors import ConfigError
from polyfolio.rules import aliases
from polyfolio.rules.fields import plain
from polyfolio.rules.identity import effective
from polyfolio.rules.load import load_with_history
from polyfolio.rules.plan import Plan, compile_spec
from polyfolio.rules.problems import dotted, models_in, walk
from polyfolio.rules.program import switched_on
from polyfolio.rules.spec import Lane, Sections, Spec

SIGNS = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<", "min_length": "length >=", "max_length": "length <="}


@dataclass(frozen=True)
class Explanation:
    """All there is to know about one key."""

    key: str
    description: str
    unit: str
    bounds: str
    default: str
    example: str
    used: str
    sources: tuple[tuple[str, str, str], ...]

    def text(self) -> str:
        """The explanation as lines."""
        lines = [
            self.key,
            f"  {self.description}",
            f"  unit     {self.unit}",
            f"  bounds   {self.bounds or 'none'}",
            f"  default  {self.default}",
            f"  example  {self.example}",
            f"  used by  {self.used}",
        ]
        for document, theirs, remark in self.sources:
            lines.append(f"  also     {theirs} ({document}){': ' + remark if remark else ''}")
        return "\n".join(lines)


def schema() -> dict[str, Any]:
    """The JSON Schema of a configuration file."""
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **Spec.model_json_schema()}


def validate(path: str | os.PathLike[str]) -> str:
    """Load and compile a file; one sentence when all is well.

    Raises:
        ConfigError: everything that is wrong with it.
    """
    loaded = load_with_history(path)
    plan = compile_spec(loaded.spec, sketch(loaded.spec))
    lanes = f"{plan.lanes} lane" + "s" * (plan.lanes != 1)
    return f"{loaded.file}: valid, {lanes} ({', '.join(plan.names[:8])}{', ...' if plan.lanes > 8 else ''})"


def show(path: str | os.PathLike[str]) -> dict[str, Any]:
    """A file's effective configuration, each lane's compiled schedule, and what was translated or left aside."""
    loaded = load_with_history(path)
    plan = compile_spec(loaded.spec, sketch(loaded.spec))
    return {
        "configuration": effective(loaded.spec),
        "schedule": {lane.name: schedule(lane, plan, index) for index, lane in enumerate(loaded.spec.lanes)},
        "translated": [aliases.arrow(item) for item in loaded.mapped],
        "not used by this part": list(loaded.unused),
    }


def schedule(lane: Lane, plan: Plan, index: int) -> dict[str, Any]:
    """What a lane will do: its stages with the keys that ask for them, when it decides, and what it pays."""
    asking = {int(stage): names for stage, names in switched_on(plan.rules[index])}
    stages = []
    for code in plan.program[index]:
        if code == Stage.END:
            break
        own = code >= Stage.EXTENSION
        name = plan.extensions[code - Stage.EXTENSION] if own else Stage(code).name.lower()
        stages.append(name + (f" ({', '.join(asking[code])})" if code in asking else ""))
    every = lane.rebalance.every
    return {
        "program": stages,
        "decides": f"every {every} bars"
        if isinstance(every, int)
        else "every bar"
        if every == "bar"
        else f"at the first bar of each {every}",
        "fills": f"{lane.execution.fill.name.lower()}, {lane.execution.order_type.name.lower()} orders, "
        f"{lane.execution.time_in_force.name.lower()}",
        "commission": "; ".join(_commission(lane)),
        "slippage": lane.execution.slippage.model.name.lower(),
        "market_impact": lane.execution.market_impact.model.name.lower(),
        **({"label_caps": list(_label_caps(lane))} if lane.limits.labels else {}),
    }


def _label_caps(lane: Lane) -> Iterator[str]:
    for cap in lane.limits.labels:
        caps = cap.cap if isinstance(cap.cap, Mapping) else {"each": cap.cap}
        waits = "; a label that no symbol of the tape carries " + ("waits" if cap.absent else "is refused")
        listed = ", ".join(f"{name} {number:g}" for name, number in caps.items())
        yield f"{cap.by}: {listed}" + (waits if isinstance(cap.cap, Mapping) else "")


def _commission(lane: Lane) -> Iterator[str]:
    fee = lane.execution.commission
    yield fee.model.name.lower()
    if fee.model in (Commission.FIXED, Commission.FIXED_PERCENTAGE):
        yield f"{fee.fixed_fee:g} per order"
    if fee.model in (Commission.PERCENTAGE, Commission.FIXED_PERCENTAGE):
        yield f"{fee.percentage_fee:g} of notional"
    if fee.model is Commission.PER_UNIT:
        yield f"{fee.per_unit_fee:g} per unit"
    if fee.model is Commission.TIERED:
        unit = fee.volume_unit.name.lower()
        yield f"{fee.tier_mode.name.lower()}, {fee.volume_basis.name.lower()}"
        for tier in fee.tiered_rates:
            end = "inf" if tier.max_volume is None else f"{tier.max_volume:g}"
            yield f"[{tier.min_volume:g}, {end}) {unit}: {tier.rate:g} of notional"
    if fee.min_fee is not None:
        yield f"at least {fee.min_fee:g}"
    if fee.max_fee is not None:
        yield f"at most {fee.max_fee:g}"


def sketch(spec: Spec) -> Universe:
    """A universe that answers to everything a configuration names, for checks before the tape is read."""
    named = [lane.account.benchmark for lane in spec.lanes]
    named += [lane.hedge.benchmark for lane in spec.lanes if lane.hedge]
    budgets = [lane.sizing.risk_budget for lane in spec.lanes]
    named += [name for budget in budgets if isinstance(budget, dict) for name in budget]
    named += [sleeve.symbol for sleeve in spec.sleeves or ()]
    listed = spec.tape.symbols if spec.tape else ()
    symbols = listed or tuple(dict.fromkeys(name for name in named if name)) or ("any",)
    labels: dict[str, list[str]] = {}
    for cap in (cap for lane in spec.lanes for cap in lane.limits.labels):
        labels.setdefault(cap.by, []).extend(cap.cap if isinstance(cap.cap, Mapping) else ["any"])
    vectors = {by: tuple(words[i % len(words)] for i in range(len(symbols))) for by, words in labels.items() if words}
    return Universe(symbols, vectors, base_currency=spec.lanes[0].account.base_currency)


def explain(key: str) -> list[Explanation]:
    """Every key with this name or path; a key of another document leads to ours.

    Raises:
        ConfigError: nobody knows the key; the closest is named.
    """
    found = [item for item in catalogue() if item.key == key or item.key.endswith("." + key)]
    if found:
        return found
    translated = [item for item in catalogue() if any(_ends(theirs, key) for _, theirs, _ in item.sources)]
    if translated:
        return translated
    known = sorted({item.key.rsplit(".", 1)[-1] for item in catalogue()})
    near = difflib.get_close_matches(key.rsplit(".", 1)[-1], known, n=1, cutoff=0.5)
    hint = f"Did you mean `{near[0]}`?" if near else "`polyfolio config schema` lists all keys."
    raise ConfigError("key", key, "a key of the configuration", hint)


def catalogue() -> list[Explanation]:
    """Every key, in reading order. A lane's sections stand without `lanes` before them, as under `defaults`."""
    paths = [tuple(str(part) for part in path) for path in walk(Spec)]
    return [_explanation(path) for path in paths if path[0] != "defaults" or len(path) == 1]


def _explanation(path: tuple[str, ...]) -> Explanation:
    info = _info(Spec, path)
    shared = path[0] == "lanes" and len(path) > 1 and path[1] in Sections.model_fields
    inside = path[1:] if shared else path
    extra: dict[str, Any] = info.json_schema_extra  # type: ignore[assignment]
    return Explanation(
        key=dotted(inside),
        description=info.description or "",
        unit=extra["unit"],
        bounds=_bounds(info),
        default="required" if info.is_required() else plain(info.default),
        example=plain(info.examples[0]) if info.examples else "",
        used=extra["used"],
        sources=tuple(aliases.source_keys(".".join(inside))),
    )


def _info(model: type[BaseModel], path: tuple[str, ...]) -> FieldInfo:
    info = model.model_fields[path[0]]
    return info if len(path) == 1 else _info(models_in(info.annotation)[0], path[1:])


def _bounds(info: FieldInfo) -> str:
    words = _words(info.annotation)
    limits = [
        f"{sign} {getattr(mark, name):g}"
        for mark in info.metadata
        for name, sign in SIGNS.items()
        if getattr(mark, name, None) is not None
    ]
    return ", ".join(["one of " + " | ".join(words)] * bool(words) + limits)


def _words(annotation: Any) -> list[str]:
    if isinstance(annotation, type) and issubclass(annotation, IntEnum):
        return [member.name.lower() for member in annotation]
    arguments = getattr(annotation, "__args__", ())
    return [str(word) for word in arguments if isinstance(word, str)]


def _ends(path: str, key: str) -> bool:
    return path == key or path.endswith("." + key)


def reference() -> str:
    """The reference page of all keys, as Markdown."""
    lines = ["# Configuration", "", "Written by `polyfolio config reference`; shares are of equity, null is off.", ""]
    sections: dict[str, list[str]] = {}
    for item in catalogue():
        head, _, name = item.key.rpartition(".")
        cells = (f"`{name}`", item.description, item.unit, item.bounds, item.default, item.used)
        sections.setdefault(head, []).append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    for head, rows in sections.items():
        lines += [
            f"## {head or 'The run'}",
            "",
            "| key | meaning | unit | bounds | default | used by |",
            "|---|---|---|---|---|---|",
            *rows,
            "",
        ]
    return "\n".join(lines)
