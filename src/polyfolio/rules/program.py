"""Which stages a lane runs: those whose limits are on, in the order of the codes, or the list the user gives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from polyfolio.core.codes import Projection, Stage
from polyfolio.core.types import Ints
from polyfolio.errors import ConfigError
from polyfolio.rules import registry
from polyfolio.rules.built_in import STAGES
from polyfolio.rules.spec import Lane

WIDTH = 24  # codes per program row, the closing END included

INF = float("inf")

OPTIMISER = "multi_period"  # the stage of the section `optimise`
AFTER_FILTER = 2

CONVEX_CAPS = (Stage.CAP_POSITION, Stage.CAP_POSITION_RISK, Stage.CAP_LABEL)

# A stage is on when one of these fields of the rules leaves its off value.
SWITCHES: dict[Stage, tuple[tuple[str, float], ...]] = {
    Stage.CAP_POSITION: (("max_position", INF), ("max_position_value", INF)),
    Stage.CAP_POSITION_RISK: (("max_position_risk", INF),),
    Stage.CAP_COUNT: (("max_long_positions", INF), ("max_short_positions", INF), ("max_positions", INF)),
    Stage.MIN_POSITION: (("min_position", 0.0),),
    Stage.CORRELATION: (("correlation_limit", INF),),
    Stage.FEEDBACK: (("feedback_iterations", 0.0),),
    Stage.HEDGE: (("hedge_slot", -1.0),),
    Stage.DRAWDOWN: (("max_drawdown", INF),),
    Stage.DAILY_LOSS: (("max_daily_loss", INF),),
    Stage.SELECT: (("max_turnover", INF), ("max_trades", INF)),
    Stage.SCALE: (
        ("max_net", INF),
        ("min_net", -INF),
        ("max_gross", INF),
        ("max_leverage", INF),
        ("min_cash_reserve", 0.0),
        ("max_volatility", INF),
        ("max_var", INF),
        ("max_es", INF),
    ),
    Stage.REBALANCE: (("threshold", 0.0), ("risk_band_low", 0.0), ("risk_band_high", INF), ("cost_aware", 0.0)),
}


def switched_on(rules: Any) -> Iterator[tuple[Stage, list[str]]]:
    """Each stage this record needs beside sizing and filters, with the fields that ask for it."""
    for stage in STAGES:
        asking = [name for name, off in SWITCHES.get(stage, ()) if rules[name] != off]
        if stage is Stage.CAP_LABEL and rules["label_caps_end"] > rules["label_caps"]:
            asking = ["labels"]
        if stage is Stage.PROJECT and rules["projection"] == Projection.QP:
            asking = ["projection"]
        if asking:
            yield stage, asking


def default_program(rules: Any) -> list[int]:
    """Codes of the stages a lane needs.

    With `projection: qp` the solver meets the convex limits, so their caps come after it: they change nothing where it
    found the nearest feasible want, and they hold the limits where it gave up. The scale certifies in both cases.
    """
    on = [stage for stage, _ in switched_on(rules)]
    if Stage.PROJECT in on:
        last = [stage for stage in on if stage in (*CONVEX_CAPS, Stage.SCALE, Stage.REBALANCE)]
        on = [stage for stage in on if stage not in last and stage != Stage.PROJECT] + [Stage.PROJECT, *last]
    return [int(stage) for stage in (Stage.SIZE, Stage.FILTER, *on)]


def program_of(lane: Lane, rules: Any, extensions: list[str], field: str) -> list[int]:
    """Codes of a lane's stages. Names of third parties' stages are appended to `extensions`."""
    if lane.program is None:
        codes = default_program(rules)
        if lane.optimise is not None:
            codes.insert(AFTER_FILTER, _code(OPTIMISER, extensions, field))
        return codes
    if lane.optimise is not None and OPTIMISER not in lane.program:
        raise ConfigError(
            field, list(lane.program), f"a list with {OPTIMISER}, which `optimise` is for", f"Add `{OPTIMISER}`."
        )
    codes = [_code(name, extensions, f"{field}[{index}]") for index, name in enumerate(lane.program)]
    _check(lane.program, codes, rules, field)
    return codes


def _code(name: str, extensions: list[str], field: str) -> int:
    registry.check("stage", name, field)
    if name.upper() in Stage.__members__:
        return int(Stage[name.upper()])
    if name not in extensions:
        extensions.append(name)
    return int(Stage.EXTENSION) + extensions.index(name)


def _check(given: tuple[str, ...], codes: list[int], rules: Any, field: str) -> None:
    """A program sizes first, names a stage once, and leaves no limit without the stage that keeps it."""
    if len(codes) >= WIDTH:
        raise ConfigError(field, len(codes), f"at most {WIDTH - 1} stages", "Join stages or drop some.")
    if not codes or codes[0] != Stage.SIZE:
        raise ConfigError(field, list(given), "a list that starts with size", "Put `size` first.")
    if len(set(codes)) < len(codes):
        twice = next(name for index, name in enumerate(given) if name in given[:index])
        raise ConfigError(field, twice, "named once", "Remove one of the two.")
    for stage, asking in switched_on(rules):
        # Leverage is kept by buying power at the fill too, so it alone does not ask for the stage.
        needed = [name for name in asking if name != "max_leverage"]
        if needed and stage not in codes:
            raise ConfigError(
                field,
                list(given),
                f"a list with {stage.name.lower()}, which keeps {', '.join(needed)}",
                f"Add `{stage.name.lower()}`, or switch the limit off.",
            )
    if rules["allow_short"] == 0 and Stage.FILTER not in codes:
        raise ConfigError(
            field,
            list(given),
            "a list with filter, which keeps shorts out",
            "Add `filter`, or set sizing.allow_short: true.",
        )


def padded(codes: list[int]) -> Ints:
    """A program row: the codes, then END."""
    row = np.full(WIDTH, int(Stage.END), dtype=np.int64)
    row[: len(codes)] = codes
    return row
