"""Honest evaluation: policies on rows they never saw, against what anybody could have done, after the same costs.

Seeds x folds x resampled histories. Everything that is printed or drawn comes from one record, which is saved beside
the page.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from polyfolio.backtests.periods import Period, period_of
from polyfolio.backtests.run import tape_of
from polyfolio.core.tape import Tape
from polyfolio.errors import ConfigError, DataError
from polyfolio.kernels.compile import source_digest
from polyfolio.market.splits import SPLITS, rows_of_split
from polyfolio.report import resampled as statistics
from polyfolio.report import targets
from polyfolio.report.bootstrap import SMALLEST
from polyfolio.report.comparison import plain
from polyfolio.report.evaluation_page import page
from polyfolio.report.folders import whole
from polyfolio.rules.environment import SplitSection
from polyfolio.rules.spec import Spec
from polyfolio.train import evaluation_verdict as verdict
from polyfolio.train.evaluation_contenders import RANDOM, Contender, entries_of
from polyfolio.train.evaluation_facts import facts_of, folds_ahead, series_of
from polyfolio.train.evaluation_random import habits, random_policies
from polyfolio.train.evaluation_runs import Paths, Walked, walked, weights
from polyfolio.train.evaluation_seal import Opening, opened, opening_of

FORMAT = 1


@dataclass(frozen=True)
class Settings:
    """How an evaluation is made.

    Attributes:
        split: rows judged on: train, validation, test or all.
        folds: consecutive spans of the period.
        draws: resampled histories.
        randoms: random policies.
        seed: of the random numbers; None takes the configuration's.
        gap: time before each fold that strategies may not learn from, such as "5d".
    """

    split: str = "test"
    folds: int = 5
    draws: int = 2000
    randoms: int = 100
    seed: int | None = None
    gap: str | None = None

    def __post_init__(self) -> None:
        if self.split not in SPLITS:
            raise ConfigError("split", self.split, "one of " + ", ".join(SPLITS), "Choose one of them.")
        for name, least in (("folds", 1), ("draws", 100), ("randoms", 10)):
            found = getattr(self, name)
            if isinstance(found, bool) or not isinstance(found, int) or found < least:
                raise ConfigError(name, found, f"a whole number >= {least}", "Correct the argument.")


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A finished evaluation; `print(evaluation)` shows its verdict.

    Attributes:
        record: everything it found, as plain values for a JSON file.
        policies: the accounts of policies and baselines.
        randoms: those of the random policies.
    """

    record: dict[str, Any]
    policies: Walked
    randoms: Paths

    @property
    def verdict(self) -> tuple[str, ...]:
        """The verdict, sentence by sentence."""
        return tuple(self.record["verdict"])

    def page(self) -> str:
        """The whole as one HTML page that loads nothing from elsewhere."""
        return page(self.record)

    def save(self, folder: str | Path) -> Path:
        """Write evaluation.json, evaluation.html and meta.json into a folder, whole or not at all."""
        place = Path(folder)
        html = self.page()
        meta = {name: self.record[name] for name in ("format", "kind", "name", "digests", "period", "method")}
        with whole(place) as part:
            for name, content in (("meta.json", meta), ("evaluation.json", self.record)):
                text = json.dumps(content, indent=1, allow_nan=False) + "\n"
                (part / name).write_text(text, encoding="utf-8")
            (part / "evaluation.html").write_text(html, encoding="utf-8")
        return place

    def __repr__(self) -> str:
        return "\n".join(self.verdict)


def evaluate(
    spec: Spec,
    contenders: Sequence[Contender],
    tape: Tape | None = None,
    settings: Settings | None = None,
    *,
    places: Sequence[Path] = (),
) -> Evaluation:
    """Judge policies on a split of a tape.

    Args:
        spec: the first lane gives account, costs and the policies' rules; `environment.split` says what the test is.
        contenders: the policies.
        tape: market rows; None reads what the section `tape` describes.
        settings: how it is made.
        places: folders whose record of openings is kept, where rows of the split `test` are judged.

    Raises:
        ConfigError: a name, rule or setting that does not fit.
        DataError: too few rows, or a record of openings that cannot be read.

    Example:
        >>> from polyfolio.rules.spec import Strategy
        >>> momentum = Contender("momentum", (Strategy(name="momentum"),))
        >>> print(evaluate(load("my.yaml"), [momentum]))
    """
    chosen = settings or Settings()
    seed = spec.seed if chosen.seed is None else chosen.seed
    spec = spec.model_copy(update={"seed": seed})
    rows = tape if tape is not None else tape_of(spec)
    entries = entries_of(contenders, spec.lanes[0])
    period = period_of(rows, rows_of_split(spec, rows, chosen.split), chosen.folds, chosen.gap)
    if period.bars < SMALLEST:
        bound = f"at least {SMALLEST} returns in the split {chosen.split}"
        raise DataError("tape", period.bars, bound, "Give a longer tape, or a larger share in environment.split.")
    tested = opens_test(spec, rows, period, chosen.split)
    known = opened(places, opening_of_period(period, contenders)) if tested else ()
    ran = walked(spec, entries, period)
    held = weights(ran, sum(entry.kind == "policy" for entry in entries))
    randoms = random_policies(spec, spec.lanes[0], habits(ran, held), period, chosen.randoms)
    record = judged(contenders, ran, randoms, replace(chosen, seed=seed))
    record["openings"] = {
        "recorded": bool(places) and tested,
        "earlier": [asdict(one) for one in known],
    }
    record["series"] = series_of(contenders, ran, randoms, held)
    record = plain(record)
    record["targets"] = {name: targets.held_against(record["contenders"][name]) for name in record["policies"]}
    record["verdict"] = verdict.lines(record)
    return Evaluation(record, ran, randoms)


def opens_test(spec: Spec, tape: Tape, period: Period, split: str) -> bool:
    """Whether a judged row is one of the split `test`; `all` has them too."""
    test = spec.environment.split.test if spec.environment is not None else SplitSection().test
    return split == "test" or (test > 0.0 and period.tape.rows > rows_of_split(spec, tape, "test")[0])


def opening_of_period(period: Period, contenders: Sequence[Contender]) -> Opening:
    """What is about to be seen, and by whom."""
    by = {each.name: each.digest or "; ".join(one.model_dump_json() for one in each.members) for each in contenders}
    return opening_of(period.tape, (period.first, period.tape.rows), by)


def judged(contenders: Sequence[Contender], ran: Walked, randoms: Paths, settings: Settings) -> dict[str, Any]:
    """Measures, intervals and comparisons of every contender."""
    policies = [each.name for each in contenders]
    names = list(dict.fromkeys(entry.contender for entry in ran.entries))
    rules = [name for name in names if name not in policies]
    fields = [statistics.Field(name, ran.returns[ran.of(name)]) for name in names]
    fields.append(statistics.Field(RANDOM, randoms.returns, single=True))
    index = ran.returns[ran.of("index")[0]] if "index" in names else None
    one = ran.metrics(0, index)
    year = statistics.Year(one.years, one.periods_per_year, index)
    blocks = statistics.blocks_for(fields, settings.draws, settings.seed or 0)
    drawn = statistics.resample(fields, blocks, year)
    found = {field.name: statistics.value(field, year) for field in fields}
    pairs = statistics.compare(policies, [*rules, RANDOM], found, drawn)
    facts = facts_of(contenders, ran, randoms, found, drawn)
    return {
        "format": FORMAT,
        "kind": "evaluation",
        "name": ran.result.spec.name,
        "policies": policies,
        "baselines": [*rules, RANDOM],
        "period": {**span_of(ran.period, settings), "years": one.years, **year_of(ran)},
        "method": {
            "draws": blocks.draws,
            "block": blocks.length,
            "seed": blocks.seed,
            "randoms": settings.randoms,
            "gap": settings.gap,
            "level": statistics.LEVEL,
            "coverage": statistics.COVERAGE,
            "correction": "Holm, over all comparisons in a measure",
            "risk_free": ran.result.convention.risk_free,
        },
        "digests": digests_of(ran),
        "contenders": facts,
        "comparisons": [{**asdict(pair), "word": pair.word} for pair in pairs],
        "ahead": {name: folds_ahead(name, [*rules, RANDOM], facts) for name in policies},
    }


def span_of(period: Period, settings: Settings) -> dict[str, Any]:
    """What was judged, in rows and times."""
    times = period.tape.times
    begin, end = (str(np.datetime64(int(times[row]), "ns").astype("datetime64[s]")) for row in (period.first, -1))
    return {
        "split": settings.split,
        "first": period.first,
        "last": period.tape.rows - 1,
        "start": begin,
        "end": end,
        "bars": period.bars,
        "folds": len(period.folds),
        "symbols": list(period.tape.symbols),
        "currency": period.tape.universe.base_currency,
    }


def year_of(ran: Walked) -> dict[str, Any]:
    """Bars a year, and how they were found."""
    found = ran.metrics(0, None)
    return {"periods_per_year": found.periods_per_year, "periods_per_year_source": found.source}


def digests_of(ran: Walked) -> dict[str, str]:
    """What another evaluation must have in common to come to the same numbers."""
    return {"run": ran.result.run_id, "tape": ran.period.tape.digest(), "kernels": source_digest()}
