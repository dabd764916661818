"""What the lane's own run says about itself: how long, how often, and how much hangs on little."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyfolio.backtests.referee.windows import day_of, market_path
from polyfolio.backtests.trial import Trial, outcomes, plain, wealth_of
from polyfolio.core.tape import NANOSECONDS_PER_DAY
from polyfolio.core.types import Floats
from polyfolio.engine.engine import Engine
from polyfolio.errors import DataError
from polyfolio.report.deflated import deflated_sharpe
from polyfolio.report.results import Results

YEAR = 365.25 * NANOSECONDS_PER_DAY
BEST_BARS = 10
LATE_SHARE = 0.25  # the last part of a history shorter than two years; else its last year


def facts(trial: Trial, engine: Engine, base: Results, trials: int) -> dict[str, Any]:
    """Everything the doubts need to know of the run itself; shares of the capital the lane began with."""
    path = wealth_of(engine)
    times = trial.tape.times
    years = float((times[-1] - times[0]) / YEAR)
    own = outcomes(engine)[0]
    found: dict[str, Any] = plain(
        {
            "outcome": own.record(),
            "bars": trial.tape.rows,
            "years": years,
            "start": day_of(trial.tape, 0),
            "end": day_of(trial.tape, trial.tape.rows - 1),
            "capital": trial.capital,
            "currency": trial.tape.universe.base_currency,
            "names": trial.tape.slots,
            "closed_trades": len(base.trades(0)),
            "fills": int(base.journal.fills.size),
            "by_asset": by_asset(base, trial.capital),
            "late": late(path, times, years),
            "best_bars": BEST_BARS,
            "without_best_bars": without_best(path, BEST_BARS),
            "market_return": float(market_path(trial.tape)[-1] - 1.0),
            "deflated": deflated(path, trials),
        }
    )
    return found


def by_asset(base: Results, capital: float) -> dict[str, float]:
    """Profit of each name over the capital, largest first."""
    split = base.attribution(0)
    shares = {name: float(value / capital) for name, value in zip(split.symbols, split.slots["profit"], strict=True)}
    return dict(sorted(((name, share) for name, share in shares.items() if share != 0.0), key=lambda item: -item[1]))


def late(path: Floats, times: Any, years: float) -> dict[str, Any]:
    """The return before the last year, or before the last quarter of a history shorter than two years."""
    whole = years >= 2.0
    cut = int(np.searchsorted(times, times[-1] - YEAR)) if whole else int(path.size * (1.0 - LATE_SHARE))
    cut = min(max(cut, 1), path.size - 1)
    return {"span": "last year" if whole else "last quarter of the time", "before": float(path[cut] - 1.0)}


def without_best(path: Floats, count: int) -> float | None:
    """Total return without the best bars; None where they are more than a tenth of all."""
    steps = path[1:] / np.where(path[:-1] > 0.0, path[:-1], 1.0)
    if steps.size < 10 * count:
        return None
    return float(np.prod(np.sort(steps)[:-count]) - 1.0)


def deflated(path: Floats, trials: int) -> dict[str, Any]:
    """The probability that the true Sharpe ratio lies above what the best of so many tries shows without skill."""
    returns = path[1:] / np.where(path[:-1] > 0.0, path[:-1], 1.0) - 1.0
    try:
        found = deflated_sharpe(returns, trials)
    except DataError:
        return {"probability": None, "trials": trials}
    return {"probability": found.probability, "trials": found.trials}
