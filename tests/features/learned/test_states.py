"""States: saved, restored to the bit, refused where they belong to something else or were changed."""

from __future__ import annotations

import errno
import json
from pathlib import Path

import numpy as np
import pytest

from polyfolio.errors import DataError
from polyfolio.features.learned import Learned
from polyfolio.features.normalise import Normaliser, Rank, Robust, Rolling, Standard
from polyfolio.features.regimes import Drawdown, HiddenMarkov, Regime, Trend, Volatility, WalkForward
from polyfolio.rules import registry
from polyfolio.rules.built_in import BUILT_IN
from tests.features.learned.markets import grid, walk_tape

NAMES = {"columns": ("a", "b", "c"), "symbols": ("A", "B", "C", "D")}
PLACES = {
    "normaliser": {kind.name: f"polyfolio.features.normalise:{kind.__name__}" for kind in (Standard, Rank)},
    "regime": {kind.name: f"polyfolio.features.regimes:{kind.__name__}" for kind in (HiddenMarkov, Volatility)},
}


@pytest.fixture
def named(monkeypatch: pytest.MonkeyPatch) -> None:
    """The registry knows the two kinds."""
    for kind, places in PLACES.items():
        monkeypatch.setitem(BUILT_IN, kind, {**BUILT_IN.get(kind, {}), **places})
        monkeypatch.setitem(registry._registered, kind, {})


def fitted_normalisers() -> list[Normaliser]:
    made = (Standard(clip=3.0), Robust(pooled=True), Rank(knots=21), Rolling(window=20))
    return [one.fit(grid(), slice(0, 80), **NAMES) for one in made]


@pytest.mark.pitfall("LAH-06")
@pytest.mark.parametrize("normaliser", fitted_normalisers(), ids=repr)
def test_a_normaliser_comes_back_to_the_bit(normaliser: Normaliser, tmp_path: Path) -> None:
    path = normaliser.save(tmp_path / "state.npz")
    assert [item.name for item in tmp_path.iterdir()] == ["state.npz"]
    for back in (type(normaliser).load(path), type(normaliser).from_state(normaliser.state())):
        assert repr(back) == repr(normaliser)
        assert back.columns_ == NAMES["columns"]
        whole = normaliser.transform(grid(), **NAMES)
        assert back.transform(grid(), **NAMES).tobytes() == whole.tobytes()
        with pytest.raises(DataError, match=r"columns\[1\]"):
            back.transform(grid(), columns=("a", "x", "c"), symbols=NAMES["symbols"])


@pytest.mark.parametrize(
    "regime",
    [
        Volatility(window=5),
        Drawdown(window=30),
        HiddenMarkov(observed=("return", "volatility")),
        WalkForward(regime=Volatility(window=5, quantiles=(0.4, 0.8)), first=100, every=50),
    ],
    ids=repr,
)
def test_a_regime_comes_back_to_the_bit(regime: Regime, tmp_path: Path, named: None) -> None:
    tape = walk_tape()
    path = regime.fit(tape).save(tmp_path / "state.npz")
    back = type(regime).load(path)
    assert repr(back) == repr(regime)
    assert back.probabilities(tape).tobytes() == regime.probabilities(tape).tobytes()


def test_a_regime_within_a_regime_keeps_what_it_learned(tmp_path: Path) -> None:
    inner = HiddenMarkov(starts=1).fit(walk_tape())
    back = WalkForward.load(WalkForward(regime=inner).save(tmp_path / "state.npz"))
    assert back.regime.transitions_.tobytes() == inner.transitions_.tobytes()
    assert back.digest() == WalkForward(regime=inner).digest() != WalkForward(regime=inner.clone()).digest()


def test_a_file_that_cannot_be_written_is_named_and_leaves_nothing(tmp_path: Path, monkeypatch) -> None:
    fitted = Standard().fit(grid(), slice(0, 80))
    with pytest.raises(DataError, match=r"none.*No such file"):
        fitted.save(tmp_path / "none" / "state.npz")
    fitted.save(tmp_path / "state.npz")

    def full(path: Path, content: bytes) -> int:
        with path.open("wb") as file:
            file.write(content[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(DataError, match=r"state\.npz.*No space left"):
        fitted.save(tmp_path / "state.npz")
    assert [item.name for item in tmp_path.iterdir()] == ["state.npz"]
    assert Standard.load(tmp_path / "state.npz").digest() == fitted.digest()


def test_a_learned_value_that_is_no_plain_one_is_refused_by_its_type(tmp_path: Path) -> None:
    fitted = Standard().fit(grid(), slice(0, 80))
    fitted.model_ = object()
    with pytest.raises(DataError, match=r"state of standard.*object"):
        fitted.save(tmp_path / "state.npz")


def test_the_base_class_finds_the_class_by_its_name(named: None) -> None:
    state = Standard().fit(grid(), slice(0, 80)).state()
    assert isinstance(Normaliser.from_state(state), Standard)
    assert isinstance(Regime.from_state(Volatility(low=0.01, high=0.02).state()), Volatility)


def test_a_state_is_a_copy() -> None:
    fitted = Standard().fit(grid(), slice(0, 80))
    state = fitted.state()
    state["learned"]["mean_"][:] = 0.0
    assert (fitted.mean_ != 0.0).all()
    back = Standard.from_state(state)
    state["learned"]["mean_"][:] = 7.0
    assert (back.mean_ == 0.0).all()


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("kind", "regime", "state['kind']"),
        ("name", "robust", "state['name']"),
        ("version", 99, "state['version']"),
        ("params", {"pooled": False, "clips": 3.0}, "unexpected keyword argument 'clips'"),
    ],
)
def test_the_state_of_something_else_is_refused(key: str, value: object, words: str) -> None:
    state = Standard().fit(grid(), slice(0, 80)).state()
    with pytest.raises(DataError) as caught:
        Standard.from_state({**state, key: value})
    assert words in str(caught.value)


@pytest.mark.parametrize("key", ["kind", "name", "version", "params", "learned"])
def test_a_state_that_lacks_a_part_is_refused(key: str) -> None:
    state = Standard().fit(grid(), slice(0, 80)).state()
    del state[key]
    with pytest.raises(DataError, match=key):
        Standard.from_state(state)


def test_a_state_that_lacks_a_learned_value_is_refused() -> None:
    state = Standard().fit(grid(), slice(0, 80)).state()
    del state["learned"]["scale_"]
    with pytest.raises(DataError, match="scale_"):
        Standard.from_state(state)


def changed(content: bytes) -> bytes:
    """One digit of a learned array, in a file that is otherwise whole."""
    import io

    with np.load(io.BytesIO(content)) as file:
        arrays = {name: file[name].copy() for name in file.files}
    arrays["array_0"][0, 0] += 1.0
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


@pytest.mark.parametrize(
    "damage", [lambda b: b[: len(b) // 2], lambda b: b"", changed, lambda b: b"PK" + b[2:][::-1]], ids=range(4)
)
def test_a_damaged_file_is_refused_by_name(damage, tmp_path: Path) -> None:
    path = Standard().fit(grid(), slice(0, 80)).save(tmp_path / "state.npz")
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(DataError, match=r"state\.npz.*fit and save anew"):
        Standard.load(path)
    with pytest.raises(DataError, match=r"none\.npz"):
        Standard.load(tmp_path / "none.npz")


def test_a_clone_has_learned_nothing() -> None:
    learned: list[Learned] = [
        Standard().fit(grid(), slice(0, 80)),
        WalkForward(regime=Volatility(window=5).fit(walk_tape())),
    ]
    for one in learned:
        assert repr(one.clone()) == repr(one)
        assert one.clone().learned() == {}
    assert learned[1].clone().regime.learned() == {}


def test_a_state_without_arrays_is_plain_data() -> None:
    json.dumps(Trend().state(), allow_nan=False)
