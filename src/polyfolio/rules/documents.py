"""Every document that loads here though it is written in words of its own, and who translates it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from polyfolio.rules import alias_strategies, alias_systems, aliases
from polyfolio.rules.aliases import Translation

# Documents that describe several lanes are translated whole; the others key by key, by tables.
WHOLE: dict[str, Callable[[Mapping[str, Any]], Translation]] = {
    "strategies": alias_strategies.translate,
    "systems": alias_systems.translate,
}


def translate(document: str, data: Mapping[str, Any]) -> Translation:
    """A document, named by `aliases.document_of`, in this package's words."""
    return WHOLE[document](data) if document in WHOLE else aliases.translate(document, data)
