"""How the members of an ensemble become one action."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from polyfolio.core.types import Floats
from polyfolio.policy.network import Numbers

Single = npt.NDArray[np.float32]


def combined(vote: str, raws: Sequence[Single], shares: Sequence[float], numbers: Numbers) -> npt.NDArray[np.generic]:
    """One action per row from what each member's graph wrote.

    Box: "mean" and "weighted" are the mean by shares; "vote" is the median by shares, the lowest number at which half
    of them is reached. Choices: "mean" and "weighted" take the choice of the largest mean probability; "vote" the
    choice of the largest share. The first of equals wins.

    Args:
        vote: the word.
        raws: float32[n, numbers] of each member.
        shares: of each member, summing to 1.
        numbers: how an action is written.
    """
    stacked, parts = np.stack([np.asarray(raw, dtype=np.float64) for raw in raws]), np.asarray(shares, dtype=np.float64)
    if not numbers.choices:
        if vote == "vote":
            return median(stacked, parts).astype(np.float32)
        return weighted(stacked, parts).astype(np.float32)
    edges, picked = np.cumsum((0, *numbers.choices)), []
    for first, last in pairwise(edges):
        said = likelihoods(stacked[:, :, first:last])
        if vote == "vote":
            said = (np.arange(last - first) == said.argmax(axis=2)[:, :, None]).astype(np.float64)
        picked.append(weighted(said, parts).argmax(axis=1))
    actions = np.stack(picked, axis=1).astype(np.int64)
    return actions[:, 0] if numbers.single else actions


def weighted(stacked: Floats, shares: Floats) -> Floats:
    """Mean over members, added in their order, so that the bits do not depend on how many rows there are."""
    total = np.zeros(stacked.shape[1:])
    for values, share in zip(stacked, shares, strict=True):
        total += share * values
    return total


def median(stacked: Floats, shares: Floats) -> Floats:
    """The lowest value at which half of the shares is reached."""
    order = np.argsort(stacked, axis=0, kind="stable")
    reached = np.cumsum(shares[order], axis=0) >= 0.5 * shares.sum() * (1.0 - 1e-12)
    at = np.take_along_axis(order, reached.argmax(axis=0)[None], axis=0)
    return np.asarray(np.take_along_axis(stacked, at, axis=0)[0])


def likelihoods(logits: Floats) -> Floats:
    """Probabilities of choices, along the last axis."""
    grown = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(grown / grown.sum(axis=-1, keepdims=True))
