"""The synthetic markets by name."""

from __future__ import annotations

import inspect
from typing import Any

from polyfolio.errors import ConfigError
from polyfolio.market.synthetic.base import SyntheticMarket
from polyfolio.market.synthetic.bootstrap import BlockBootstrap
from polyfolio.market.synthetic.factors import FactorMarket
from polyfolio.market.synthetic.garch import GarchMarket
from polyfolio.market.synthetic.jumps import JumpMarket
from polyfolio.market.synthetic.regimes import RegimeSwitching
from polyfolio.rules.arguments import closest

MODELS: dict[str, type[SyntheticMarket]] = {
    model.name: model for model in (BlockBootstrap, RegimeSwitching, GarchMarket, JumpMarket, FactorMarket)
}


def market_of(name: str, **parameters: Any) -> SyntheticMarket:
    """An unfitted market.

    Args:
        name: bootstrap, regimes, garch, jumps or factors.
        **parameters: arguments of its constructor.

    Raises:
        ConfigError: an unknown name or parameter, with the closest one.
    """
    if name not in MODELS:
        raise ConfigError("model", name, "one of " + ", ".join(MODELS), closest(name, MODELS))
    known = list(inspect.signature(MODELS[name]).parameters)
    for word in parameters:
        if word not in known:
            bound = "one of " + ", ".join(known) if known else "absent: this model has no parameters"
            raise ConfigError(f"parameters of {name}", word, bound, closest(word, known))
    return MODELS[name](**parameters)
