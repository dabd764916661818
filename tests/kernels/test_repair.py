from __future__ import annotations

import numpy as np
import pytest

from polyfolio.kernels.repair import repair, repair_scratch
from tests.kernels.risk_tools import both, full, triangle

pytestmark = pytest.mark.pitfall("VAL-07")


def repaired(matrix):
    n = matrix.shape[0]
    out = np.full(n * (n + 1) // 2, 7.0)
    code = both(repair)(triangle(matrix), out, np.full(repair_scratch(n), np.nan))
    return code, full(out, n)


def floored(matrix):
    values, vectors = np.linalg.eigh(matrix)
    return vectors @ np.diag(np.maximum(values, 1e-12 * np.trace(matrix))) @ vectors.T


@pytest.mark.parametrize("n", [2, 3, 6, 15])
def test_a_matrix_with_negative_eigenvalues_gets_them_floored(n):
    rng = np.random.default_rng(n)
    basis = np.linalg.qr(rng.standard_normal((n, n)))[0]
    values = np.linspace(1.0, 2.0, n)
    values[0] = -0.3
    matrix = basis @ np.diag(values) @ basis.T
    matrix = (matrix + matrix.T) / 2
    code, result = repaired(matrix)
    assert code == 1
    np.testing.assert_allclose(result, floored(matrix), atol=1e-13)
    # Rounding of the product moves an eigenvalue by some 1e-16, a part in 1e4 of the floor.
    assert np.linalg.eigvalsh(result)[0] == pytest.approx(1e-12 * np.trace(matrix), rel=5e-3, abs=0)


def test_contradictory_correlations_are_repaired_and_stay_repaired():
    matrix = np.array([[1.0, 0.9, 0.9], [0.9, 1.0, -0.9], [0.9, -0.9, 1.0]]) * 1e-4
    code, result = repaired(matrix)
    assert code == 1
    assert np.linalg.eigvalsh(result)[0] > 0.0
    again, same = repaired(result)
    assert again == 0
    np.testing.assert_array_equal(same, result)


@pytest.mark.parametrize(
    "matrix",
    [
        np.cov(np.random.default_rng(0).standard_normal((6, 40))),
        np.cov(np.random.default_rng(0).standard_normal((6, 3))),  # fewer observations than slots: singular
        np.outer([1.0, 2.0, -3.0], [1.0, 2.0, -3.0]),  # rank one
        np.ones((4, 4)),
        np.zeros((3, 3)),
        np.diag([1e-4, 0.0, 1e-4]),
        np.array([[2.0]]),
    ],
    ids=["regular", "singular", "rank one", "all equal", "zero", "a flat slot", "one slot"],
)
def test_a_positive_semi_definite_matrix_is_left_to_the_last_bit(matrix):
    code, result = repaired(matrix)
    assert code == 0
    np.testing.assert_array_equal(result, matrix)


def test_unknown_slots_are_left_out_and_the_rest_is_repaired_as_without_them():
    inner = np.array([[1.0, 0.9, 0.9], [0.9, 1.0, -0.9], [0.9, -0.9, 1.0]])
    matrix = np.full((5, 5), np.nan)
    known = [0, 2, 3]
    matrix[np.ix_(known, known)] = inner
    matrix[1, 1] = 1.0  # known by itself, unknown with the others
    code, result = repaired(matrix)
    assert code == 1
    np.testing.assert_array_equal(result[np.ix_(known, known)], repaired(inner)[1])
    unknown = np.isnan(matrix)
    np.testing.assert_array_equal(np.isnan(result), unknown)
    assert result[1, 1] == 1.0


def test_nothing_known_is_nothing_to_repair():
    code, result = repaired(np.full((3, 3), np.nan))
    assert code == 0
    assert np.isnan(result).all()
