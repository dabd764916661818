"""Real bars through a vendor, an exchange and a chain, equal to the file they came from, bit by bit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from polyfolio.market.bars import Bars
from polyfolio.market.chain import Chain
from polyfolio.testing.sources import check_source
from tests.market.network.server import Reply, Seen, serving
from tests.market.network.test_crypto import Binance
from tests.market.network.test_crypto import source as crypto
from tests.market.network.tools import HOUR, SETTINGS, Still, vendor

pytestmark = pytest.mark.shared

SPAN = ("2025-06-01", "2025-07-31")
NOW = 1_760_000_000 * 10**9  # in October 2025
LISTS = {**SETTINGS, "fields": dict(zip(SETTINGS["fields"], "012345", strict=True))}


class File(Binance):
    """The rows of a file, for both kinds of server."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        frame = pd.read_parquet(folder / "crypto_1h_binance_2024_2025.parquet")
        frame = frame[frame["symbol"] == "BTC/USDT"]
        stamps = frame["timestamp"].astype("datetime64[ms, UTC]").astype("int64")
        values = frame[["open", "high", "low", "close", "volume"]].to_numpy()
        self.values = dict(zip(stamps.tolist(), values.tolist(), strict=True))
        self.opens = sorted(self.values)

    def kline(self, stamp: int) -> list[Any]:
        return [stamp, *(repr(value) for value in self.values[stamp]), stamp + 1, "0", 1, "0", "0", "0"]

    def rows(self, seen: Seen) -> Reply:
        first, last = int(seen.query["from"]), int(seen.query["to"])
        stamps = [stamp for stamp in self.opens if first <= stamp <= last][:500]
        return Reply({"data": [[stamp, *self.values[stamp]] for stamp in stamps]})


def equal(bars: Bars, file: File) -> None:
    times = np.array(file.opens) * 10**6 + HOUR
    inside = (times >= bars.times[0]) & (times <= bars.times[-1])
    wanted = np.array([file.values[stamp] for stamp in np.array(file.opens)[inside].tolist()])
    np.testing.assert_array_equal(bars.times, times[inside])
    for column, name in enumerate(("open", "high", "low", "close", "volume")):
        np.testing.assert_array_equal(getattr(bars, name), wanted[:, column])
    assert bars.size == 61 * 24
    assert bars.findings == ()


def test_an_exchange_gives_the_files_bits(shared_data: Path) -> None:
    file = File(shared_data)
    with serving(file) as server:
        source = crypto(server, Still(utc=NOW), limit=1000)
        equal(source.fetch(["BTC/USDT"], *SPAN, "1h")["BTC/USDT"], file)
        check_source(source, ["BTC/USDT"], SPAN, "1h")


def test_a_vendor_gives_the_files_bits_alone_and_behind_one_that_is_down(shared_data: Path) -> None:
    file = File(shared_data)
    with serving(file.rows) as server, serving(lambda seen: Reply(status=503)) as down:
        source = vendor(server, Still(utc=NOW), pages={"kind": "time", "limit": 500}, fields=LISTS["fields"])
        equal(source.fetch(["BTC/USDT"], *SPAN, "1h")["BTC/USDT"], file)
        bars = Chain(vendor(down, Still(utc=NOW), name="down"), source).fetch(["BTC/USDT"], *SPAN, "1h")["BTC/USDT"]
    assert len(bars.findings) == 1
    assert bars.findings[0].startswith("down failed")
    assert bars.size == 61 * 24
