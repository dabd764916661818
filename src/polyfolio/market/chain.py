"""Sources one behind the other: what the first cannot give, the next is asked for, and the bars say so."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence

from polyfolio.errors import ConfigError, DataError, PolyfolioError, RetryError
from polyfolio.market.bars import Bars, BarSource, Moment, identity_of

log = logging.getLogger("polyfolio.market")


class Chain:
    """Asks sources in order, symbol by symbol; bars of one symbol come from one source alone.

    Prices of two sources are not mixed within a symbol: they may differ in venue, adjustment and stamps.

    Args:
        *sources: the preferred one first, such as a vendor, Yahoo, a dataset of what was fetched before.

    Example:
        >>> Chain(Vendor("sys1.yaml"), Yahoo(), DatasetSource(Dataset("data/us")))
    """

    def __init__(self, *sources: BarSource) -> None:
        if not sources:
            raise ConfigError("sources", 0, "at least one", "Name a source.")
        self.sources = sources
        self.name = ", ".join(source.name for source in sources)

    @property
    def identity(self) -> str:
        """Those of its sources, in order."""
        return "; ".join(identity_of(source) for source in self.sources)

    @property
    def streams(self) -> bool:
        """Whether the first source does; a stream does not change its source."""
        return self.sources[0].streams

    def fetch(self, symbols: Sequence[str], start: Moment, end: Moment, interval: str) -> dict[str, Bars]:
        """The bars of the first source that has any; why others had none stands in their findings.

        Raises:
            DataError: every source refused the symbol for good.
            RetryError: none had it, and at least one may have it later.
        """
        return {symbol: self._one(symbol, (start, end), interval) for symbol in symbols}

    def stream(self, symbols: Sequence[str], interval: str) -> Iterator[Bars]:
        """The stream of the first source."""
        return self.sources[0].stream(symbols, interval)

    def _one(self, symbol: str, span: tuple[Moment, Moment], interval: str) -> Bars:
        reasons: list[str] = []
        empty: Bars | None = None
        later = False
        for source in self.sources:
            try:
                bars = source.fetch([symbol], *span, interval)[symbol]
            except PolyfolioError as error:
                later = later or isinstance(error, RetryError)
                reasons.append(f"{source.name} failed: {error}")
                log.warning("%s: %s", symbol, reasons[-1])
                continue
            if bars.size:
                return bars.found(*reasons)
            empty = empty or bars
            reasons.append(f"{source.name} had no bar of it")
        if empty is not None:
            return empty.found(*reasons)
        kind = RetryError if later else DataError
        raise kind(f"bars of {symbol}", "; ".join(reasons), f"given by one of {self.name}", "Correct what they name.")
