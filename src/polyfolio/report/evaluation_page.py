"""The page of an evaluation, from its record alone: what is not in the record is not on the page."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from polyfolio.report.evaluation_figures import figures
from polyfolio.report.evaluation_template import TEMPLATE
from polyfolio.report.evaluation_words import met, number, p_text, span, target
from polyfolio.report.extras import loaded

MEASURES = {
    "annual_return": "return a year",
    "sharpe": "Sharpe",
    "sortino": "Sortino",
    "volatility": "volatility",
    "max_drawdown": "largest drawdown",
    "calmar": "Calmar",
}
COMPARED = {"sharpe": "Sharpe", "growth": "log growth a year"}
Block = dict[str, Any]


def page(record: Mapping[str, Any]) -> str:
    """One HTML page: verdict, tables, plots; it loads nothing from elsewhere.

    Args:
        record: the record of an evaluation.

    Raises:
        ConfigError: plotly or Jinja2 is not installed.
    """
    jinja, library = needed()
    environment = jinja.Environment(autoescape=True, undefined=jinja.StrictUndefined)
    drawn = json.dumps(figures(record), allow_nan=False).replace("<", "\\u003c")
    html: str = environment.from_string(TEMPLATE).render(
        record=record,
        lead=lead(record),
        blocks=[{"lead": "", "plot": "", "head": [], "rows": [], **block} for block in blocks(record)],
        method=list(method(record)),
        library=library,
        figures=drawn,
    )
    return html


def needed() -> tuple[Any, str]:
    """Jinja2, and the script that draws."""
    return loaded("jinja2"), loaded("plotly.offline").get_plotlyjs()


def lead(record: Mapping[str, Any]) -> str:
    """What was judged."""
    period = record["period"]
    return (
        f"{period['bars']:,} bars from {period['start']} to {period['end']} UTC (split {period['split']}, "
        f"{period['folds']} folds), {len(period['symbols'])} symbols, after all costs, money in {period['currency']}."
    )


def blocks(record: Mapping[str, Any]) -> Iterator[Block]:
    """The parts of the page in order."""
    names = [*record["policies"], *record["baselines"]]
    found = record["contenders"]
    coverage = percent(record["method"]["coverage"])
    yield {
        "title": "Growth",
        "plot": "growth",
        "lead": "Policies: mean over their seeds. Dotted: where a fold begins. Every account starts in cash.",
    }
    yield {
        "title": "Figures",
        "plot": "sharpe",
        "lead": f"In brackets the {coverage} interval over resampled histories.",
        "head": ["", *MEASURES.values()],
        "rows": [[name, *(span(measure, found[name]["measures"][measure]) for measure in MEASURES)] for name in names],
    }
    yield comparisons(record)
    yield folds(record, names)
    for at, policy in enumerate(record["policies"]):
        yield {"title": f"Weights: {policy}", "plot": f"weights{at}", "lead": f"Seed 1 of {found[policy]['members']}."}
        yield cuts(policy, found[policy]["cuts"])
    yield costs(record, names)
    for policy in record["policies"]:
        yield targets(policy, record["targets"][policy])
    yield openings(record)


def comparisons(record: Mapping[str, Any]) -> Block:
    """Every policy against every baseline."""
    rows = [
        [
            f"{pair['policy']} less {pair['baseline']}",
            COMPARED[pair["measure"]],
            span(pair["measure"], {**pair, "value": pair["difference"]}),
            percent(pair["probability"]),
            p_text(pair["p"]),
            p_text(pair["adjusted"]),
            pair["word"],
        ]
        for pair in record["comparisons"]
    ]
    head = ["", "measure", "difference", "ahead in", "p", "p corrected", "verdict"]
    text = f"Undecided where the corrected p is not below {record['method']['level']:g}."
    return {"title": "Policy against baseline", "lead": text, "head": head, "rows": rows}


def folds(record: Mapping[str, Any], names: list[str]) -> Block:
    """Return of each contender in each fold."""
    found = record["contenders"]
    spans = [f"{fold['start']} to {fold['end']}" for fold in found[names[0]]["folds"]]
    rows = [[name, *(number("return", fold["return"]) for fold in found[name]["folds"])] for name in names]
    return {"title": "Return by fold", "head": ["", *spans], "rows": rows}


def cuts(policy: str, found: Mapping[str, Any]) -> Block:
    """What the stages took from a policy's decisions."""
    rows = [
        [
            one["reason"],
            f"{one['decisions']:,}",
            percent(one["decisions"] / max(found["decisions"], 1)),
            percent(one["size"]),
        ]
        for one in found["reasons"]
    ]
    text = f"{found['cut']:,} of {found['decisions']:,} decisions were reshaped by a stage."
    head = ["reason", "decisions", "of all", "mean change of a weight"]
    return {"title": f"Actions cut by the risk stage: {policy}", "lead": text, "head": head, "rows": rows}


def costs(record: Mapping[str, Any], names: list[str]) -> Block:
    """What each contender's first member paid."""
    rows = []
    for name in names:
        found = record["contenders"][name]
        paid = found["costs"][0] if "costs" in found else {}
        shown = [f"{amount:,.2f}" for kind, amount in paid.items() if kind not in ("traded", "cost_bp")]
        basis = "-" if paid.get("cost_bp") is None else f"{paid['cost_bp']:.1f}"
        rows.append([name, *(shown or ["-"] * 6), basis, f"{found['moved'][0]:.2%}".replace("%", " %")])
    head = [
        "",
        "commission",
        "slippage",
        "impact",
        "borrow",
        "funding",
        "together",
        "bp of what was traded",
        "traded a bar",
    ]
    text = f"Seed 1, in {record['period']['currency']}; what is traded is a share of equity, both sides counted."
    return {"title": "Costs by kind", "plot": "costs", "lead": text, "head": head, "rows": rows}


def targets(policy: str, found: list[Mapping[str, Any]]) -> Block:
    """Figures wished for, held against what was reached."""
    rows = [[one["name"], target(one), span(one["measure"], one), met(one)] for one in found]
    text = "Wishes written down before anything ran. They are held against the result and promise nothing."
    return {"title": f"Target figures: {policy}", "lead": text, "head": ["", "target", "reached", ""], "rows": rows}


def openings(record: Mapping[str, Any]) -> Block:
    """Who saw the test rows before."""
    known = record["openings"]
    rows = [[one["when"], ", ".join(one["by"]), one["digest"][:16]] for one in known["earlier"]]
    text = "These rows were seen before:" if rows else "No earlier look at these rows is on record."
    if not known["recorded"]:
        text = "No record of openings was kept for this evaluation."
    return {"title": "Openings of the test rows", "lead": text, "head": ["when", "by", "digest"], "rows": rows}


def method(record: Mapping[str, Any]) -> Iterator[str]:
    """The conventions under the numbers."""
    how, period = record["method"], record["period"]
    yield (
        f"Resampled: {how['draws']:,} histories by the stationary bootstrap, mean block {how['block']:.1f} bars, the "
        f"same blocks for all contenders; seeds of a policy are drawn too. Seed {how['seed']}."
    )
    yield f"p: two-sided, of no difference; corrected: {how['correction']}."
    yield (
        f"A year: N = {period['periods_per_year']:.6g} bars ({period['periods_per_year_source']}); "
        f"{period['years']:.3f} years; risk-free rate {percent(how['risk_free'])}; Sharpe = mean / deviation x sqrt(N)."
    )
    yield "Baselines have the policy's capital, costs, fills and decision rows, and none of its limits."
    yield (
        f"{how['randoms']} random policies trade what the policy trades, bar by bar, towards random portfolios of its "
        "gross and net exposure."
    )
    yield f"Run {record['digests']['run'][:16]}, tape {record['digests']['tape'][:16]}."


def percent(share: float) -> str:
    """A share in percent."""
    return f"{share * 100.0:.1f} %".replace(".0 %", " %")
