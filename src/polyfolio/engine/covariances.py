"""Covariances depend on the tape only: computed once per risk observation, in blocks, shared by all lanes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from polyfolio.core.codes import Covariance
from polyfolio.core.types import Flags, Floats
from polyfolio.core.views import Shared
from polyfolio.engine.rows import Rows
from polyfolio.errors import DataError
from polyfolio.kernels.covariance_rows import BLOCK, covariance_rows, state_size
from polyfolio.kernels.garch_fit import conditional_volatility
from polyfolio.rules.plan import CovarianceModel

# Bytes a block of triangles may take; it bounds the memory of a run whatever its length.
BLOCK_BYTES = 64 << 20
WHOLE_BYTES = 4 << 30
NO_MODEL = 1


def refuse_large(size: int, slots: int) -> None:
    """Refuse covariances of all rows that would not leave memory for anything else."""
    if size > WHOLE_BYTES:
        raise DataError(
            "tape",
            f"{slots} symbols, {size >> 20} MiB of covariances",
            f"at most {WHOLE_BYTES >> 20} MiB",
            "Take fewer rows or symbols, write `observation: day`, or switch off limits and sizing by risk.",
        )


class Covariances:
    """One block of covariance rows for every model of a plan.

    Args:
        rows: the prepared tape.
        models: the plan's covariance models.
        wanted: whether any lane looks at risk at all; if not, nothing is computed.
        whole: one block for all rows, for lanes that stand at rows of their own.
    """

    def __init__(self, rows: Rows, models: Sequence[CovarianceModel], wanted: bool, *, whole: bool = False) -> None:
        self.rows, self.models, self.wanted = rows, tuple(models), wanted
        slots, observations = rows.returns.shape
        triangle = slots * (slots + 1) // 2
        length = (observations // BLOCK + 1) * BLOCK if whole else self._block_length(triangle, observations)
        if wanted and whole:
            refuse_large(16 * length * triangle * max(len(self.models), NO_MODEL), slots)
        self.length = length if wanted else 1
        count = max(len(self.models), NO_MODEL)
        self.covariance = np.full((count, self.length, triangle), np.nan)
        self.correlation = np.full((count, self.length, triangle), np.nan)
        self.sigma = np.full((count, self.length, slots), np.nan)
        self.state = [np.zeros(state_size(slots, model.window)) for model in self.models]
        self.garch = [self._garch(model) for model in self.models] if wanted else []
        self.first = -1

    def _block_length(self, triangle: int, observations: int) -> int:
        fits = BLOCK_BYTES // (16 * triangle * max(len(self.models), NO_MODEL))
        whole = (observations // BLOCK + 1) * BLOCK
        return max(BLOCK, min(fits // BLOCK * BLOCK, whole, 64 * BLOCK))

    def _garch(self, model: CovarianceModel) -> Floats:
        if model.method != Covariance.GARCH:
            return np.zeros((self.rows.returns.shape[0], 1))
        return np.stack([conditional_volatility(series, min_history=model.min_history) for series in self.rows.returns])

    def block_end(self, row: int, last: int) -> int:
        """First row after `row`, at most `last`, whose covariances stand in another block."""
        if not self.wanted:
            return last
        counts = self.rows.observations
        first = self.block_of(int(counts[row]))
        return min(last, int(np.searchsorted(counts, first + self.length, side="left")))

    def block_of(self, observation: int) -> int:
        """First observation of the block that holds this count."""
        return observation - observation % self.length

    def shared(self, observation: int, needed: Flags | None = None) -> Shared:
        """The block that holds `observation`, computed if it is not at hand.

        Args:
            observation: count of completed risk returns.
            needed: uint8[observations + 1], the counts at which some lane decides; None = all.
        """
        first = self.block_of(observation)
        if self.wanted and first != self.first:
            last = min(first + self.length, self.rows.returns.shape[1] + 1)
            flags = np.ones(last - first, dtype=np.uint8) if needed is None else needed[first:last].copy()
            for m, model in enumerate(self.models):
                covariance_rows(
                    self.rows.returns,
                    first,
                    last,
                    int(model.method),
                    model.window,
                    model.min_history,
                    model.decay,
                    self.garch[m],
                    self.state[m],
                    self.covariance[m],
                    self.correlation[m],
                    self.sigma[m],
                    flags,
                )
            self.first = first
        return Shared(
            returns=self.rows.returns,
            covariance=self.covariance,
            correlation=self.correlation,
            sigma=self.sigma,
            first=max(self.first, 0),
        )
