"""What is written about a run: the section `reporting`."""

from __future__ import annotations

from polyfolio.rules.fields import Section, key


class ReportingSection(Section):
    """Pages and files beside the journal."""

    separate_reports: bool = key(
        True,
        "true: each portfolio has a folder with trades.csv, performance.json and report.html.",
        example=False,
        record="",
        used="folder of results",
    )
    combined_summary: bool = key(
        True,
        "true: runs of several portfolios have one page over all of them, combined_summary.html.",
        example=False,
        record="",
        used="folder of results",
    )
    referee: bool = key(
        False,
        "true: the page of each portfolio ends with the referee's findings, which take further runs.",
        example=True,
        record="",
        used="folder of results",
    )
