"""The hidden Markov model: filtered probabilities equal those of another library, known parameters are found."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from polyfolio.errors import ConfigError, DataError
from polyfolio.features.regimes import HiddenMarkov
from polyfolio.features.regimes.hidden_markov import _lengths
from polyfolio.features.regimes.market import market
from polyfolio.market.window import window
from tests.features.learned.markets import tape_of

hmm = pytest.importorskip("hmmlearn.hmm")


def chain(rows: int = 3000, seed: int = 3):
    """Closes of a two-state market and the states: calm 0.5 %, turbulent 2 % a row."""
    random = np.random.default_rng(seed)
    leave = (0.02, 0.06)
    state, states = 0, np.empty(rows, dtype=int)
    for row in range(rows):
        state = 1 - state if random.random() < leave[state] else state
        states[row] = state
    returns = random.normal(np.where(states == 0, 0.001, -0.002), np.where(states == 0, 0.005, 0.02))
    return tape_of(100.0 * np.cumprod(1.0 + returns)[:, None]), states


def library_of(model: HiddenMarkov):
    """The same model in hmmlearn."""
    made = hmm.GaussianHMM(model.count, "diag")
    made.startprob_, made.transmat_ = model.start_, model.transitions_
    made.means_, made.covars_ = model.means_, model.deviations_**2
    return made


def test_filtered_probabilities_equal_the_last_smoothed_ones_of_each_prefix() -> None:
    tape, _ = chain(400)
    model = HiddenMarkov().fit(tape)
    found = model.probabilities(tape)
    library = library_of(model)
    sample = (market(tape, None)[0][1:, None] - model.middle_) / model.scale_
    for row in (1, 2, 3, 50, 177, 300, 399):
        # A library's answer for the last row of a prefix has no later row to be smoothed with. Its first row is the
        # first return; before it one step of the transition matrix leaves the stationary start as it is.
        wanted = library.predict_proba(sample[:row])[-1]
        np.testing.assert_allclose(found[row], wanted, rtol=1e-9, atol=1e-12)


def test_smoothed_probabilities_are_others() -> None:
    tape, _ = chain(400)
    model = HiddenMarkov().fit(tape)
    sample = (market(tape, None)[0][1:, None] - model.middle_) / model.scale_
    smoothed = library_of(model).predict_proba(sample)
    assert np.abs(model.probabilities(tape)[1:] - smoothed).max() > 0.05


def test_the_parameters_of_a_known_chain_return() -> None:
    tape, states = chain()
    model = HiddenMarkov().fit(tape)
    deviations = model.deviations_[:, 0] * model.scale_[0]
    np.testing.assert_allclose(deviations, [0.005, 0.02], rtol=0.1)
    np.testing.assert_allclose(model.transitions_.diagonal(), [0.98, 0.94], atol=0.015)
    np.testing.assert_allclose(model.start_ @ model.transitions_, model.start_, rtol=1e-9)
    assert (model.labels(tape)[1:] == states[1:]).mean() > 0.93


def test_states_stand_in_the_order_of_their_deviation() -> None:
    tape, _ = chain()
    for seed in range(3):
        model = HiddenMarkov(count=3, seed=seed, starts=2).fit(tape)
        assert (np.diff(model.deviations_[:, 0]) > 0.0).all()
        assert model.states == ("calm", "normal", "turbulent")
    assert HiddenMarkov(count=4).states == ("calm", "state_2", "state_3", "turbulent")


@pytest.mark.pitfall("REP-01")
def test_a_seed_repeats_and_global_random_numbers_stay_untouched() -> None:
    tape, _ = chain(600)
    np.random.seed(7)  # noqa: NPY002 - the state that must not be touched
    before = np.random.get_state()[1].tobytes()  # noqa: NPY002
    one, two = (HiddenMarkov(seed=5).fit(tape).probabilities(tape) for _ in range(2))
    assert one.tobytes() == two.tobytes()
    assert np.random.get_state()[1].tobytes() == before  # noqa: NPY002
    starts = [HiddenMarkov(seed=seed, starts=1).fit(tape).means_.tobytes() for seed in range(3)]
    assert len(set(starts)) > 1


def test_a_row_without_a_return_passes_the_state_on() -> None:
    tape, _ = chain(300)
    model = HiddenMarkov().fit(tape)
    closes = tape.close.copy()
    closes[200] = np.nan
    holed = model.probabilities(tape_of(closes))
    np.testing.assert_allclose(holed[200], holed[199] @ model.transitions_, rtol=1e-12)


def test_a_crash_no_state_can_explain_gives_a_number() -> None:
    tape, _ = chain(300)
    model = HiddenMarkov().fit(tape)
    closes = tape.close.copy()
    closes[250:] *= 1e-6
    assert model.probabilities(tape_of(closes))[250].tolist() == pytest.approx([0.0, 1.0])


def test_no_transition_is_learned_across_a_hole() -> None:
    known = np.array([False, True, True, False, True, False, False, True, True, True])
    assert _lengths(known) == [2, 1, 3]
    # A chain that changes its state only where bars are missing: no row shows a change.
    random = np.random.default_rng(0)
    returns = random.normal(0.0, np.repeat([0.001, 0.03] * 4, 100))
    closes = 100.0 * np.cumprod(1.0 + returns)[:, None]
    closes[::100] = np.nan
    holed, whole = (
        HiddenMarkov(starts=2).fit(tape_of(c)) for c in (closes, 100.0 * np.cumprod(1.0 + returns)[:, None])
    )
    assert holed.transitions_[0, 1] < 1e-6 < whole.transitions_[0, 1]


def test_returns_of_one_value_are_refused() -> None:
    with pytest.raises(DataError, match="training returns"):
        HiddenMarkov().fit(tape_of(np.full((100, 1), 50.0)))


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "hmmlearn", None)
    tape, _ = chain(200)
    with pytest.raises(ConfigError, match=r"polyfolio\[research\]"):
        HiddenMarkov().fit(tape)


def test_answering_needs_no_library(monkeypatch: pytest.MonkeyPatch) -> None:
    tape, _ = chain(200)
    state = HiddenMarkov().fit(window(tape, 0, 150)).state()
    monkeypatch.setitem(sys.modules, "hmmlearn", None)
    assert np.isfinite(HiddenMarkov.from_state(state).probabilities(tape)[1:]).all()
