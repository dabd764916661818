"""What an engine asks of its plan, its tape and its signals before it walks."""

from __future__ import annotations

import numpy as np

from polyfolio.core.codes import Sizing, Stage
from polyfolio.core.tape import Tape, Universe
from polyfolio.core.types import Flags, Floats, Ints
from polyfolio.engine.rows import Rows
from polyfolio.errors import ConfigError, DataError, StopTrading
from polyfolio.rules.plan import Plan

TOLERANCE = 1e-9  # of equity, for the accounting identity in checked mode
RISK_STAGES = (
    Stage.CAP_POSITION_RISK,
    Stage.CORRELATION,
    Stage.FEEDBACK,
    Stage.HEDGE,
)
# Stages that look at risk only for these fields of the rules, and the value at which a field is off.
RISK_FIELDS = (
    ("max_volatility", np.inf),
    ("max_var", np.inf),
    ("max_es", np.inf),
    ("risk_band_low", 0.0),
    ("risk_band_high", np.inf),
    ("cost_aware", 0),
)
RISK_SIZING = (
    Sizing.INVERSE_VOLATILITY,
    Sizing.RISK_PARITY,
    Sizing.KELLY,
    Sizing.VOLATILITY_TARGET,
    Sizing.MIN_VARIANCE,
)


def check_symbols(plan: Plan, tape: Tape) -> None:
    """Refuse a plan that was compiled for another universe."""
    if plan.symbols != tape.symbols:
        raise ConfigError(
            "plan.symbols",
            plan.symbols[:5],
            f"the tape's symbols {tape.symbols[:5]}",
            "Compile the spec for this tape's universe.",
        )


def check_signals(signals: Floats, plan: Plan, tape: Tape) -> Floats:
    """Refuse signals of another shape or with infinities."""
    array = np.ascontiguousarray(signals, dtype=np.float64)
    sources, sleeves = max(len(plan.sources), 1), plan.slot_of.size
    if array.ndim != 3 or array.shape[0] < sources or array.shape[1] not in (1, tape.rows) or array.shape[2] != sleeves:
        raise DataError(
            "signals",
            array.shape,
            f"of shape ({sources}, {tape.rows} or 1, {sleeves})",
            "Give one array per signal source with a row per tape row and a column per sleeve.",
        )
    if np.isinf(array).any():
        source, row, sleeve = (int(i) for i in np.argwhere(np.isinf(array))[0])
        raise DataError(
            f"signals[{source}, {row}, {sleeve}]",
            float(array[source, row, sleeve]),
            "finite, or NaN",
            "Correct the strategy; NaN means no opinion.",
        )
    return array


def check_identity(residual: Floats, names: tuple[str, ...]) -> None:
    """Checked mode: stop where the accounting identity of a lane leaves a residual."""
    bad = ~(residual <= TOLERANCE)
    if bad.any():
        lane = int(np.argmax(bad))
        raise StopTrading(
            f"residual of lane {names[lane]!r}",
            float(residual[lane]),
            f"at most {TOLERANCE} of equity",
            "The books do not add up: stop and report this.",
        )


def looks_at_risk(plan: Plan) -> bool:
    """Whether any lane of the plan needs covariances or risk returns."""
    return bool(
        any((plan.rules[name] != off).any() for name, off in RISK_FIELDS)
        or np.isin(plan.program, [int(stage) for stage in RISK_STAGES]).any()
        or np.isin(plan.rules["method"], [int(method) for method in RISK_SIZING]).any()
        or (plan.program >= int(Stage.EXTENSION)).any()
    )


def decision_counts(plan: Plan, rows: Rows) -> Flags | None:
    """Risk observations at which some lane may decide; None when that is all of them."""
    periods = {(int(r["every_bars"]), int(r["every_period"])) for r in plan.rules}
    if any(bars > 0 or bits == 0 for bars, bits in periods):
        return None
    bits = 0
    for _, period in periods:
        bits |= period
    needed = np.zeros(rows.returns.shape[1] + 1, dtype=np.uint8)
    needed[rows.observations[(rows.market.starts & bits) != 0]] = 1
    return needed


def sleeve_of(plan: Plan, slot_of: Ints, universe: Universe, name: str) -> int:
    """A sleeve by its own name, or by its symbol where that has one sleeve only."""
    if name in plan.sleeves:
        return plan.sleeves.index(name)
    owners = np.flatnonzero(slot_of == universe.slot(name))
    if owners.size != 1:
        raise ConfigError(
            "symbol",
            name,
            "a symbol with one sleeve, or the name of a sleeve: " + ", ".join(plan.sleeves[:12]),
            "Name the sleeve.",
        )
    return int(owners[0])
