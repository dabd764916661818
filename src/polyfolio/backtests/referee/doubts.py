"""What to distrust, in sentences, the heaviest first.

Each doubt is one function of the record: it answers with a weight from 0 to 100 and a sentence, or with nothing. A
weight of 70 is grave (the result is not to be used before it is settled), one of 40 serious.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from polyfolio.backtests.referee import doubts_of_costs, doubts_of_luck, doubts_of_markets

GRAVE, SERIOUS = 70, 40
Record = Mapping[str, Any]
Doubts = Iterator[tuple[int, str, str]]

ASKED: tuple[Callable[[Record], Doubts], ...] = (
    *doubts_of_costs.ASKED,
    *doubts_of_luck.ASKED,
    *doubts_of_markets.ASKED,
)


def doubts(record: Record) -> list[dict[str, Any]]:
    """Every doubt: topic, weight, grade and sentence, the heaviest first, equals in the order they were asked."""
    found = [doubt for ask in ASKED for doubt in ask(record)]
    ordered = sorted(found, key=lambda doubt: -doubt[0])
    return [
        {"topic": topic, "weight": weight, "grade": grade(weight), "sentence": sentence}
        for weight, topic, sentence in ordered
    ]


def grade(weight: int) -> str:
    """The word of a weight."""
    return "grave" if weight >= GRAVE else "serious" if weight >= SERIOUS else "minor"


def verdict(found: list[dict[str, Any]]) -> str:
    """What it comes to, in one sentence."""
    counts = {name: sum(doubt["grade"] == name for doubt in found) for name in ("grave", "serious")}
    if counts["grave"]:
        return f"Not to be used yet: {counted(counts['grave'], 'grave doubt')}. {found[0]['sentence']}"
    if counts["serious"]:
        return f"To be used with care: {counted(counts['serious'], 'serious doubt')}. {found[0]['sentence']}"
    return "Nothing here speaks against it. That is no proof: the next years are in no test."


def counted(number: int, word: str) -> str:
    """`one grave doubt`, `3 grave doubts`."""
    return f"one {word}" if number == 1 else f"{number} {word}s"
