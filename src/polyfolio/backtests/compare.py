"""Runs beside each other on the same bars: wherever they were saved, whatever made them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from polyfolio.backtests.tracks import Track, tracks_of
from polyfolio.core.types import Floats, Ints
from polyfolio.errors import ConfigError, DataError
from polyfolio.kernels.measures import growth
from polyfolio.market.stamps import show
from polyfolio.report import compare_page, comparison_words
from polyfolio.report.annualise import stamps
from polyfolio.report.benchmark_files import save
from polyfolio.report.comparison import Compared, Settings, compared, plain
from polyfolio.report.metrics import Activity, Convention, Metrics, metrics_from_returns
from polyfolio.report.page.parts import Page
from polyfolio.rules.arguments import closest

FEWEST = 2
NANOSECONDS_AN_HOUR = 3_600_000_000_000


@dataclass(frozen=True, eq=False)
class Comparison:
    """A finished comparison; `print(comparison)` shows its table.

    Attributes:
        record: everything it found, as plain values for a JSON file.
        returns: of each account.
        times: closing stamps, that of the starting value first.
    """

    record: dict[str, Any]
    returns: Mapping[str, Floats]
    times: Ints

    def page(self) -> Page:
        """The whole as a page."""
        return compare_page.page(self.record)

    def save(self, folder: str | Path, *, page: bool = True) -> Path:
        """Write comparison.json, table.csv, returns.parquet, meta.json and comparison.html, whole or not at all.

        Args:
            folder: where.
            page: False leaves the page out, which needs the extra `report`.
        """
        return save(self.record, self.returns, self.times, folder, self.page() if page else None)

    def __repr__(self) -> str:
        lead = compare_page.lead(self.record) + "."
        return "\n".join([lead, "", *comparison_words.table(self.record), "", *comparison_words.verdict(self.record)])


def compare(
    runs: Iterable[str | Path | Track],
    against: Sequence[str] = (),
    *,
    common: bool = False,
    settings: Settings | None = None,
) -> Comparison:
    """Compare runs.

    Args:
        runs: folders of results, runs of the registry, configurations, tables of equity, or tracks; see `tracks_of`.
        against: names that the others are held against; empty takes the first track.
        common: True compares on the closings that all have, where they are not the same.
        settings: how it is made.

    Raises:
        ConfigError: fewer than two accounts, or a name nobody has.
        DataError: other rows, currencies or bar lengths, or fewer than 20 returns.

    Example:
        >>> print(compare(["results/three"]))
    """
    tracks = named([track for run in runs for track in ([run] if isinstance(run, Track) else tracks_of(str(run)))])
    if len(tracks) < FEWEST:
        remedy = "Name another run: one alone has nothing to be compared with."
        raise ConfigError("runs", [track.name for track in tracks], "two accounts or more", remedy)
    for track in tracks:
        stamps(track.times, f"times of {track.name}")
    refuse_other_money(tracks)
    tracks = aligned(tracks, common)
    held = held_of(tracks, against)
    entries = [entry_of(track, tracks[0], track.name in held) for track in tracks]
    record = plain(compared(entries, tracks[0].times, settings or Settings()))
    record["period"]["currency"] = next((track.currency for track in tracks if track.currency), "an unknown currency")
    record |= {
        "kind": "comparison",
        "name": " and ".join(dict.fromkeys(track.source for track in tracks)),
        "sources": {track.name: track.source for track in tracks},
        "digests": {f"run of {track.name}": track.run for track in tracks if track.run},
    }
    return Comparison(record, {track.name: track.returns for track in tracks}, tracks[0].times)


def named(tracks: Sequence[Track]) -> list[Track]:
    """Tracks of one name with the last part of their source before it, then a number."""
    names = [track.name for track in tracks]
    out: list[Track] = []
    taken: set[str] = set()
    for track in tracks:
        base = track.name if names.count(track.name) == 1 else f"{Path(track.source).stem}: {track.name}"
        name, number = base, 1
        while name in taken:
            number += 1
            name = f"{base} {number}"
        taken.add(name)
        out.append(replace(track, name=name))
    return out


def held_of(tracks: Sequence[Track], against: Sequence[str]) -> tuple[str, ...]:
    """The names that the others are held against."""
    names = [track.name for track in tracks]
    for name in against:
        if name not in names:
            raise ConfigError("against", name, "one of " + ", ".join(names), closest(name, names))
    if len(set(against)) == len(names):
        raise ConfigError("against", list(against), "not all of them", "Leave one to be judged.")
    return tuple(against) or (names[0],)


def refuse_other_money(tracks: Sequence[Track]) -> None:
    """Refuse money of several currencies."""
    known = [track for track in tracks if track.currency]
    for track in known[1:]:
        if track.currency != known[0].currency:
            bound = f"{known[0].currency}, as {known[0].name}"
            remedy = "Run both in one base currency: the exchange rate would be compared too."
            raise DataError(f"currency of {track.name}", track.currency, bound, remedy)


def aligned(tracks: Sequence[Track], common: bool) -> list[Track]:
    """The tracks on the same closings.

    Raises:
        DataError: other closings and `common` is off, other bar lengths, or no closing in common.
    """
    first = tracks[0]
    other = next((track for track in tracks[1:] if not np.array_equal(track.times, first.times)), None)
    if other is None:
        return list(tracks)
    times = first.times
    for track in tracks[1:]:
        times = np.intersect1d(times, track.times, assume_unique=True)
    if times.size < FEWEST:
        bound = f"with closings in common with {first.name}, {span(first)}"
        raise DataError(f"rows of {other.name}", span(other), bound, "Run both over the same days and bars.")
    if not common:
        bound = f"those of {first.name}, {span(first)}"
        remedy = f"Run both over the same rows, or compare on the {times.size} closings that all have (common)."
        raise DataError(f"rows of {other.name}", span(other), bound, remedy)
    return [cut(track, times) for track in tracks]


def span(track: Track) -> str:
    """Where a track's closings are, how many, how far apart."""
    hours = float(np.median(np.diff(track.times))) / NANOSECONDS_AN_HOUR
    first, last = (show(int(track.times[row])) for row in (0, -1))
    return f"{first} to {last}, {track.times.size} closings, {hours:g} hours apart"


def cut(track: Track, times: Ints) -> Track:
    """A track at some of its closings: returns between two of them are compounded.

    What was paid and won is that of all its closings, so it is left out, and a year has as many bars as are found.
    """
    path = np.empty(track.times.size)
    growth.wealth_path(np.ascontiguousarray(track.returns), path)
    places = np.searchsorted(track.times, times)
    whole = np.array_equal(np.diff(places), np.ones(places.size - 1))
    kept = path[places]
    earned = np.divide(kept[1:], kept[:-1], out=np.ones(kept.size - 1), where=kept[:-1] > 0.0) - 1.0
    return replace(
        track,
        times=times,
        returns=earned,
        bars=track.bars[:, places[1:] - 1] if whole and track.bars is not None else None,
        periods_per_year=track.periods_per_year if whole else None,
        trades={},
        costs={},
    )


def entry_of(track: Track, first: Track, baseline: bool) -> Compared:
    """A track with its metrics; the bars of a year are the first track's for all."""
    known = first.periods_per_year
    convention = Convention(periods_per_year=None if known is None else known[0])
    found = metrics_from_returns(track.returns, track.times, convention, None, Activity(track.bars))
    if known is not None:
        found = replace(found, source=known[1])
    return Compared(track.name, track.returns, with_trades(found, track.trades), baseline, track.costs)


def with_trades(metrics: Metrics, trades: Mapping[str, float | None]) -> Metrics:
    """The metrics with those of closed trades, which a run knows and its returns do not."""
    known = {name: value for name, value in trades.items() if value is not None and not math.isnan(value)}
    reasons = {name: reason for name, reason in metrics.reasons.items() if name not in known}
    return replace(metrics, numbers={**metrics.numbers, **known}, reasons=reasons)
