"""An episode as one HTML page that loads nothing: figures, plots, costs, what the stages took away and why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from polyfolio.core import words
from polyfolio.errors import DataError
from polyfolio.report.episode_figures import figures
from polyfolio.report.episode_record import KINDS, EpisodeRecord
from polyfolio.report.extras import loaded
from polyfolio.report.terminal import number

# No toolbar: it covers the plots on a phone and links to its maker. Dragging and clicking twice zoom as well.
PLOT = {"responsive": True, "displayModeBar": False}
METRICS = (
    ("Return", "total_return", "percent"),
    ("Return a year", "cagr", "percent"),
    ("Volatility a year", "annual_volatility", "share"),
    ("Sharpe ratio", "sharpe", "ratio"),
    ("Largest drawdown", "max_drawdown", "percent"),
    ("Turnover a year", "annual_turnover", "times"),
)
# The plots' own ink is a grey that can be read on either background.
TEMPLATE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{ title }}</title>
<style>
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --line: #d8dce1; --soft: #5c6670 }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e6ea; --paper: #15181c; --line: #343a41; --soft: #9aa4ae } }
body { font: 15px/1.5 system-ui, sans-serif; margin: 1.5rem auto; max-width: 72rem; padding: 0 1rem;
  color: var(--ink); background: var(--paper) }
h1 { font-size: 1.5rem; margin-bottom: .2rem } h2 { font-size: 1.1rem; margin: 1.6rem 0 .3rem }
p { color: var(--soft); margin: .2rem 0 } h1, p { overflow-wrap: anywhere }
.figures { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .8rem; margin: 1rem 0 }
.figures div { border-top: 2px solid var(--line); padding-top: .3rem } .figures b { display: block; font-size: 1.2rem }
.wide { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .2rem .8rem .2rem 0; text-align: left; border-bottom: 1px solid var(--line) }
td.n, th.n { text-align: right }
@media print { :root { --ink: #000; --paper: #fff; --line: #bbb; --soft: #333 } body { max-width: none; margin: 0 }
  section { break-inside: avoid } }
</style>
<script>{{ library|safe }}</script></head>
<body>
<h1>{{ title }}</h1>
<p>{{ lead }}</p>
<div class="figures">{% for name, value in facts %}<div>{{ name }}<b>{{ value }}</b></div>{% endfor %}</div>
{% for name, note, plot in plots %}<section><h2>{{ name }}</h2>{% if note %}<p>{{ note }}</p>{% endif %}
{{ plot|safe }}</section>
{% endfor %}
<section><h2>Costs</h2><div class="wide"><table><tr><th>kind</th><th class="n">{{ currency }}</th></tr>
{% for name, value in costs %}<tr><td>{{ name }}</td><td class="n">{{ value }}</td></tr>{% endfor %}
</table></div></section>
<section><h2>Cut, and why</h2>{% if reasons %}<div class="wide"><table>
<tr><th>stage</th><th>reason</th><th>symbol</th><th class="n">times</th></tr>
{% for stage, reason, symbol, count in reasons %}<tr><td>{{ stage }}</td><td>{{ reason }}</td><td>{{ symbol }}</td>
<td class="n">{{ count }}</td></tr>{% endfor %}
</table></div>{% else %}<p>{{ nothing_cut }}</p>{% endif %}</section>
</body></html>
"""


def page(record: EpisodeRecord) -> str:
    """The page as text.

    Raises:
        ConfigError: the extra `report` is not installed.
    """
    jinja2, script = loaded("jinja2"), loaded("plotly.offline").get_plotlyjs()
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined)
    return str(
        environment.from_string(TEMPLATE).render(
            title=f"Episode: {record.name}",
            lead=_lead(record),
            library=script,
            facts=_facts(record),
            plots=[(name, note, _drawn(figure)) for name, note, figure in figures(record)],
            currency=record.currency,
            costs=[(name, f"{record.costs[name]:,.2f}") for name in (*KINDS, "costs")],
            reasons=record.counted_reasons(),
            nothing_cut="Nothing was cut, or the environment did not record why (info: full does).",
        )
    )


def save_page(record: EpisodeRecord, path: str | Path) -> Path:
    """Write the page into a file."""
    place = Path(path)
    text = page(record)
    try:
        place.write_text(text, encoding="utf-8")
    except OSError as error:
        bound = f"a file that can be written ({error.strerror})"
        raise DataError("episode page", str(place), bound, "Choose another place, or make its folder.") from error
    return place


def _lead(record: EpisodeRecord) -> str:
    first, last = (words.stamp(int(record.times[at])) for at in (0, -1))
    ended = f"ended by {record.ended}" if record.ended else "left before its end"
    total = float(record.rewards.sum())
    return (
        f"{record.steps:,} steps from {first} (row {record.rows[0]}) to {last}, {ended}; "
        f"{len(record.symbols)} symbols; rewards {total:+.6g}."
    )


def _facts(record: EpisodeRecord) -> list[tuple[str, str]]:
    facts = [(title, number(record.metrics[name], kind)) for title, name, kind in METRICS]
    facts.append(("Costs of what was traded", f"{number(record.costs['cost_bp'], 'points')} bp"))
    return facts


def _drawn(figure: Any) -> str:
    return str(loaded("plotly.io").to_html(figure, full_html=False, include_plotlyjs=False, config=PLOT))
