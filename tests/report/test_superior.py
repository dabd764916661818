"""Many at once: Hansen's test against its formulas written out, the confidence set against arch."""

from __future__ import annotations

import math
import sys

import numpy as np
import pytest

from polyfolio.errors import ConfigError
from polyfolio.report import superior

pytest.importorskip("arch")
N, BLOCK, DRAWS, SEED = 240, 5, 400, 7


def books(drift: float = 0.0) -> tuple[dict[str, np.ndarray], np.ndarray]:
    random = np.random.default_rng(11)
    base = random.normal(0.0003, 0.01, N)
    return {
        "near": base + random.normal(drift, 0.004, N),
        "far": random.normal(0.0002, 0.03, N),
        "other": random.normal(-0.0005, 0.008, N),
    }, base


def long_run(values: np.ndarray) -> float:
    """Politis and Romano's variance of a mean of the stationary bootstrap, lag by lag."""
    centred, total = values - values.mean(), 0.0
    for i in range(N):
        covariance = sum(centred[t] * centred[t + i] for t in range(N - i)) / N
        stay = 1.0 - 1.0 / BLOCK
        kernel = (1.0 - i / N) * stay**i + (i / N) * stay ** (N - i)
        total += covariance if i == 0 else 2.0 * kernel * covariance
    return math.sqrt(total)


def by_hand(returns: dict[str, np.ndarray], base: np.ndarray) -> dict[str, float]:
    """Hansen (2005), with the blocks that arch draws from the same seed."""
    from arch.bootstrap import StationaryBootstrap

    gains = np.column_stack([np.log1p(one) - np.log1p(base) for one in returns.values()])
    deviation = np.array([long_run(gains[:, k]) for k in range(gains.shape[1])])
    mean = gains.mean(axis=0)
    best = (mean / deviation).max()
    threshold = -deviation * math.sqrt(2.0 * math.log(math.log(N))) / math.sqrt(N)
    centres = {"lower": np.maximum(mean, 0.0), "consistent": mean * (mean >= threshold), "upper": mean}
    above = dict.fromkeys(centres, 0)
    for (drawn,), _ in StationaryBootstrap(BLOCK, np.arange(N), seed=SEED).bootstrap(DRAWS):
        shifted = gains[drawn].mean(axis=0)
        for name, centre in centres.items():
            above[name] += int(((shifted - centre) / deviation).max() > best)
    return {name: count / DRAWS for name, count in above.items()}


@pytest.mark.parametrize("drift", [0.0, 0.0005])
def test_hansens_test_equals_its_formulas(drift: float) -> None:
    returns, base = books(drift)
    found = superior.superior(returns, base, BLOCK - 0.4, DRAWS, SEED)
    assert found["judged"] == 3
    want = by_hand(returns, base)
    for name in ("lower", "consistent", "upper"):
        assert found[name] == pytest.approx(want[name], abs=1.0 / DRAWS), name
    assert found["lower"] <= found["consistent"] <= found["upper"]


def test_the_most_volatile_does_not_decide() -> None:
    """A book that is surely better beside one that only moves a lot: undivided, the second hides the first."""
    returns, base = books(0.0015)
    assert superior.superior({"near": returns["near"]}, base, BLOCK, DRAWS, SEED)["consistent"] < 0.02
    wild = {"near": returns["near"], "wild": np.random.default_rng(0).normal(-0.001, 0.1, N)}
    assert superior.superior(wild, base, BLOCK, DRAWS, SEED)["consistent"] < 0.05


def test_a_better_book_is_found_and_one_without_skill_is_not() -> None:
    returns, base = books(0.003)
    assert superior.superior(returns, base, BLOCK, DRAWS, SEED)["consistent"] < 0.01
    returns, base = books(-0.001)
    assert superior.superior(returns, base, BLOCK, DRAWS, SEED)["consistent"] > 0.1


def test_the_benchmarks_own_returns_say_nothing() -> None:
    _, base = books()
    found = superior.superior({"same": base.copy()}, base, BLOCK, DRAWS, SEED)
    assert found == {"judged": 0, "lower": None, "consistent": None, "upper": None}


def test_the_confidence_set_is_archs_and_twins_share_a_p() -> None:
    from arch.bootstrap import MCS

    returns, base = books(0.001)
    every = {**returns, "base": base, "twin": base.copy()}
    found = superior.best_set(every, 0.1, BLOCK, DRAWS, SEED)
    table = -np.log1p(np.column_stack([*returns.values(), base]))
    theirs = MCS(table, 0.1, reps=DRAWS, block_size=BLOCK, seed=SEED)
    theirs.compute()
    names = [*returns, "base"]
    for place, p in theirs.pvalues["Pvalue"].items():
        assert found["p"][names[place]] == pytest.approx(p, abs=1e-12)
    assert set(found["included"]) - {"twin"} == {names[place] for place in theirs.included}
    assert found["p"]["twin"] == found["p"]["base"]
    alone = superior.best_set({"a": base, "b": base.copy()}, 0.1, BLOCK, DRAWS, SEED)
    assert alone == {"p": {"a": 1.0, "b": 1.0}, "included": ["a", "b"]}


def test_the_same_seed_comes_to_the_same_and_another_does_not() -> None:
    returns, base = books()
    one, same, other = (superior.superior(returns, base, BLOCK, DRAWS, seed) for seed in (1, 1, 2))
    assert one == same != other


def test_without_arch_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "arch", None)
    with pytest.raises(ConfigError, match=r"arch: got None, must be installed.*polyfolio\[research\]"):
        superior.library()
