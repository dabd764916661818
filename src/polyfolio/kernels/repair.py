"""Repair of a covariance that is not positive semi-definite: eigenvalues by Jacobi rotations, floored."""

from __future__ import annotations

import math

from polyfolio.core.types import Floats
from polyfolio.kernels.compile import kernel

_FLOOR = 1e-12  # times the trace
_SWEEPS = 60  # cyclic Jacobi converges quadratically; 500 slots take about 12


def repair_scratch(n_slots: int) -> int:
    """How many values the scratch of `repair` holds: a matrix, its eigenvectors, and the slots taken part."""
    return 2 * n_slots * n_slots + n_slots


@kernel
def _known_slots(covariance: Floats, n: int, chosen: Floats) -> int:
    """Slots whose entries with one another are all known, the earlier slot kept; how many."""
    count = 0
    for i in range(n):
        row = i * (i + 1) // 2
        known = not math.isnan(covariance[row + i])
        for place in range(count):
            known = known and not math.isnan(covariance[row + int(chosen[place])])
        if known:
            chosen[count] = i
            count += 1
    return count


@kernel
def _load(covariance: Floats, chosen: Floats, m: int, matrix: Floats) -> float:
    """The chosen slots as a full matrix; gives back the sum of abs(C_ii), the trace of any sensible covariance."""
    trace = 0.0
    for a in range(m):
        row = int(chosen[a]) * (int(chosen[a]) + 1) // 2
        for b in range(a + 1):
            value = covariance[row + int(chosen[b])]
            matrix[a * m + b] = value
            matrix[b * m + a] = value
        trace += abs(matrix[a * m + a])
    return trace


@kernel
def _factors(matrix: Floats, m: int, shift: float, factor: Floats) -> int:
    """1 if matrix + shift I has a Cholesky factor, i.e. no eigenvalue is below -shift."""
    for a in range(m):
        for b in range(a + 1):
            total = matrix[a * m + b]
            for c in range(b):
                total -= factor[a * m + c] * factor[b * m + c]
            if b < a:
                factor[a * m + b] = total / factor[b * m + b]
            else:
                total += shift
                if not (total > 0.0):
                    return 0
                factor[a * m + a] = math.sqrt(total)
    return 1


@kernel
def _rotate(matrix: Floats, vectors: Floats, m: int, p: int, q: int) -> None:
    """One Jacobi rotation that makes matrix[p, q] zero (Golub and Van Loan, Matrix Computations, 8.5.2)."""
    off = matrix[p * m + q]
    if off == 0.0:
        return
    tau = (matrix[q * m + q] - matrix[p * m + p]) / (2.0 * off)
    tangent = (1.0 if tau >= 0.0 else -1.0) / (abs(tau) + math.sqrt(1.0 + tau * tau))
    cosine = 1.0 / math.sqrt(1.0 + tangent * tangent)
    sine = tangent * cosine
    for k in range(m):
        left, right = matrix[k * m + p], matrix[k * m + q]
        matrix[k * m + p] = cosine * left - sine * right
        matrix[k * m + q] = sine * left + cosine * right
    for k in range(m):
        left, right = matrix[p * m + k], matrix[q * m + k]
        matrix[p * m + k] = cosine * left - sine * right
        matrix[q * m + k] = sine * left + cosine * right
        left, right = vectors[p * m + k], vectors[q * m + k]
        vectors[p * m + k] = cosine * left - sine * right
        vectors[q * m + k] = sine * left + cosine * right
    matrix[p * m + q] = 0.0
    matrix[q * m + p] = 0.0


@kernel
def _diagonalise(matrix: Floats, vectors: Floats, m: int) -> float:
    """Eigenvalues on the diagonal of `matrix`, eigenvector k in row k of `vectors`; gives back the lowest."""
    for a in range(m):
        for b in range(m):
            vectors[a * m + b] = 1.0 if a == b else 0.0
    for _ in range(_SWEEPS):
        off, diagonal = 0.0, 0.0
        for a in range(m):
            diagonal += matrix[a * m + a] * matrix[a * m + a]
            for b in range(a):
                off += matrix[a * m + b] * matrix[a * m + b]
        if off <= 1e-30 * diagonal:
            break
        for p in range(m - 1):
            for q in range(p + 1, m):
                _rotate(matrix, vectors, m, p, q)
    lowest = math.inf
    for a in range(m):
        lowest = min(lowest, matrix[a * m + a])
    return lowest


@kernel
def repair(covariance: Floats, out: Floats, scratch: Floats) -> int:
    """Floor the eigenvalues of a covariance that is not positive semi-definite; gives back 1 if it did.

    out = covariance, or sum_k max(l_k, 1e-12 trace) v_k v_k' where some l_k is below -1e-12 trace: nearer to zero it
    is rounding and nothing is changed. Slots with a NaN are left out and keep their entries. `out` may be
    `covariance`; `scratch` holds `repair_scratch(n_slots)` values.
    """
    n = int(math.sqrt(2.0 * covariance.size))  # covariance.size = n(n+1)/2
    for place in range(covariance.size):
        out[place] = covariance[place]
    chosen = scratch[:n]
    m = _known_slots(covariance, n, chosen)
    matrix = scratch[n : n + m * m]
    vectors = scratch[n + m * m : n + 2 * m * m]
    floor = _FLOOR * _load(covariance, chosen, m, matrix)
    if _factors(matrix, m, floor, vectors) == 1:
        return 0
    if _diagonalise(matrix, vectors, m) >= -floor:
        return 0
    for a in range(m):
        row = int(chosen[a]) * (int(chosen[a]) + 1) // 2
        for b in range(a + 1):
            out[row + int(chosen[b])] = 0.0
    for k in range(m):
        value = matrix[k * m + k]
        value = value if value > floor else floor
        for a in range(m):
            row = int(chosen[a]) * (int(chosen[a]) + 1) // 2
            for b in range(a + 1):
                out[row + int(chosen[b])] += value * vectors[k * m + a] * vectors[k * m + b]
    return 1
