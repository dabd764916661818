"""The portfolio trading document: each of its portfolio strategies becomes a lane."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from polyfolio.errors import ConfigError
from polyfolio.rules.aliases import Mapped, Translation
from polyfolio.rules.arguments import closest
from polyfolio.rules.presets import merge
from polyfolio.rules.spec import Lane, Spec
from polyfolio.rules.strategy_types import AGGREGATORS, STRATEGIES, kind_of, translated

CROSSOVER = "MACrossoverPortfolio"
PORTFOLIOS = (CROSSOVER, "HybridPortfolio", "MultiStrategyPortfolio")
BLOCK = ("type", "stocks", "strategies", "allocation", "aggregation")
STRATEGY = ("type", "params")
BESIDE = tuple(name for name in Lane.model_fields if name not in ("name", "strategy", "signal"))
TARGET = "a signal of 1 asks for so much of the equity"
AVERAGED = "over the strategies a stock has: a weight says nothing where it has one alone"

Written = Mapping[str, Any]


def translate(data: Written) -> Translation:
    """The whole document. Keys of our Spec that stand beside it (seed, tape, defaults, ...) hold; lanes are added.

    Raises:
        ConfigError: a key, a type or a stock that the document does not know, or stocks without a strategy.
    """
    ours = tuple(Spec.model_fields)
    _known(data, ("strategies", "portfolio_strategies", *ours), "")
    members = {label: _member(written, label) for label, written in _section(data, "strategies", "").items()}
    lanes, mapped = [], []
    blocks = _section(data, "portfolio_strategies", "")
    if not blocks:
        remedy = "Name a portfolio strategy and its stocks."
        raise ConfigError("portfolio_strategies", data.get("portfolio_strategies"), "at least one", remedy)
    for number, (name, block) in enumerate(blocks.items()):
        lane, items = _lane(str(name), block, members, number)
        lanes.append(lane)
        mapped += items
    beside = {key: value for key, value in data.items() if key in ours and key != "lanes"}
    own = data.get("lanes") or []
    whole = {"name": "portfolio strategies", **beside, "lanes": [*lanes, *own]}
    return Translation(whole=whole, mapped=tuple(mapped))


def _member(written: object, label: str) -> dict[str, Any]:
    """A strategy of the registry block as a member."""
    path = f"strategies.{label}"
    if not isinstance(written, Mapping):
        raise ConfigError(path, written, "a section of keys", "Give its type and its params.")
    _known(written, STRATEGY, path)
    if "type" not in written:
        raise ConfigError(f"{path}.type", None, "given", "Name the strategy, like MACrossoverStrategy.")
    found = kind_of(STRATEGIES, "strategy", written["type"], f"{path}.type")
    return {"name": found.name, "params": translated("strategy", found, written.get("params"), f"{path}.params")}


def _lane(name: str, block: object, members: Written, number: int) -> tuple[dict[str, Any], list[Mapped]]:
    """One portfolio strategy as a lane, and what became of its keys."""
    path, at = f"portfolio_strategies.{name}", f"lanes.{number}"
    if not isinstance(block, Mapping):
        raise ConfigError(path, block, "a section of keys", "Give its type, stocks and strategies.")
    _known(block, (*BLOCK, *BESIDE), path)
    kind = block.get("type", "MultiStrategyPortfolio")
    if kind not in PORTFOLIOS:
        raise ConfigError(f"{path}.type", kind, "one of " + ", ".join(PORTFOLIOS), closest(kind, PORTFOLIOS))
    stocks = _stocks(block, path)
    teams, used = _teams(block, kind, stocks, members, path)
    params: dict[str, Any] = {"strategies": teams, "members": used}
    lane: dict[str, Any] = {"name": name, "strategy": {"name": "portfolio", "params": params}}
    strategy = f"{at}.strategy.params"
    items = [
        Mapped(path, f"{at}.name", name, "the lane"),
        Mapped(f"{path}.type", f"{at}.strategy.name", "portfolio", ""),
    ]
    items.append(Mapped(f"{path}.strategies", f"{strategy}.strategies", teams, ""))
    items += [Mapped(f"strategies.{label}", f"{strategy}.members.{label}", used[label], "") for label in used]
    if block.get("aggregation") is not None:
        params["aggregator"] = _aggregator(_section(block, "aggregation", path), f"{path}.aggregation")
        items.append(Mapped(f"{path}.aggregation", f"{strategy}.aggregator", params["aggregator"], AVERAGED))
    if block.get("allocation") is not None:
        params["allocation"] = _allocation(_section(block, "allocation", path), stocks, f"{path}.allocation")
        lane["sizing"] = {"method": "weights"}
        items.append(Mapped(f"{path}.allocation", f"{strategy}.allocation", params["allocation"], TARGET))
        items.append(Mapped(f"{path}.allocation", f"{at}.sizing.method", "weights", TARGET))
    own = {key: value for key, value in block.items() if key in BESIDE}
    items += [Mapped(f"{path}.{key}", f"{at}.{key}", value, "") for key, value in _leaves(own)]
    return merge(lane, own), items


def _stocks(block: Written, path: str) -> list[str]:
    stocks = block.get("stocks")
    if not isinstance(stocks, list) or not stocks or not all(isinstance(stock, str) for stock in stocks):
        raise ConfigError(f"{path}.stocks", stocks, "a list of symbols", "Write it like [AAPL, MSFT].")
    for at, stock in enumerate(stocks):
        if stock in stocks[:at]:
            raise ConfigError(f"{path}.stocks.{at}", stock, "named once", "Remove one of the two.")
    return stocks


def _teams(
    block: Written, kind: str, stocks: Sequence[str], members: Written, path: str
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The strategies of each stock, and the members they name."""
    written = block.get("strategies")
    if written is None and kind == CROSSOVER:
        written = dict.fromkeys(stocks, _crossover(members, path))
    teams = written if isinstance(written, Mapping) else None
    if teams is None:
        raise ConfigError(f"{path}.strategies", written, "a map of stock to strategies", "Name each stock's strategy.")
    _fits(teams, stocks, f"{path}.strategies")
    used: dict[str, Any] = {}
    out = {stock: _team(teams[stock], members, used, f"{path}.strategies.{stock}") for stock in stocks}
    for label, member in used.items():
        if kind == CROSSOVER and member["name"] != "ma_crossover":
            bound = f"a moving-average crossover in a {CROSSOVER}"
            raise ConfigError(f"{path}.strategies", label, bound, "Write HybridPortfolio or MultiStrategyPortfolio.")
    return out, used


def _crossover(members: Written, path: str) -> str:
    """The one crossover among the strategies, for a portfolio that names none."""
    found = [label for label, member in members.items() if member["name"] == "ma_crossover"]
    if len(found) > 1:
        bound = f"given where there are several crossovers ({', '.join(found)})"
        raise ConfigError(f"{path}.strategies", None, bound, "Name one for each stock.")
    return found[0] if found else "ma_crossover"


def _team(written: object, members: Written, used: dict[str, Any], path: str) -> Any:
    """A stock's strategies: labels alone, or labels with a weight and parameters of their own."""
    if isinstance(written, str):
        return _label(written, members, used, path)
    if isinstance(written, list) and written:
        return [_label(label, members, used, f"{path}.{at}") for at, label in enumerate(written)]
    if not isinstance(written, Mapping) or not written:
        raise ConfigError(path, written, "the name of a strategy, or several", "Name one of `strategies`.")
    team = {}
    for label, detail in written.items():
        own = _section(written, label, path) if detail is not None else {}
        _known(own, ("weight", *STRATEGY), f"{path}.{label}")
        if "type" in own:
            found = kind_of(STRATEGIES, "strategy", own["type"], f"{path}.{label}.type")
        else:
            name = members[label]["name"] if label in members else label
            found = kind_of(STRATEGIES, "strategy", name, f"{path}.{label}")
        defined = members.get(label, {"name": None})
        given = defined["params"] if defined["name"] == found.name else {}
        beside = _section(own, "params", f"{path}.{label}")
        params = translated("strategy", found, {**given, **beside}, f"{path}.{label}.params")
        weight = {"weight": own["weight"]} if "weight" in own else {}
        team[label] = {"name": found.name, "params": params, **weight}
    return team


def _label(label: object, members: Written, used: dict[str, Any], path: str) -> str:
    """A label of `strategies`, or a strategy by its own name or type."""
    if isinstance(label, str) and label in members:
        used[label] = members[label]
        return label
    if members:
        words = [*members, *(name for name in STRATEGIES if name not in members)]
        near = closest(label, words, "Define it under `strategies`.")
    try:
        found = kind_of(STRATEGIES, "strategy", label, path)
    except ConfigError as error:
        if not members:
            raise
        raise ConfigError(path, label, "one of " + ", ".join(members), near) from error
    used[str(label)] = {"name": found.name, "params": translated("strategy", found, {}, path)}
    return str(label)


def _aggregator(written: Written, path: str) -> dict[str, Any]:
    found = kind_of(AGGREGATORS, "aggregator", written.get("type", "weighted"), f"{path}.type")
    nested = _section(written, "params", path)
    given = {**{key: value for key, value in written.items() if key not in STRATEGY}, **nested}
    return {"name": found.name, "params": translated("aggregator", found, given, path)}


def _allocation(written: Written, stocks: Sequence[str], path: str) -> dict[str, Any]:
    _fits(written, stocks, path)
    for stock, share in written.items():
        if isinstance(share, bool) or not isinstance(share, (int, float)) or not 0.0 <= share <= 1.0:
            raise ConfigError(f"{path}.{stock}", share, "from 0 to 1", "Give a share of equity, like 0.4.")
    total = sum(written.values())
    if total > 1.0 + 1e-9:
        raise ConfigError(path, total, "at most 1, the sum of its shares", "Lower them: the rest is cash.")
    return dict(written)


def _fits(written: Written, stocks: Sequence[str], path: str) -> None:
    """Refuse a map of stocks that names another, or leaves one out."""
    for stock in written:
        if stock not in stocks:
            raise ConfigError(
                f"{path}.{stock}", stock, "one of the stocks: " + ", ".join(stocks), closest(stock, stocks)
            )
    for stock in stocks:
        if stock not in written:
            raise ConfigError(f"{path}.{stock}", None, "given for each of the stocks", "Add it, or drop the stock.")


def _leaves(section: Written, at: str = "") -> Iterator[tuple[str, Any]]:
    """Every key below a section, by its path."""
    for key, value in section.items():
        path = f"{at}.{key}" if at else str(key)
        if isinstance(value, Mapping):
            yield from _leaves(value, path)
        else:
            yield path, value


def _section(data: Written, key: str, path: str) -> Written:
    value = data.get(key)
    if value is not None and not isinstance(value, Mapping):
        at = f"{path}.{key}" if path else key
        raise ConfigError(at, value, "a section of keys", "Write its keys below it, indented.")
    return value or {}


def _known(data: Written, known: Sequence[str], path: str) -> None:
    for key, value in data.items():
        if key not in known:
            at = f"{path}.{key}" if path else str(key)
            raise ConfigError(at, value, "a known key", closest(key, known, "Remove it; known are " + ", ".join(known)))
