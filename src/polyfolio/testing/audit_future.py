"""Checks of time: nothing is seen before it happened, no order trades in the row that decided it."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyfolio.testing.audit_play import Trial, Walk, first_change
from polyfolio.testing.audit_report import Verdict, failed, passed, skipped
from polyfolio.testing.audit_subject import level, spliced

CUTS = (0.5, 0.65, 0.8, 0.92)  # of the rows, from which on the future is another one
SPIKE = 1.5
FEATURES = (1.0, 1.01, 0.0, None)  # a column full of these; None: drawn
EXACT = 1e-9


def check_future(trial: Trial) -> Verdict:
    """Rows after t are replaced: observations, rewards and worths up to t stay as they were, bit by bit."""
    held = trial.subject.long is not None
    actions = [trial.subject.long] * trial.subject.rows if held else trial.actions(trial.subject.rows)
    base, seen, ahead = trial.prices(), 0, []
    first = trial.walk(actions, **base)
    unrepeatable = trial.unrepeatable(first, actions, **base)
    if unrepeatable:
        return unrepeatable
    for draw, share in enumerate(CUTS, 1):
        cut = int(share * trial.subject.rows)
        other = trial.walk(actions, prices=spliced(base["prices"], trial.prices(draw)["prices"], cut))
        due = _due(first, other, cut)
        if due is None:
            continue
        seen += 1
        for what in ("observations", "rewards", "values"):
            step = first_change(getattr(first, what), getattr(other, what))
            if step is not None and step + (what == "rewards") < due:
                ahead.append((due - step - (what == "rewards"), what, cut))
    if not seen:
        return skipped("no change of later prices ever showed: neither a worth nor a row says when it was due")
    if ahead:
        most, what, cut = max(ahead)
        return failed(f"{what} know row {cut} up to {most} steps before it happened", rows=most, cut=cut)
    return passed(f"{seen} other futures changed nothing before they began", futures=seen)


def _due(one: Walk, other: Walk, cut: int) -> int | None:
    """The step whose observation may be the first to know a row.

    Told by the subject's reading of rows, else by the worth of what is held, which is marked at that row.
    """
    if min(one.rows) >= 0:
        return next((step for step, row in enumerate(one.rows) if row >= cut), None)
    if one.valued and other.valued:
        return first_change(one.values, other.values)
    changed = first_change(one.rewards, other.rewards)
    return None if changed is None else changed + 1


def check_same_bar(trial: Trial) -> Verdict:
    """An action cannot trade at the close it was decided on: a price that lasts one row is over before the fill."""
    subject = trial.subject
    cut = int(0.6 * subject.rows)
    calm = level(subject.rows, subject.slots)
    spiked = calm.copy()
    spiked[cut] *= SPIKE
    knobs: dict[str, Any] = {"fee": 0.0} if "fee" in subject.knobs else {}
    held = [subject.long] * subject.rows
    shown = first_change(*(trial.walk(held, prices=rows, **knobs).values for rows in (calm, spiked)))
    if shown is None:
        return skipped("the action `long` never meets the price")
    actions = [subject.flat] * shown + [subject.long] * (subject.rows - shown)
    walks = [trial.walk(actions, prices=rows, **knobs) for rows in (calm, spiked)]
    unrepeatable = trial.unrepeatable(walks[0], actions, prices=calm, **knobs)
    if unrepeatable:
        return unrepeatable
    if not all(walk.valued for walk in walks):
        return skipped("the worth of the account is not known at every step")
    values = [np.asarray(walk.values) for walk in walks]
    off = np.abs(values[1] / values[0] - 1.0)
    if off[: shown + 1].max() > EXACT:
        return skipped("the action `flat` holds more than cash")
    worst = float(off.max())
    figures = {"row": cut, "step": shown, "moved": worst}
    if worst > EXACT:
        return failed(
            f"the order decided at row {cut} trades at row {cut}: the account moves by {worst:.3g}", **figures
        )
    return passed("an order decided at a row's close trades after it", **figures)


def check_features(trial: Trial) -> Verdict:
    """What is shown beside prices moves no fill: other features, the same actions, the same worths."""
    subject, knobs = trial.subject, trial.prices()
    actions = trial.actions(subject.rows)
    shape = (subject.rows, subject.columns)
    drawn = trial.random(7).normal(0.0, 1.0, shape)
    walks = [
        trial.walk(actions, features=drawn if filled is None else np.full(shape, filled), **knobs)
        for filled in FEATURES
    ]
    unrepeatable = trial.unrepeatable(walks[-1], actions, features=drawn, **knobs)
    if unrepeatable:
        return unrepeatable
    for filled, walk in zip(FEATURES, walks, strict=True):
        step = first_change(walks[-1].outcome, walk.outcome)
        if step is not None:
            shown = f"{walks[-1].outcome[-1]:.6g} and {walk.outcome[-1]:.6g}"
            return failed(f"features drawn and all {filled} end at {shown}, apart from step {step} on", step=step)
    return passed(f"{len(FEATURES)} sets of features, one account", sets=len(FEATURES))
