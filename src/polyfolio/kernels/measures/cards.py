"""Definition cards: for every number its formula, inputs, unit, sign, conventions, and the library it equals.

A card's version is raised when its formula changes, and with it `definitions_version()`, which journals and reports
carry. So two runs with the same digest mean the same thing by "sharpe".
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import astuple, dataclass
from types import MappingProxyType

from polyfolio.kernels.measures.conventions import FORMULAS, REPLACED
from polyfolio.kernels.measures.definitions import FAMILIES, ROWS


@dataclass(frozen=True)
class Card:
    """What one number means.

    Attributes:
        name: key in a metrics mapping.
        family: returns, relative, exposure or trades: which inputs it needs.
        formula: plain text; symbols are explained in `inputs`.
        inputs: what goes in.
        unit: fraction, ratio, bars, count, money, probability.
        sign: which signs it can have.
        annualised: "N" when periods a year are in it, "Y" when elapsed years are, else empty; N and its source are
            printed beside it.
        ddof: degrees of freedom taken off a deviation, None without one.
        equals: library and function that give the same number, empty when none is known.
        tolerance: largest relative difference to it, or to a plain reference.
        undefined: when the number is NaN.
        version: raised when the formula changes.
    """

    name: str
    family: str
    formula: str
    inputs: str
    unit: str
    sign: str
    annualised: str
    ddof: int | None
    equals: str
    tolerance: float
    undefined: str
    version: int


_CARDS = MappingProxyType({row[0]: Card(row[0], family, *row[1:]) for family in FAMILIES for row in ROWS[family]})


def cards() -> Mapping[str, Card]:
    """Every card by name, in the order of the reports."""
    return _CARDS


def definitions_version() -> str:
    """Digest of every card and of every library variant: 16 hex characters."""
    digest = hashlib.sha256()
    for card in _CARDS.values():
        digest.update(repr(astuple(card)).encode())
    digest.update(repr(sorted(FORMULAS.items())).encode())
    digest.update(repr(sorted((name, sorted(table.items())) for name, table in REPLACED.items())).encode())
    return digest.hexdigest()[:16]


def explain(name: str, convention: str = "polyfolio") -> str:
    """A card as text, with the formula of another library where `convention` replaces ours.

    Raises:
        KeyError: for a name without a card.
    """
    card = _CARDS[name]
    annual = {"N": "by N = periods a year", "Y": "by Y = elapsed years"}.get(card.annualised, "no")
    lines = [
        f"{card.name} (version {card.version})",
        f"  formula     {card.formula}",
        f"  inputs      {card.inputs}",
        f"  unit        {card.unit}, {card.sign}",
        f"  annualised  {annual}",
        f"  ddof        {'none' if card.ddof is None else card.ddof}",
        f"  equals      {card.equals or 'a plain reference'}, to {card.tolerance:g} relative",
        f"  undefined   NaN when {card.undefined}",
    ]
    variant = REPLACED.get(convention, {}).get(name)
    if variant is not None:
        formula = FORMULAS[variant] if variant in FORMULAS else _CARDS[variant].formula
        lines.append(f"  {convention:<11} prints {variant}: {formula}")
    return "\n".join(lines)
