"""The tasks of benchmarks/backtest_tasks.py in NautilusTrader; started by benchmarks/peers.py.

Orders of a crossover wait for the quote of the next open. Bars of the shares open at the close before them, so those
orders are filled in the book of the close, which a bar leaves behind.
"""

from __future__ import annotations

import importlib.metadata
from decimal import Decimal
from typing import Any

from answering import Run, answer
from nautilus_trader.backtest.engine import BacktestEngine, BacktestEngineConfig
from nautilus_trader.config import LoggingConfig, RiskEngineConfig, StrategyConfig
from nautilus_trader.indicators import SimpleMovingAverage
from nautilus_trader.model.currencies import USD
from nautilus_trader.model.data import Bar, BarType, QuoteTick
from nautilus_trader.model.enums import AccountType, OmsType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId, Symbol, Venue
from nautilus_trader.model.instruments import Equity
from nautilus_trader.model.objects import Money, Price, Quantity
from nautilus_trader.trading.strategy import Strategy

DIGITS = 9
VOLUME = Quantity(4_000_000_000, 0)  # more than any order takes
HOME = Venue("SIM")
STEP = 300_000_000_000  # nanoseconds of a bar


class Account(Strategy):  # type: ignore[misc]
    """What both kinds of work share."""

    def __init__(self, instruments: list[Equity], config: StrategyConfig | None = None) -> None:
        super().__init__(config or StrategyConfig())
        self.instruments = instruments
        self.slots = {instrument.id: slot for slot, instrument in enumerate(instruments)}
        self.closes = [0.0] * len(instruments)

    def on_start(self) -> None:
        """Bars of every asset."""
        for instrument in self.instruments:
            self.subscribe_bars(bars_of(instrument))

    def trade(self, instrument: Equity, units: float) -> None:
        """A market order; its size is whole."""
        side = OrderSide.BUY if units > 0.0 else OrderSide.SELL
        whole = round(abs(units))
        if whole:
            self.submit_order(self.order_factory.market(instrument.id, side, Quantity(whole, 0)))

    def units(self) -> list[float]:
        """What is held of each asset."""
        held = [0.0] * len(self.instruments)
        for position in self.cache.positions_open():
            held[self.slots[position.instrument_id]] = position.signed_qty
        return held

    def equity(self) -> float:
        """Balance and what open positions gained, at the last closes."""
        gained = 0.0
        for position in self.cache.positions_open():
            close = self.closes[self.slots[position.instrument_id]]
            gained += position.signed_qty * (close - position.avg_px_open)
        return float(self.portfolio.account(HOME).balance_total(USD).as_double() + gained)


class Crossover(Account):
    """Orders decided at a close wait for the next quote."""

    def __init__(self, instruments: list[Equity], fast: int, slow: int, size: float) -> None:
        super().__init__(instruments)
        self.fast, self.slow, self.size = SimpleMovingAverage(fast), SimpleMovingAverage(slow), size
        self.before, self.held, self.wanted = 0.0, 0.0, 0.0

    def on_start(self) -> None:
        """Averages and quotes."""
        super().on_start()
        self.register_indicator_for_bars(bars_of(self.instruments[0]), self.fast)
        self.register_indicator_for_bars(bars_of(self.instruments[0]), self.slow)
        self.subscribe_quote_ticks(self.instruments[0].id)

    def on_bar(self, bar: Bar) -> None:
        """What to hold from the next open on."""
        self.closes[0] = bar.close.as_double()
        if not self.slow.initialized:
            return
        now = self.fast.value - self.slow.value
        if self.before < 0.0 < now:
            self.wanted = self.size
        elif self.before > 0.0 > now:
            self.wanted = 0.0
        self.before = now

    def on_quote_tick(self, tick: QuoteTick) -> None:
        """The order of the close before."""
        del tick
        if self.wanted != self.held:
            self.trade(self.instruments[0], self.wanted - self.held)
            self.held = self.wanted


class Weights(Account):
    """Shares of equity, traded once all bars of a time are there."""

    def __init__(self, instruments: list[Equity], pairs: list[Any], invested: float, bars: int) -> None:
        super().__init__(instruments)
        periods = {period for pair in pairs for period in pair}
        self.averages = [{period: SimpleMovingAverage(period) for period in periods} for _ in instruments]
        self.pairs = [[(of[fast], of[slow]) for fast, slow in pairs] for of in self.averages]
        self.each, self.left = invested / len(instruments), bars

    def on_bar(self, bar: Bar) -> None:
        """Averages of one asset; orders once the last asset is there."""
        slot, close = self.slots[bar.bar_type.instrument_id], bar.close.as_double()
        self.closes[slot] = close
        for average in self.averages[slot].values():
            average.update_raw(close)
        if slot == len(self.instruments) - 1:
            self.left -= 1
            if self.left:
                self.rebalance()

    def share(self, slot: int) -> float:
        """The part of the strategies that want an asset, of those that know both averages."""
        known = [fast.value > slow.value for fast, slow in self.pairs[slot] if slow.initialized]
        return 1.0 if not self.pairs[slot] else sum(known) / max(len(known), 1)

    def rebalance(self) -> None:
        """Orders of one close, filled in its book."""
        equity, held = self.equity(), self.units()
        for slot, instrument in enumerate(self.instruments):
            target = self.share(slot) * self.each * equity / self.closes[slot]
            self.trade(instrument, round(target) - held[slot])


def bars_of(instrument: Equity) -> BarType:
    return BarType.from_str(f"{instrument.id}-5-MINUTE-LAST-EXTERNAL")


def instrument_of(slot: int, fee: float) -> Equity:
    name = f"A{slot:03d}"
    return Equity(
        instrument_id=InstrumentId(Symbol(name), HOME),
        raw_symbol=Symbol(name),
        currency=USD,
        price_precision=DIGITS,
        price_increment=Price(10.0**-DIGITS, DIGITS),
        lot_size=Quantity(1, 0),
        maker_fee=Decimal(str(fee)),
        taker_fee=Decimal(str(fee)),
        ts_event=0,
        ts_init=0,
    )


def data_of(instruments: list[Equity], opens: Any, closes: Any, *, quotes: bool) -> list[Any]:
    """Bars at their closes, and quotes at their opens where those are traded."""
    found: list[Any] = []
    kinds = [bars_of(instrument) for instrument in instruments]
    for row in range(len(closes)):
        for slot, instrument in enumerate(instruments):
            start, end = Price(opens[row, slot], DIGITS), Price(closes[row, slot], DIGITS)
            opened, closed = row * STEP + 1, (row + 1) * STEP
            if quotes:
                found.append(QuoteTick(instrument.id, start, start, VOLUME, VOLUME, opened, opened))
            found.append(Bar(kinds[slot], start, max(start, end), min(start, end), end, VOLUME, closed, closed))
    return found


def engine_of(instruments: list[Equity], data: list[Any], strategy: Account, cash: float, *, quotes: bool) -> Any:
    """An engine of its own for one account, without logs, checks of risk and statistics."""
    engine = BacktestEngine(
        BacktestEngineConfig(
            logging=LoggingConfig(bypass_logging=True),
            risk_engine=RiskEngineConfig(bypass=True),
            run_analysis=False,
        )
    )
    engine.add_venue(
        venue=HOME,
        oms_type=OmsType.NETTING,
        account_type=AccountType.MARGIN,  # its instruments ask for no margin: buys need not wait for sells
        starting_balances=[Money(cash, USD)],
        base_currency=USD,
        default_leverage=Decimal(1),
        bar_execution=not quotes,
    )
    for instrument in instruments:
        engine.add_instrument(instrument)
    engine.add_data(data)
    engine.add_strategy(strategy)
    return engine


def ready(opens: Any, closes: Any, task: dict[str, Any]) -> Run:
    instruments = [instrument_of(slot, task["fee"]) for slot in range(closes.shape[1])]
    quotes = not task["weights"]
    data = data_of(instruments, opens, closes, quotes=quotes)
    strategies: list[Account] = (
        [Weights(instruments, task["pairs"], task["invested"], len(closes))]
        if task["weights"]
        else [Crossover(instruments, fast, slow, task["units"]) for fast, slow in task["pairs"]]
    )
    engines = [engine_of(instruments, data, each, task["cash"], quotes=quotes) for each in strategies]

    def run() -> list[float]:
        found = []
        for engine, strategy in zip(engines, strategies, strict=True):
            engine.run()
            found.append(strategy.equity())
            engine.dispose()
        return found

    return run


if __name__ == "__main__":
    answer(importlib.metadata.version("nautilus_trader"), ready)
