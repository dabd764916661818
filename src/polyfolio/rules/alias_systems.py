"""The several-portfolios document: each of its trading systems becomes a lane, named by its namespace."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from polyfolio.errors import ConfigError
from polyfolio.rules import registry
from polyfolio.rules.aliases import Mapped, Translation
from polyfolio.rules.arguments import closest
from polyfolio.rules.execution import Execution
from polyfolio.rules.presets import merge
from polyfolio.rules.reporting import ReportingSection
from polyfolio.rules.sections import Account
from polyfolio.rules.spec import Spec
from polyfolio.rules.tape import TapeSection

WORKFLOW = "multi_portfolio_backtest"
BASIS_POINTS = 10_000.0  # of 1

# Keys of a section that have another name here. A key of our own section may stand beside them.
DATA = {"source": "format", "file_path": "path"}
PORTFOLIO = {"initial_capital": "initial_capital", "namespace": ""}
EXECUTION = ("slippage_bps", "commission", "commission_unit")
SYSTEM = ("name", "portfolio", "indicators", "strategy", "risk", "execution")

# What a limit of the document is called here.
LIMITS = {
    "max_position_value": "limits.max_position_value",
    "max_total_exposure": "limits.max_gross",
    "max_positions": "limits.max_positions",
    "max_leverage": "limits.max_leverage",
    "max_daily_loss": "limits.max_daily_loss",
    "max_drawdown": "risk.max_drawdown",
}
SIZERS = ("fixed", "percentage")
UNITS = ("money", "shares")

# Parameters of the document's strategies that have another name here, and what the document says of them in words.
PARAMETERS = {
    "momentum": {"lookback_period": "lookback", "momentum_threshold": "threshold"},
    "mean_reversion": {"lookback_period": "lookback", "entry_threshold": "entry"},
}
IMPLIED: dict[str, dict[str, Any]] = {
    "momentum": {"long_short": True, "between": "hold"},
    "mean_reversion": {"method": "zscore", "exit": 0.0, "long_short": True},
}
MEANING = {
    "momentum": "above the threshold 1, below minus the threshold -1, else what is held stays",
    "mean_reversion": "z-score of the close; below minus the threshold 1, above it -1, back through 0 flat",
}
INDICATORS = {"bb": "bbands"}
WINDOWS = {"rsi": 14}


@dataclass
class Writing:
    """The lane or run that a section is written into, with the record of every key."""

    data: dict[str, Any] = field(default_factory=dict)
    mapped: list[Mapped] = field(default_factory=list)
    at: str = ""

    def put(self, theirs: str, ours: str, value: object, remark: str = "") -> None:
        """Write a value; of two for one limit the tighter holds."""
        *parents, leaf = ours.split(".")
        target = self.data
        for parent in parents:
            target = target.setdefault(parent, {})
        if leaf in target and isinstance(value, (int, float)):
            value, remark = min(target[leaf], value), "; ".join(filter(None, (remark, "the tighter of several")))
        target[leaf] = value
        self.mapped.append(Mapped(theirs, f"{self.at}{ours}", value, remark))


def translate(data: Mapping[str, Any]) -> Translation:
    """The whole document. Keys of our Spec that stand beside it (seed, tape, journal, groups, ...) hold over it.

    Raises:
        ConfigError: a key, type or unit that the document does not know, or a system without a name.
    """
    ours = tuple(key for key in Spec.model_fields if key not in ("lanes", "name", "reporting"))
    _known(data, ("workflow", "data", "trading_systems", "reporting", "name", *ours), "")
    run = Writing()
    _workflow(run, _section(data, "workflow", ""))
    if "data" in data:
        _own(run, _section(data, "data", ""), "data", "tape", tuple(TapeSection.model_fields), DATA)
    _own(run, _section(data, "reporting", ""), "reporting", "reporting", tuple(ReportingSection.model_fields), {})
    lanes = [_lane(system, index) for index, system in enumerate(_systems(data))]
    _refuse_shared_folders(lanes)
    beside = {key: value for key, value in data.items() if key in (*ours, "name")}
    whole = merge({**run.data, "lanes": [lane.data for lane in lanes]}, beside)
    return Translation(whole=whole, mapped=tuple(item for part in (run, *lanes) for item in part.mapped))


def _workflow(run: Writing, section: Mapping[str, Any]) -> None:
    _known(section, ("type", "name"), "workflow")
    kind = section.get("type", WORKFLOW)
    if kind != WORKFLOW:
        raise ConfigError("workflow.type", kind, WORKFLOW, "A run of one portfolio is a file with `lanes`.")
    run.put("workflow.type", "journal", "full", "lists of trades need every fill")
    run.put("workflow.name" if "name" in section else "workflow", "name", section.get("name", "trading systems"))


def _systems(data: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    systems = data["trading_systems"]
    if not isinstance(systems, list) or not systems:
        raise ConfigError("trading_systems", systems, "a list of systems", "Begin each with `- name:`.")
    for index, system in enumerate(systems):
        if not isinstance(system, Mapping):
            raise ConfigError(f"trading_systems.{index}", system, "a section of keys", "Begin it with `- name:`.")
    return systems


def _lane(system: Mapping[str, Any], index: int) -> Writing:
    at = f"trading_systems.{index}"
    lane = Writing(at=f"lanes.{index}.")
    _known(system, SYSTEM, at)
    name = _given(system, "name", at)
    portfolio = _section(system, "portfolio", at)
    named = "portfolio.namespace" if "namespace" in portfolio else "name"
    lane.put(f"{at}.{named}", "name", portfolio.get("namespace", name), "the lane")
    lane.put(f"{at}.name", "system", name, "its folder of results")
    _own(lane, portfolio, f"{at}.portfolio", "account", tuple(Account.model_fields), PORTFOLIO)
    _indicators(lane, system.get("indicators", []), f"{at}.indicators")
    if "strategy" in system:
        _strategy(lane, _section(system, "strategy", at), f"{at}.strategy")
    _risk(lane, _section(system, "risk", at), f"{at}.risk")
    _execution(lane, _section(system, "execution", at), f"{at}.execution")
    return lane


def _own(
    into: Writing, section: Mapping[str, Any], path: str, ours: str, known: tuple[str, ...], renamed: Mapping[str, str]
) -> None:
    """A section whose keys are ours, some of them under another name; "" is read elsewhere."""
    _known(section, (*renamed, *known), path)
    for key, value in section.items():
        if renamed.get(key, key):
            into.put(f"{path}.{key}", f"{ours}.{renamed.get(key, key)}", value)


def _indicators(lane: Writing, written: object, path: str) -> None:
    if not isinstance(written, list):
        raise ConfigError(path, written, "a list of names", "Write it like [SMA_20, RSI].")
    names = [_indicator(word, f"{path}.{at}") for at, word in enumerate(written)]
    if names:
        lane.put(path, "indicators", list(dict.fromkeys(names)), "name and window; RSI has 14")


def _indicator(word: object, path: str) -> str:
    """`SMA_20` as the feature `sma_20`."""
    match = re.fullmatch(r"([A-Za-z][A-Za-z0-9_]*?)(?:_(\d+))?", word) if isinstance(word, str) else None
    if match is None:
        raise ConfigError(path, word, "a feature's name and window", "Write it like SMA_20.")
    name = INDICATORS.get(match[1].lower(), match[1].lower())
    known = registry.names("feature")
    if name not in known:
        raise ConfigError(path, word, "a feature's name and window", closest(name, known, "See the list of features."))
    window = match[2] or WINDOWS.get(name)
    return f"{name}_{window}" if window else name


def _strategy(lane: Writing, section: Mapping[str, Any], path: str) -> None:
    _known(section, ("type", "parameters"), path)
    kind = _given(section, "type", path)
    registry.check("strategy", kind, f"{path}.type")
    lane.put(f"{path}.type", "strategy.name", kind, MEANING.get(kind, ""))
    names = PARAMETERS.get(kind, {})
    parameters = _section(section, "parameters", path)
    for key, value in parameters.items():
        lane.put(f"{path}.parameters.{key}", f"strategy.params.{names.get(key, key)}", value)
    for key, value in IMPLIED.get(kind, {}).items():
        if key not in parameters:
            lane.put(f"{path}.type", f"strategy.params.{key}", value, "what the document says of it")


def _risk(lane: Writing, section: Mapping[str, Any], path: str) -> None:
    _known(section, ("position_sizers", "limits", "allow_short"), path)
    if "allow_short" in section:
        lane.put(f"{path}.allow_short", "sizing.allow_short", section["allow_short"], "false: -1 means flat")
    _sizers(lane, list(_items(section, "position_sizers", path, SIZERS)))
    for at, item in _items(section, "limits", path, tuple(LIMITS)):
        _known(item, ("type", "value"), at)
        lane.put(f"{at}.value", LIMITS[item["type"]], _number(item, "value", at))


def _sizers(lane: Writing, sizers: list[tuple[str, Mapping[str, Any]]]) -> None:
    """The smallest of several sizes holds: one of them sizes, the others become limits of a position."""
    for at, sizer in sizers:
        fixed = sizer["type"] == "fixed"
        _known(sizer, ("type", "size", "unit") if fixed else ("type", "size"), at)
        if fixed and sizer.get("unit", "money") not in UNITS:
            raise ConfigError(f"{at}.unit", sizer["unit"], "one of " + ", ".join(UNITS), "Correct the unit.")
    # No limit counts shares, so a sizer in shares is the one that sizes.
    ranked = sorted(sizers, key=lambda item: item[1].get("unit") != "shares")
    for rank, (at, sizer) in enumerate(ranked):
        size, shares = _number(sizer, "size", at), sizer.get("unit") == "shares"
        if rank == 0:
            method, remark = _method(sizer)
            lane.put(f"{at}.type", "sizing.method", method, remark)
            lane.put(f"{at}.type", "sizing.resize", False, "a position keeps its quantity while its signal lasts")
            lane.put(f"{at}.size", "sizing.per_signal", size)
        elif shares:
            lane.put(f"{at}.size", "sizing.per_signal", size)
        else:
            limit = "limits.max_position_value" if sizer["type"] == "fixed" else "limits.max_position"
            lane.put(f"{at}.size", limit, size, "the smallest of several sizes holds")


def _method(sizer: Mapping[str, Any]) -> tuple[str, str]:
    if sizer["type"] == "percentage":
        return "weights", "share of the system's equity"
    if sizer.get("unit") == "shares":
        return "units", "shares"
    return "money", "money; unit: shares is the other reading"


def _execution(lane: Writing, section: Mapping[str, Any], path: str) -> None:
    own = tuple(key for key in Execution.model_fields if key not in ("commission", "slippage"))
    _own(lane, section, path, "execution", own, dict.fromkeys(EXECUTION, ""))
    if "slippage_bps" in section:
        value = _number(section, "slippage_bps", path) / BASIS_POINTS
        lane.put(f"{path}.slippage_bps", "execution.slippage.model", "percentage")
        lane.put(f"{path}.slippage_bps", "execution.slippage.base_slippage", value, "basis points")
    unit = section.get("commission_unit", "share")
    if unit not in COMMISSION:
        raise ConfigError(f"{path}.commission_unit", unit, "one of " + ", ".join(COMMISSION), "Correct the unit.")
    if "commission" in section:
        model, key, remark = COMMISSION[unit]
        lane.put(f"{path}.commission", "execution.commission.model", model, remark)
        lane.put(f"{path}.commission", f"execution.commission.{key}", _number(section, "commission", path))


COMMISSION = {
    "share": ("per_unit", "per_unit_fee", "money per share; commission_unit: rate is the other reading"),
    "rate": ("percentage", "percentage_fee", "share of the value"),
}


def _refuse_shared_folders(lanes: list[Writing]) -> None:
    """Two systems of one name would write into one folder."""
    seen: list[str] = []
    for index, lane in enumerate(lanes):
        if lane.data["system"] in seen:
            path = f"trading_systems.{index}.name"
            raise ConfigError(path, lane.data["system"], "unique", "Its results have a folder of this name.")
        seen.append(lane.data["system"])


# -- reading --------------------------------------------------------------------------------------------------------


def _section(data: Mapping[str, Any], key: str, path: str) -> Mapping[str, Any]:
    found = data.get(key)
    if found is not None and not isinstance(found, Mapping):
        raise ConfigError(_join(path, key), found, "a section of keys", "Write its keys below it, indented.")
    return found or {}


def _items(
    section: Mapping[str, Any], key: str, path: str, types: tuple[str, ...]
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The items of a list, each a map with a known `type`, and where they stand."""
    listed = section.get(key) or []
    if not isinstance(listed, list):
        raise ConfigError(f"{path}.{key}", listed, "a list", "Begin each item with `- type:`.")
    for index, item in enumerate(listed):
        at = f"{path}.{key}.{index}"
        if not isinstance(item, Mapping):
            raise ConfigError(at, item, "a section of keys", "Begin it with `- type:`.")
        if item.get("type") not in types:
            bound = "one of " + ", ".join(types)
            raise ConfigError(f"{at}.type", item.get("type"), bound, closest(item.get("type"), types))
        yield at, item


def _known(section: Mapping[str, Any], known: tuple[str, ...], path: str) -> None:
    for key, value in section.items():
        if key not in known:
            otherwise = "Remove it, or choose one of: " + ", ".join(known) + "."
            raise ConfigError(_join(path, str(key)), value, "a known key", closest(key, known, otherwise))


def _given(section: Mapping[str, Any], key: str, path: str) -> str:
    value = section.get(key)
    if not isinstance(value, str) or not value:
        raise ConfigError(f"{path}.{key}", value, "given, as text", f"Write `{key}: ...`.")
    return value


def _number(section: Mapping[str, Any], key: str, path: str) -> float:
    value = section.get(key)
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise ConfigError(f"{path}.{key}", value, "a number", f"Write `{key}: 0.5`, without quotes.")
    return value


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
