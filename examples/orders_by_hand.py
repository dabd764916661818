"""Orders one by one: a market order, a limit order that waits, a stop that is gapped through, and what they cost."""

from __future__ import annotations

import numpy as np

from polyfolio import Engine, compile_spec, single, tape_from_arrays
from polyfolio.core.codes import Moment

#                 open   high    low  close
BARS = np.array(
    [
        [100.0, 101.0, 99.0, 100.0],
        [100.0, 102.0, 99.5, 101.0],
        [101.0, 103.0, 98.5, 102.0],
        [102.0, 104.0, 96.0, 97.0],
        [90.0, 93.0, 89.0, 92.0],
    ]
)
fields = {name: BARS[:, [column]] for column, name in enumerate(("open", "high", "low", "close"))}
times = (19_800 + np.arange(len(BARS))) * 86_400 * 10**9
tape = tape_from_arrays(times, ["XYZ"], {**fields, "volume": np.full((len(BARS), 1), 10_000.0)}, interval="1d")

spec = single(
    {
        "account": {"initial_capital": 100_000.0},
        "sizing": {"method": "orders"},
        "execution": {
            "commission": {"model": "per_unit", "per_unit_fee": 0.01, "min_fee": 1.0},
            "slippage": {"model": "percentage", "base_slippage": 0.001},
        },
    },
    "hand",
).model_copy(update={"journal": 2})
engine = Engine(compile_spec(spec, tape.universe), tape, np.full((1, 1, 1), np.nan))

engine.step()  # row 0: nothing to fill yet
engine.submit("hand", "XYZ", 200.0, decision_price=100.0)
engine.step()  # row 1: at the open, 100
engine.submit("hand", "XYZ", 100.0, order_type="limit", limit=99.0, time_in_force="gtc", decision_price=101.0)
engine.step()  # row 2: the low of 98.5 passes the limit
engine.submit("hand", "XYZ", -300.0, order_type="stop", stop=95.0, time_in_force="gtc", decision_price=102.0)
engine.step()  # row 3: the low of 96 does not reach the stop
engine.step()  # row 4: the open of 90 has jumped over it

for fill in engine.journal.fills:
    moment = Moment(int(fill["moment"])).name.lower()
    print(
        f"row {fill['row']} {moment:8} {fill['quantity']:+6.0f} at {fill['price']:7.3f}"
        f" (reference {fill['reference']:7.3f}): commission {fill['commission']:.2f}, slippage {fill['slippage']:.2f},"
        f" realised {fill['realised']:z.2f}"
    )
account = engine.book.account[0]
print(f"equity {account['equity']:.2f}, all in cash: {account['cash'] == account['equity']}")
