"""What a sealed policy says of itself: the world it was made for, where it learned, how it was learned."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, JsonValue

from polyfolio.errors import ConfigError, DataError
from polyfolio.policy.archive import AGAIN
from polyfolio.policy.network import Numbers
from polyfolio.rules.load import load
from polyfolio.rules.problems import build
from polyfolio.rules.spec import Spec

FORMAT = 1
Part = TypeVar("Part", bound=BaseModel)


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class Market(_Strict):
    """What a tape must have in common with the one of the training.

    Attributes:
        symbols: in slot order.
        currencies: of each slot, empty where the tape names none.
        base_currency: of the accounts.
        calendar: name of the calendar.
        bars_per_year: closings in a year, None where unknown.
        interval: usual length of a bar, nanoseconds.
    """

    symbols: tuple[str, ...]
    currencies: tuple[str, ...]
    base_currency: str
    calendar: str
    bars_per_year: float | None
    interval: int


class Learned(_Strict):
    """The rows that were learned from.

    Attributes:
        tape: digest of the whole tape.
        first: first row of the split `train`.
        last: the row after its last one.
        start: time of the first, ISO 8601.
        end: time of the last.
    """

    tape: str
    first: int
    last: int
    start: str
    end: str


class World(_Strict):
    """What a network was trained in, and needs around it to be the same again.

    Attributes:
        spec: the configuration with one lane, without its tape and training: rules, actions, observations.
        names: name of each number of the flat observation.
        low: per number of a Box action, else empty.
        high: the same.
        choices: choices of each number of a Discrete or MultiDiscrete action, else empty.
        single: True for Discrete.
        market: what a tape must have in common.
        panel: digest of the panel's recipe.
        learned: the rows that were learned from.
    """

    spec: dict[str, JsonValue]
    names: tuple[str, ...]
    low: tuple[float, ...] = ()
    high: tuple[float, ...] = ()
    choices: tuple[int, ...] = ()
    single: bool = False
    market: Market
    panel: str
    learned: Learned

    @property
    def numbers(self) -> Numbers:
        """How an action is written."""
        return Numbers(self.low, self.high, self.choices, self.single)

    def configuration(self) -> Spec:
        """The configuration as a Spec.

        Raises:
            DataError: it was written by a version with other keys.
        """
        try:
            return load(self.spec)
        except ConfigError as error:
            remedy = "Use the version it was sealed with, or train again."
            raise DataError(f"policy: spec.{error.field}", error.value, error.bound, remedy) from error


class Lineage(_Strict):
    """How it was learned.

    Attributes:
        algorithm: "ppo", "a2c", "sac", or another word.
        seed: of the training.
        steps: decisions it had learned from.
        config: sha256 of the training's configuration.
        versions: of the packages it was learned with.
        parent: id of the run it came from, or of the policy it continues; "" for none.
    """

    algorithm: str
    seed: int
    steps: int
    config: str
    versions: dict[str, str]
    parent: str = ""


class Member(_Strict):
    """A policy inside an ensemble: its digest, and its share of the decision."""

    digest: str
    share: float


class Rule(_Strict):
    """A registered strategy that decides with a policy.

    Attributes:
        name: registered name.
        params: keyword arguments of its constructor.
        how: "blend": share of the rule, the rest of the policy; "agree": the policy's signal where the rule's has the
            same sign, else flat.
        share: the rule's part, for `blend`.
    """

    name: str
    params: dict[str, JsonValue]
    how: Literal["blend", "agree"]
    share: float


class Manifest(_Strict):
    """The first page of a sealed policy.

    Attributes:
        format: version of this form.
        kind: "network", or "ensemble", whose members stand in the same file.
        name: for people.
        world: what it was trained in.
        state: sha256 of panel.json.
        kernels: digest of the kernels it was sealed with.
        lineage: how it was learned; None for an ensemble, whose members have theirs.
        validation: what it reached on the split `validation`, None where unknown.
        vote: how members' actions become one: "mean", "vote", or "weighted"; "" for a network.
        members: of an ensemble.
        rule: a strategy that decides with it.
    """

    format: int = FORMAT
    kind: Literal["network", "ensemble"]
    name: str
    world: World
    state: str
    kernels: str
    lineage: Lineage | None = None
    validation: float | None = None
    vote: Literal["", "mean", "vote", "weighted"] = ""
    members: tuple[Member, ...] = ()
    rule: Rule | None = None


def text_of(part: BaseModel | Mapping[str, Any]) -> bytes:
    """JSON with sorted keys: equal parts have equal bytes.

    Raises:
        DataError: a number that is not finite.
    """
    data = part.model_dump(mode="json") if isinstance(part, BaseModel) else part
    try:
        return (json.dumps(data, sort_keys=True, indent=1, allow_nan=False) + "\n").encode()
    except ValueError as error:
        raise DataError(
            "policy", str(error), "finite numbers", "The training diverged: seal an earlier policy."
        ) from error


def part_of(model: type[Part], content: bytes, field: str) -> Part:
    """A part from its JSON.

    Raises:
        DataError: another format's, or not what this format has.
    """
    try:
        data = json.loads(content)
    except ValueError as error:
        raise DataError(field, str(error), "JSON", AGAIN) from error
    found = data.get("format") if isinstance(data, dict) else None
    if model is Manifest and found != FORMAT:
        remedy = "Read it with the version of this package that sealed it, or export it again with this one."
        raise DataError(f"{field}: format", found, f"{FORMAT}, which this version reads", remedy)
    try:
        return build(model, data)
    except ConfigError as error:
        raise DataError(f"{field}: {error.field}", error.value, error.bound, AGAIN) from error
