"""The instrument table by symbol, its labels, and the slots that convert currencies."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest

from polyfolio.core.tape import Tape
from polyfolio.errors import DataError
from polyfolio.market.files import read_csv
from polyfolio.market.frame import tape_from_frame
from polyfolio.market.instruments import quotes_inversely
from tests.market.tools import HEADER, csv_tape, days, line

SYMBOLS = ("SAP", "7203", "EURUSD", "USD/JPY")
TABLE = """symbol,currency,multiplier,lot,tick,min_notional,sector
7203,JPY,,100,1,,cars
SAP,EUR,1,1,0.01,50,software
EURUSD,,1000,,,,
USD/JPY,JPY,1,,,,
OTHER,GBP,1,1,1,1,none
"""
FX = {"EUR": "EURUSD", "JPY": "USD/JPY"}


def read(folder: Path, table: str = TABLE, **options: object) -> Tape:
    (folder / "instruments.csv").write_text(table)
    text = HEADER + "".join(line(f"2024-01-0{day}T00:00:00Z", name) for name in SYMBOLS for day in (1, 2))
    return csv_tape(folder, text, instruments=folder / "instruments.csv", **{"fx": FX, **options})


def test_the_table_is_matched_by_symbol_and_what_is_empty_is_usual(tmp_path: Path) -> None:
    tape = read(tmp_path)
    assert tape.symbols == SYMBOLS
    assert tape.instruments["multiplier"].tolist() == [1.0, 1.0, 1000.0, 1.0]
    assert tape.instruments["lot"].tolist() == [1.0, 100.0, 0.0, 0.0]
    assert tape.instruments["tick"].tolist() == [0.01, 1.0, 0.0, 0.0]
    assert tape.instruments["min_notional"].tolist() == [50.0, 0.0, 0.0, 0.0]
    assert tape.universe.currencies == ("EUR", "JPY", "USD", "JPY")
    assert tape.universe.base_currency == "USD"
    assert dict(tape.universe.labels) == {"sector": ("software", "cars", "", "")}


def test_the_slots_that_convert_are_found_and_their_direction_is_read_from_the_name(tmp_path: Path) -> None:
    tape = read(tmp_path)
    assert tape.instruments["fx_slot"].tolist() == [2, 3, -1, 3]
    assert tape.instruments["fx_inverse"].tolist() == [0, 1, 0, 1]


def test_a_direction_can_be_written_out(tmp_path: Path) -> None:
    tape = read(tmp_path, fx={"EUR": "1/EURUSD", "JPY": "USD/JPY"})
    assert tape.instruments["fx_inverse"].tolist() == [1, 1, 0, 1]


@pytest.mark.parametrize(
    ("pair", "currency", "inverse"),
    [("EURUSD", "EUR", False), ("USD/JPY", "JPY", True), ("usd_jpy", "JPY", True), ("X:rate", "EUR", False)],
)
def test_a_pair_quotes_inversely_when_it_begins_with_the_base_currency(pair: str, currency: str, inverse: bool) -> None:
    assert quotes_inversely(pair, currency, "USD") is inverse


@pytest.mark.parametrize(
    ("table", "options", "message"),
    [
        (
            TABLE,
            {"fx": {"EUR": "EURUSD"}},
            "currency[7203]: got 'JPY', must be USD, or converted by a symbol of the tape. "
            "Give fx={'JPY': symbol}, the symbol of the JPY/USD rate.",
        ),
        (
            TABLE,
            {"fx": {"EUR": "EURUDS", "JPY": "USD/JPY"}},
            "fx[EUR]: got 'EURUDS', must be a symbol of the tape. Did you mean `EURUSD`?",
        ),
        (
            TABLE.replace("SAP,", "SPA,"),
            {},
            "symbol of instruments.csv: got 'SAP', must be a row of the table. "
            "Did you mean `SPA`? Each symbol of the tape needs a row.",
        ),
        (
            TABLE.replace("multiplier", "multiplyer"),
            {},
            "columns of instruments.csv: got 'multiplyer', must be multiplier, "
            "or a label with a name of its own. Did you mean `multiplier`?",
        ),
        (TABLE + "SAP,EUR,1,1,1,1,x\n", {}, "symbol (instruments.csv, line 7): got 'SAP', must be unique."),
        (
            TABLE.replace("SAP,EUR,1,1", "SAP,EUR,0,1"),
            {},
            "multiplier (instruments.csv, SAP): got 0.0, must be above 0.",
        ),
        (TABLE.replace("SAP,EUR,1,1", "SAP,EUR,1,-1"), {}, "lot (instruments.csv, SAP): got -1.0, must be 0 or more."),
        (TABLE.replace("SAP,EUR,1,1", "SAP,EUR,1,one"), {}, "lot (instruments.csv, SAP): got 'one', must be a number."),
        (TABLE.replace("symbol,", "name,"), {}, "columns of instruments.csv: got 'symbol', must be present."),
    ],
)
def test_a_table_that_does_not_hold_is_refused(
    tmp_path: Path, table: str, options: dict[str, object], message: str
) -> None:
    with pytest.raises(DataError, match=re.escape(message)):
        read(tmp_path, table, **options)


def test_a_table_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=re.escape("path: got ")):
        csv_tape(tmp_path, HEADER + line("2024-01-01T00:00:00Z") + line("2024-01-02T00:00:00Z"), instruments="none.csv")


def test_a_file_may_be_the_table_of_a_frame(tmp_path: Path) -> None:
    (tmp_path / "table.csv").write_text("symbol,lot\nAAA,0.25\n")
    tape = tape_from_frame(days(3), instruments=str(tmp_path / "table.csv"))
    assert tape.instruments["lot"].tolist() == [0.25]


def test_several_tables_are_refused(tmp_path: Path) -> None:
    for name in ("a.csv", "b.csv"):
        (tmp_path / name).write_text("symbol,lot\nAAA,0.25\n")
    with pytest.raises(DataError, match=re.escape("must be one file. Name one of a.csv, b.csv.")):
        tape_from_frame(days(3), instruments=tmp_path)


def test_a_frame_may_be_the_table() -> None:
    table = pd.DataFrame({"symbol": ["AAA"], "lot": [0.5], "stage": ["mature"]})
    tape = tape_from_frame(days(3), instruments=table, base_currency="EUR")
    assert tape.instruments["lot"].tolist() == [0.5]
    assert tape.universe.labels == {"stage": ("mature",)}
    assert (tape.universe.currencies, tape.universe.base_currency) == (("EUR",), "EUR")


def test_without_a_table_every_instrument_is_plain() -> None:
    tape = tape_from_frame(days(3))
    assert tape.instruments.tolist() == [(1.0, 0.0, 0.0, 0.0, -1, 0)]
    assert tape.universe.labels == {}


def test_the_table_may_be_a_parquet_file(tmp_path: Path) -> None:
    wanted = read(tmp_path, fx=FX)
    pd.read_csv(tmp_path / "instruments.csv", dtype={"symbol": str}).to_parquet(tmp_path / "instruments.parquet")
    found = read_csv(tmp_path / "bars.csv", fx=FX, instruments=tmp_path / "instruments.parquet")
    assert found.digest() == wanted.digest()
