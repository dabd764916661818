"""What is compared, wherever it stands: a folder of results, a run of the registry, a configuration, a table of equity.

Each lane, system or column becomes a track: its returns, the stamps of their closings, and what is known of it besides.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from polyfolio.backtests.run import backtest
from polyfolio.core.journal import Journal
from polyfolio.core.types import Floats, Ints
from polyfolio.errors import DataError
from polyfolio.kernels.measures import growth
from polyfolio.kernels.measures.cards import cards
from polyfolio.report.benchmark_files import RETURNS, TIME
from polyfolio.report.folders import MARK
from polyfolio.report.saved import open_run
from polyfolio.rules.arguments import closest
from polyfolio.store.runs import Runs

CONFIGURATIONS = (".yaml", ".yml")
BARS = ("equity", "gross", "net", "turnover")


@dataclass(frozen=True, eq=False)
class Track:
    """One account to compare.

    Attributes:
        name: of the lane or column.
        source: the folder, run or file it comes from.
        times: closing stamps, that of the starting value first.
        returns: simple, per bar, after all costs; one fewer than stamps.
        currency: of its money; "" where nobody knows.
        periods_per_year: bars of a year and how they were counted; None where nobody knows.
        bars: equity, gross, net and turnover of each bar, float64[4, bars]; None where nobody knows.
        trades: measures of closed trades; empty where nobody knows.
        costs: what was paid, by kind; empty where nobody knows.
        run: id of the run; "" without one.
    """

    name: str
    source: str
    times: Ints
    returns: Floats
    currency: str = ""
    periods_per_year: tuple[float, str] | None = None
    bars: Floats | None = None
    trades: Mapping[str, float | None] = field(default_factory=dict)
    costs: Mapping[str, float] = field(default_factory=dict)
    run: str = ""


def tracks_of(text: str) -> list[Track]:
    """The tracks behind a name.

    Args:
        text: a folder of results, a configuration (which is run), a CSV file with a column `time` and columns of
            equity, or a run of the registry by number, id or name; with `:LANE` behind it one of its lanes.

    Raises:
        DataError: nothing is there, or the lane is not.
    """
    whole, lane = Path(text), ""
    if not whole.exists() and ":" in text:
        text, _, lane = text.rpartition(":")
    found = list(opened(text))
    if not lane:
        return found
    names = [track.name for track in found]
    if lane not in names:
        raise DataError(f"lane of {text}", lane, "one of " + ", ".join(names), closest(lane, names))
    return [found[names.index(lane)]]


def opened(text: str) -> Iterator[Track]:
    """Every track of a folder, file or run."""
    place = Path(text)
    if place.suffix.lower() in CONFIGURATIONS and place.is_file():
        return of_configuration(place)
    if place.is_file():
        return of_table(place)
    if not place.is_dir():
        folder = Runs().one(text).folder
        if folder is None or not Path(folder).is_dir():
            raise DataError("run", text, "one whose folder of results is still there", "Run it again.")
        place = Path(folder)
    if (place / RETURNS).is_file():
        return of_returns(place)
    if not (place / MARK).is_file():
        remedy = "Name a folder that polyfolio backtest, benchmark or compare wrote."
        raise DataError("run", text, f"a folder of results (with {MARK})", remedy)
    return of_folder(place)


def of_folder(place: Path) -> Iterator[Track]:
    """The lanes of a saved run."""
    run = open_run(place)
    said, numbers = run.meta["conventions"], run.metrics.get("lanes")
    if numbers is None or "periods_per_year" not in said or "lanes" not in run.meta["configuration"]:
        bound = "a folder that says how its numbers were computed"
        raise DataError("run", str(place), bound, "An earlier version wrote it: run its configuration again.")
    year = None if said["periods_per_year"] is None else (said["periods_per_year"], said["periods_per_year_source"])
    trades = tuple(name for name, card in cards().items() if card.family == "trades")
    capital = {one["name"]: one["account"]["initial_capital"] for one in run.meta["configuration"]["lanes"]}
    for lane in run.journal.lanes:
        known = numbers[lane]["metrics"]
        yield of_marks(
            run.journal,
            lane,
            run.times,
            capital=capital[lane],
            source=str(place),
            currency=said["currency"],
            periods_per_year=year,
            trades={name: known[name] for name in trades if name in known},
            costs=numbers[lane]["costs"],
            run=run.run_id,
        )


def of_configuration(path: Path) -> Iterator[Track]:
    """The lanes of a configuration, run now."""
    result = backtest(path)
    for lane in result.lanes:
        found = result.metrics(lane)
        yield of_marks(
            result.journal,
            lane,
            result.tape.times,
            capital=float(result.path(lane)[0]),
            source=str(path),
            currency=result.tape.universe.base_currency,
            periods_per_year=(found.periods_per_year, found.source),
            trades={name: found[name] for name, card in cards().items() if card.family == "trades"},
            costs=result.costs(lane),
            run=result.run_id,
        )


def of_marks(journal: Journal, lane: str, times: Ints, capital: float, **known: Any) -> Track:
    """A lane of a journal; `capital` is what it began with, before what it paid at its first close."""
    marks = journal.lane(lane).marks
    path, out = np.array(marks["equity"]), np.empty(marks.size - 1)
    path[0] = capital
    growth.returns_of(path, np.array(marks["flows"]), out)
    out[np.isnan(out)] = 0.0  # after a ruin nothing is earned
    bars = np.stack([np.array(marks[name]) for name in BARS])[:, 1:]
    return Track(lane, times=np.asarray(times)[marks["row"]], returns=out, bars=bars, **known)


def of_returns(place: Path) -> Iterator[Track]:
    """The accounts of a benchmark or of a comparison."""
    from pyarrow import parquet  # noqa: PLC0415

    meta = json.loads((place / MARK).read_text(encoding="utf-8"))
    record = json.loads((place / f"{meta['kind']}.json").read_text(encoding="utf-8"))
    table = parquet.read_table(place / RETURNS)
    times = table.column(TIME).to_numpy().astype("datetime64[ns]").astype(np.int64)
    period = record["period"]
    n_year = period["periods_per_year"]
    trades = [name for name, card in cards().items() if card.family == "trades"]
    for name, facts in record["entries"].items():
        yield Track(
            name,
            str(place),
            times,
            np.array(table.column(name).to_numpy()[1:]),
            period["currency"],
            None if n_year is None else (n_year, period["periods_per_year_source"]),
            trades={one: facts["metrics"][one] for one in trades if one in facts["metrics"]},
            costs=facts["costs"],
            run=record["digests"].get("run", ""),
        )


def of_table(path: Path) -> Iterator[Track]:
    """The columns of a CSV file with `time` and equity.

    Raises:
        DataError: no column `time`, or a value that is no number above 0.
    """
    import pandas as pd  # noqa: PLC0415

    table = pd.read_csv(path)
    if TIME not in table.columns or len(table.columns) < 2:
        bound = f"with a column `{TIME}` and one or more of equity"
        raise DataError(str(path), list(table.columns), bound, "Name the columns in its first line.")
    try:
        stamps = pd.to_datetime(table[TIME], utc=True)
    except ValueError as error:
        raise DataError(f"{path}: {TIME}", str(error), "times in every row", "Write them like 2024-01-31.") from None
    times = stamps.dt.tz_localize(None).to_numpy().astype("datetime64[ns]").astype(np.int64)
    for name in table.columns.drop(TIME):
        column = pd.to_numeric(table[name], errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        wrong = ~(column > 0.0)
        if wrong.any():
            row = int(np.argmax(wrong))
            bound = "a number above 0 in every row"
            raise DataError(f"{path}: {name}, row {row + 2}", table[name].iloc[row], bound, "Correct the value.")
        out = np.empty(column.size - 1)
        growth.returns_of(column.copy(), np.zeros(column.size), out)
        yield Track(str(name), str(path), times, out)
