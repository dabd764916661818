"""Quality of market rows: a report with severities, counts, examples and fixes, and a cleaned copy with a log."""

from polyfolio.market.quality.checking import check
from polyfolio.market.quality.findings import Finding
from polyfolio.market.quality.report import Report
from polyfolio.market.quality.saving import save

__all__ = ["Finding", "Report", "check", "save"]
