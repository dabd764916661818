"""Two portfolios from one file: what each key became, what each portfolio came to, and who listens."""

from __future__ import annotations

from pathlib import Path

import polyfolio as pf
from polyfolio.objects.events import Event, EventBus
from polyfolio.report.netted import netted
from polyfolio.rules.aliases import arrow
from polyfolio.rules.load import load_with_history

file = Path(__file__).with_name("dual_portfolio.yaml")
for item in load_with_history(file).mapped:
    if item.theirs.startswith(("trading_systems.0.risk", "trading_systems.0.execution")):
        print(arrow(item))

bought: list[Event] = []
bus = EventBus()
bus.subscribe("momentum", "fill", bought.append)
result = pf.backtest(file, bus=bus)
print()
for lane in result.lanes:
    numbers = result.metrics(lane)
    print(f"{lane}: equity {result.equity(lane)[-1]:,.2f}, {numbers['closed_trades']:.0f} trades")
first = bought[0]
print(f"{len(bought)} fills heard; the first at {str(first.timestamp)[:16]}: {first.payload['quantity']:.6f} BTC/USDT")
paid, saved = netted(result).costs
print(f"one account would have saved {saved:.2f} of {paid:.2f} in costs")
