"""What a comparison says in plain words, and its table as text. Every number stands in the record it is made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from polyfolio.report.evaluation_words import against, p_text

SURE = 0.95  # a deflated Sharpe ratio above it is hardly luck of the choice
SHORT_YEARS = 1.0
COLUMNS = {
    "cagr": "a year",
    "sharpe": "Sharpe",
    "sortino": "Sortino",
    "max_drawdown": "drawdown",
    "annual_volatility": "volatility",
    "annual_turnover": "turnover a year",
}
SHARES = (
    "total_return",
    "cagr",
    "annual_return",
    "max_drawdown",
    "annual_volatility",
    "volatility",
    "win_rate",
    "time_in_market",
)


def number(measure: str, value: float | None) -> str:
    """A metric as it is read: shares in percent, ratios in two digits, a dash where undefined."""
    if value is None:
        return "-"
    return f"{value * 100.0:,.1f} %" if measure in SHARES else f"{value:,.2f}"


def table(record: Mapping[str, Any]) -> list[str]:
    """Every account in a line, under a head."""
    names = [*record["judged"], *record["baselines"]]
    rows = [["", *COLUMNS.values()]]
    for name in names:
        found = record["entries"][name]["metrics"]
        rows.append([name, *(number(measure, found[measure]) for measure in COLUMNS)])
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    return [
        "  ".join(
            cell.ljust(width) if at == 0 else cell.rjust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        for row in rows
    ]


def verdict(record: Mapping[str, Any]) -> list[str]:
    """What the comparison comes to, then what weakens it."""
    return [*(headline(record, name) for name in record["judged"]), *together(record), *caveats(record)]


def headline(record: Mapping[str, Any], name: str) -> str:
    """The weakest of what can be said of one: worse than a baseline, the same, undecided, or better than all."""
    pairs = [pair for pair in record["comparisons"] if pair["policy"] == name and pair["measure"] == "sharpe"]
    for word in ("worse", "equal", "undecided"):
        mine = sorted((pair for pair in pairs if pair["word"] == word), key=lambda pair: -pair["p"])
        if mine:
            left = len(mine) - 1
            more = f", nor from {left} more of {len(pairs)}" if left and word == "undecided" else ""
            return f"{name} is {against(mine[0])}{more}, by Sharpe ratio."
    deflated = record["entries"][name]["deflated"]
    chance, tried = deflated["probability"], deflated["trials"]
    if chance is None or chance < SURE:
        shown = "undefined" if chance is None else f"{chance:.2f}"
        return f"{name} is ahead of all it was held against, and may be the lucky one of {tried}: deflated {shown}."
    largest = p_text(max(pair["adjusted"] for pair in pairs))
    return f"{name} is better than all it was held against, {largest} at most, by Sharpe ratio."


def together(record: Mapping[str, Any]) -> Iterator[str]:
    """What the tests of many at once say."""
    many = record["many"]
    if many["left_out"]:
        yield f"Not tested together: {many['left_out']}."
    for name, test in many["spa"].items():
        if test["consistent"] is not None and test["judged"] > 1:
            word = "One of them is" if test["consistent"] < record["method"]["level"] else "None of them is known to be"
            yield f"{word} better than {name} in growth, counted together (SPA, {p_text(test['consistent'])})."
    if many["mcs"] is not None:
        sure = f"{1.0 - record['method']['level']:.0%}".replace("%", " %")
        yield f"Who may be the best in growth ({sure} confidence set): {', '.join(many['mcs']['included'])}."


def caveats(record: Mapping[str, Any]) -> Iterator[str]:
    """What weakens the verdict."""
    period, method = record["period"], record["method"]
    if period["years"] < SHORT_YEARS:
        yield f"The period is {period['years']:.2f} years long: yearly figures reach beyond it."
    asked = len(record["judged"]) * len(record["baselines"])
    if asked / (method["draws"] + 1) >= method["level"]:
        needed = asked / method["level"]
        yield f"With {method['draws']} resampled histories no difference can pass: take more than {needed:.0f}."
    still = [name for name in record["judged"] if not record["entries"][name]["metrics"]["turnover"]]
    if still:
        yield f"Never traded, or nobody knows: {', '.join(still)}."
