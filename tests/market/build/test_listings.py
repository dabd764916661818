"""When slots begin and end, and what is left of a delisted one."""

from __future__ import annotations

import numpy as np
import pytest

from polyfolio.backtests import backtest
from polyfolio.errors import DataError
from polyfolio.market.listings import Listing, delisted, listings
from polyfolio.market.window import window
from tests.market.build.tools import minutes, tape_of

NAN = float("nan")


def tape() -> object:
    return tape_of(
        minutes("2024-01-01", 5, "1D"), [10, 11, 12, 13, 14], [NAN, 20, NAN, 21, NAN], symbols=("A", "B"), interval="1d"
    )


@pytest.mark.pitfall("DAT-07")
def test_a_late_start_an_early_end_and_what_is_missing_between_are_told() -> None:
    assert listings(tape()) == (Listing("A", 0, 4, 0, False, False), Listing("B", 1, 3, 1, True, True))


@pytest.mark.pitfall("DAT-09")
def test_a_delisted_slot_ends_at_what_its_holders_got_and_nobody_trades_at_it() -> None:
    made = delisted(tape(), {"B": 0.5})
    assert made.close[:, 1].tolist()[3:] == [21.0, 0.5]
    assert made.tradable[:, 1].tolist() == [0, 1, 0, 1, 1]
    assert made.volume[4, 1] == 0.0
    np.testing.assert_array_equal(made.close[:4], tape().close[:4])
    np.testing.assert_array_equal(made.close[:, 0], tape().close[:, 0])


@pytest.mark.pitfall("DAT-09")
def test_holdings_are_valued_at_the_recovery_and_a_sale_finds_no_volume() -> None:
    nan = [NAN] * 3
    base = tape_of(minutes("2024-01-01", 6, "1D"), [10] * 6, [20, 20, 20, *nan], symbols=("A", "B"), interval="1d")
    execution = {"commission": {"model": "percentage", "percentage_fee": 0.0}}
    lane = {"name": "a", "account": {"initial_capital": 40.0}, "execution": execution}
    spec = {"name": "t", "checked": True, "lanes": [lane]}
    signals = np.zeros((1, 6, 2))
    signals[0, :3, 1] = 1.0  # B alone, and out of it once it is gone
    kept = backtest(spec, base, signals=signals)
    made = backtest(spec, delisted(base, {"B": 5.0}), signals=signals)
    held = float(kept.book.quantity[0, 1])
    assert held > 0.0
    assert kept.equity("a")[-1] == pytest.approx(40.0, abs=1e-9)
    assert made.equity("a")[-1] == pytest.approx(40.0 - held * 15.0, abs=1e-9)
    assert float(made.book.quantity[0, 1]) == held


@pytest.mark.parametrize(
    ("recovered", "match"),
    [
        ({"B": 0.0}, r"recovered\[B\]: got 0.0, must be finite and above 0. For a total loss"),
        ({"A": 1.0}, r"recovered\[A\].*It trades to the last row"),
        ({"C": 1.0}, "one of the tape's 2 symbols"),
    ],
)
def test_what_cannot_be_is_refused(recovered: dict[str, float], match: str) -> None:
    with pytest.raises(DataError, match=match):
        delisted(tape(), recovered)


def test_a_slot_without_any_bar_is_refused() -> None:
    base = tape_of(minutes("2024-01-01", 5, "1D"), range(10, 15), [20, *[NAN] * 4], symbols=("A", "B"), interval="1d")
    with pytest.raises(DataError, match="rows of B: got 0"):
        listings(window(base, 1, 5))
