"""How synthetic tapes compare with their original: moments, tails, autocorrelation of squares, correlations."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from polyfolio.core.tape import Tape
from polyfolio.core.types import Floats
from polyfolio.errors import DataError
from polyfolio.market.synthetic import page
from polyfolio.market.synthetic.statistics import (
    LAGS,
    OF_BARS,
    OF_MARKET,
    OF_RETURNS,
    PROBABILITIES,
    Figures,
    figures_of,
)

if TYPE_CHECKING:
    import pandas as pd

BAND = (0.05, 0.95)
TITLES = ("number", "original", "synthetic", "5 %", "95 %", "inside", "meaning")
GROUPS = (
    ("Moments", ("mean", "deviation", "skewness", "kurtosis", "range")),
    ("Tails", ("quantile_1", "quantile_99", "left_tail", "right_tail")),
    ("Memory", ("returns_1", "squares_1", "squares_5", "squares_20", "volume_1")),
    ("Slots together", (*OF_MARKET, "correlation_distance")),
)


@dataclass(frozen=True)
class Line:
    """One number.

    Attributes:
        name: of the number.
        group: Moments, Tails, Memory or Slots together.
        original: the median over slots, or the market's number.
        synthetic: mean over paths of the same.
        low: 5 % quantile over paths.
        high: 95 % quantile over paths.
        inside: share of slots whose own number lies between the two of its paths; NaN with one path.
        meaning: in words.
    """

    name: str
    group: str
    original: float
    synthetic: float
    low: float
    high: float
    inside: float
    meaning: str


@dataclass(frozen=True, eq=False)
class Comparison:
    """Original and synthetic tapes in numbers.

    Attributes:
        lines: one per number.
        symbols: of the slots.
        original: figures of the original.
        paths: figures of each synthetic tape.
    """

    lines: tuple[Line, ...]
    symbols: tuple[str, ...]
    original: Figures
    paths: tuple[Figures, ...]

    def __getitem__(self, name: str) -> Line:
        return next(line for line in self.lines if line.name == name)

    def frame(self) -> pd.DataFrame:
        """One row per number."""
        import pandas as pd  # noqa: PLC0415

        return pd.DataFrame([vars(line) for line in self.lines]).set_index("name")

    def slots(self, name: str) -> pd.DataFrame:
        """One number by symbol: original, mean over paths, 5 % and 95 %."""
        import pandas as pd  # noqa: PLC0415

        every = np.array([figures.slots[name] for figures in self.paths])
        columns = {"original": self.original.slots[name], "synthetic": _mean(every)}
        columns |= {title: _quantile(every, level) for title, level in zip(("low", "high"), BAND, strict=True)}
        return pd.DataFrame(columns, index=list(self.symbols))

    def table(self) -> str:
        """Plain text, one line per number."""
        out = [head(self), ""]
        for group, names in GROUPS:
            out.append(f"{group:<22}" + "".join(f"{title:>11}" for title in TITLES[1:-1]) + f"  {TITLES[-1]}")
            for line in (self[name] for name in names):
                values = (line.original, line.synthetic, line.low, line.high)
                cells = "".join(f"{shown(value):>11}" for value in values)
                out.append(f"  {line.name:<20}{cells}{share(line.inside):>11}  {line.meaning}")
            out.append("")
        return "\n".join(out)

    def html(self) -> str:
        """One page without anything outside it: the table and two plots."""
        rows = [
            (
                line.group,
                line.name,
                *(shown(value) for value in (line.original, line.synthetic, line.low, line.high)),
                share(line.inside),
                line.meaning,
            )
            for line in self.lines
        ]
        plots = [
            page.plot(
                "Autocorrelation of squares, median over slots",
                "lag",
                np.arange(1.0, LAGS + 1.0),
                self._band("squares"),
            ),
            page.plot(
                "Returns over their deviation, median over slots",
                "probability",
                PROBABILITIES,
                self._band("quantiles"),
            ),
        ]
        return page.written("Synthetic and original market", head(self), ("group", *TITLES), rows, plots)

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the page; the file's folder must exist."""
        place = Path(path)
        place.write_text(self.html(), encoding="utf-8")
        return place

    def _band(self, name: str) -> tuple[Floats, Floats, Floats, Floats]:
        """Original, mean, low and high of a curve, medians over slots."""
        own = _median(getattr(self.original, name))
        every = np.array([_median(getattr(figures, name)) for figures in self.paths])
        return own, _mean(every), _quantile(every, BAND[0]), _quantile(every, BAND[1])


def compare(original: Tape, synthetic: Tape | Iterable[Tape]) -> Comparison:
    """The comparison of a tape with one or several synthetic ones; twenty paths give a band worth the name.

    Raises:
        DataError: no synthetic tape, or one with other symbols.
    """
    tapes = [synthetic] if isinstance(synthetic, Tape) else list(synthetic)
    if not tapes:
        raise DataError("synthetic", 0, "at least one tape", "Sample some.")
    for number, tape in enumerate(tapes):
        if tape.symbols != original.symbols:
            raise DataError(
                f"symbols of synthetic[{number}]",
                list(tape.symbols),
                f"those of the original, {list(original.symbols)}",
                "Compare tapes of the same slots.",
            )
    own, paths = figures_of(original), tuple(figures_of(tape) for tape in tapes)
    meanings = {name: meaning for name, (_, meaning) in OF_RETURNS.items()} | OF_BARS
    lines = []
    for group, names in GROUPS:
        for name in names:
            if name in meanings:
                lines.append(_slot_line(name, group, own, paths, meanings[name]))
            elif name in OF_MARKET:
                values = [figures.market[name] for figures in paths]
                lines.append(_line(name, group, own.market[name], values, OF_MARKET[name]))
            else:
                apart = [_distance(own.correlation, figures.correlation) for figures in paths]
                lines.append(_line(name, group, 0.0, apart, "root mean square distance of correlations", math.nan))
    return Comparison(tuple(lines), original.symbols, own, paths)


def head(comparison: Comparison) -> str:
    """What was compared."""
    count = len(comparison.paths)
    tapes = "1 synthetic tape" if count == 1 else f"{count} synthetic tapes"
    return (
        f"{len(comparison.symbols)} slots, {tapes}. Slots' numbers are medians over slots; synthetic is the mean over "
        "tapes, 5 % and 95 % their quantiles; inside: share of slots whose own number lies between those of its tapes."
    )


def shown(value: float) -> str:
    """Four digits; a dash where unknown."""
    return "-" if math.isnan(value) else f"{value:.4g}"


def share(value: float) -> str:
    """A share in percent; a dash where unknown."""
    return "-" if math.isnan(value) else f"{value:.0%}".replace("%", " %")


def _slot_line(name: str, group: str, own: Figures, paths: Sequence[Figures], meaning: str) -> Line:
    every = np.array([figures.slots[name] for figures in paths])
    low, high = _quantile(every, BAND[0]), _quantile(every, BAND[1])
    known = ~np.isnan(own.slots[name]) & ~np.isnan(low)
    values = own.slots[name][known]
    within = ((low[known] <= values) & (values <= high[known])).mean() if len(paths) > 1 and known.any() else math.nan
    centre = float(_median(own.slots[name][None])[0])
    return _line(name, group, centre, _median(every).tolist(), meaning, float(within))


def _line(
    name: str, group: str, original: float, values: Sequence[float], meaning: str, inside: float | None = None
) -> Line:
    every = np.asarray(values, dtype=np.float64)[:, None]
    low, high = float(_quantile(every, BAND[0])[0]), float(_quantile(every, BAND[1])[0])
    if inside is None:
        inside = float(low <= original <= high) if len(values) > 1 and not math.isnan(original + low) else math.nan
    return Line(name, group, original, float(_mean(every)[0]), low, high, inside, meaning)


def _distance(one: Floats, other: Floats) -> float:
    """Root mean square over pairs of slots."""
    pairs = np.triu_indices(one.shape[0], 1)
    if pairs[0].size == 0:
        return math.nan
    return float(np.sqrt(np.mean((one[pairs] - other[pairs]) ** 2)))


def _median(values: Floats) -> Floats:
    return _known(values.T, np.nanmedian)


def _mean(values: Floats) -> Floats:
    return _known(values, np.nanmean)


def _quantile(values: Floats, level: float) -> Floats:
    return _known(values, np.nanquantile, level)


def _known(values: Floats, function: Callable[..., Floats], *arguments: float) -> Floats:
    """A reduction over the first axis that skips NaN; nothing but NaN gives NaN."""
    out = np.full(values.shape[1], np.nan)
    some = ~np.isnan(values).all(axis=0)
    if some.any():
        out[some] = function(values[:, some], *arguments, axis=0)
    return out
