"""What differs between two runs: keys of their configurations, digests, versions, numbers."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from polyfolio.report.terminal import COLUMNS, number
from polyfolio.store.runs import Run

MISSING = "(absent)"
SHORT = 12
TITLES = {name: (title, kind) for title, name, kind in COLUMNS}


def difference(one: Run, other: Run) -> dict[str, Any]:
    """Only what differs, each with the value of the one and of the other; the numbers of every lane."""
    return {
        "runs": [one.run, other.run],
        "keys": changes(dict(flat(one.spec)), dict(flat(other.spec))),
        "digests": changes(short(one.digests), short(other.digests)),
        "versions": changes(one.versions, other.versions),
        "metrics": metrics(one.metrics, other.metrics),
    }


def flat(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted keys and their values; items of a list that have a name go by it, so that lanes may change places."""
    if isinstance(value, Mapping):
        for name, part in value.items():
            yield from flat(part, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list) and value and all(isinstance(item, Mapping) for item in value):
        for number, item in enumerate(value):
            yield from flat(item, f"{path}.{item.get('name', number)}")
    else:
        yield path, value


def changes(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Keys whose values differ, in the order of the first and then of the second."""
    names = dict.fromkeys([*one, *other])
    pairs = {name: [one.get(name, MISSING), other.get(name, MISSING)] for name in names}
    return {name: pair for name, pair in pairs.items() if pair[0] != pair[1]}


def short(digests: Mapping[str, str]) -> dict[str, str]:
    """Digests as people compare them."""
    return {name: digest[:SHORT] for name, digest in digests.items()}


def metrics(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, dict[str, list[float | None]]]:
    """Numbers of every lane of either: of the one, of the other, and the second less the first."""
    found: dict[str, dict[str, list[float | None]]] = {}
    for lane in dict.fromkeys([*one, *other]):
        left, right = one.get(lane, {}), other.get(lane, {})
        found[lane] = {name: beside(left.get(name), right.get(name)) for name in dict.fromkeys([*left, *right])}
    return found


def beside(first: float | None, second: float | None) -> list[float | None]:
    """Two numbers and their difference where both are known."""
    return [first, second, None if first is None or second is None else second - first]


def headline_rows(found: Mapping[str, Mapping[str, list[float | None]]]) -> Iterator[tuple[str, ...]]:
    """The numbers that differ as rows of a table; a lane is named once."""
    for lane, numbers in found.items():
        rows = [(name, values) for name, values in numbers.items() if values[0] != values[1]]
        for at, (name, values) in enumerate(rows):
            yield (f"  {lane}" if at == 0 else "", title_of(name), *(number_text(name, value) for value in values))


def title_of(name: str) -> str:
    """A number's name as the tables of a run have it."""
    return TITLES.get(name, (name.replace("_", " "), ""))[0]


def number_text(name: str, value: float | None) -> str:
    """A number as the tables of a run print it; a dash where it is undefined."""
    kind = TITLES.get(name, ("", ""))[1]
    return "-" if value is None else number(value, kind) if kind else f"{value:,.0f}"


def value_text(value: Any) -> str:
    """A value of a configuration, or a word."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
