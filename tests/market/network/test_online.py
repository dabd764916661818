"""Sources by name, and the tapes that a configuration's `tape` section opens from the network."""

from __future__ import annotations

import logging
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import yaml

from polyfolio.errors import ConfigError, DataError, RetryError
from polyfolio.market import online
from polyfolio.market.bars import identity_of
from polyfolio.market.cache import MemoryCache
from polyfolio.market.chain import Chain
from polyfolio.market.crypto import Ccxt
from polyfolio.market.dataset import Dataset
from polyfolio.market.download import download
from polyfolio.market.kept import DatasetSource
from polyfolio.market.online import behind, chain_of, read_chain, read_vendor
from polyfolio.market.retry import Patience
from polyfolio.market.source import open_tape
from polyfolio.market.yahoo import Yahoo
from polyfolio.rules.tape import TapeSection
from tests.house.sources import run_python
from tests.market.network.server import Reply, Server, serving
from tests.market.network.test_crypto import PLAIN, Binance
from tests.market.network.test_yahoo import NOW, Chart
from tests.market.network.tools import HOUR, MONDAY, SETTINGS, Market, Still, hours, rows, vendor

SPAN = {"symbols": ["AAA"], "start": "2024-01-01", "end": "2024-01-02", "interval": "1h"}


def written(folder: Path, server: Server, **changes: object) -> str:
    file = folder / "sys1.yaml"
    file.write_text(yaml.safe_dump({**SETTINGS, "base_url": server.url, **changes}))
    return str(file)


def test_a_vendors_bars_become_a_tape(tmp_path: Path) -> None:
    with serving(Market()) as server:
        tape = read_vendor(written(tmp_path, server), **SPAN)
    np.testing.assert_array_equal(tape.times, hours(MONDAY, 48))
    np.testing.assert_array_equal(tape.close[:, 0], 101.0 + np.arange(48))
    assert tape.symbols == ("AAA",)


def test_a_gap_is_logged_and_not_filled(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    kept = rows(MONDAY, 48)
    with serving(lambda seen: Reply({"data": kept[:9] + kept[11:]})) as server, caplog.at_level(logging.WARNING):
        tape = read_vendor(written(tmp_path, server), **SPAN)
    assert tape.rows == 46
    assert "AAA from sys1: gap: 2 bars of 1h missing" in caplog.text


def test_a_chain_of_words_goes_on_to_the_next_source(tmp_path: Path) -> None:
    with serving(Market()) as server:
        (tmp_path / "broken").mkdir()
        broken = written(tmp_path / "broken", server, path="/nothing/{symbol}", name="broken", rows="x")
        good = written(tmp_path, server)
        tape = read_chain(f"vendor:{broken}, vendor:{good}", **SPAN)
    assert tape.rows == 48


def test_words_name_sources() -> None:
    assert chain_of("yahoo").name == "yahoo"
    assert chain_of("ccxt:kraken").name == "ccxt:kraken"
    assert chain_of("yahoo, ccxt:kraken").name == "yahoo, ccxt:kraken"
    for word in ("yaho", "ccxt", "ftp:x", ""):
        with pytest.raises(DataError, match="ccxt:EXCHANGE"):
            chain_of(word)


@pytest.mark.parametrize("name", ["symbols", "start", "interval"])
def test_what_to_fetch_must_be_said(tmp_path: Path, name: str) -> None:
    with serving(Market()) as server, pytest.raises(DataError, match=f"^{name}.*given for sys1"):
        read_vendor(written(tmp_path, server), **{key: value for key, value in SPAN.items() if key != name})


def test_yahoos_bars_become_a_tape_raw_or_adjusted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import yfinance

    yfinance.set_tz_cache_location(str(tmp_path))
    with serving(Chart()) as server:
        monkeypatch.setattr(online, "Yahoo", partial(Yahoo, base_url=server.url, clock=Still(utc=NOW).clock))
        days = {"symbols": ["AAA"], "start": "2024-01-02", "end": "2024-01-12", "interval": "1d", "calendar": "XNYS"}
        raw = online.read_yahoo(None, **days)
        adjusted = online.read_yahoo(None, **days, adjusted=True, dividends=False, splits=False)
    np.testing.assert_array_equal(raw.close[:, 0], 100.0 + np.arange(9))
    np.testing.assert_array_equal(adjusted.close[:, 0], (100.0 + np.arange(9)) / 2)
    assert raw.dividends is not None
    assert raw.dividends[3, 0] == 0.25
    assert raw.splits is None
    assert adjusted.dividends is None


def test_an_exchanges_bars_become_a_tape(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(Binance()) as server:
        monkeypatch.setattr(
            online, "Ccxt", partial(Ccxt, base_url=server.url, clock=Still().clock, options=PLAIN, limit=50)
        )
        tape = online.read_ccxt("binance", **{**SPAN, "symbols": ["ETH/USDT", "BTC/USDT"]}, base_currency="USDT")
    assert tape.symbols == ("ETH/USDT", "BTC/USDT")
    np.testing.assert_array_equal(tape.times, hours(MONDAY, 48))


def test_a_configurations_section_opens_a_source_from_the_network(tmp_path: Path) -> None:
    with serving(Market()) as server:
        section = TapeSection(
            path=written(tmp_path, server),
            format="polyfolio.market.online:read_vendor",
            **{**SPAN, "symbols": ("AAA",)},
        )
        tape = open_tape(section)
    assert tape.rows == 48


def test_what_was_fetched_for_a_tape_is_kept_and_a_corrected_setting_asks_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("POLYFOLIO_CACHE", f"disk:{tmp_path / 'kept'}")
    with serving(Market()) as server:
        first = read_vendor(written(tmp_path, server), **SPAN)
        asked = len(server.seen)
        online._cache.cache_clear()  # as in another process
        assert read_vendor(written(tmp_path, server), **SPAN).digest() == first.digest()
        assert len(server.seen) == asked > 0
        opens = {**SETTINGS["fields"], "close": "o"}
        corrected = read_vendor(written(tmp_path, server, fields=opens), **SPAN)
        assert len(server.seen) > asked
    np.testing.assert_array_equal(corrected.close, first.open)


def test_a_cache_that_is_down_stops_no_tape(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("POLYFOLIO_CACHE", f"unix://{tmp_path / 'nobody.sock'}")
    with serving(Market()) as server:
        assert read_vendor(written(tmp_path, server), **SPAN).rows == 48
    assert "is left aside, the run goes on without it" in caplog.text


def test_what_a_fallback_gave_does_not_stand_for_the_first_source(tmp_path: Path) -> None:
    market, down = Market(), {"now": True}
    fallback, cache = Market(), MemoryCache()
    patience = Patience(tries=1)
    with serving(lambda seen: Reply(status=503) if down["now"] else market(seen)) as one, serving(fallback) as other:
        source = behind(Chain(vendor(one, patience=patience), vendor(other, name="second")), cache)
        asked = ["AAA"], "2024-01-01", "2024-01-02", "1h"
        assert source.fetch(*asked)["AAA"].source == "second"
        down["now"] = False
        assert source.fetch(*asked)["AAA"].source == "sys1"
        before = len(one.seen), len(other.seen)
        assert source.fetch(*asked)["AAA"].source == "sys1"
        assert (len(one.seen), len(other.seen)) == before


def test_a_version_of_a_dataset_is_named_by_word(tmp_path: Path) -> None:
    with serving(Market()) as server:
        bars = vendor(server).fetch(["AAA"], "2024-01-01", "2024-01-02", "1h")
    data = Dataset(tmp_path / "x")
    data.add({"AAA": bars["AAA"].take(slice(0, 10))})
    data.add(bars)
    for reference, count in (("@1", 10), ("", 48)):
        found = chain_of(f"dataset:{tmp_path / 'x'}{reference}").fetch(["AAA"], "2024-01-01", "2024-01-02", "1h")
        assert found["AAA"].size == count
    with pytest.raises(DataError, match="must be a dataset, a folder with"):
        chain_of(f"dataset:{tmp_path / 'y'}")


def test_settings_that_change_answers_change_the_identity(tmp_path: Path) -> None:
    pairs = (
        (Yahoo(calendar="XNYS"), Yahoo(calendar="24/7")),
        (Ccxt("binance"), Ccxt("binance", options={"options": {"defaultType": "swap"}})),
        (Chain(Yahoo(calendar="XNYS")), Chain(Yahoo(calendar="24/7"))),
    )
    for one, other in pairs:
        assert one.name == other.name
        assert identity_of(one) != identity_of(other)
    data = Dataset(tmp_path / "x")
    assert identity_of(DatasetSource(data)) == "dataset x, no version yet"


@pytest.mark.pitfall("SPD-03")
def test_nothing_heavy_is_imported_before_it_is_needed() -> None:
    code = "import sys, polyfolio.market.online; print(*[name for name in sys.argv[1:] if name in sys.modules])"
    done = run_python("-c", code, "ccxt", "yfinance", "requests", "pandas", "exchange_calendars", "httpx")
    assert done.stdout.split() == []
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(("module", "words"), [("ccxt", "ccxt:kraken"), ("yfinance", "yahoo")])
def test_a_missing_extra_is_named_with_its_install_command(
    module: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ConfigError, match=r"pip install 'polyfolio\[live\]'"):
        chain_of(words).fetch(["AAA"], "2024-01-01", "2024-01-02", "1d")


def test_a_download_that_broke_off_goes_on_from_the_chunks_that_came(tmp_path: Path) -> None:
    market = Market(12_000)
    still = Still(utc=MONDAY + 12_001 * HOUR)
    with serving(market) as server:
        source = vendor(server, still, pages={"kind": "time", "limit": 1000})
        asked = ["AAA"], MONDAY + HOUR, MONDAY + 12_000 * HOUR, "1h", Dataset(tmp_path / "bars")
        server.answering = lambda seen: market(seen) if len(server.seen) <= 8 else Reply(status=503)
        with pytest.raises(RetryError, match="chunks are kept"):
            download(source, *asked, clock=lambda: still.utc)
        broke_off = len(server.seen)
        server.answering = market
        done = download(source, *asked, clock=lambda: still.utc)
        assert done.resumed > 0
        assert len(server.seen) - broke_off < 12
    bars = asked[-1].bars(None, ["AAA"])["AAA"]
    np.testing.assert_array_equal(bars.times, hours(MONDAY, 12_000))
    assert bars.findings == ()


def test_two_calendars_are_refused(tmp_path: Path) -> None:
    with serving(Market()) as server, pytest.raises(DataError, match="XNYS, as the vendor's settings say"):
        read_vendor(written(tmp_path, server, calendar="XNYS"), **SPAN, calendar="XLON")


def test_settings_with_faults_name_the_line(tmp_path: Path) -> None:
    file = tmp_path / "sys1.yaml"
    file.write_text("name: sys1\nbase_url: https://vendor.example\npath: /b/{symbol}\nfields: {timestamp: t}\nrat: 5\n")
    with pytest.raises(ConfigError) as error:
        chain_of(f"vendor:{file}")
    for part in ("sys1.yaml, line 5", "rat", "Did you mean `rate`?"):
        assert part in str(error.value)
