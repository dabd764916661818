"""What an agent sees: the section `environment.observation`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Literal, Self

from pydantic import JsonValue, model_validator

from polyfolio.rules.fields import BARS, FROZEN_LIST, Section, key
from polyfolio.rules.problems import Problem, refuse


class NormaliseSection(Section):
    """How what the tape shows is brought to one scale; learned on the rows of the split `train` alone."""

    method: Literal["none", "standard", "robust", "rolling", "rank"] = key(
        "standard", "The normaliser.", example="rolling", record="", used="panel"
    )
    window: int = key(
        252, "Trailing rows of `rolling` and `rank`.", unit=BARS, example=20, ge=2, le=100_000, record="", used="panel"
    )


class RegimeSection(Section):
    """A regime whose probabilities are observed; it learns on the rows of the split `train` alone."""

    name: str = key(..., "Registered name.", example="hidden_markov", min_length=1, record="", used="panel")
    params: dict[str, JsonValue] = key(
        {}, "Keyword arguments of its constructor.", example={"count": 2}, record="", used="panel"
    )


class ObservationSection(Section):
    """What the agent sees at a row's close."""

    portfolio: bool = key(
        True, "Cash, gross, net, wealth, drawdown, last return and cost.", example=False, record="", used="observe"
    )
    positions: bool = key(
        True, "Per slot: weight, profit, barred, working order.", example=False, record="", used="observe"
    )
    market: bool = key(
        True,
        "Per slot: returns of open, high, low, close, relative volume, spread.",
        example=False,
        record="",
        used="panel",
    )
    technical: Annotated[str | tuple[JsonValue, ...] | None, FROZEN_LIST] = key(
        "basic",
        "Features per slot: the name of a set (basic, sixty, wealth200), a list of features, or null for none.",
        example=["rsi", {"name": "sma", "period": 20}],
        record="",
        used="panel",
    )
    risk: bool = key(
        False,
        "Volatility, VaR, largest correlation and leverage of the book held.",
        example=True,
        record="",
        used="observe",
    )
    time: bool = key(
        True, "Time of day, day of week, month of year, as sine and cosine.", example=False, record="", used="panel"
    )
    regime: RegimeSection | None = key(
        None, "A regime's probabilities; null for none.", example={"name": "trend"}, record="", used="panel"
    )
    episode: bool = key(False, "Part of the episode done, and left.", example=True, record="", used="observe")
    others: bool = key(False, "Per slot: the summed exposure of all agents.", example=True, record="", used="observe")
    layout: Literal["flat", "dict", "matrix"] = key(
        "flat", "One vector, a dict of blocks, or a row per slot.", example="dict", record="", used="envs"
    )
    window: int = key(
        1, "Rows stacked, the newest last.", unit=BARS, example=20, ge=1, le=10_000, record="", used="observe"
    )
    normalise: NormaliseSection = key(
        NormaliseSection(), "Scale of what the tape shows.", example={"method": "robust"}, record="", used="panel"
    )
    clip: float = key(
        10.0, "Every number is cut to -clip..clip.", example=5.0, gt=0.0, le=1e6, record="", used="panel, observe"
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        refuse(self._contradictions())
        return self

    def _contradictions(self) -> Iterator[Problem]:
        blocks = (self.portfolio, self.positions, self.market, self.technical is not None, self.risk, self.time)
        if not any((*blocks, self.regime is not None, self.episode, self.others)):
            yield Problem(("portfolio",), False, "true where every other block is off", "Switch a block on.")
        listed = self.technical if isinstance(self.technical, tuple) else ()
        for index, item in enumerate(listed):
            named = item.get("name") if isinstance(item, Mapping) else item
            if not isinstance(named, str) or not named:
                yield Problem(
                    ("technical", index),
                    item,
                    "a feature's name, or a map with its name and arguments",
                    "Write rsi, or {name: sma, period: 20}.",
                )
        if self.technical is not None and not self.technical:
            yield Problem(("technical",), self.technical, "a set, a list of features, or null", "Write null for none.")
