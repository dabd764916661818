"""Tells of every size an agent changed, and counts them."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from polyfolio.objects.orchestrator.messages import ResizingEvent, RiskMetrics

KEPT = 10_000


@dataclass
class ResizingMetrics:
    """Counts of resizing.

    Attributes:
        count: by symbol.
        removed: share of equity taken away, by symbol; what was added counts against it.
        reasons: count by reason.
        last_risk: risk metrics of the last event.
    """

    count: dict[str, int] = field(default_factory=dict)
    removed: dict[str, float] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    last_risk: RiskMetrics | None = None

    def record_resizing(
        self, symbol: str, original_size: float, new_size: float, risk_metrics: RiskMetrics, reason: str = ""
    ) -> None:
        """Count one event."""
        self.count[symbol] = self.count.get(symbol, 0) + 1
        self.removed[symbol] = self.removed.get(symbol, 0.0) + abs(original_size) - abs(new_size)
        self.reasons[reason] = self.reasons.get(reason, 0) + 1
        self.last_risk = risk_metrics


class RiskResizingMonitor:
    """Logs and counts resizing events.

    Args:
        notify: called with every event.
        logger: where it logs; the package's own by default. A record carries the event's fields as `resizing`.

    Attributes:
        events: the last 10,000.
        metrics: counts.
    """

    def __init__(
        self, notify: Callable[[ResizingEvent], None] | None = None, logger: logging.Logger | None = None
    ) -> None:
        self.notify, self.logger = notify, logger or logging.getLogger("polyfolio")
        self.events: deque[ResizingEvent] = deque(maxlen=KEPT)
        self.metrics = ResizingMetrics()

    def log_resizing_event(self, event: ResizingEvent) -> None:
        """Log, count and hand on one event."""
        self.logger.info(
            "position resized: %s from %.6g to %.6g due to %s",
            event.symbol,
            event.original_size,
            event.new_size,
            event.reason,
            extra={
                "resizing": {
                    "symbol": event.symbol,
                    "original_size": event.original_size,
                    "new_size": event.new_size,
                    "reason": event.reason,
                    "decision": event.decision,
                    "portfolio_risk": event.risk_metrics.portfolio_risk,
                    "portfolio_var": event.risk_metrics.portfolio_var,
                    "position_risk": event.risk_metrics.position_risks.get(event.symbol),
                }
            },
        )
        self.events.append(event)
        self.metrics.record_resizing(
            event.symbol, event.original_size, event.new_size, event.risk_metrics, event.reason
        )
        if self.notify is not None:
            self.notify(event)
