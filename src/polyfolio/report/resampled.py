"""How sure a judgement is: measures of resampled returns, and how one account compares with another.

All contenders are resampled with the same blocks of time, so a difference is paired. Where a contender has several
members, the members are resampled too: training's luck is in the interval. Of random policies each draw takes one.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from polyfolio.core.types import Floats, Ints
from polyfolio.market.synthetic.streams import Streams
from polyfolio.report.bootstrap import Blocks, block_length

MEASURES = ("annual_return", "growth", "sharpe", "sortino", "volatility", "max_drawdown", "calmar", "information_ratio")
# Growth is compared in logarithms: a year's return is so skewed that even a wide lead would not pass.
COMPARED = ("sharpe", "growth")
RATIOS = ("sharpe", "sortino", "calmar", "information_ratio")
LEVEL = 0.05  # a difference with a smaller p is called one
COVERAGE = 0.95
_LOWEST = -0.999_999  # a ruined account keeps a millionth, so that its growth stays a number

Drawn = dict[str, Floats]


@dataclass(frozen=True, eq=False)
class Field:
    """Returns of one contender.

    Attributes:
        name: of the contender.
        returns: simple, per bar, after all costs: float64[members, bars].
        single: True where a draw takes one member, False where it takes as many as there are, with replacement.
    """

    name: str
    returns: Floats
    single: bool = False


@dataclass(frozen=True, eq=False)
class Year:
    """How numbers are brought to a year.

    Attributes:
        years: elapsed years of the period.
        bars: bars a year.
        index: returns of the index, float64[bars]; None without one.
    """

    years: float
    bars: float
    index: Floats | None = None


def measures(returns: Floats, year: Year, index: Floats | None = None) -> Drawn:
    """The measures of each sample, float64[samples]; NaN where undefined.

    Args:
        returns: float64[samples, bars].
        year: how numbers are brought to a year.
        index: returns of the index in the same bars, of the same shape.
    """
    path = np.maximum(returns, _LOWEST)
    wealth = np.cumsum(np.log1p(path), axis=1)
    annual = np.expm1(wealth[:, -1] / year.years)
    mean, spread = path.mean(axis=1), path.std(axis=1, ddof=1)
    down = np.sqrt(np.square(np.minimum(path, 0.0)).mean(axis=1))
    fall = np.expm1((wealth - np.maximum.accumulate(np.maximum(wealth, 0.0), axis=1)).min(axis=1))
    root = math.sqrt(year.bars)
    found = {
        "annual_return": annual,
        "growth": wealth[:, -1] / year.years,
        "sharpe": _over(mean, spread) * root,
        "sortino": _over(mean, down) * root,
        "volatility": spread * root,
        "max_drawdown": np.minimum(fall, 0.0),
        "calmar": _over(annual, -fall),
        "information_ratio": np.full(mean.size, math.nan),
    }
    if index is not None:
        active = path - index
        found["information_ratio"] = _over(active.mean(axis=1), active.std(axis=1, ddof=1)) * root
    return found


def _over(part: Floats, whole: Floats) -> Floats:
    """part / whole, NaN where the whole is 0 but for rounding."""
    return np.asarray(np.divide(part, whole, out=np.full(part.shape, math.nan), where=whole > 1e-14))


def blocks_for(fields: Iterable[Field], draws: int, seed: int) -> Blocks:
    """The blocks of an evaluation: their mean length is the longest that any member's returns, or their squares, ask.

    The squares carry the clusters of volatility, which move the variance of a Sharpe ratio.
    """
    members = [member for field in fields for member in field.returns]
    longest = max(block_length(values) for member in members for values in (member, np.square(member)))
    return Blocks(draws, members[0].size, longest, seed)


def resample(fields: Sequence[Field], blocks: Blocks, year: Year) -> dict[str, Drawn]:
    """Every measure of every contender in every draw: float64[draws] by name and measure."""
    out = {field.name: {name: np.empty(blocks.draws) for name in MEASURES} for field in fields}
    picks = {field.name: members_of(field, blocks) for field in fields}
    for part, places in blocks.parts():
        index = None if year.index is None else year.index[places]
        for field in fields:
            chosen = picks[field.name][part]
            found = [measures(field.returns[taken[:, None], places], year, index) for taken in chosen.T]
            for name in MEASURES:
                out[field.name][name][part] = over_members(name, np.stack([one[name] for one in found]))
    return out


def over_members(name: str, values: Floats) -> Floats:
    """The mean of a measure over members, the first axis; NaN where none of them has it.

    A member in cash has no ratio. Among others that have one it counts as 0, which is what it earned: left out, the
    seeds that did nothing would make a policy look better.
    """
    known = ~np.isnan(values)
    count = known.sum(axis=0)
    among = np.where(count > 0, values.shape[0], 0) if name in RATIOS else count
    total = np.where(known, values, 0.0).sum(axis=0)
    return np.asarray(np.divide(total, among, out=np.full(total.shape, math.nan), where=among > 0))


def members_of(field: Field, blocks: Blocks) -> Ints:
    """Members that each draw takes of a contender, int64[draws, taken]."""
    count = field.returns.shape[0]
    shape = (blocks.draws, 1 if field.single else count)
    chances = Streams(blocks.seed).of(f"members of {field.name}").random(shape)
    return np.asarray((chances * count).astype(np.int64))


def value(field: Field, year: Year) -> dict[str, float]:
    """Each measure as it was: the mean over the members, see `over_members`."""
    found = measures(field.returns, year, year.index)
    return {name: float(over_members(name, found[name])) for name in MEASURES}


def per_bar(returns: Floats) -> Floats:
    """Sharpe ratio of each row of returns, per bar; NaN where they do not vary."""
    spread = returns.std(axis=1, ddof=1)
    return _over(returns.mean(axis=1), spread)


def mean(values: Floats) -> float:
    """The mean of the known values; NaN where none is known."""
    known = values[~np.isnan(values)]
    return float(known.mean()) if known.size else math.nan


def interval(draws: Floats, coverage: float = COVERAGE) -> tuple[float, float]:
    """Quantiles that leave the same share out on both sides; NaN where no draw is known."""
    known = draws[~np.isnan(draws)]
    if not known.size:
        return math.nan, math.nan
    low, high = np.quantile(known, [(1.0 - coverage) / 2.0, (1.0 + coverage) / 2.0])
    return float(low), float(high)


@dataclass(frozen=True)
class Comparison:
    """A policy against a baseline in one measure.

    Attributes:
        policy: name.
        baseline: name.
        measure: name.
        difference: policy less baseline.
        low: lower end of the interval of the difference.
        high: upper end.
        probability: share of draws in which the policy is ahead.
        p: of a difference at least as large, where there is none.
        adjusted: p after Holm's correction for all comparisons in this measure.
        level: below which it is called a difference.
    """

    policy: str
    baseline: str
    measure: str
    difference: float
    low: float
    high: float
    probability: float
    p: float
    adjusted: float = math.nan
    level: float = LEVEL

    @property
    def word(self) -> str:
        """better, worse, equal (nothing to compare: the same returns), or undecided."""
        if self.difference == 0.0 and self.low == self.high == 0.0:
            return "equal"
        if self.adjusted < self.level:
            return "better" if self.difference > 0.0 else "worse"
        return "undecided"


def compare(
    policies: Sequence[str],
    baselines: Sequence[str],
    found: Mapping[str, Mapping[str, float]],
    drawn: dict[str, Drawn],
    level: float = LEVEL,
) -> list[Comparison]:
    """Every policy against every baseline, in each of COMPARED.

    Args:
        policies: names.
        baselines: names.
        found: measures by contender, as they were.
        drawn: the same in every draw.
        level: largest corrected p of a difference.
    """
    out = []
    for measure in COMPARED:
        pairs = [_one(policy, baseline, measure, found, drawn) for policy in policies for baseline in baselines]
        adjusted = holm([pair.p for pair in pairs])
        out += [replace(pair, adjusted=p, level=level) for pair, p in zip(pairs, adjusted, strict=True)]
    return out


def _one(
    policy: str, baseline: str, measure: str, found: Mapping[str, Mapping[str, float]], drawn: dict[str, Drawn]
) -> Comparison:
    # Cash has no Sharpe ratio; beside a baseline it counts as 0, which is what it earned above a rate of 0.
    here, there = (0.0 if math.isnan(found[name][measure]) else found[name][measure] for name in (policy, baseline))
    draws = np.nan_to_num(drawn[policy][measure]) - np.nan_to_num(drawn[baseline][measure])
    low, high = interval(draws)
    ahead = float((draws > 0.0).mean() + 0.5 * (draws == 0.0).mean())
    return Comparison(policy, baseline, measure, here - there, low, high, ahead, p_value(draws, here - there))


def p_value(draws: Floats, difference: float) -> float:
    """Share of draws, moved so that there is no difference, at least as far from 0 as what was found; two-sided."""
    beyond = np.abs(draws - difference) >= abs(difference) * (1.0 - 1e-12)
    return float((1.0 + beyond.sum()) / (draws.size + 1.0))


def holm(values: npt.ArrayLike) -> list[float]:
    """p-values of several comparisons, corrected so that one false find among them all stays as rare as stated."""
    raw = np.asarray(values, dtype=np.float64)
    order = np.argsort(raw, kind="stable")
    steps = raw[order] * np.arange(raw.size, 0, -1)
    out = np.empty(raw.size)
    out[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return [float(p) for p in out]
