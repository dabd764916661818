"""What of a lane an agent sees, and where it stands in a frame."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from polyfolio.core.types import Ints
from polyfolio.kernels import observe as places
from polyfolio.rules.observation import ObservationSection


@dataclass(frozen=True)
class Seen:
    """What of a lane stands in a frame, before what the tape shows.

    Attributes:
        portfolio: what it owns as a whole.
        risk: the risk of what it holds.
        episode: how far its episode is.
        positions: what it holds of each slot.
        others: what all lanes hold of each slot.
        window: frames in an observation.
    """

    portfolio: bool = True
    risk: bool = False
    episode: bool = False
    positions: bool = True
    others: bool = False
    window: int = 1

    def blocks(self, slots: int) -> list[tuple[str, tuple[str, ...], bool]]:
        """(name, columns, one row per slot) of each block that is seen, in order."""
        every = (
            (self.portfolio, "portfolio", places.PORTFOLIO_COLUMNS, False),
            (self.risk, "risk", places.RISK_COLUMNS, False),
            (self.episode, "episode", places.EPISODE_COLUMNS, False),
            (self.positions, "positions", places.POSITION_COLUMNS, True),
            (self.others, "others", places.OTHER_COLUMNS, True),
        )
        return [(name, columns, per_slot) for on, name, columns, per_slot in every if on and slots]

    def width(self, slots: int) -> int:
        """Numbers of a frame that depend on the lane."""
        return sum(len(columns) * (slots if per_slot else 1) for _, columns, per_slot in self.blocks(slots))

    def places(self, slots: int, shown: int) -> Ints:
        """The array that kernels read."""
        seen = np.zeros(places.SEEN, np.int64)
        seen[places.PORTFOLIO], seen[places.RISK] = self.portfolio, self.risk
        seen[places.EPISODE], seen[places.POSITIONS] = self.episode, self.positions
        seen[places.OTHERS], seen[places.WINDOW] = self.others, self.window
        at = 0
        for name, columns, per_slot in self.blocks(slots):
            if name == "positions":
                seen[places.AT_POSITIONS] = at
            elif name == "others":
                seen[places.AT_OTHERS] = at
            at += len(columns) * (slots if per_slot else 1)
        seen[places.DYNAMIC], seen[places.FRAME] = at, at + shown
        return seen


def seen_of(section: ObservationSection) -> Seen:
    """What of a lane is observed."""
    return Seen(
        portfolio=section.portfolio,
        risk=section.risk,
        episode=section.episode,
        positions=section.positions,
        others=section.others,
        window=section.window,
    )
