"""What the record of an evaluation says of each contender: measures, folds, costs, cuts, and series to draw."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from polyfolio.backtests.periods import Period
from polyfolio.core import words
from polyfolio.core.codes import Event, Reason
from polyfolio.core.types import Floats
from polyfolio.kernels.measures import growth
from polyfolio.report.deflated import deflated_sharpe
from polyfolio.report.resampled import Drawn, interval, mean, over_members, per_bar
from polyfolio.train.evaluation_contenders import RANDOM, Contender
from polyfolio.train.evaluation_runs import Paths, Walked

POINTS = 400  # of a drawn line
SHOWN_SLOTS = 11  # the largest; the rest is drawn as one
OTHERS = "others"
BAND = (0.05, 0.5, 0.95)

Found = Mapping[str, Mapping[str, float]]


def facts_of(
    contenders: Sequence[Contender], ran: Walked, randoms: Paths, found: Found, drawn: Mapping[str, Drawn]
) -> dict[str, dict[str, Any]]:
    """The facts of every contender, policies first, random policies last."""
    tried = sum(len(each.members) for each in contenders)
    ratios = [measure for measure in per_bar(randoms.returns) if not np.isnan(measure)]
    out = {}
    for name in dict.fromkeys(entry.contender for entry in ran.entries):
        out[name] = {
            "kind": "baseline",
            **facts(ran, ran.of(name), found[name], drawn[name]),
            **paid(ran, ran.of(name)),
        }
    for each in contenders:
        out[each.name] |= {"kind": "policy", "seen_in_training": seen_in_training(each, ran.period)}
        out[each.name] |= {"deflated": deflated(each, ran, tried), "cuts": cuts(ran, ran.of(each.name)[0])}
        mine = float(over_members("sharpe", per_bar(ran.returns[ran.of(each.name)])))
        out[each.name]["random_beaten"] = None if np.isnan(mine) else sum(ratio < mine for ratio in ratios)
    everyone = range(len(randoms.entries))
    out[RANDOM] = {"kind": "random", **facts(randoms, everyone, found[RANDOM], drawn[RANDOM])}
    return out


def facts(ran: Paths, accounts: Sequence[int], found: Mapping[str, float], drawn: Drawn) -> dict[str, Any]:
    """Measures with their intervals, the folds, and whether anything happened at all."""
    measures = {}
    for name, value in found.items():
        low, high = interval(drawn[name])
        measures[name] = {"value": value, "low": low, "high": high}
    moved = [float(ran.moved[number].mean()) for number in accounts]
    return {
        "members": len(accounts),
        "measures": measures,
        "moved": moved,
        "traded": any(share > 0.0 for share in moved),
        "ruined": int(ran.ruined[list(accounts)].sum()),
        "folds": folds(ran, accounts),
    }


def folds(ran: Paths, accounts: Sequence[int]) -> list[dict[str, Any]]:
    """Return of each fold, the mean over the accounts; the first fold pays for the first trades."""
    out = []
    for fold in ran.period.folds:
        bars = slice(int(fold.test[0]) - ran.period.first, int(fold.test[-1]) - ran.period.first)
        grown = np.prod(1.0 + ran.returns[list(accounts), bars], axis=1) - 1.0
        stamps = [
            np.datetime64(int(ran.period.tape.times[row]), "ns").astype("datetime64[D]") for row in fold.test[[0, -1]]
        ]
        out.append({"start": str(stamps[0]), "end": str(stamps[1]), "return": float(grown.mean())})
    return out


def folds_ahead(policy: str, baselines: Iterable[str], found: Mapping[str, Mapping[str, Any]]) -> dict[str, int]:
    """In how many folds a policy earned more than each baseline."""
    mine = found[policy]["folds"]
    return {
        name: sum(one["return"] > other["return"] for one, other in zip(mine, found[name]["folds"], strict=True))
        for name in baselines
    }


def deflated(contender: Contender, ran: Walked, tried: int) -> dict[str, Any]:
    """The deflated Sharpe ratio of the member in the middle, by Sharpe ratio, the lower of two."""
    mine = ran.of(contender.name)
    ratios = np.nan_to_num(per_bar(ran.returns[mine]))
    middle = mine[int(np.argsort(ratios, kind="stable")[(len(mine) - 1) // 2])]
    given = contender.trials
    source = "of the policies judged here; at least so many were tried" if given is None else "given"
    trials = tried if given is None else given
    found = deflated_sharpe(ran.returns[middle], trials if isinstance(trials, int) else list(trials), source)
    return {**vars(found), "member": ran.entries[middle].member + 1}


def paid(ran: Walked, accounts: Sequence[int]) -> dict[str, Any]:
    """Costs of each account by kind, and the trades it won."""
    won = [ran.metrics(number, None)["win_rate"] for number in accounts]
    return {"costs": [ran.result.costs(number) for number in accounts], "win_rate": mean(np.array(won))}


def cuts(ran: Walked, account: int) -> dict[str, Any]:
    """What the risk stage and the orders' rules took from the first member's decisions, by reason."""
    events = ran.result.journal.lane(account).events
    events = events[events["row"] >= ran.period.first]
    asked = np.unique(events["row"][events["event"] == Event.SIGNAL])
    reshaped = events[events["event"] == Event.CUT]
    reasons = []
    for code in np.unique(reshaped["reason"]):
        mine = reshaped[reshaped["reason"] == code]
        size = float(np.abs(mine["after"] - mine["before"]).mean())
        name = words.NAMES[Reason(int(code))]
        reasons.append({"reason": name, "decisions": int(np.unique(mine["row"]).size), "size": size})
    return {
        "decisions": int(asked.size),
        "cut": int(np.unique(reshaped["row"]).size),
        "reasons": sorted(reasons, key=lambda one: -one["decisions"]),
    }


def seen_in_training(contender: Contender, period: Period) -> int:
    """Judged bars that a contender learned from."""
    if contender.trained is None:
        return 0
    times = period.tape.times[period.first + 1 :]
    return int(((times >= contender.trained[0]) & (times <= contender.trained[1])).sum())


def series_of(contenders: Sequence[Contender], ran: Walked, randoms: Paths, held: Floats) -> dict[str, Any]:
    """Lines to draw: growth of 1 of every contender, weights of each policy's first member."""
    shown = np.unique(np.linspace(0, ran.period.bars, POINTS).round().astype(int))
    times = ran.period.tape.times[ran.period.first + shown].astype("datetime64[ns]").astype("datetime64[s]")
    grown = {name: spread(ran.returns[ran.of(name)], shown) for name in dict.fromkeys(e.contender for e in ran.entries)}
    grown[RANDOM] = banded(randoms.returns, shown)
    return {
        "times": [str(stamp) for stamp in times],
        "growth": grown,
        "weights": {each.name: by_slot(held[ran.of(each.name)[0]][shown], ran.period) for each in contenders},
    }


def paths(returns: Floats, shown: np.ndarray) -> Floats:
    """Growth of 1 at the shown closes, a row per account."""
    out = np.empty((returns.shape[0], returns.shape[1] + 1))
    for number in range(returns.shape[0]):
        growth.wealth_path(np.ascontiguousarray(returns[number]), out[number])
    return np.asarray(out[:, shown])


def spread(returns: Floats, shown: np.ndarray) -> dict[str, list[float]]:
    """The mean over the members, and the lowest and highest where there are several."""
    found = paths(returns, shown)
    out = {"middle": found.mean(axis=0).tolist()}
    if found.shape[0] > 1:
        out |= {"low": found.min(axis=0).tolist(), "high": found.max(axis=0).tolist()}
    return out


def banded(returns: Floats, shown: np.ndarray) -> dict[str, list[float]]:
    """Quantiles over random policies at each close."""
    low, middle, high = np.quantile(paths(returns, shown), BAND, axis=0)
    return {"low": low.tolist(), "middle": middle.tolist(), "high": high.tolist()}


def by_slot(held: Floats, period: Period) -> dict[str, list[float]]:
    """Weights of the largest slots by name, the rest summed up."""
    order = np.argsort(-np.abs(held).mean(axis=0), kind="stable")
    order = order[np.abs(held[:, order]).max(axis=0) > 0.0]
    out = {period.tape.symbols[slot]: held[:, slot].tolist() for slot in order[:SHOWN_SLOTS]}
    if order.size > SHOWN_SLOTS:
        out[OTHERS] = held[:, order[SHOWN_SLOTS:]].sum(axis=1).tolist()
    return out
