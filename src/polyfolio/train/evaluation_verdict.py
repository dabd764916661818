"""What an evaluation says in plain words. Every number in a sentence stands in the record it is made from."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from polyfolio.report.evaluation_words import against, number, p_text

SURE = 0.95  # a deflated Sharpe ratio above it is hardly luck of the choice
FEW_SEEDS = 3


def headline(record: Mapping[str, Any], policy: str) -> str:
    """What it comes to for one policy, in a sentence."""
    return unjudged(record["contenders"][policy], policy) or compared(record, policy)


def unjudged(facts: Mapping[str, Any], policy: str) -> str:
    """Why a comparison would say nothing; empty where it does say something."""
    if facts["seen_in_training"]:
        return f"No judgement of {policy}: it learned from {facts['seen_in_training']} of the judged bars."
    if facts["ruined"]:
        return f"{policy} lost everything in {facts['ruined']} of {facts['members']} runs."
    return "" if facts["traded"] else f"{policy} never traded."


def compared(record: Mapping[str, Any], policy: str) -> str:
    """The weakest of what can be said: worse than one, the same as one, not better than one, or better than all."""
    pairs = pairs_of(record, policy)
    for word in ("worse", "equal", "undecided"):
        mine = sorted((pair for pair in pairs if pair["word"] == word), key=lambda pair: -pair["p"])
        if mine:
            more = f", nor from {len(mine) - 1} more of {len(pairs)} baselines" if len(mine) > 1 else ""
            return f"{policy} is {against(mine[0])}{more if word == 'undecided' else ''}."
    deflated = record["contenders"][policy]["deflated"]
    lucky, tried = deflated["probability"], deflated["trials"]
    if lucky is None or lucky < SURE:
        shown = "undefined" if lucky is None else f"{lucky:.2f}"
        return (
            f"{policy} is ahead of every baseline, and may be the lucky one of {tried}: deflated Sharpe ratio {shown}."
        )
    return f"{policy} is better than every baseline, {p_text(max(pair['adjusted'] for pair in pairs))} at most."


def pairs_of(record: Mapping[str, Any], policy: str, measure: str = "sharpe") -> list[Mapping[str, Any]]:
    """The comparisons of a policy in one measure."""
    return [pair for pair in record["comparisons"] if pair["policy"] == policy and pair["measure"] == measure]


def lines(record: Mapping[str, Any]) -> list[str]:
    """The verdict: for each policy a headline and what it rests on, then what weakens all of it."""
    out = []
    for policy in record["policies"]:
        out.append(headline(record, policy))
        out += [f"  {line}" for line in details(record, policy)]
    return out + list(caveats(record))


def details(record: Mapping[str, Any], policy: str) -> Iterator[str]:
    """What the headline rests on."""
    facts = record["contenders"][policy]
    shown = facts["measures"]["sharpe"]
    ends = f"{number('sharpe', shown['low'])} to {number('sharpe', shown['high'])}"
    coverage = f"{record['method']['coverage']:.0%}".replace("%", " %")
    yield f"Sharpe ratio {number('sharpe', shown['value'])} ({coverage} interval {ends})."
    if facts["ruined"] or not facts["traded"]:
        return
    for pair in pairs_of(record, policy):
        folds = record["ahead"][policy][pair["baseline"]]
        yield (
            f"{against(pair)[0].upper()}{against(pair)[1:]}: ahead in {pair['probability']:.0%} of resampled histories "
            f"and in {folds} of {record['period']['folds']} folds."
        ).replace("%", " %")
    beaten = facts["random_beaten"]
    if beaten is not None:
        yield f"Ahead of {beaten} of {record['method']['randoms']} random policies with the same turnover."
    deflated = facts["deflated"]
    if deflated["probability"] is not None:
        yield (
            f"Deflated Sharpe ratio {deflated['probability']:.2f} with {deflated['trials']} "
            f"{'try' if deflated['trials'] == 1 else 'tries'} ({deflated['source']})."
        )


def caveats(record: Mapping[str, Any]) -> Iterator[str]:
    """What weakens the verdict."""
    period, openings = record["period"], record["openings"]
    if openings["earlier"]:
        yield (
            f"The test rows were opened before, {len(openings['earlier'])} "
            f"{'time' if len(openings['earlier']) == 1 else 'times'}, first at {openings['earlier'][0]['when']}: "
            "whoever chose after that chose with their help, and these numbers are too good."
        )
    elif period["split"] == "test" and not openings["recorded"]:
        yield "No record of openings was kept: nobody knows whether the test rows were seen before."
    elif period["split"] != "test":
        yield f"Judged on the split {period['split']}, which training may have used: this is no test."
    for policy in record["policies"]:
        seeds = record["contenders"][policy]["members"]
        if seeds < FEW_SEEDS:
            yield (
                f"{policy} was judged with {seeds} {'seed' if seeds == 1 else 'seeds'}: "
                "how much training's luck matters is not in its intervals."
            )
    asked, level = len(record["policies"]) * len(record["baselines"]), record["method"]["level"]
    if asked / (record["method"]["draws"] + 1) >= level:
        yield (
            f"With {record['method']['draws']} resampled histories no difference can pass: "
            f"take more than {asked / level:.0f}."
        )
    if period["years"] < 1.0:
        yield f"The period is {period['years']:.2f} years long: yearly figures reach beyond it."
    missing = [name for name in record["baselines"] if not record["contenders"][name]["traded"]]
    if missing:
        yield f"Never traded, so that being ahead of it means little: {', '.join(missing)}."
    if "index" not in record["baselines"]:
        yield "No index was judged: account.benchmark names no symbol."
