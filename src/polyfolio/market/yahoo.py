"""Bars from Yahoo through yfinance: prices that contain the splits, dividends as events, adjusted closes beside them.

yfinance keeps every answer it has had in memory, broken ones too, so that its memory is emptied before each try. It
turns most failures into an empty frame unless told to raise, and answers of another site's error page into one as well.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from typing import Any, ClassVar
from urllib.parse import urlsplit

import numpy as np

from polyfolio.core.types import Ints
from polyfolio.errors import ConfigError, DataError
from polyfolio.market.bars import Bars, Moment
from polyfolio.market.intervals import DAY, HOUR, MINUTE, SECOND, nanoseconds, word
from polyfolio.market.polling import polled
from polyfolio.market.received import Origin, bars_from
from polyfolio.market.retry import Clock, Patience, Transient, Watch, patiently
from polyfolio.market.span import Span, span_of
from polyfolio.market.stamps import show

# Our length: Yahoo's word, how far back it has such bars, and how much one question may span.
FRAMES = {
    MINUTE: ("1m", 29 * DAY, 7 * DAY),
    2 * MINUTE: ("2m", 59 * DAY, 59 * DAY),
    5 * MINUTE: ("5m", 59 * DAY, 59 * DAY),
    15 * MINUTE: ("15m", 59 * DAY, 59 * DAY),
    30 * MINUTE: ("30m", 59 * DAY, 59 * DAY),
    90 * MINUTE: ("90m", 59 * DAY, 59 * DAY),
    HOUR: ("1h", 729 * DAY, 729 * DAY),
    DAY: ("1d", 40_000 * DAY, 40_000 * DAY),
}
FIELDS = {
    "Open": "open",
    "High": "high",
    "Low": "low",
    "Close": "close",
    "Volume": "volume",
    "Adj Close": "adj_close",
    "Dividends": "dividends",
}


class Yahoo:
    """Bars from Yahoo. Prices and dividends are adjusted for splits; `adj_close` is adjusted for dividends too.

    A later split changes all earlier prices: spans that were fetched at different times may not fit each other.

    Args:
        calendar: exchange of the symbols, or "24/7" for coins.
        base_url: another host for all requests, such as a mirror; yfinance keeps one session in a process, so it is
            that of all.
        patience: tries, waits and deadline.
        clock: time and sleep.

    Example:
        >>> Yahoo().fetch(["AAPL"], "2024-01-02", "2024-06-28", "1d")["AAPL"].dividends
    """

    name = "yahoo"
    streams: ClassVar[bool] = True

    def __init__(
        self,
        *,
        calendar: str = "XNYS",
        base_url: str | None = None,
        patience: Patience | None = None,
        clock: Clock | None = None,
    ) -> None:
        self.calendar, self.base_url = calendar, base_url
        self.patience, self.clock = patience or Patience(), clock or Clock()

    @property
    def identity(self) -> str:
        """Its calendar decides when a day closes."""
        return f"yahoo {self.calendar} {self.base_url}"

    def fetch(self, symbols: Sequence[str], start: Moment, end: Moment, interval: str) -> dict[str, Bars]:
        """The bars whose close lies from start to end, both included; symbols in Yahoo's spelling, "BRK-B".

        Raises:
            DataError: a symbol Yahoo does not know, or an interval it does not have.
            RetryError: Yahoo stays silent, busy or broken until patience ends.
        """
        length = nanoseconds(interval)
        if length not in FRAMES:
            bound = "one of " + ", ".join(word(known) for known in FRAMES)
            raise DataError("interval", interval, bound, "Fetch a shorter one and resample it.")
        span = span_of(start, end, length, self.calendar)
        return {symbol: self._one(symbol, span, interval) for symbol in symbols}

    def stream(self, symbols: Sequence[str], interval: str) -> Iterator[Bars]:
        """Each bar once it has closed, 15 minutes late, as the free feed is."""
        return polled(self, symbols, interval, clock=self.clock, delay=900.0)

    def _one(self, symbol: str, span: Span, interval: str) -> Bars:
        _, reach, most = FRAMES[span.length]
        now = self.clock.utc()
        first, last = max(span.opens, now - reach), min(span.last, now)
        watch = Watch(self.patience, self.clock)
        remarks = []
        if first > span.opens:
            remarks.append(f"Yahoo has bars of {interval} from {show(first)} on, no earlier ones")
        columns: dict[str, list[Any]] = {name: [] for name in ("timestamp", *FIELDS.values())}
        splits: list[str] = []
        while first <= last:
            until = min(first + most, last + 1)
            frame = patiently(
                partial(self._asked, symbol, span.length, (first, until), watch), f"yahoo, bars of {symbol}", watch
            )
            splits += _splits(frame)
            for name, values in _columns(frame, span.length).items():
                columns[name].extend(values)
            first = until + 1 if until > last else until
        origin = Origin(self.name, symbol, interval, empty=True)
        return bars_from(columns, origin, span, now).found(*remarks, *splits)

    def _asked(self, symbol: str, length: int, reach: tuple[int, int], watch: Watch) -> Any:
        """One try: yfinance's frame, without rows where Yahoo knows the symbol and has none of that time."""
        yfinance = _yfinance()
        frame_word = FRAMES[length][0]
        try:
            with _raising(yfinance):
                ticker = yfinance.Ticker(symbol, session=None if self.base_url is None else _rerouted(self.base_url))
                ticker._data.cache_get.cache_clear()
                first, until = (-(-moment // SECOND) for moment in reach)
                try:
                    return ticker.history(
                        start=first,
                        end=until,
                        interval=frame_word,
                        auto_adjust=False,
                        keepna=True,
                        timeout=watch.timeout,
                    )
                except yfinance.exceptions.YFPricesMissingError as error:
                    if "symbol" not in ticker.get_history_metadata():
                        raise self._unknown_or_passing(symbol, error) from None
                    return _no_rows()
        except yfinance.exceptions.YFTzMissingError as error:
            raise _unknown(symbol, error) from None
        except yfinance.exceptions.YFException as error:
            raise Transient(f"{type(error).__name__}: {error}") from None
        except OSError as error:
            if getattr(getattr(error, "response", None), "status_code", None) == 404:
                raise _unknown(symbol, error) from None
            raise Transient(f"{type(error).__name__}: {error}") from None
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise Transient(f"an answer of another shape ({type(error).__name__}: {error})") from None

    @staticmethod
    def _unknown_or_passing(symbol: str, error: Any) -> Exception:
        """What an answer without the symbol's own data means: Yahoo names a reason, or it is somebody else's page."""
        reason = getattr(error, "yahoo_reason", None)
        return Transient(f"an answer without prices: {error}") if reason is None else _unknown(symbol, error)


def _columns(frame: Any, length: int) -> dict[str, list[Any]]:
    """Times and fields of a frame. Days are labels of the exchange's sessions, shorter bars are stamped in UTC."""
    index = frame.index.tz_convert("UTC") if length < DAY else frame.index.tz_localize(None)
    stamps: Ints = np.asarray(index.as_unit("ns").asi8, dtype=np.int64)
    columns: dict[str, list[Any]] = {"timestamp": stamps.tolist()}
    for theirs, ours in FIELDS.items():
        values = frame[theirs].astype(float).tolist() if theirs in frame else [math.nan] * len(frame)
        columns[ours] = [None if math.isnan(value) else value for value in values]
    return columns


def _splits(frame: Any) -> list[str]:
    """A finding for each split. The prices contain it, so that it is no event any more."""
    if "Stock Splits" not in frame:
        return []
    events = frame["Stock Splits"][frame["Stock Splits"] > 0.0]
    return [f"the prices contain the split {ratio:g}:1 of {day.date()}" for day, ratio in events.items()]


def _unknown(symbol: str, error: Exception) -> DataError:
    return DataError("symbol", symbol, "one that Yahoo knows", f"Correct its spelling; yfinance says: {error}.")


def _no_rows() -> Any:
    import pandas as pd  # noqa: PLC0415

    return pd.DataFrame({name: np.zeros(0) for name in FIELDS}, index=pd.DatetimeIndex([], tz="UTC"))


@contextmanager
def _raising(yfinance: Any) -> Iterator[None]:
    """Errors raised, not logged; yfinance has one setting for the process, which is put back."""
    debug = yfinance.config.debug
    before = debug.hide_exceptions
    debug.hide_exceptions = False
    try:
        yield
    finally:
        debug.hide_exceptions = before


@cache
def _rerouted(base_url: str) -> Any:
    """A session that sends every request to another host."""
    import requests  # noqa: PLC0415

    base = urlsplit(base_url)

    class Rerouted(requests.Session):
        def request(self, method: Any, url: Any, *args: Any, **kwargs: Any) -> Any:
            there = urlsplit(str(url))._replace(scheme=base.scheme, netloc=base.netloc).geturl()
            return super().request(method, there, *args, **kwargs)

    return Rerouted()


def _yfinance() -> Any:
    try:
        import yfinance  # noqa: PLC0415
    except ImportError as error:
        raise ConfigError("yfinance", None, "installed", "Install the extra: pip install 'polyfolio[live]'.") from error
    return yfinance
