"""Two lanes of one account that trade against each other: what meets inside the group costs nothing.

One lane leaves what the other enters. Apart, each pays its fee; in a group with netting they cross at the open. A
group's gross limit cuts what opens by one factor: 0.3 of two millions is 600,000 for both together.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from polyfolio import Engine, compile_spec, load, tape_from_arrays

close = np.array([[100.0, 50.0]] * 4)
fields = {"open": close, "high": close, "low": close, "close": close, "volume": np.full(close.shape, 1e6)}
tape = tape_from_arrays((19_800 + np.arange(4)) * 86_400 * 10**9, ["AAA", "BBB"], fields, interval="1d")

signals = np.full((2, tape.rows, tape.slots), np.nan)
signals[0, 0], signals[1, 0] = [0.5, 0.0], [0.0, 0.5]
signals[0, 1], signals[1, 1] = [0.0, 0.5], [0.5, 0.0]  # both turn round

COMMON: dict[str, Any] = {
    "sizing": {"method": "weights"},
    "execution": {"commission": {"model": "percentage", "percentage_fee": 0.001}},
}
RUN: dict[str, Any] = {"name": "group", "defaults": COMMON, "lanes": [{"name": "left"}, {"name": "right"}]}
GROUPS: dict[str, list[dict[str, Any]]] = {
    "apart": [],
    "netted": [{"name": "account", "lanes": ["left", "right"], "netting": True}],
    "capped": [{"name": "account", "lanes": ["left", "right"], "max_gross": 0.3}],
}

for title, groups in GROUPS.items():
    spec = load({**RUN, "groups": groups})
    engine = Engine(compile_spec(spec, tape.universe), tape, signals).run()
    for name, account in zip(engine.plan.names, engine.book.account, strict=True):
        print(
            f"{title:7} {name:6} commission {account['total_commission']:8.2f}, gross exposure {account['gross']:10.2f}"
        )
