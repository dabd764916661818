"""Classes of ours that other libraries recognise as theirs, without importing those libraries beforehand."""

from __future__ import annotations

from functools import cache
from typing import Any


def with_base(own: Any, base: Any) -> Any:
    """The class `own`, derived from a library's `base` besides: the library asks `isinstance`."""
    return own if issubclass(own, base) else _derived(own, base)


@cache
def _derived(own: Any, base: Any) -> Any:
    return type(own.__name__, (own, base), {"__module__": own.__module__})
