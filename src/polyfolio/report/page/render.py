"""A Page as one HTML file that loads nothing: style, script, charts and numbers are inside.

Without its script a page still shows every number; the charts need it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path

from polyfolio.errors import ConfigError, DataError
from polyfolio.report.page.charts import SMALL, chart, figures
from polyfolio.report.page.packing import asset, library, packed
from polyfolio.report.page.parts import Card, Chart, Fact, Facts, Page, Part, Section, Table, Words
from polyfolio.report.page.tables import heat, key, table
from polyfolio.report.page.text import escaped, printed, prose

DEFINITIONS = "definitions"
# Ids that the page itself uses.
OWN_IDS = (DEFINITIONS, "card", "figures", "library", "top")

FRAME = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="generator" content="polyfolio">
<link rel="icon" href="data:,">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
<a class="skip" href="#top">To the numbers</a>
<div class="sheet">
<header><div><h1>{title}</h1><p class="subtitle">{subtitle}</p></div>
<button class="theme tool" type="button">Theme</button></header>
<nav aria-label="Contents"><ol>
{contents}
</ol>{links}</nav>
<main id="top">
<noscript><p class="note">The charts need a script; every number stands in the tables.</p></noscript>
{sections}
</main>
{footer}
</div>
<aside class="card" id="card" popover tabindex="-1" aria-label="Definition"></aside>
{data}<script>
{script}</script>
</body>
</html>
"""


def render(page: Page) -> str:
    """The page as HTML.

    Raises:
        ConfigError: an id stands twice, a table or chart whose parts do not fit, or charts without plotly installed.
    """
    refuse_ids(page)
    parts = [part for section in page.sections for part in section.parts]
    cards = {name: page.cards[name] for name in page.cards if name in set(named(parts))}
    charts = [part for part in parts if isinstance(part, Chart)]
    sections = [section_of(section, cards) for section in page.sections]
    titles = [(section.id, section.title) for section in page.sections]
    if cards:
        sections.append(glossary(cards))
        titles.append((DEFINITIONS, "Definitions"))
    data = drawn = ""
    if charts:
        data = _packed("library", library()) + _packed("figures", packed(figures(charts)))
        drawn = asset("charts.js")
    return FRAME.format(
        title=escaped(page.title),
        subtitle=prose(page.subtitle),
        style=asset("style.css"),
        contents="\n".join(f'<li><a href="#{escaped(name)}">{escaped(title)}</a></li>' for name, title in titles),
        links=others(page.links),
        sections="\n".join(sections),
        footer=footer(page.footer),
        data=data,
        script=asset("page.js") + drawn,
    )


def write(page: Page, path: str | Path) -> Path:
    """Render a page into a file.

    Raises:
        DataError: the file cannot be written.
    """
    place, text = Path(path), render(page)
    try:
        place.write_text(text, encoding="utf-8")
    except OSError as error:
        bound = f"a file that can be written ({error.strerror})"
        raise DataError("page", str(place), bound, "Choose another place, or make its folder.") from error
    return place


def refuse_ids(page: Page) -> None:
    """Refuse ids that stand twice or that a reader cannot be sent to."""
    ids = [*OWN_IDS]
    for section in page.sections:
        ids += [section.id, *(part.id for part in section.parts)]
    for name, count in Counter(ids).items():
        if count > 1:
            raise ConfigError("id of a part", name, f"once in the page, not {count} times", "Name them apart.")
        if not name or any(not (letter.isalnum() or letter in "-_.") for letter in name):
            bound = "made of letters, digits, dashes, dots and underscores"
            raise ConfigError("id of a part", name, bound, "Write a-part-of-the-page.")


def named(parts: list[Part]) -> Iterator[str]:
    """Names of the cards that facts and columns ask for."""
    for part in parts:
        if isinstance(part, Facts):
            yield from (fact.card for fact in part.items)
        if isinstance(part, Table):
            yield from (column.card for column in part.columns)


def section_of(section: Section, cards: Mapping[str, Card]) -> str:
    """A heading and its parts."""
    intro = f'<p class="intro">{prose(section.intro)}</p>' if section.intro else ""
    body = "\n".join(side_by_side(section.parts, cards))
    name, title = escaped(section.id), escaped(section.title)
    heading = f'<h2 id="{name}-title">{title}</h2>'
    return f'<section id="{name}" aria-labelledby="{name}-title">{heading}{intro}\n{body}</section>'


def side_by_side(parts: Sequence[Part], cards: Mapping[str, Card]) -> Iterator[str]:
    """The parts in order; small charts that follow each other share a line where there is room."""
    for small, run in groupby(parts, key=lambda part: isinstance(part, Chart) and part.height <= SMALL):
        drawn = [part_of(part, cards) for part in run]
        yield f'<div class="pair">{"".join(drawn)}</div>' if small and len(drawn) > 1 else "\n".join(drawn)


def part_of(part: Part, cards: Mapping[str, Card]) -> str:
    """One part as HTML."""
    if isinstance(part, Facts):
        return facts(part, cards)
    if isinstance(part, Words):
        return words(part)
    if isinstance(part, Table):
        return table(part, cards)
    return chart(part) if isinstance(part, Chart) else heat(part)


def facts(part: Facts, cards: Mapping[str, Card]) -> str:
    """Tiles."""
    tiles = "".join(tile(fact, cards) for fact in part.items)
    return f'<div class="part" id="{escaped(part.id)}">{_title(part.title)}<dl class="facts">{tiles}</dl></div>'


def tile(fact: Fact, cards: Mapping[str, Card]) -> str:
    """One number with its name."""
    kinds: list[str] = [fact.tone] if fact.tone != "plain" else []
    kinds += ["words"] if isinstance(fact.value, str) and len(fact.value) > 14 else []
    kind = f' class="{" ".join(kinds)}"' if kinds else ""
    value = escaped(printed(fact.value, fact.unit, short=True))
    small = f"<small>{prose(fact.note)}</small>" if fact.note else ""
    return f"<div><dt>{escaped(fact.label)}{key(fact.card, cards)}</dt><dd{kind}>{value}{small}</dd></div>"


def words(part: Words) -> str:
    """Paragraphs, in a box where they have a tone."""
    box = "" if part.tone == "plain" else f" box box-{part.tone}"
    body = "".join(f"<p>{prose(text)}</p>" for text in part.paragraphs)
    return f'<div class="part words-part{box}" id="{escaped(part.id)}">{_title(part.title)}{body}</div>'


def glossary(cards: Mapping[str, Card]) -> str:
    """The definition cards of the page, folded."""
    body = "".join(card_of(card) for card in cards.values())
    return (
        f'<section id="{DEFINITIONS}"><h2>Definitions</h2><details><summary>What the numbers mean <small>'
        f'{len(cards)} cards</small></summary><div class="glossary">{body}</div></details></section>'
    )


def card_of(card: Card) -> str:
    """One definition."""
    formula = f'<dd class="formula">{escaped(card.formula)}</dd>' if card.formula else ""
    detail = "".join(f'<dd class="detail">{escaped(line)}</dd>' for line in card.detail.splitlines())
    return f'<dl id="card-{escaped(card.name)}"><dt>{escaped(card.name)}</dt><dd>{escaped(card.meaning)}</dd>' + (
        f"{formula}{detail}</dl>"
    )


def others(links: Mapping[str, str]) -> str:
    """Pages beside this one, below the contents."""
    lines = "".join(f'<li><a href="{escaped(place)}">{escaped(title)}</a></li>' for title, place in links.items())
    return f'<ol class="pages" aria-label="Other pages">{lines}</ol>' if lines else ""


def footer(facts_below: Mapping[str, str]) -> str:
    """What the numbers depend on."""
    lines = "".join(f"<dt>{escaped(name)}</dt><dd>{escaped(value)}</dd>" for name, value in facts_below.items())
    return f"<footer><dl>{lines}</dl></footer>" if lines else ""


def _title(title: str) -> str:
    return f'<div class="head"><h3>{escaped(title)}</h3></div>' if title else ""


def _packed(name: str, text: str) -> str:
    return f'<script type="application/octet-stream" id="{name}">{text}</script>\n'
