"""Random numbers by counter, keyed by seed, path and purpose, and correlated draws from them.

Each purpose has a stream of its own: a longer sample begins with the shorter one, and neither the order in which paths
are drawn nor the number of threads changes a bit.
"""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
from scipy import special

from polyfolio.core.types import Floats
from polyfolio.errors import ConfigError

FEWEST_DEGREES = 2.05  # Student's t has no variance from 2 down


def whole(name: str, value: Any, least: int) -> None:
    """Refuse an argument that is not a whole number, or too small."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise ConfigError(name, value, f"a whole number >= {least}", "Correct the argument.")


def within(name: str, value: Any, low: float, high: float) -> None:
    """Refuse an argument that is no number or lies outside low to high."""
    number = isinstance(value, (int, float, np.floating)) and not isinstance(value, bool)
    if not number or not low <= value <= high:
        raise ConfigError(name, value, f"a number from {low:g} to {high:g}", "Correct the argument.")


class Streams:
    """The random numbers of one path.

    Args:
        seed: 0 or more.
        path: number of the path, 0 or more; two paths of one seed share no numbers.
    """

    def __init__(self, seed: int, path: int = 0) -> None:
        for name, value in (("seed", seed), ("path", path)):
            whole(name, value, 0)
        self.seed, self.path = int(seed), int(path)

    def of(self, purpose: str) -> np.random.Generator:
        """The stream of one purpose, from its beginning."""
        words = np.random.SeedSequence([self.seed, self.path, zlib.crc32(purpose.encode())])
        return np.random.Generator(np.random.Philox(words))


def root(correlation: Floats) -> Floats:
    """R with R R' = the correlation matrix.

    Eigenvalues below 0 are cut and ones put back on the diagonal, so a singular or indefinite matrix has a root too.
    """
    values, vectors = np.linalg.eigh(0.5 * (correlation + correlation.T))
    values = np.maximum(values, 0.0)
    fixed = (vectors * values) @ vectors.T
    scale = np.sqrt(np.diag(fixed))
    return np.asarray((vectors * np.sqrt(values)) @ vectors.T / scale[:, None], dtype=np.float64)


def correlated(normals: Floats, roots: Floats) -> Floats:
    """Independent normals (rows, slots) turned into correlated ones.

    `einsum` and not a matrix product: BLAS rounds a row differently when the number of rows changes.
    """
    return np.asarray(np.einsum("ts,is->ti", normals, roots), dtype=np.float64)


def correlation_of(residuals: Floats) -> Floats:
    """Correlation of columns (population moments); a column that does not move goes with none."""
    centred = residuals - residuals.mean(axis=0)
    spread = np.sqrt((centred**2).mean(axis=0))
    unit = np.divide(centred, spread, out=np.zeros_like(centred), where=spread > 0.0)
    out = unit.T @ unit / residuals.shape[0]
    np.fill_diagonal(out, 1.0)
    return np.asarray(out, dtype=np.float64)


def student(streams: Streams, rows: int, roots: Floats, degrees: Floats) -> Floats:
    """Correlated draws (rows, slots) with unit variance, each slot Student's t with its own degrees of freedom.

    Grouped t (Daul, De Giorgi, Lindskog, McNeil 2003): one uniform number a row sets the scale of all slots, so large
    moves come together. Infinite degrees give normals.
    """
    normals = correlated(streams.of("normals").standard_normal((rows, degrees.size)), roots)
    uniform = streams.of("scale").random(rows)
    return normals * mixing(uniform, degrees)


def mixing(uniform: Floats, degrees: Floats) -> Floats:
    """sqrt((nu - 2) / chi2_nu^-1(u)) per (row, slot): what turns normals into unit-variance t."""
    out = np.ones((uniform.size, degrees.size))
    # Degrees a hundredth of 1 / nu apart share their quantiles: 150 shares ask for 22 columns of them.
    levels, slot_of = np.unique(np.round(1.0 / degrees, 2), return_inverse=True)
    for number, level in enumerate(levels.tolist()):
        if level > 0.0:
            nu = max(1.0 / level, FEWEST_DEGREES)
            chi_square = 2.0 * special.gammainccinv(0.5 * nu, uniform)  # u near 1 is a wild row
            out[:, slot_of == number] = np.sqrt((nu - 2.0) / chi_square)[:, None]
    return out
