"""What a backtest comes to: the numbers of its lanes, with the verbs that show, save and question them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from polyfolio.backtests import frames
from polyfolio.backtests.active import against
from polyfolio.engine.engine import Engine
from polyfolio.errors import ConfigError, PolyfolioError
from polyfolio.report import notebook, terminal
from polyfolio.report.brinson import Brinson
from polyfolio.report.factors import Factors
from polyfolio.report.page.packing import library
from polyfolio.report.page.parts import Section
from polyfolio.report.results import Results
from polyfolio.report.results_folder import write_pages
from polyfolio.report.saved import save

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class Result(Results):
    """A finished backtest; `print(result)` shows its table, a notebook shows it as a table of its own.

    Attributes:
        engine: the engine after its last row.
        failed: what stopped the strategy of a lane, by lane; such lanes are left out of the results.
    """

    engine: Engine
    failed: Mapping[str, PolyfolioError] = field(default_factory=dict)

    def save(self, folder: str | Path, **facts: Any) -> Path:
        """Write journal, metrics, trades and equity into a folder, whole or not at all.

        Args:
            folder: a new or empty folder, or one with results.
            facts: what else meta.json shall say.
        """
        return save(self, folder, **facts)

    def report(
        self,
        folder: str | Path,
        *,
        extra: Mapping[str, Sequence[Section]] | None = None,
        factors: Factors | None = None,
    ) -> Path:
        """Save the run into a folder and write its pages there; the page to open first.

        Args:
            folder: a new or empty folder, or one with results.
            extra: further sections by lane, such as `referee(spec, tape, lane).sections()`.
            factors: factor returns, to which the lanes' returns are attributed.

        Raises:
            ConfigError: plotly is not installed; the extra is named. Or `reporting` wants no pages.
        """
        if not (self.spec.reporting.separate_reports or self.spec.reporting.combined_summary):
            raise ConfigError(
                "reporting", "no pages", "separate_reports or combined_summary", "Switch one of them on, or use save()."
            )
        library()
        return write_pages(self, self.save(folder), extra=extra, failed=self.failed, factors=factors)[0]

    def frame(self, what: str = "equity", lane: str | int | None = None) -> pd.DataFrame:
        """One table of the run for pandas.

        Args:
            what: equity, drawdown or weights (a row per close), trades (closed ones), fills, or metrics.
            lane: name or number; None takes all.

        Raises:
            ConfigError: weights of a journal without fills, or a table that nobody knows.

        Example:
            >>> result.frame("equity").pct_change().corr()
        """
        lanes = self.lanes if lane is None else (self.lanes[self.journal.index_of(lane)],)
        return frames.frame(self, what, lanes)

    def to_pandas(self) -> dict[str, pd.DataFrame]:
        """Every table of `frame`, by name."""
        return {what: self.frame(what) for what in frames.FRAMES}

    def plot(self, lane: str | int | None = None) -> Any:
        """A plotly figure of equity and drawdown; a notebook draws it, `.show()` opens it in the browser.

        Raises:
            ConfigError: plotly is not installed; the extra is named.
        """
        currency = self.tape.universe.base_currency
        return notebook.figure(self.frame("equity", lane), self.frame("drawdown", lane), currency)

    def why(self, lane: int | str, slot: int | str, row: int) -> str:
        """Why a trade was made, cut, refused or missing."""
        return self.journal.why(lane, slot, row)

    def brinson(self, lane: int | str, benchmark: Mapping[str, float] | None = None, by: str = "symbol") -> Brinson:
        """Why a lane did better or worse than a benchmark portfolio: allocation, selection, interaction, trading.

        Args:
            lane: name or number; it must not hold shorts.
            benchmark: weight by symbol, to which the benchmark goes back at every close, without costs; what is left
                of 1 is cash. None takes all of `account.benchmark`.
            by: what the groups are: "symbol", or a label of the tape such as "sector".

        Raises:
            ConfigError: no benchmark, a symbol or label that nobody knows, a journal without fills.
            DataError: a short position, or a return that is not known.
        """
        return against(self, lane, benchmark, by)

    def __repr__(self) -> str:
        return terminal.text(self)

    def _repr_html_(self) -> str:
        return notebook.html(self)
