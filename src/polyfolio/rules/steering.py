"""What an environment makes of its lanes before they are checked: agents by profile, weights that are said, rewards."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from polyfolio.core.codes import Act, Reward, Sizing
from polyfolio.rules.environment import ProfilesSection
from polyfolio.rules.fields import Section
from polyfolio.rules.presets import merge
from polyfolio.rules.profiles import WEIGHTS, lanes_of

# An agent of these kinds says the weights themselves; nothing is left for a sizing method to size.
SAID = (Act.WEIGHTS, Act.CHANGES)


def with_lanes(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The data of a run with the lanes that `environment.profiles` asks for; both at once are left to be refused."""
    environment = as_data(data.get("environment"))
    if not isinstance(environment, Mapping) or "lanes" in data:
        return data
    profiles = environment.get("profiles")
    if not isinstance(profiles, Mapping):
        return data
    try:
        counts = ProfilesSection.model_validate(profiles)
    except ValidationError:  # stays in the data and is refused there, by its path; missing lanes are no second fault
        return {**data, "lanes": lanes_of(ProfilesSection())}
    return {**data, "environment": {**environment, "profiles": None}, "lanes": lanes_of(counts)}


def steered(data: Mapping[str, Any]) -> Mapping[str, Any]:
    """The data of a run with each lane as its agent needs it: sizing by weights, a reward of its own completed."""
    environment, lanes = as_data(data.get("environment")), data.get("lanes")
    if not isinstance(environment, Mapping) or not isinstance(lanes, list | tuple):
        return data
    return {**data, "lanes": [_steered(as_data(lane), environment) for lane in lanes]}


def as_data(value: Any) -> Any:
    """A section as what was said in it; anything else as it is."""
    return value.model_dump(exclude_unset=True) if isinstance(value, Section) else value


def _steered(lane: Any, environment: Mapping[str, Any]) -> Any:
    if not isinstance(lane, Mapping):
        return lane
    result = dict(lane)
    sizing = as_data(lane.get("sizing", {}))
    if lane.get("strategy") is None and isinstance(sizing, Mapping):
        # Of trade signals `hold` is no opinion: what is held takes its part of the book when a purchase is sized.
        own = {"method": Sizing.WEIGHTS.name.lower()} if _says_weights(environment) else {}
        result["sizing"] = {"hold_counts": True, **sizing} if not own else {**sizing, **own}
    own, profile = as_data(lane.get("reward")), lane.get("profile")
    weights = WEIGHTS.get(profile) if isinstance(profile, str) else None
    shared = as_data(environment.get("reward", {}))
    if isinstance(shared, Mapping) and (isinstance(own, Mapping) or (own is None and weights)):
        base = merge(shared, {"weights": weights}) if weights else shared
        result["reward"] = _paid(base, own or {})
    return result


def _paid(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """A lane's reward over the environment's; the function of type custom does not follow to another type."""
    function = {} if own.get("type") in (None, "custom", Reward.CUSTOM) else {"custom": None}
    return merge(base, {**function, **own})


def _says_weights(environment: Mapping[str, Any]) -> bool:
    action = as_data(environment.get("action", {}))
    kind = action.get("kind", Act.WEIGHTS) if isinstance(action, Mapping) else None
    return kind in SAID if isinstance(kind, Act) else kind in [word.name.lower() for word in SAID]
