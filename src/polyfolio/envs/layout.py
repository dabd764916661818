"""How observations are laid out: one vector, a dict of blocks, or a row per slot. And what actions look like."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import numpy.typing as npt

from polyfolio.core.codes import Act, Space
from polyfolio.engine.arena import numbers_of
from polyfolio.engine.seen import Seen, seen_of
from polyfolio.features.panel import Block, Panel
from polyfolio.kernels.actions import choices, levels_of
from polyfolio.rules.environment import ObservationSection

Array = npt.NDArray[np.float32]


class Layout:
    """Where everything stands in the flat vector, and the views that other layouts are.

    Args:
        section: the observation.
        symbols: of the slots.
        panel: what the tape shows.
        lanes: how many.

    Attributes:
        names: one per number of the flat vector.
        blocks: of a frame: name, columns, one row per slot, start.
        space: of one lane.
    """

    def __init__(self, section: ObservationSection, symbols: tuple[str, ...], panel: Panel, lanes: int) -> None:
        self.kind, self.window, self.slots = section.layout, section.window, len(symbols)
        self.blocks = _blocks(seen_of(section), self.slots, panel)
        frame = [name for block in self.blocks[: -len(panel.blocks) or None] for name in _names(block, symbols)]
        frame += panel.names
        lags = range(1 - self.window, 1)
        self.names = tuple(frame) if self.window == 1 else tuple(f"{name}@{lag}" for lag in lags for name in frame)
        self.width = len(frame)
        self.space = self._space(section.clip)
        self._index = self._matrix_index() if self.kind == "matrix" else None
        shape = (lanes, self.window, self.slots, 0 if self._index is None else self._index.shape[1])
        self._matrix = np.zeros(shape, np.float32)

    def view(self, flat: Array) -> Any:
        """Flat observations [lanes, numbers] as this layout has them; views where it can be."""
        if self.kind == "flat":
            return flat
        frames = flat.reshape(flat.shape[0], self.window, self.width)
        if self._index is not None:
            out = self._matrix if flat.shape[0] == self._matrix.shape[0] else None
            taken = np.take(frames, self._index, axis=2, out=out, mode="clip")
            return taken[:, 0] if self.window == 1 else taken
        return {block.name: self._part(frames, block) for block in self.blocks}

    def _part(self, frames: Array, block: Block) -> Array:
        count = len(block.columns)
        size = count * (self.slots if block.per_slot else 1)
        part = frames[:, :, block.start : block.start + size]
        shape = (self.slots, count) if block.per_slot else (count,)
        whole = part.reshape(part.shape[0], self.window, *shape)
        return whole[:, 0] if self.window == 1 else whole

    def _space(self, clip: float) -> Any:
        if self.kind == "flat":
            return _box(clip, (self.window * self.width,))
        front = () if self.window == 1 else (self.window,)
        if self.kind == "matrix":
            per_slot = sum(len(block.columns) for block in self.blocks if block.per_slot)
            shared = sum(len(block.columns) for block in self.blocks if not block.per_slot)
            return _box(clip, (*front, self.slots, per_slot + shared))
        return gymnasium.spaces.Dict(
            {
                block.name: _box(clip, (*front, *((self.slots,) if block.per_slot else ()), len(block.columns)))
                for block in self.blocks
            }
        )

    def _matrix_index(self) -> npt.NDArray[np.intp]:
        """Per slot: its own columns, then those that all slots share."""
        rows = []
        for slot in range(self.slots):
            row: list[int] = []
            for block in (block for block in self.blocks if block.per_slot):
                first = block.start + slot * len(block.columns)
                row.extend(range(first, first + len(block.columns)))
            for block in (block for block in self.blocks if not block.per_slot):
                row.extend(range(block.start, block.start + len(block.columns)))
            rows.append(row)
        return np.array(rows, np.intp)


def action_space(agent: Any, slots: int) -> gymnasium.Space[Any]:
    """The space of one lane's actions: numbers of -1 to 1, one choice, or a choice per number."""
    if agent["space"] == Space.BOX:
        return gymnasium.spaces.Box(-1.0, 1.0, (numbers_of(agent, slots),), np.float32)
    record = _Fields(agent)
    if agent["space"] == Space.DISCRETE:
        return gymnasium.spaces.Discrete(int(_plain(choices)(record, slots)))
    return gymnasium.spaces.MultiDiscrete([int(_plain(levels_of)(record))] * numbers_of(agent, slots))


def action_names(agent: Any, symbols: tuple[str, ...]) -> tuple[str, ...]:
    """A name per number of an action."""
    if agent["space"] == Space.DISCRETE:
        return ("choice",)
    return (*symbols, "cash") if agent["cash"] and agent["kind"] == Act.WEIGHTS else symbols


def _plain(kernel: Any) -> Any:
    """A kernel as plain Python."""
    return getattr(kernel, "py_func", kernel)


class _Fields:
    """A record's fields as attributes, as kernels read them."""

    def __init__(self, record: Any) -> None:
        self.__dict__.update({name: record[name].item() for name in record.dtype.names})


def _blocks(seen: Seen, slots: int, panel: Panel) -> tuple[Block, ...]:
    blocks, at = [], 0
    for name, columns, per_slot in seen.blocks(slots):
        blocks.append(Block(name, columns, per_slot, at))
        at += len(columns) * (slots if per_slot else 1)
    return (*blocks, *(Block(b.name, b.columns, b.per_slot, b.start + at) for b in panel.blocks))


def _names(block: Block, symbols: tuple[str, ...]) -> list[str]:
    owners = symbols if block.per_slot else (block.name,)
    return [f"{owner}.{column}" for owner in owners for column in block.columns]


def _box(clip: float, shape: tuple[int, ...]) -> gymnasium.spaces.Box:
    return gymnasium.spaces.Box(-clip, clip, shape, np.float32)
