"""The definition cards of the measures as cards of a page."""

from __future__ import annotations

from functools import lru_cache

from polyfolio.kernels.measures import cards
from polyfolio.report.page.parts import Card

ANNUAL = {"N": "Annualised by N, the periods of a year.", "Y": "Annualised by Y, the elapsed years."}


@lru_cache(maxsize=1)
def definition_cards() -> dict[str, Card]:
    """Every measure's card by name; a page shows those that its facts and columns name."""
    return {name: card_of(card) for name, card in cards.cards().items()}


def card_of(found: cards.Card) -> Card:
    """One measure as a card of a page."""
    lines = [f"Inputs: {found.inputs}.", ANNUAL.get(found.annualised, "")]
    lines += [f"Degrees of freedom taken off: {found.ddof}." if found.ddof is not None else ""]
    lines += [f"Equals {found.equals}." if found.equals else "", f"Not defined when {found.undefined}."]
    meaning = f"In {found.unit}; sign: {found.sign}." if found.sign else f"In {found.unit}."
    return Card(found.name, meaning, found.formula, "\n".join(line for line in lines if line))
