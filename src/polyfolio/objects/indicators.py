"""The indicators of lanes: features written as a name and a window, each computed once for all lanes."""

from __future__ import annotations

import re
from collections.abc import Iterable

from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError
from polyfolio.features.base import Feature
from polyfolio.features.catalogue import catalogue, feature_of
from polyfolio.features.columns import Columns
from polyfolio.features.compute import compute
from polyfolio.rules.arguments import closest


def indicator_of(written: str, field: str = "indicators") -> Feature:
    """A feature from its name, or its name and window.

    Example:
        >>> indicator_of("sma_20").columns()
        ('sma_20',)
    """
    known = catalogue()
    if written in known:
        return feature_of(written)
    match = re.fullmatch(r"(\w+?)_(\d+)", written)
    if match is None or match[1] not in known:
        near = closest(written, known, "docs/reference/features.md lists them.")
        raise ConfigError(field, written, "a feature's name, alone or with a window like sma_20", near)
    return feature_of({match[1]: {"period": int(match[2])}})


def columns_of(lanes: Iterable[Iterable[str]], tape: Tape) -> Columns:
    """Every indicator of several lanes on a tape; one that several of them name is computed once.

    Args:
        lanes: the names of each lane's indicators.
        tape: the market rows.
    """
    written = dict.fromkeys(name for names in lanes for name in names)
    return compute(tuple(indicator_of(name) for name in written), tape)
