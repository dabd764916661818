"""Where the market rows come from: the section tape."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, model_validator

from polyfolio.rules.fields import FROZEN_LIST, Section, key, problem
from polyfolio.rules.problems import Problem, refuse


def _moment(value: object) -> object:
    text = value.isoformat() if hasattr(value, "isoformat") else value
    if text is None:
        return None
    try:
        return datetime.fromisoformat(str(text)).isoformat()
    except ValueError:
        raise problem(value, "a date or time, ISO 8601", "Write it like 2024-01-31 or 2024-01-31T14:30:00Z.") from None


Moment = Annotated[str | None, BeforeValidator(_moment)]


class TapeSection(Section):
    """Where the market rows come from."""

    path: str | None = key(
        None,
        "File, folder or pattern of files; null for a tape given from code.",
        example="data/bars.parquet",
        record="",
        min_length=1,
        used="market",
    )
    format: str = key(
        "auto",
        "Registered source: csv, parquet, ...; auto goes by the file's ending.",
        example="csv",
        record="",
        used="market",
    )
    symbols: Annotated[tuple[str, ...], FROZEN_LIST] = key(
        (), "Symbols to read, in slot order; empty for all.", example=["AAPL", "MSFT"], record="", used="market"
    )
    start: Moment = key(
        None,
        "First time, included; null for the first row.",
        unit="ISO 8601",
        example="2020-01-01",
        record="",
        used="market",
    )
    end: Moment = key(
        None,
        "Last time, included; null for the last row.",
        unit="ISO 8601",
        example="2024-12-31",
        record="",
        used="market",
    )
    interval: str | None = key(None, "Length of a bar; null infers it.", example="1h", record="", used="market")
    instruments: str | None = key(
        None,
        "File of the instrument table: currency, multiplier, lot, tick, labels.",
        example="data/instruments.csv",
        record="",
        used="market",
    )
    calendar: str = key(
        "24/7",
        "Calendar of the bars: 24/7 or an exchange code.",
        example="XNYS",
        record="",
        used="market, annualisation",
    )
    stamps: Literal["open", "close"] = key(
        "close",
        "Whether rows are stamped with the bar's opening or closing time.",
        example="open",
        record="",
        used="market",
    )
    timezone: str | None = key(
        None,
        "Time zone of stamps written without one; null refuses them.",
        example="America/New_York",
        record="",
        used="market",
    )
    fx: dict[str, str] = key(
        {},
        "Which symbol converts a currency into the base currency; 1/ in front turns it round.",
        example={"EUR": "EURUSD"},
        record="",
        used="market, valuation",
    )
    bars_per_year: float | None = key(
        None,
        "Closings in a year, where the calendar's own number is not wanted.",
        example=252.0,
        gt=0.0,
        record="",
        used="annualisation",
    )
    splits: bool | None = key(
        None,
        "Whether the file's splits are applied; false where prices are adjusted for splits "
        "alone, null goes with dividends.",
        example=False,
        record="",
        used="market",
    )
    adjusted: bool = key(
        False, "true: prices are adjusted for dividends and splits.", example=True, record="", used="market"
    )
    dividends: bool = key(
        True,
        "true: dividends and splits of the file are applied; needs unadjusted prices.",
        example=False,
        record="",
        used="market, carry",
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse(self._contradictions())
        return self

    def _contradictions(self) -> Iterator[Problem]:
        if self.adjusted and self.dividends:
            yield Problem(
                ("dividends",),
                True,
                "false with adjusted: true",
                "Adjusted prices contain the dividends already: set dividends: false or take raw prices.",
            )
        if self.start is not None and self.end is not None:
            first, last = datetime.fromisoformat(self.start), datetime.fromisoformat(self.end)
            if first.replace(tzinfo=None) >= last.replace(tzinfo=None):
                yield Problem(("start",), self.start, f"before end ({self.end})", "Swap or widen the two times.")
        if len(set(self.symbols)) < len(self.symbols):
            yield Problem(("symbols",), list(self.symbols), "unique", "Name each symbol once.")
