"""Block lengths and places equal another library's; the draws are the same whatever is drawn at once."""

from __future__ import annotations

import numpy as np
import pytest

from polyfolio.errors import DataError
from polyfolio.report import bootstrap
from polyfolio.report.bootstrap import Blocks, block_length, indices


def autoregressive(n: int, memory: float, seed: int) -> np.ndarray:
    noise = np.random.default_rng(seed).normal(size=n)
    out = noise.copy()
    for t in range(1, n):
        out[t] += memory * out[t - 1]
    return out


@pytest.mark.parametrize("memory", [0.0, 0.3, 0.9, -0.5])
@pytest.mark.parametrize("n", [20, 61, 250, 1001])
def test_the_block_length_is_that_of_arch(memory: float, n: int) -> None:
    arch = pytest.importorskip("arch.bootstrap")
    values = autoregressive(n, memory, n)
    theirs = float(arch.optimal_block_length(values)["stationary"].iloc[0])
    assert block_length(values) == pytest.approx(max(theirs, 1.0), rel=1e-9)


def test_a_memory_that_lasts_makes_longer_blocks() -> None:
    # b is the cube root of (G / S)^2 n; for AR(1) with coefficient a, G / S = 2 a / (1 - a^2)
    values = autoregressive(20_000, 0.5, 3)
    assert block_length(values) == pytest.approx((2 * 0.5 / (1 - 0.25)) ** (2 / 3) * 20_000 ** (1 / 3), rel=0.15)
    assert block_length(autoregressive(20_000, 0.9, 3)) > 2 * block_length(values)


def test_a_flat_series_has_blocks_of_one_and_a_short_one_is_refused() -> None:
    assert block_length(np.full(50, 0.25)) == 1.0
    with pytest.raises(DataError, match="returns: got 19, must be at least 20 values"):
        block_length(np.zeros(19))


def test_the_places_are_those_of_arch_for_the_same_random_numbers() -> None:
    samplers = pytest.importorskip("arch.bootstrap._samplers_python")
    random = np.random.default_rng(0)
    starts, chances = random.integers(0, 50, (30, 50)), random.random((30, 50))
    wanted = [
        samplers.stationary_bootstrap_sample_python(row.copy(), chance, 0.2)
        for row, chance in zip(starts, chances, strict=True)
    ]
    np.testing.assert_array_equal(indices(starts, chances, 0.2), np.array(wanted))


def test_places_by_hand() -> None:
    starts = np.array([[3, 0, 1, 4, 2]])
    chances = np.array([[0.9, 0.9, 0.1, 0.5, 0.2]])  # the first place begins a block whatever its chance
    assert indices(starts, chances, 0.2).tolist() == [[3, 4, 1, 2, 2]]
    assert indices(starts, chances, 0.0).tolist() == [[3, 4, 0, 1, 2]]  # one block, round the end


def drawn(blocks: Blocks) -> np.ndarray:
    out = np.full((blocks.draws, blocks.size), -1, dtype=np.int64)
    for part, places in blocks.parts():
        out[part] = places
    return out


def test_draws_do_not_depend_on_how_many_are_made_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    blocks = Blocks(37, 23, 4.0, seed=5)
    whole = drawn(blocks)
    monkeypatch.setattr(bootstrap, "AT_ONCE", 100)
    np.testing.assert_array_equal(drawn(blocks), whole)
    assert (drawn(Blocks(37, 23, 4.0, seed=6)) != whole).any()
    np.testing.assert_array_equal(drawn(Blocks(40, 23, 4.0, seed=5))[:37], whole)


def test_blocks_have_their_mean_length_and_places_are_even() -> None:
    places = drawn(Blocks(400, 250, 8.0, seed=1))
    assert places.min() == 0
    assert places.max() == 249
    broken = (np.diff(places, axis=1) % 250 != 1).mean()
    assert 1.0 / broken == pytest.approx(8.0, rel=0.05)
    counts = np.bincount(places.ravel(), minlength=250)
    assert counts.std() / counts.mean() < 0.25


def test_intervals_of_a_mean_cover_it() -> None:
    """Of a series with a memory, blocks of the found length cover about as often as they say; blocks of 1 do not."""
    covered = {"found": 0, "one": 0}
    trials, n = 120, 300
    for seed in range(trials):
        values = autoregressive(n, 0.5, seed)
        for name, length in (("found", block_length(values)), ("one", 1.0)):
            means = np.concatenate([values[places].mean(axis=1) for _, places in Blocks(200, n, length, seed).parts()])
            low, high = np.quantile(means, [0.05, 0.95])
            covered[name] += bool(low <= 0.0 <= high)
    assert 0.78 <= covered["found"] / trials <= 0.96
    assert covered["one"] / trials < 0.75
