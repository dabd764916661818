"""Numbers as they stand in sentences."""

from __future__ import annotations


def percent(share: float) -> str:
    """`+12.3 %`, below one percent `+0.12 %`."""
    digits = 1 if abs(share) >= 0.00995 or share == 0.0 else 2
    return f"{share * 100.0:+,.{digits}f} %"


def size(share: float) -> str:
    """The same without its sign, for what is lost or fallen."""
    return percent(share).lstrip("+-")


def times_costs(multiple: float) -> str:
    """`without costs`, `at its own costs`, `at twice its costs`, `at 5 times its costs`."""
    named = {0.0: "without costs", 1.0: "at its own costs", 2.0: "at twice its costs"}
    return named.get(multiple, f"at {multiple:g} times its costs")


def part(share: float) -> str:
    """A share without a sign: `62 %`."""
    return f"{share * 100.0:.0f} %"


def amount(value: float, currency: str) -> str:
    """Money in round figures: `1.2 million USD`."""
    for size, word in ((1e9, " billion"), (1e6, " million")):
        if abs(value) >= size:
            return f"{value / size:,.3g}{word} {currency}"
    return f"{value:,.0f} {currency}"


def plural(number: int, word: str) -> str:
    """`1 trade`, `3 trades`."""
    return f"{number:,} {word}{'' if number == 1 else 's'}"


def years(value: float) -> str:
    """A span: years, or months below one."""
    if value >= 1.0:
        return f"{value:.1f} years"
    months = value * 12.0
    return f"{months:.0f} months" if months >= 2.0 else f"{value * 365.25:.0f} days"
