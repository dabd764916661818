"""What a benchmark says in plain words: the comparison's verdict, who failed, what was left out."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from polyfolio.report import comparison_words as words


def lines(record: Mapping[str, Any]) -> list[str]:
    """Where it was judged, the table, the verdict."""
    return [lead(record), "", *words.table(record), "", *verdict(record)]


def lead(record: Mapping[str, Any]) -> str:
    """What was judged, in one line."""
    period, split = record["period"], record["split"]
    kind = {"parts": "part test", "walk_forward": "walk-forward", "purged": "purged folds"}[split["kind"]]
    judged = sum(one["judged"] for one in split["rounds"])
    rounds = f"{judged} {'round' if judged == 1 else 'rounds'}"
    return (
        f"{record['name']}: {period['bars']:,} bars from {period['start']} to {period['end']} UTC ({kind}, {rounds}), "
        f"{len(record['symbols'])} symbols, after all costs, money in {period['currency']}."
    )


def verdict(record: Mapping[str, Any]) -> list[str]:
    """The comparison's verdict and what this benchmark adds."""
    return [*words.verdict(record), *beside(record)]


def beside(record: Mapping[str, Any]) -> Iterator[str]:
    """Failures, targets that were reached, notes."""
    for name, message in record["failed"].items():
        yield f"{name} failed and is left out: {message}"
    for name in record["judged"]:
        facts = record["entries"][name]
        aims = [*facts["targets"], *facts["multiples"]]
        reached = [aim["name"] for aim in aims if aim["met"]]
        if aims:
            yield f"{name} reached {len(reached)} of {len(aims)} targets" + (
                f": {', '.join(reached)}." if reached else "."
            )
    yield from record["notes"]
