"""How a training looks on a terminal: a line that follows it, and a line that stays for each evaluation."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from polyfolio.train.run import Trained
from polyfolio.train.search import Searched, Told
from polyfolio.train.session import Point

HEAD = f"{'steps':>12} {'reward':>10} {'entropy':>9} {'valid. reward':>13} {'Sharpe':>8} {'drawdown':>9} {'equity':>14}"


class Screen:
    """A watcher that shows.

    Args:
        out: the terminal.
        bar: the line that follows, with a task of its own.
        task: the task's number.
    """

    def __init__(self, out: Console, bar: Progress, task: Any) -> None:
        self.out, self.bar, self.task = out, bar, task
        self._judged: dict[str, float] = {}
        self._headed = False

    def point(self, point: Point) -> None:
        """Move the line; print one that stays where the policy was judged anew."""
        known = point.numbers
        said = [f"{point.speed:,.0f} frames/s", f"reward {number(known.get('episode_reward'))}"]
        said += [f"entropy {number(known['entropy'])}"] if "entropy" in known else []
        if "validation.equity" in known:
            said.append(f"validation equity {known['validation.equity']:,.0f}")
        self.bar.update(self.task, completed=min(point.steps, point.total), total=point.total, said="  ".join(said))
        judged = {name: value for name, value in known.items() if name.startswith("validation.")}
        if judged and judged != self._judged:
            self._judged = judged
            self._line(point)

    def evaluated(self, steps: int, score: float) -> bool:  # noqa: ARG002 - a watcher's; the screen ends nothing
        """A screen ends no training."""
        return False

    def _line(self, point: Point) -> None:
        if not self._headed:
            self.out.print(HEAD, style="dim", soft_wrap=True)
            self._headed = True
        known = point.numbers
        best = known.get("validation.score") == known.get("validation.best")
        line = (
            f"{point.steps:>12,} {number(known.get('episode_reward')):>10} {number(known.get('entropy')):>9}"
            f" {number(known.get('validation.reward')):>13} {number(known.get('validation.sharpe')):>8}"
            f" {percent(known.get('validation.drawdown')):>9} {known.get('validation.equity', math.nan):>14,.0f}"
        )
        self.out.print(line + ("  best" if best else ""), style="bold" if best else None, soft_wrap=True)


@contextmanager
def watching(out: Console, *, quiet: bool) -> Iterator[Any]:
    """A function that gives the screen of a seed's training; none where nothing is to be shown."""
    if quiet:
        yield None
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=20),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[said]}", style="dim"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=out, transient=True) as bar:
        yield lambda seed: [Screen(out, bar, bar.add_task(f"Seed {seed}", total=1, said=""))]


def number(value: float | None) -> str:
    """Four digits; a dash where nothing is known."""
    return "-" if value is None or math.isnan(value) else f"{value:.4g}"


def percent(value: float | None) -> str:
    """A fraction in percent."""
    return "-" if value is None or math.isnan(value) else f"{value:.1%}"


def outcome(out: Console, done: Trained) -> None:
    """What came of one training."""
    why = {"steps": "all steps are made", "patience": "no better policy for long enough", "watcher": "it was ended"}
    out.print(f"\n{done.steps:,} steps; {why[done.ended]}.", soft_wrap=True)
    if done.best is not None:
        out.print(f"Best on the validation rows: {done.best:.4g}, after {done.best_steps:,} steps.", soft_wrap=True)
    if done.policy is not None:
        out.print(f"Sealed: {done.policy}", soft_wrap=True, markup=False)
    for file in sorted((done.folder / "policies").glob("*.policy")):  # of several agents
        out.print(f"Sealed: {file}", soft_wrap=True, markup=False)
    out.print(f"Written to {done.folder}/.", soft_wrap=True, markup=False)


def trials(out: Console) -> Told:
    """A function that prints a line for each trial."""

    def told(trial: int, values: Mapping[str, Any], score: float | None, state: str) -> None:
        said = "  ".join(f"{path.rsplit('.', 1)[-1]} {value}" for path, value in values.items())
        out.print(f"{trial:>5} {number(score):>10} {state:<9} {said}", soft_wrap=True, markup=False)

    return told


def found(out: Console, done: Searched) -> None:
    """What came of a search."""
    out.print(f"\nBest of {done.trials} trials: {done.score:.4g}", soft_wrap=True)
    for path, value in done.parameters.items():
        out.print(f"  {path}: {value}", soft_wrap=True, markup=False)
    out.print(f"polyfolio train {done.configuration} --experiment NAME trains with them.", soft_wrap=True, markup=False)


def numbers(out: Console, found: Mapping[str, float]) -> None:
    """Numbers by name, a line each."""
    for name, value in found.items():
        out.print(f"{name:<12} {value:>16,.4f}", soft_wrap=True)
