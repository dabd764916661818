"""Stationary block bootstrap (Politis and Romano 1994): rows of the original in blocks of random length.

A row is taken whole, with the bars of all slots, so correlations, tails, shapes of bars and what links them to volume
are the original's; within a block so is the order in time.
"""

from __future__ import annotations

import numpy as np

from polyfolio.core.types import Ints
from polyfolio.market.synthetic.bars import Draw
from polyfolio.market.synthetic.base import SyntheticMarket
from polyfolio.market.synthetic.block import block_length
from polyfolio.market.synthetic.history import History
from polyfolio.market.synthetic.streams import Streams, within

LONGEST = 1e6


class BlockBootstrap(SyntheticMarket):
    """Blocks of rows, lengths geometric.

    Args:
        block: mean length of a block in rows, at least 1; None takes the mean over slots of the length that suits the
            absolute returns, whose memory is longer than that of the returns.

    Attributes:
        block_: the mean length used.
    """

    name = "bootstrap"
    meaning = "rows of the original in blocks of random length, all slots together"

    def __init__(self, *, block: float | None = None) -> None:
        if block is not None:
            within("block", block, 1.0, LONGEST)
        self.block = block

    def learn(self, history: History) -> None:
        """Choose the block length and list where a block may begin at each time of day."""
        lengths = [block_length(np.abs(history.own(int(slot)))) for slot in np.flatnonzero(history.moves)]
        self.block_ = float(self.block if self.block is not None else np.mean(lengths) if lengths else 1.0)

    def draw(self, phase: Ints, streams: Streams) -> Draw:
        """Whole rows; a block that comes to a row of another time of day ends there."""
        history = self.history_
        places = self._places(phase, streams)
        donors = history.stand_in[places]
        return Draw(np.take_along_axis(history.total, donors, axis=0), donors)

    def _places(self, phase: Ints, streams: Streams) -> Ints:
        """Place in `history.rows` of each new row."""
        own = self.history_.phase[self.history_.rows]
        begins = {number: np.flatnonzero(own == number) for number in np.unique(phase)}
        fresh = streams.of("blocks").random(phase.size) * self.block_ < 1.0
        where = streams.of("places").random(phase.size)
        out = np.empty(phase.size, dtype=np.int64)
        place = -1
        for row, number in enumerate(phase):
            place = (place + 1) % own.size
            if row == 0 or fresh[row] or own[place] != number:
                known = begins[number]
                # A time of day that only the first row of the original has: any row will do.
                place = int(known[int(where[row] * known.size)]) if known.size else int(where[row] * own.size)
            out[row] = place
        return out
