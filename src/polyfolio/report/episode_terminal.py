"""An episode on a terminal: its state now as a table, its course as a plot."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from polyfolio.core import words
from polyfolio.report.episode_record import KINDS, EpisodeRecord
from polyfolio.report.plot import legend, lines_plot
from polyfolio.report.terminal import number

# Importing rich draws from the global random numbers, so it waits until something is shown.
if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.table import Table

SHOWN_SLOTS = 12
SHOWN_REASONS = 5
PLOT_HEIGHT = 9
LONGEST_NAME = 24
FIGURES = (
    ("return", "total_return", "percent"),
    ("Sharpe", "sharpe", "ratio"),
    ("max. drawdown", "max_drawdown", "percent"),
)


def state_text(
    info: Mapping[str, Any],
    symbols: Sequence[str],
    *,
    currency: str = "USD",
    reward: float | None = None,
    width: int = 80,
) -> str:
    """The state an `info` describes: time, equity, what is held, was asked for and was left of it, costs, reasons.

    Args:
        info: of the environment's reset or step.
        symbols: one per slot; the twelve with the largest weights are shown.
        currency: of the account.
        reward: of the last step; None after a reset.
        width: columns.
    """
    from rich.console import Group  # noqa: PLC0415

    if not info:
        return "Nothing is said of steps: make the environment with info='summary'."
    lines = [_heading(info, currency), _step(info, reward)]
    after = [_cut(item) for item in list(info.get("reasons", ()))[:SHOWN_REASONS]]
    ended = [f"Ended: {info['ended']}."] if info.get("ended") else []
    head, foot = "\n".join(line for line in lines if line), "\n".join([*after, *ended])
    return plain(Group(head, _slots(info, symbols), foot), width)


def _heading(info: Mapping[str, Any], currency: str) -> str:
    stamp = words.stamp(int(np.datetime64(info["time"], "ns").astype(np.int64)))
    fall = number(float(info["drawdown"]), "share")
    return f"{stamp}, row {info['row']}: equity {info['equity']:,.2f} {currency}, drawdown {fall}"


def _step(info: Mapping[str, Any], reward: float | None) -> str:
    """The reward of the last step, its turnover and its costs, as far as there were any."""
    costs = info.get("costs", {})
    parts = [] if reward is None else [f"reward {reward:+.6g}"]
    if info.get("turnover"):
        parts.append(f"turnover {number(float(info['turnover']), 'share')}")
    return ", ".join([*parts, *(f"{kind} {costs[kind]:,.2f}" for kind in KINDS if costs.get(kind))])


def _slots(info: Mapping[str, Any], symbols: Sequence[str]) -> Table:
    from rich.table import Table  # noqa: PLC0415

    shown = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold")
    shown.add_column("symbol", no_wrap=True, overflow="ellipsis", max_width=LONGEST_NAME)
    columns = [name for name in ("asked", "projected", "weights") if name in info]
    for name in columns:
        shown.add_column("held" if name == "weights" else name, justify="right", no_wrap=True)
    held = np.asarray(info["weights"])
    largest = np.sort(np.argsort(-np.abs(held), kind="stable")[:SHOWN_SLOTS])
    for slot in largest.tolist():
        shown.add_row(symbols[slot], *(_weight(float(info[name][slot])) for name in columns))
    if held.size > SHOWN_SLOTS:
        shown.add_row(f"{held.size - SHOWN_SLOTS} more", *("" for _ in columns))
    shown.add_row("not held", *("" for _ in columns[1:]), f"{1.0 - float(held.sum()):+.4f}")
    return shown


def _weight(value: float) -> str:
    """A dash where there is none: no opinion, or a slot that could not trade."""
    return "-" if np.isnan(value) else f"{value:+.4f}"


def _cut(item: Mapping[str, Any]) -> str:
    where = f"{item['symbol']}: " if item["symbol"] else ""
    return f"{where}{item['before']:.4g} to {item['after']:.4g} by {item['reason']} ({item['stage']})"


def course(record: EpisodeRecord, width: int = 100, *, braille: bool = True) -> RenderableType:
    """Equity and weights over an episode, and its figures.

    Args:
        record: the episode.
        width: columns.
        braille: False draws letters.
    """
    from rich.console import Group  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    ends = [words.stamp(int(record.times[at]))[:10] for at in (0, -1)]
    equity = {"equity": record.equity}
    weights = largest_weights(record, 6)
    return Group(
        Text(f"{record.name}: equity, {record.currency}", style="bold"),
        lines_plot(equity, width, PLOT_HEIGHT, ends, braille=braille),
        Text("Weights held", style="bold"),
        lines_plot(weights, width, PLOT_HEIGHT, ends, braille=braille),
        legend(list(weights), braille),
        Text("\n".join(figure_lines(record))),
    )


def course_text(record: EpisodeRecord, width: int = 100, *, braille: bool = True) -> str:
    """`course` without colours."""
    return plain(course(record, width, braille=braille), width)


def largest_weights(record: EpisodeRecord, count: int) -> dict[str, np.ndarray]:
    """Weights by symbol, the slots with the largest mean absolute weight, in slot order."""
    size = np.abs(record.weights).mean(axis=0)
    chosen = np.sort(np.argsort(-size, kind="stable")[:count])
    return {record.symbols[slot]: record.weights[:, slot] for slot in chosen.tolist()}


def figure_lines(record: EpisodeRecord) -> list[str]:
    """What the episode came to, a line each."""
    figures = ", ".join(f"{title} {number(record.metrics[name], kind)}" for title, name, kind in FIGURES)
    costs = record.costs
    kinds = ", ".join(f"{kind} {costs[kind]:,.2f}" for kind in KINDS if costs[kind] != 0.0) or "none"
    ended = record.ended or "left before its end"
    lines = [
        f"{record.steps:,} steps, {ended}; {figures}; rewards {float(record.rewards.sum()):+.6g}.",
        f"Costs {costs['costs']:,.2f} {record.currency}, {number(costs['cost_bp'], 'points')} bp of what was traded: "
        f"{kinds}.",
    ]
    for stage, reason, symbol, count in record.counted_reasons()[:SHOWN_REASONS]:
        lines.append(f"{count:,} x {reason} ({stage}) {symbol}".rstrip() + ".")
    return lines


def plain(shown: RenderableType, width: int) -> str:
    """What a console of this width would show, without colours."""
    from rich.console import Console  # noqa: PLC0415

    console = Console(file=io.StringIO(), width=width, force_terminal=False, color_system=None, legacy_windows=False)
    console.print(shown)
    written = console.file.getvalue()  # type: ignore[attr-defined]
    return "\n".join(line.rstrip() for line in written.splitlines()).rstrip()
