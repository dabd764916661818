"""Chains of futures: chosen from what is known, held from the next row on, joined without a gap."""

from __future__ import annotations

import numpy as np
import pytest

from polyfolio.errors import DataError
from polyfolio.market.rolls import Roll, chain, continuous
from polyfolio.market.window import window
from tests.market.build.tools import minutes, same, tape_of

NAN = float("nan")
EXPIRIES = {"H": "2024-01-06", "M": "2024-01-16", "U": "2024-01-30"}


def contracts(rows: int = 12) -> object:
    """Days 2024-01-01 to 12. M stands 10 above H, U 20 above M."""
    base = np.arange(100.0, 100.0 + rows)
    front = np.where(np.arange(rows) < 6, base, NAN)
    return tape_of(
        minutes("2024-01-02", rows, "1D"), front, base + 10, base + 30, symbols=("H", "M", "U"), interval="1d"
    )


@pytest.mark.pitfall("LAH-04")
def test_a_contract_is_left_so_many_days_before_it_expires_and_the_next_held_a_row_later() -> None:
    found = chain(contracts(), EXPIRIES, days=3)
    assert found.choice.tolist() == [0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]
    assert found.held.tolist() == [0, 0, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1]
    assert found.rolls == (Roll(3, 0, 1, 102.0, 112.0),)


def test_signals_stand_on_the_contract_chosen_and_the_others_are_flat() -> None:
    found = chain(contracts(4), EXPIRIES, days=3)
    np.testing.assert_array_equal(
        found.on_contracts(np.array([1.0, -1.0, 0.5, NAN]), 3), [[1, 0, 0], [-1, 0, 0], [0, 0.5, 0], [0, NAN, 0]]
    )


def test_the_next_contract_is_taken_when_it_trades_more_and_never_given_back() -> None:
    tape = contracts()
    volume = tape.volume.copy()
    volume[:, 0], volume[:, 1], volume[:, 2] = 10.0, 5.0, 1.0
    volume[1, 1] = 11.0
    object.__setattr__(tape, "volume", volume)
    found = chain(tape, EXPIRIES, rule="volume", days=2)
    assert found.choice.tolist()[:4] == [0, 1, 1, 1]
    assert found.held.tolist()[:4] == [0, 0, 1, 1]


@pytest.mark.parametrize("method", ["ratio", "difference"])
def test_the_series_has_no_gap_at_a_roll_and_keeps_what_it_promises(method: str) -> None:
    tape = contracts()
    found = chain(tape, EXPIRIES, days=3)
    made = continuous(tape, found, "F", method=method)
    assert made.symbols == ("F",)
    moves = tape.close[3:, 1] / tape.close[2:-1, 1] if method == "ratio" else np.diff(tape.close[2:, 1])
    ours = made.close[3:, 0] / made.close[2:-1, 0] if method == "ratio" else np.diff(made.close[2:, 0])
    np.testing.assert_allclose(ours, moves, rtol=1e-12)
    np.testing.assert_array_equal(made.close[:3, 0], tape.close[:3, 0])
    np.testing.assert_array_equal(made.volume[:, 0], np.where(found.held == 0, tape.volume[:, 0], tape.volume[:, 1]))
    last = continuous(tape, found, "F", method=method, anchor="last")
    np.testing.assert_allclose(last.close[3:, 0], tape.close[3:, 1], rtol=1e-12)


def test_gaps_stay_where_they_are_asked_to() -> None:
    tape = contracts()
    made = continuous(tape, chain(tape, EXPIRIES, days=3), "F", method="none")
    assert made.close[2:4, 0].tolist() == [102.0, 113.0]


@pytest.mark.pitfall("LAH-04")
@pytest.mark.parametrize("cut", [3, 4, 5, 9, 11])
@pytest.mark.parametrize("rule", ["days", "volume"])
def test_rows_to_come_change_no_choice_and_no_price(cut: int, rule: str) -> None:
    tape = contracts()
    whole = chain(tape, EXPIRIES, days=3, rule=rule)
    part = chain(window(tape, 0, cut), EXPIRIES, days=3, rule=rule)
    np.testing.assert_array_equal(part.choice, whole.choice[:cut])
    np.testing.assert_array_equal(part.held, whole.held[:cut])
    same(continuous(window(tape, 0, cut), part, "F"), window(continuous(tape, whole, "F"), 0, cut), cut)


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda tape: chain(tape, {"H": "2024-01-06", "M": "2024-01-16"}), r"expiries\[U\]: got None"),
        (
            lambda tape: chain(tape, EXPIRIES | {"M": "2024-01-07", "U": "2024-01-08"}),
            r"\(row 2\).*Add later contracts",
        ),
        (lambda tape: chain(tape, EXPIRIES, days=0), r"days, for the roll at 2024-01-08 \(row 6\): got '2024-01-06'"),
        (lambda tape: chain(tape, EXPIRIES, rule="price"), "one of days, volume"),
        (lambda tape: continuous(tape, chain(tape, EXPIRIES), "F", method="sum"), "one of ratio, difference, none"),
        (lambda tape: continuous(tape, chain(tape, EXPIRIES), "F", anchor="mid"), "first or last"),
    ],
)
def test_what_cannot_be_is_refused(make: object, match: str) -> None:
    with pytest.raises(DataError, match=match):
        make(contracts())


def test_a_contract_without_a_common_row_is_refused() -> None:
    tape = contracts()
    late = tape.close.copy()
    on = tape.tradable.copy()
    on[:4, 1] = 0
    object.__setattr__(tape, "tradable", on)
    del late
    with pytest.raises(DataError, match=r"rows of M before 2024-01-05 \(row 3\): got 0"):
        chain(tape, EXPIRIES, days=3)
