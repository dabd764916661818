"""The figures of `backtest.py` as lines for a terminal and as tables in Markdown."""

from __future__ import annotations

from typing import Any

from backtest_tasks import TASKS, TOLERANCE


def clock(seconds: float) -> str:
    """Seconds or milliseconds, three digits of them."""
    return f"{seconds:.3g} s" if seconds >= 1.0 else f"{seconds * 1e3:.3g} ms"


def spread(row: dict[str, Any]) -> str:
    return f"{clock(min(row['all_seconds']))} to {clock(max(row['all_seconds']))}"


def who(row: dict[str, Any]) -> str:
    """The library with its release, or ours with its journal."""
    return f"polyfolio, journal {row['journal']}" if "journal" in row else f"{row['peer']} {row['version']}"


def compared(row: dict[str, Any]) -> str:
    """Who is faster, on as many bars."""
    if "times" not in row:
        return ""
    if row["times"] < 1.0:
        return f"**faster than polyfolio, {1.0 / row['times']:.2g} times**"
    return f"polyfolio is {row['times']:.3g} times as fast"


def agreement(row: dict[str, Any]) -> str:
    """How far final equity is from the plain loops."""
    off = f"{row['difference']:.1e}"
    return off if row["difference"] <= TOLERANCE else f"{off}: other work"


def lines(row: dict[str, Any]) -> list[str]:
    """One figure for a terminal."""
    if "error" in row:
        return [f"{row['what']:<14}{row['peer']:<28}{row['error']}"]
    if "difference" in row:
        size = f"{row['bars']:>7,} bars x {row['assets']:>3} x {row['systems']:>2}"
        first = f"{row['what']:<14}{who(row):<28}{size}{clock(row['seconds']):>11} ({spread(row)})"
        return [f"{first}  off {agreement(row)}  {compared(row)}".rstrip()]
    return [plain(row)]


def plain(row: dict[str, Any]) -> str:
    """A figure that nobody is compared with, as a sentence."""
    if row["what"] == "one more system":
        share = row["seconds"] / row["alone"]
        return (
            f"One more system in a run ({row['systems']} systems, {row['bars']:,} bars): {clock(row['seconds'])}, "
            f"{share:.0%} of the {clock(row['alone'])} of one more run."
        )
    if row["what"] == "report":
        return (
            f"Pages and files of a run of {row['bars']:,} days x {row['assets']} tickers: {clock(row['seconds'])} "
            f"({spread(row)}), the page {row['page'] / 1e6:.2f} MB, all files {row['bytes'] / 1e6:.2f} MB."
        )
    return f"`polyfolio demo`, compiled before: {clock(row['seconds'])} ({spread(row)})."


def markdown(rows: list[dict[str, Any]]) -> str:
    """A table per task, and the other figures below."""
    out = []
    for name, task in TASKS.items():
        own = [row for row in rows if row["what"] == name]
        if own:
            out += [f"{task.what[0].upper()}{task.what[1:]}:", "", *table(own), ""]
    out += [f"- {plain(row)}" for row in rows if row["what"] not in TASKS]
    return "\n".join(out).rstrip()


def table(rows: list[dict[str, Any]]) -> list[str]:
    """The rows of one task, the fastest a bar first."""
    done = sorted((row for row in rows if "error" not in row), key=lambda row: -row["asset_bars_per_second"])
    said = [f"| {' | '.join(cells(row))} |" for row in done]
    failed = [f"| {row['peer']} | | | | | | {row['error']} |" for row in rows if "error" in row]
    head = "| | bars x assets x systems | median | least to most | M bars/s | off | |"
    return [head, "|---|---|---|---|---|---|---|", *said, *failed]


def cells(row: dict[str, Any]) -> list[str]:
    size = f"{row['bars']:,} x {row['assets']} x {row['systems']}"
    speed = f"{row['asset_bars_per_second'] / 1e6:.3g}"
    return [who(row), size, clock(row["seconds"]), spread(row), speed, agreement(row), note(row)]


def note(row: dict[str, Any]) -> str:
    return "; ".join(words for words in (compared(row), row.get("remark", "")) if words)
