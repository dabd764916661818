"""A clock that does not wait, bars made by hand, and a vendor that speaks JSON."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from polyfolio.market.retry import Clock, Patience
from polyfolio.market.vendor import Vendor
from polyfolio.market.vendor_settings import VendorSettings
from polyfolio.rules.problems import build
from tests.market.network.server import Reply, Seen, Server

HOUR = 3600 * 10**9
DAY = 24 * HOUR
MONDAY = 1_704_067_200 * 10**9  # 2024-01-01T00:00Z
LATER = MONDAY + 400 * DAY


@dataclass
class Still:
    """Time that passes by sleeping alone."""

    utc: int = LATER
    seconds: float = 0.0
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.seconds += seconds
        self.utc += round(seconds * 10**9)

    @property
    def clock(self) -> Clock:
        return Clock(lambda: self.seconds, self.sleep, lambda: self.utc)


QUICK = Patience(tries=4, wait=0.5, longest=8.0, timeout=5.0, deadline=60.0)


def rows(first: int, count: int, step: int = HOUR) -> list[dict[str, Any]]:
    """Rows of a vendor, stamped with their opening in milliseconds; the prices tell the opening."""
    made = []
    for number in range(count):
        stamp = first + number * step
        base = 100.0 + (stamp - MONDAY) / step
        made.append(
            {"t": stamp // 10**6, "o": base, "h": base + 2, "l": base - 2, "c": base + 1, "v": 10.0 + number % 7}
        )
    return made


SETTINGS: dict[str, Any] = {
    "name": "sys1",
    "path": "/v1/bars/{symbol}",
    "query": {"from": "{start}", "to": "{end}", "tf": "{interval}", "limit": "{limit}"},
    "rows": "data",
    "fields": {"timestamp": "t", "open": "o", "high": "h", "low": "l", "close": "c", "volume": "v"},
}


def settings(server: Server, **changes: Any) -> VendorSettings:
    return build(VendorSettings, {**SETTINGS, "base_url": server.url, **changes})


def vendor(server: Server, still: Still | None = None, patience: Patience = QUICK, **changes: Any) -> Vendor:
    return Vendor(settings(server, **changes), patience=patience, clock=(still or Still()).clock)


class Market:
    """Hourly bars of one known symbol, as a vendor answers them: from, to and at most `limit` rows."""

    def __init__(self, count: int = 48, limit: int = 1000) -> None:
        self.rows, self.limit = rows(MONDAY, count), limit

    def __call__(self, seen: Seen) -> Reply:
        symbol = seen.path.rpartition("/")[2]
        if symbol != "AAA":
            return Reply({"error": f"no such symbol {symbol}"}, 404)
        first, last = int(seen.query["from"]), int(seen.query["to"])
        found = [row for row in self.rows if first <= row["t"] <= last]
        return Reply({"data": found[: self.limit]})


def hours(first: int, count: int) -> np.ndarray:
    """Closes of hourly bars, the first of which opened at `first`."""
    return first + HOUR * np.arange(1, count + 1)
