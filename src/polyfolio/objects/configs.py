"""From the section a class is constructed with to a Spec of one lane: the same RULES record as in the engine."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from polyfolio.rules import aliases
from polyfolio.rules.presets import merge
from polyfolio.rules.problems import Origin, build
from polyfolio.rules.spec import Sections, Spec

OURS = frozenset(Sections.model_fields)


def spec_of(
    document: str,
    config: object,
    base: Mapping[str, Any],
    *,
    over: Mapping[str, Any] | None = None,
    journal: str = "off",
) -> Spec:
    """A Spec of one lane.

    Args:
        document: name of the section in the design document: portfolio, position_sizing, risk_management, execution,
            commission, slippage, market_impact.
        config: that section with the document's keys and defaults; or this package's sections (`account`, `sizing`,
            `limits`, ...) as a map or a `Sections`, with this package's defaults.
        base: what holds where the document's section says nothing.
        over: what holds whatever the section says.
        journal: off, summary, full.

    Raises:
        ConfigError: names every wrong key or value, with the closest known key.
    """
    theirs: dict[tuple[str | int, ...], str] = {}
    if isinstance(config, Sections):
        lane: Mapping[str, Any] = config.model_dump(exclude_unset=True)
    elif isinstance(config, Mapping) and OURS & config.keys():
        lane = config
    else:
        translation = aliases.section(document, config)
        theirs = {aliases.place(item.ours): item.theirs for item in translation.mapped}
        lane = merge(base, translation.sections)
    data = {"name": document, "journal": journal, "lanes": [{**merge(lane, over or {}), "name": document}]}
    return build(Spec, data, Origin("", {}, theirs))
