"""How an error looks on a terminal."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from polyfolio.errors import ConfigError, DataError, PolyfolioError, RetryError, StopTrading

KINDS: dict[type[PolyfolioError], str] = {
    ConfigError: "configuration",
    DataError: "data",
    RetryError: "try again",
    StopTrading: "stop trading",
}
LONGEST_VALUE = 200


def show(error: PolyfolioError) -> None:
    """Field, value, bound and remedy on stderr, in red where stderr shows colours."""
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    console.print(message(error))


def say(text: str) -> None:
    """A sentence on stderr that is no error."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(Text(text))


def message(error: PolyfolioError) -> Text:
    """The four parts, a line each."""
    value = repr(error.value)
    shown = value if len(value) <= LONGEST_VALUE else value[:LONGEST_VALUE] + "..."
    out = Text()
    out.append(f"Error ({KINDS.get(type(error), 'polyfolio')}): {error.field}", style="bold red")
    out.append(f"\n  found    {shown}", style="red")
    out.append(f"\n  must be  {error.bound}", style="red")
    out.append(f"\n  remedy   {error.remedy.replace(chr(10), chr(10) + '           ')}")
    return out
