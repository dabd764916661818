"""The report as one HTML page: styles inside, nothing fetched, no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

from polyfolio.market.quality.findings import Finding
from polyfolio.market.quality.kinds import KINDS

STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #222; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem; border-bottom: 1px solid #ddd; }
td.count { text-align: right; font-variant-numeric: tabular-nums; }
code { font-size: 13px; }
h2 span { font-size: 13px; padding: .1rem .5rem; border-radius: .3rem; color: #fff; margin-right: .5rem; }
.error { background: #a40e26; } .warning { background: #8a5a00; } .note { background: #3b5b7a; }
@media (prefers-color-scheme: dark) { body { background: #16181b; color: #ddd; } th, td { border-color: #3a3d42; } }
"""


def page(facts: Mapping[str, str], verdict: str, findings: Sequence[Finding]) -> str:
    """The page of a report."""
    head = "".join(f"<tr><th>{escape(name)}</th><td>{escape(value)}</td></tr>" for name, value in facts.items())
    kinds = dict.fromkeys(item.kind for item in findings)
    body = "".join(_section(kind, [item for item in findings if item.kind == kind]) for kind in kinds)
    title = f"Data check: {escape(facts['source'])}"
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{STYLE}</style></head>\n'
        f"<body><h1>{title}</h1>\n<table>{head}</table>\n<p>{escape(verdict)}</p>\n{body}</body></html>\n"
    )


def _section(kind: str, group: Sequence[Finding]) -> str:
    told = KINDS[kind]
    lines = "".join(_line(item) for item in group)
    return (
        f'<h2><span class="{told.severity}">{told.severity}</span>{escape(kind)}</h2>\n'
        f"<p>{escape(told.meaning)} <strong>{escape(told.fix)}</strong></p>\n"
        f"<table><tr><th>symbol</th><th>count</th><th>examples</th></tr>{lines}</table>\n"
    )


def _line(item: Finding) -> str:
    cells = "<br>".join(f"<code>{escape(example)}</code>" for example in item.examples)
    return f'<tr><td>{escape(item.symbol or "all")}</td><td class="count">{item.count}</td><td>{cells}</td></tr>\n'
