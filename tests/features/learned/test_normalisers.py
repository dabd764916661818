"""Normalisers: equal to an independent library, learned from the training rows alone, each row for itself."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyfolio.errors import ConfigError, DataError
from polyfolio.features.normalise import Normaliser, Rank, Robust, Rolling, Standard
from tests.features.learned.markets import grid

TRAIN = slice(10, 80)
ALL = [
    Standard(),
    Standard(pooled=True, clip=2.0),
    Robust(),
    Robust(pooled=True, lower=0.1, upper=0.9),
    Rank(),
    Rank(pooled=True, knots=11),
    Rank(output="normal"),
    Rolling(window=10),
    Rolling(window=7, least=2, clip=1.5),
]


def by_text(thing: object) -> str:
    return repr(thing)


@pytest.fixture(params=ALL, ids=by_text)
def normaliser(request: pytest.FixtureRequest) -> Normaliser:
    return request.param.clone()


def column_by_column(library, values: np.ndarray, rows: slice) -> np.ndarray:
    out = np.empty_like(values)
    for index in np.ndindex(values.shape[0], values.shape[2]):
        series = values[index[0], :, index[1]]
        fitted = library().fit(series[rows, None])
        out[index[0], :, index[1]] = fitted.transform(series[:, None])[:, 0]
    return out


def test_standard_equals_scikit_learn() -> None:
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    values = grid()
    wanted = column_by_column(preprocessing.StandardScaler, values, TRAIN)
    np.testing.assert_allclose(Standard().fit(values, TRAIN).transform(values), wanted, rtol=1e-11, atol=1e-11)


def test_robust_equals_scikit_learn() -> None:
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    values = grid()
    wanted = column_by_column(preprocessing.RobustScaler, values, TRAIN)
    np.testing.assert_allclose(Robust().fit(values, TRAIN).transform(values), wanted, rtol=1e-11, atol=1e-11)


def test_rank_equals_scikit_learn() -> None:
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    values = grid()
    wanted = column_by_column(lambda: preprocessing.QuantileTransformer(n_quantiles=41), values, TRAIN)
    found = Rank(knots=41).fit(values, TRAIN).transform(values)
    np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-11)


def test_rolling_equals_pandas() -> None:
    pandas = pytest.importorskip("pandas")
    values = grid()
    found = Rolling(window=15, least=5).fit(values, TRAIN).transform(values)
    for column in range(values.shape[0]):
        frame = pandas.DataFrame(values[column])
        window = frame.rolling(15, min_periods=5)
        wanted = ((frame - window.mean()) / window.std(ddof=0)).to_numpy()
        np.testing.assert_allclose(found[column], wanted, rtol=1e-8, atol=1e-8)


def test_rolling_forgets_a_value_that_has_left_the_window() -> None:
    values = 1.0 + 0.1 * np.sin(np.arange(60.0))[:, None]
    quiet = Rolling(window=10).fit(values, slice(0, 60)).transform(values)
    values[12] = 1e12
    loud = Rolling(window=10).fit(values, slice(0, 60)).transform(values)
    assert loud[22:].tobytes() == quiet[22:].tobytes()
    # What a running sum keeps of it, so that the test above could fail:
    total = 0.0
    for row in range(60):
        total += values[row, 0] - (values[row - 10, 0] if row >= 10 else 0.0)
    assert abs(total - values[50:, 0].sum()) > 1e-5


def test_standard_by_hand() -> None:
    values = np.array([[1.0], [3.0], [5.0], [100.0]])
    fitted = Standard().fit(values, slice(0, 3))
    assert fitted.mean_.tolist() == [[3.0]]
    assert fitted.scale_[0, 0] == pytest.approx(np.sqrt(8.0 / 3.0), rel=1e-15)
    assert fitted.transform(values)[3, 0] == pytest.approx(97.0 / np.sqrt(8.0 / 3.0), rel=1e-15)


def test_rank_by_hand() -> None:
    values = np.array([[10.0], [20.0], [30.0], [40.0], [50.0]])
    fitted = Rank(knots=5).fit(values, slice(0, 5))
    asked = np.array([[-1.0], [10.0], [25.0], [50.0], [99.0], [np.nan]])
    np.testing.assert_array_equal(fitted.transform(asked)[:, 0], [0.0, 0.0, 0.375, 1.0, 1.0, np.nan])
    normal = Rank(knots=5, output="normal").fit(values, slice(0, 5))
    assert normal.transform(asked)[3, 0] == pytest.approx(1.2815515655446004, rel=1e-12)  # the 90 % quantile


def test_equal_training_values_share_the_middle_of_their_ranks() -> None:
    values = np.array([[1.0], [2.0], [2.0], [2.0], [3.0]])
    fitted = Rank(knots=5).fit(values, slice(0, 5))
    assert fitted.transform(values)[:, 0].tolist() == [0.0, 0.5, 0.5, 0.5, 1.0]
    still = np.full((5, 1), 4.0)
    assert Rank(knots=5).fit(still, slice(0, 5)).transform(still)[0, 0] == 0.5


@pytest.mark.pitfall("LAH-06")
def test_only_training_rows_are_read(normaliser: Normaliser) -> None:
    values = grid()
    other = values.copy()
    outside = np.r_[0:10, 80:120]
    other[:, outside] = 1e9 * np.random.default_rng(1).normal(size=(3, outside.size, 4))
    one, two = normaliser.clone().fit(values, TRAIN), normaliser.clone().fit(other, TRAIN)
    assert one.learned().keys() == two.learned().keys()
    for name, value in one.learned().items():
        assert np.array_equal(value, two.learned()[name], equal_nan=isinstance(value, np.ndarray)), name
    inside = values.copy()
    inside[:, 40] *= 2.0
    changed = normaliser.clone().fit(inside, TRAIN).transform(values)
    same = np.array_equal(changed, one.transform(values), equal_nan=True)
    assert same is isinstance(normaliser, Rolling)


def test_a_scaler_of_the_whole_frame_fails_the_same_test() -> None:
    values = grid()
    other = values.copy()
    other[:, 100:] *= 3.0
    whole = slice(None)
    assert not np.array_equal(Standard().fit(values, whole).mean_, Standard().fit(other, whole).mean_)


@pytest.mark.pitfall("LAH-06")
def test_a_row_never_depends_on_a_later_one(normaliser: Normaliser) -> None:
    values = grid()
    fitted = normaliser.fit(values, slice(0, 60))
    whole = fitted.transform(values)
    for cut in (60, 77, 119):
        assert fitted.transform(values[:, :cut]).tobytes() == whole[:, :cut].tobytes()


def test_the_stream_gives_the_bits_of_the_batch(normaliser: Normaliser) -> None:
    values = grid()
    fitted = normaliser.fit(values, TRAIN, columns=("a", "b", "c"), symbols=("A", "B", "C", "D"))
    names = {"columns": ("a", "b", "c"), "symbols": ("A", "B", "C", "D")}
    whole = fitted.transform(values, **names)
    stream = fitted.start(values[:, :33], **names)
    for row in range(33, 120):
        assert stream.update(values[:, row]).tobytes() == whole[:, row].tobytes(), row


def test_missing_stays_missing_and_the_shape_stays(normaliser: Normaliser) -> None:
    values = grid()
    out = normaliser.fit(values, TRAIN).transform(values)
    assert out.shape == values.shape
    assert np.isnan(out[np.isnan(values)]).all()
    known = ~np.isnan(values[:, 60:])
    assert np.isfinite(out[:, 60:][known]).all()
    flat = normaliser.clone().fit(values[0], TRAIN).transform(values[0])
    assert flat.shape == values[0].shape
    assert flat.tobytes() == out[0].tobytes() or normaliser.pooled


def test_single_precision_stays_single(normaliser: Normaliser) -> None:
    values = grid().astype(np.float32)
    out = normaliser.fit(values, TRAIN).transform(values)
    assert out.dtype == np.float32
    wide = normaliser.clone().fit(values.astype(np.float64), TRAIN).transform(values.astype(np.float64))
    np.testing.assert_allclose(out, wide, rtol=2e-4, atol=2e-4)


@pytest.mark.parametrize("kind", [Standard, Robust, Rolling])
def test_a_column_that_stands_still_gives_zero(kind: type[Normaliser]) -> None:
    values = np.full((50, 2), 0.1)
    assert (kind().fit(values, slice(0, 50)).transform(values)[126:] == 0.0).all()
    window = Rolling(window=6).fit(values, slice(0, 50)).transform(values)
    assert (window[3:] == 0.0).all()


def test_pooled_statistics_serve_a_slot_that_lists_later() -> None:
    values = grid()
    values[:, :90, 3] = np.nan
    alone = Standard().fit(values, slice(0, 80)).transform(values)
    assert np.isnan(alone[:, :, 3]).all()
    together = Standard(pooled=True).fit(values, slice(0, 80)).transform(values)
    assert np.isfinite(together[:, 90:, 3][~np.isnan(values[:, 90:, 3])]).all()
    wanted = values[0, :80].ravel()
    assert Standard(pooled=True).fit(values, slice(0, 80)).mean_[0, 0] == pytest.approx(np.nanmean(wanted), rel=1e-12)


def test_training_rows_may_be_numbers() -> None:
    values = grid()
    rows = np.r_[0:30, 50:80]
    found = Standard().fit(values, rows)
    assert np.array_equal(found.mean_, Standard().fit(values[:, rows], slice(None)).mean_)


@given(seed=st.integers(0, 10_000), window=st.integers(2, 40), rows=st.integers(3, 90))
def test_rolling_is_the_plain_formula_for_random_holes(seed: int, window: int, rows: int) -> None:
    random = np.random.default_rng(seed)
    values = random.normal(5.0, 2.0, (rows, 3))
    values[random.random(values.shape) < 0.3] = np.nan
    found = Rolling(window=window, least=2).fit(values, slice(0, rows)).transform(values)
    for row, slot in np.ndindex(rows, 3):
        part = values[max(0, row - window + 1) : row + 1, slot]
        part = part[~np.isnan(part)]
        if np.isnan(values[row, slot]) or part.size < 2:
            assert np.isnan(found[row, slot])
        else:
            assert found[row, slot] == pytest.approx((values[row, slot] - part.mean()) / part.std(), rel=1e-9, abs=1e-9)


NAMES = {"columns": ("rsi_14", "ema_20", "atr_14"), "symbols": ("A", "B", "C", "D")}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"columns": ("ema_20", "rsi_14", "atr_14")}, ("columns[0]", "ema_20", "rsi_14")),
        ({"columns": ()}, ("columns", "rsi_14")),
        ({"symbols": ("A", "B", "D", "C")}, ("symbols[2]", "D")),
    ],
)
def test_other_names_are_refused(change: dict, words: tuple[str, ...]) -> None:
    values = grid()
    fitted = Standard().fit(values, TRAIN, **NAMES)
    with pytest.raises(DataError) as caught:
        fitted.transform(values, **{**NAMES, **change})
    for word in words:
        assert word in str(caught.value)


def test_other_counts_are_refused() -> None:
    values = grid()
    fitted = Standard().fit(values, TRAIN)
    with pytest.raises(DataError, match="columns: got 2"):
        fitted.transform(values[:2])
    with pytest.raises(DataError, match="symbols: got 3"):
        fitted.transform(values[:, :, :3])
    pooled = Standard(pooled=True).fit(values, TRAIN)
    assert pooled.transform(values[:, :, :3]).shape == (3, 120, 3)


def test_bad_values_are_named() -> None:
    values = grid()
    values[1, 42, 2] = np.inf
    for rows in (TRAIN, np.arange(30, 60)):
        with pytest.raises(DataError, match=r"ema_20\[row 42, C\]"):
            Standard().fit(values, rows, **NAMES)
    fitted = Standard().fit(values, slice(0, 40), **NAMES)
    with pytest.raises(DataError, match=r"ema_20\[row 42, C\]"):
        fitted.transform(values, **NAMES)
    values[1] = np.nan
    for kind in (Standard(), Robust(), Rank()):
        with pytest.raises(DataError, match="training rows of ema_20"):
            kind.fit(values, TRAIN, **NAMES)
    with pytest.raises(DataError, match="rows"):
        Standard().fit(values, slice(0, 0))
    with pytest.raises(DataError, match="values"):
        Standard().fit(np.arange(10), slice(0, 5))
    with pytest.raises(DataError, match="columns: got 1"):
        Standard().fit(grid(), TRAIN, columns=("a",))


@pytest.mark.parametrize(
    "wrong",
    [
        Standard(clip=-1.0),
        Robust(lower=0.8, upper=0.2),
        Rank(knots=1),
        Rank(output="none"),
        Rolling(window=1),
        Rolling(window=5, least=6),
    ],
    ids=by_text,
)
def test_bad_arguments_are_refused(wrong: Normaliser) -> None:
    with pytest.raises(ConfigError):
        wrong.fit(grid(), TRAIN)


def test_what_learned_nothing_answers_nothing(normaliser: Normaliser) -> None:
    with pytest.raises(ConfigError, match="Call fit"):
        normaliser.transform(grid())


def test_training_rows_that_are_not_there_and_names_given_twice_are_refused() -> None:
    values = np.ones((2, 50, 3)) * np.arange(50.0)[:, None]
    with pytest.raises(DataError, match=r"rows: got '\[100\]'.*0 to 49"):
        Standard().fit(values, np.array([100]))
    with pytest.raises(DataError, match="columns: got 'a'"):
        Standard().fit(values, slice(0, 20), columns=("a", "a"))
    with pytest.raises(DataError, match="symbols: got 'x'"):
        Standard().fit(values, slice(0, 20), symbols=("x", "y", "x"))
