"""From the rows of a journal to the sentence that says why a trade was made, cut, refused or missing."""

from __future__ import annotations

from typing import Any

import numpy as np

from polyfolio.core import words
from polyfolio.core.codes import Event, Moment, Reason, Status
from polyfolio.core.timeline import Timeline

SHOWN_FILLS = 3


class Story(Timeline):
    """A timeline that can be told."""

    def tell(self, row: int) -> str:
        """One or two sentences about a row."""
        at_once = self.same_close and self.orders_at(row).size > 0
        bar = self.in_bar(row, at_once)
        decision = self.decided(row)
        rests = decision.size == 0 or (decision["event"] == Event.HOLD).all()
        told = [f"{self.symbol} at {self.when(row)} in lane {self.lane}:"]
        if bar:
            told.append("; ".join(bar) + ". Then" + ("" if rests else " it decided:"))
        told.append(self.outcome(row, decision) + ".")
        return " ".join(told)

    def in_bar(self, row: int, at_once: bool) -> list[str]:
        """What the fill phases of the row did."""
        fills = self.fills[self.fills["row"] == row]
        told = []
        asked = fills["reason"] == Reason.SIGNAL
        if asked.any() and not at_once:
            from_row = self.origin(row)
            told.append(self.filled(fills[asked], row))
            if from_row is not None:
                told[-1] += f", as decided at {self.when(from_row)} ({'; '.join(self.wanted(self.decided(from_row)))})"
        for fill in fills[~asked]:
            cause = words.CAUSES.get(Reason(int(fill["reason"])), words.NAMES[Reason(int(fill["reason"]))])
            told.append(f"{self.filled(fill[None], row)} by {cause}")
        events = self.of_slot(self.parts(row)[0])
        told += [self.refusal(event) for event in events if event["event"] == Event.REFUSED]
        told += [self.carry(event) for event in events if event["event"] == Event.CARRY]
        told += [self.status(event) for event in events if event["event"] == Event.STATUS]
        return told

    def outcome(self, row: int, decision: np.ndarray) -> str:
        """What the row's decision came to."""
        if decision.size == 0:
            return self.nothing(row)
        told = self.wanted(decision)
        holds = decision[decision["event"] == Event.HOLD]
        if holds.size:
            why = Reason(int(holds[0]["reason"]))
            before = self.origin(row) if why == Reason.NOT_REBALANCE_BAR else None
            since = "" if before is None else f", it decided last at {self.when(before)}"
            return "; ".join([*told, words.HOLDS.get(why, "no order") + since])
        if not (decision["event"] == Event.SIGNAL).any() and not (decision["event"] == Event.ORDER).any():
            return "; ".join([*told, "no signal, so it keeps what it holds"])
        return "; ".join(told + self.executed(row, decision))

    def wanted(self, decision: np.ndarray) -> list[str]:
        """The signal, and each stage that reshaped the want."""
        told = []
        for event in decision:
            reason = Reason(int(event["reason"]))
            if event["event"] == Event.SIGNAL:
                told.append(
                    f"signal {event['before']:.4g} asked for {words.share(event['after'])} of equity"
                    + words.SIZED.get(reason, "")
                )
            elif event["event"] == Event.CUT:
                text = words.CUTS.get(reason, words.CHANGED)
                told.append(
                    text.format(after=words.share(event["after"]), name=words.NAMES[reason])
                    + self.certified(decision, reason)
                )
            elif event["event"] == Event.STATUS:
                told.append(self.status(event))
            elif event["event"] == Event.ORDER:
                held = f" with {words.plain(event['before'])} held" if event["before"] != 0.0 else ""
                told.append(f"ordered {words.signed(event['after'])}{held}")
        return told

    @staticmethod
    def certified(decision: np.ndarray, reason: Reason) -> str:
        """The limit's value and bound after the orders, where it is certified."""
        lines = decision[(decision["event"] == Event.LIMIT) & (decision["reason"] == reason)]
        if lines.size == 0 or "scaled" not in words.CUTS.get(reason, ""):
            return ""
        value, bound = (words.bound(float(lines[0][name]), reason) for name in ("before", "after"))
        return f" ({value} of {bound} after the orders)"

    def executed(self, row: int, decision: np.ndarray) -> list[str]:
        """Refusals and fills of the orders that were decided at a row."""
        told = [self.refusal(event) for event in decision if event["event"] == Event.REFUSED]
        end = self.ends(row)
        later = self.of_slot(self.between(row + 1, min(end, self.last), False))
        solved = later[later["event"] == Event.ORDER]
        if solved.size:
            told.append(f"ordered {words.signed(solved[0]['after'])}, solved at the fill's prices")
        first = row if self.same_close else row + 1
        fills = self.fills[(self.fills["row"] >= first) & (self.fills["row"] <= end)]
        fills = fills[fills["reason"] == Reason.SIGNAL]
        if fills.size:
            told.append(self.filled(fills, None))
        said = dict.fromkeys(self.refusal(event) for event in later if event["event"] == Event.REFUSED)
        told += [text for text in said if text not in told]
        ordered = solved.size > 0 or (decision["event"] == Event.ORDER).any()
        if ordered and not fills.size and not said:
            told.append("not filled yet" if end > self.last else "not filled")
        return told if ordered or told else [self.no_order(decision)]

    @staticmethod
    def no_order(decision: np.ndarray) -> str:
        """Why a decision with a signal placed no order."""
        wants = decision[np.isin(decision["event"], (int(Event.SIGNAL), int(Event.CUT)))]
        if wants[-1]["after"] == 0.0:
            return "no order: nothing is wanted and nothing is left to close"
        return "no order: what it holds is within one lot of that, or it could not trade in this row"

    def nothing(self, row: int) -> str:
        """Why a row has no decision."""
        mark = self.marks[self.marks["row"] == row]
        status = Status(int(mark[0]["status"])) if mark.size else Status.LIVE
        if status > Status.HALTED:
            return f"no order: the lane is {words.STATES[status]}"
        if self.parts(row)[1].size:
            return "no signal, so it keeps what it holds"
        if row == self.last:
            return "no order: the last row accepts none"
        return "no signal and nothing to limit, so it keeps what it holds"

    def filled(self, fills: np.ndarray, row: int | None) -> str:
        """Fills with their prices and costs; beyond three of them, how many more."""
        told = []
        for fill in fills[:SHOWN_FILLS]:
            where = words.MOMENTS[Moment(int(fill["moment"]))] if row is not None else f"on {self.when(fill['row'])}"
            costs = [f"{name} {words.money(fill[name])}" for name in ("commission", "slippage", "impact") if fill[name]]
            told.append(
                f"{words.signed(fill['quantity'])} at {words.plain(fill['price'])} {where}"
                + (f" ({', '.join(costs)})" if costs else "")
            )
        more = f" and {fills.size - SHOWN_FILLS} more fills" if fills.size > SHOWN_FILLS else ""
        return "filled " + ", ".join(told) + more

    @staticmethod
    def refusal(event: Any) -> str:
        """One refusal; what is left of the order waits or ends."""
        reason = Reason(int(event["reason"]))
        text = words.REFUSALS.get(reason, words.REFUSED).format(
            before=words.signed(event["before"]), after=words.signed(event["after"]), name=words.NAMES[reason]
        )
        waits = event["after"] == event["before"] and event["before"] != 0.0
        return text + (" and waits" if waits else "")

    @staticmethod
    def carry(event: Any) -> str:
        """Money that reached the position without a trade."""
        what = "the cash of a split" if event["reason"] == Reason.SPLIT_CASH else "a dividend or funding"
        return f"{'received' if event['after'] >= 0.0 else 'paid'} {words.money(abs(event['after']))} as {what}"

    @staticmethod
    def status(event: Any) -> str:
        """A change of the lane's status."""
        reason = Reason(int(event["reason"]))
        why = "" if reason == Reason.NONE else f" ({words.NAMES[reason]})"
        return f"the lane is {words.STATES[Status(int(event['after']))]}{why}"
