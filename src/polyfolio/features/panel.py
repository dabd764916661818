"""What the tape shows to an agent, computed once for all rows: time, regime, market and technical columns, float32.

A row's numbers depend on the rows up to it, and on the training rows through what was learned from them. What was
learned travels as `Panel.state`: given back, nothing is learned again and the same numbers come out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError
from polyfolio.features.panel_recipe import UNDEFINED, Recipe, known_fields, recipe_of, refuse_unknown_fields
from polyfolio.features.panel_regime import learns, market_returns, regime_of
from polyfolio.features.panel_scale import LEARNED, Grid, per_slot_values, scaled, trained_scale
from polyfolio.features.panel_state import (
    digest_of,
    kept_regime,
    kept_scale,
    refuse_other_columns,
    refuse_others,
    state_of,
)
from polyfolio.features.panel_time import TIME, behind_warmup, followed, time_columns, training_span
from polyfolio.features.panel_warmup import first_row, known_from, refuse_short
from polyfolio.features.regimes.base import Regime
from polyfolio.rules.observation import ObservationSection


@dataclass(frozen=True, eq=False)
class Block:
    """Columns that belong together.

    Attributes:
        name: time, regime, market or technical.
        columns: a name per column, without the symbol.
        per_slot: True where each slot has these columns: all of slot 0, then all of slot 1.
        start: where the block begins in a row of values.
    """

    name: str
    columns: tuple[str, ...]
    per_slot: bool
    start: int


@dataclass(frozen=True, eq=False)
class Panel:
    """What a tape shows.

    Attributes:
        values: float32[rows, width], C-contiguous, finite, cut to -clip..clip, read-only.
        names: one per value of a row: "time.hour_sin", "regime.bull", "AAPL.close", "AAPL.rsi_14", "AAPL.undefined".
        blocks: time, regime, market, technical; those that are off are left out.
        first: the first row at which no value is missing for want of earlier rows. A slot that is listed later, or
            misses bars, is late; its column `undefined` is 1 until then.
        digest: of the recipe and of what was learned, not of the tape.
        state: JSON: what was learned, and from which columns and symbols.
    """

    values: npt.NDArray[np.float32]
    names: tuple[str, ...]
    blocks: tuple[Block, ...]
    first: int
    digest: str
    state: dict[str, Any]

    def part(self, name: str) -> npt.NDArray[np.float32]:
        """A block's values, a view: [rows, columns], or [rows, slots, columns] where it is per slot."""
        known = {block.name: block for block in self.blocks}
        if name not in known:
            raise ConfigError("block", name, "one of " + ", ".join(known), "Switch it on, or name another one.")
        block = known[name]
        count = len(block.columns)
        if not block.per_slot:
            return self.values[:, block.start : block.start + count]
        end = block.start + count * len(self.state["symbols"])
        return self.values[:, block.start : end].reshape(len(self.values), -1, count)


def build_panel(
    section: ObservationSection,
    tape: Tape,
    *,
    train: slice | None = None,
    state: Mapping[str, Any] | None = None,
) -> Panel:
    """The panel of a tape.

    Splits are followed: after one, a slot's bars go on in units of its first row.

    Args:
        section: which blocks, which features, how they are brought to one scale.
        tape: the market rows.
        train: the training rows, which alone are learned from, those before `Panel.first` excepted. Needed where
            something is learned and no state is given.
        state: a panel's state; nothing is learned then, and `train` is not read.

    Raises:
        ConfigError: a feature, set or regime that does not exist; training rows missing; the state of another section.
        DataError: too short a tape, no training row behind the warm-up, or a state of other symbols or columns.

    Example:
        >>> panel = build_panel(ObservationSection(technical="basic"), tape, train=slice(0, 1000))
        >>> frozen = build_panel(ObservationSection(technical="basic"), later, state=panel.state)
    """
    if state is not None:
        refuse_others(state, section, tape.symbols)
    span = training_span(None if state else train, tape.rows, needed=state is None and _learns(section))
    fields = known_fields(tape, span) if state is None else tuple(state["fields"])
    refuse_unknown_fields(tape, fields)
    tape = followed(tape)
    recipe = recipe_of(section, fields)
    if state is not None:
        refuse_other_columns(state, recipe)
    first = first_row(recipe, section, tape)
    refuse_short(recipe, section, tape, first)
    regime = _regime(section, tape, span, first, state)
    probabilities: Grid = np.empty((tape.rows, 0))
    if regime is not None:
        probabilities = regime.probabilities(tape)
        first = max(first, known_from(probabilities, section))
        refuse_short(recipe, section, tape, first)
    values = per_slot_values(recipe.features, tape)
    scale = None
    if section.normalise.method in LEARNED and recipe.features:
        scale = kept_scale(state, recipe, tape) if state else trained_scale(section, values, span, first, recipe)
    values = scaled(section.normalise, values, scale, recipe)
    blocks = _blocks(recipe, section, regime.states if regime else (), tape.slots)
    shown = {"time": time_columns(tape), "regime": probabilities}
    made = _filled(blocks, section.clip, shown, values)
    kept = state_of(section, tape.symbols, recipe, fields, scale, regime)
    return Panel(made, _names(blocks, tape.symbols), blocks, first, digest_of(kept, recipe.features), kept)


def _learns(observation: ObservationSection) -> bool:
    """Whether a panel of this section depends on training rows."""
    shown = observation.market or bool(observation.technical)
    return (shown and observation.normalise.method in LEARNED) or learns(observation.regime)


def _regime(
    observation: ObservationSection, tape: Tape, span: tuple[int, int], first: int, state: Mapping[str, Any] | None
) -> Regime | None:
    """The regime of the state, or learned anew."""
    if observation.regime is None:
        return None
    if state is not None:
        return kept_regime(state)
    if not learns(observation.regime):
        return regime_of(observation.regime)
    return regime_of(observation.regime).learn(market_returns(observation.regime, tape, behind_warmup(span, first)))


def _blocks(recipe: Recipe, observation: ObservationSection, states: tuple[str, ...], slots: int) -> tuple[Block, ...]:
    """The blocks that are on, in their order."""
    found: list[Block] = []
    start = 0
    for name, columns, per_slot in (
        ("time", TIME if observation.time else (), False),
        ("regime", states, False),
        ("market", recipe.market, True),
        ("technical", recipe.technical, True),
    ):
        if columns:
            found.append(Block(name, columns, per_slot, start))
            start += len(columns) * (slots if per_slot else 1)
    return tuple(found)


def _names(blocks: tuple[Block, ...], symbols: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(
        f"{owner}.{column}"
        for block in blocks
        for owner in (symbols if block.per_slot else (block.name,))
        for column in block.columns
    )


def _filled(blocks: tuple[Block, ...], clip: float, shown: Mapping[str, Grid], values: Grid) -> npt.NDArray[np.float32]:
    """All blocks side by side; what is undefined is 0."""
    _, rows, slots = values.shape
    width = sum(len(block.columns) * (slots if block.per_slot else 1) for block in blocks)
    out = np.empty((rows, width), np.float32)
    undefined = np.isnan(values).any(axis=0)
    taken = 0
    for block in blocks:
        count = len(block.columns)
        if not block.per_slot:
            out[:, block.start : block.start + count] = shown[block.name]
            continue
        place = out[:, block.start : block.start + count * slots].reshape(rows, slots, count)
        own = count - (UNDEFINED in block.columns)
        place[..., :own] = values[taken : taken + own].transpose(1, 2, 0)
        taken += own
        if own < count:
            place[..., own] = undefined
    # The largest float32 that is no larger than the bound: 0.1 rounds to one above it.
    edge = np.float32(clip)
    edge = np.nextafter(edge, np.float32(0.0)) if float(edge) > clip else edge
    np.copyto(out, np.float32(0.0), where=np.isnan(out))
    np.clip(out, -edge, edge, out=out)
    out.flags.writeable = False
    return out
