"""Ten thousand random orders with fee and slippage: cash, positions and equity of two other engines, to 1e-9."""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from polyfolio.core.tape import NANOSECONDS_PER_DAY, Calendar, Tape, Universe, instrument_table
from polyfolio.engine.engine import Engine
from polyfolio.rules.plan import compile_spec
from polyfolio.rules.spec import Spec
from tests.oracles.generate_orders import digest, market_prices

FOLDER = Path(__file__).resolve().parents[1] / "oracles"
META = json.loads((FOLDER / "orders.json").read_text())
ENGINES = ("reference", "backtrader", "vectorbt")
TOLERANCE = 1e-9


@functools.cache
def stored(name: str) -> dict[str, np.ndarray]:
    with np.load(FOLDER / f"orders_{name}.npz") as arrays:
        return dict(arrays)


def tape_of(opens: np.ndarray, closes: np.ndarray, symbols: list[str]) -> Tape:
    """Daily bars that reach exactly from open to close; any volume."""
    day = 12_000 + np.arange(len(opens))
    return Tape(
        times=(day + 1) * NANOSECONDS_PER_DAY,
        open=opens,
        high=np.maximum(opens, closes),
        low=np.minimum(opens, closes),
        close=closes,
        volume=np.full(opens.shape, np.nan),
        tradable=np.ones(opens.shape, np.uint8),
        calendar=Calendar("24/7", 365.25, 365.25, "given", day),
        universe=Universe(tuple(symbols)),
        instruments=instrument_table(len(symbols)),
    )


def run(name: str, opens: np.ndarray, closes: np.ndarray, fee: float | None = None) -> Engine:
    """The list through the engine: each signal is the quantity to trade."""
    meta, arrays = META[name], stored(name)
    execution = {
        "commission": {"model": "percentage", "percentage_fee": meta["fee"] if fee is None else fee},
        "slippage": {"model": "percentage", "base_slippage": meta["slippage"]},
    }
    lane: dict[str, Any] = {
        "name": name,
        "sizing": {"method": "orders", "allow_short": True},
        "execution": execution,
        "account": {"initial_capital": meta["starting_cash"]},
        "limits": {"max_leverage": 3.0},
    }
    signals = np.zeros((1, *opens.shape))
    signals[0, arrays["rows"], arrays["slots"]] = arrays["quantities"]
    tape = tape_of(opens, closes, meta["symbols"])
    spec = Spec(name=name, journal="full", checked=True, lanes=[lane])
    return Engine(compile_spec(spec, tape.universe), tape, signals).run()


def differences(name: str, opens: np.ndarray, closes: np.ndarray, other: str, **options: Any) -> dict[str, float]:
    """Largest relative difference of each number that the other engine left."""
    engine, arrays = run(name, opens, closes, **options), stored(name)
    marks, account = engine.journal.marks[arrays["sample_rows"]], engine.book.account[0]
    equity = arrays[f"{other}_equity"]
    held = abs(engine.book.quantity[0] - arrays[f"{other}_positions"]) * closes[-1]
    return {
        "cash": float((abs(marks["cash"] - arrays[f"{other}_cash"]) / equity).max()),
        "equity": float(abs(marks["equity"] / equity - 1.0).max()),
        "positions": float(held.max() / equity[-1]),
        "fees": abs(float(account["total_commission"]) / float(arrays[f"{other}_fees"]) - 1.0),
        "fills": abs(float(account["fills"]) - float(arrays[f"{other}_fills"])),
    }


def synthetic(name: str) -> tuple[np.ndarray, np.ndarray]:
    arrays = stored(name)
    return arrays["open_cents"] / 100.0, arrays["close_cents"] / 100.0


@pytest.mark.parametrize("other", ENGINES)
@pytest.mark.parametrize("sides", ("long", "both"))
@pytest.mark.pitfall("ACC-02", "ACC-14")
def test_orders_on_synthetic_prices(sides: str, other: str) -> None:
    found = differences(f"synthetic_{sides}", *synthetic(f"synthetic_{sides}"), other)
    assert max(found.values()) <= TOLERANCE, found


@pytest.mark.shared
@pytest.mark.parametrize("other", ENGINES)
@pytest.mark.parametrize("sides", ("long", "both"))
def test_orders_on_market_prices(sides: str, other: str, shared_data: Path) -> None:
    name = f"market_{sides}"
    opens, closes, _ = market_prices(shared_data / META[name]["file"], META[name]["symbols"])
    assert digest(opens, closes) == META[name]["prices_sha256"], (
        "the price file is not the one the oracle was made with"
    )
    found = differences(name, opens, closes, other)
    assert max(found.values()) <= TOLERANCE, found


def test_another_fee_is_found() -> None:
    found = differences("synthetic_long", *synthetic("synthetic_long"), "vectorbt", fee=0.001 * (1.0 + 1e-6))
    assert found["cash"] > TOLERANCE
    assert found["fees"] > TOLERANCE


def test_a_lost_order_is_found() -> None:
    name = "synthetic_long"
    quantities = stored(name)["quantities"]
    kept = float(quantities[5_000])
    quantities[5_000] = 0.0
    try:
        found = differences(name, *synthetic(name), "backtrader")
    finally:
        quantities[5_000] = kept
    assert found["fills"] == 1.0
    assert found["equity"] > TOLERANCE
