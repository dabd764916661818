"""A result as pandas tables: times as the index (UTC), lanes and symbols by name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from polyfolio.core.codes import Moment, Reason
from polyfolio.errors import ConfigError
from polyfolio.kernels.measures import drawdown, growth
from polyfolio.report.results import Results
from polyfolio.report.run_page.lane import LaneView
from polyfolio.report.saved import TRADE_COLUMNS
from polyfolio.rules.arguments import closest

if TYPE_CHECKING:
    import pandas as pd

FRAMES = ("equity", "drawdown", "weights", "trades", "fills", "metrics")


def frame(results: Results, what: str, lanes: Sequence[str]) -> pd.DataFrame:
    """One table of a result; see `Result.frame`."""
    if what not in FRAMES:
        raise ConfigError("frame", what, "one of " + ", ".join(FRAMES), closest(what, FRAMES))
    made = {
        "equity": paths,
        "drawdown": depths,
        "weights": weights,
        "trades": trades,
        "fills": fills,
        "metrics": metrics,
    }
    return made[what](results, lanes)


def paths(results: Results, lanes: Sequence[str]) -> pd.DataFrame:
    """Equity at each close, a column per lane."""
    import pandas as pd  # noqa: PLC0415

    return pd.DataFrame({lane: pd.Series(results.equity(lane), closes_of(results, lane)) for lane in lanes})


def depths(results: Results, lanes: Sequence[str]) -> pd.DataFrame:
    """Fall below the highest wealth until then at each close, 0 or negative, a column per lane; flows left out."""
    import pandas as pd  # noqa: PLC0415

    parts = {}
    for lane in lanes:
        path, flows = results.path(lane), np.array(results.journal.lane(lane).marks["flows"])
        earned, wealth, below = np.empty(path.size - 1), np.empty(path.size), np.empty(path.size - 1)
        growth.returns_of(path, flows, earned)
        growth.wealth_path(earned, wealth)
        drawdown.summary(wealth, np.empty(drawdown.SIZE), below, np.empty(len(drawdown.NAMES)))
        parts[lane] = pd.Series(np.concatenate([[0.0], below]), closes_of(results, lane))
    return pd.DataFrame(parts)


def weights(results: Results, lanes: Sequence[str]) -> pd.DataFrame:
    """Shares of equity at each close, a column per lane and symbol; a journal at level full has them."""
    import pandas as pd  # noqa: PLC0415

    parts = {}
    for lane in lanes:
        shares = LaneView(results, lane).holdings.weight
        parts[lane] = pd.DataFrame(shares, index=closes_of(results, lane), columns=list(results.tape.symbols))
    return pd.concat(parts, axis=1, names=["lane", "symbol"])


def trades(results: Results, lanes: Sequence[str]) -> pd.DataFrame:
    """Closed trades, a row each; a journal at level full has them."""
    import pandas as pd  # noqa: PLC0415

    table = results.trade_table()
    out = pd.DataFrame({name: table[name] for name in TRADE_COLUMNS})
    for name in ("entry_time", "exit_time"):
        out[name] = pd.to_datetime(out[name], utc=True)
    return out[out["lane"].isin(lanes)].reset_index(drop=True)


def fills(results: Results, lanes: Sequence[str]) -> pd.DataFrame:
    """Fills in the order of the journal, names in place of numbers."""
    import pandas as pd  # noqa: PLC0415

    rows = results.journal.fills
    out = pd.DataFrame({name: rows[name] for name in rows.dtype.names or ()})
    out.insert(0, "time", closes(results)[rows["row"]])
    out["lane"] = np.array(results.lanes, dtype=object)[rows["lane"]]
    out.insert(2, "symbol", np.array(results.tape.symbols, dtype=object)[rows["slot"]])
    for name, codes in (("reason", Reason), ("moment", Moment)):
        out[name] = [codes(code).name.lower() for code in rows[name].tolist()]
    return out[out["lane"].isin(lanes)].reset_index(drop=True)


def metrics(results: Results, lanes: Sequence[str]) -> pd.DataFrame:
    """Every metric, a column per lane."""
    import pandas as pd  # noqa: PLC0415

    return pd.DataFrame({lane: dict(results.metrics(lane)) for lane in lanes})


def closes_of(results: Results, lane: str) -> Any:
    """The closing time of each row that a lane walked, UTC; a lane may have begun after the first."""
    return closes(results)[results.journal.lane(lane).marks["row"]]


def closes(results: Results) -> Any:
    """The closing time of each row, UTC."""
    import pandas as pd  # noqa: PLC0415

    return pd.DatetimeIndex(pd.to_datetime(results.tape.times, utc=True), name="time")
