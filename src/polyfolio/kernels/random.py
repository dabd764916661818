"""Random numbers that are counted, not drawn: the same key and counter give the same number in any order or batch.

Philox 4x32-10 (Salmon et al., 2011, "Parallel random numbers: as easy as 1, 2, 3").

All words are 32 bits in signed 64-bit integers: the low 64 bits of a product are the same signed or not, and Python
without compilation gives the same words.
"""

from __future__ import annotations

import math

from polyfolio.kernels.compile import kernel

_WORD = 0xFFFFFFFF
_FIRST, _SECOND = 0xD2511F53, 0xCD9E8D57  # the multipliers
_GOLDEN, _ROOT = 0x9E3779B9, 0xBB67AE85  # what the key grows by each round
_ROUNDS = 10


@kernel
def philox(one: int, two: int, three: int, four: int, low: int, high: int) -> tuple[int, int, int, int]:
    """Ten rounds over a counter of four words with a key of two."""
    for _ in range(_ROUNDS):
        a = _FIRST * one
        b = _SECOND * three
        one, two, three, four = (
            ((b >> 32) & _WORD) ^ two ^ low,
            b & _WORD,
            ((a >> 32) & _WORD) ^ four ^ high,
            a & _WORD,
        )
        low = (low + _GOLDEN) & _WORD
        high = (high + _ROOT) & _WORD
    return one, two, three, four


@kernel
def uniform(seed: int, episode: int, purpose: int, number: int) -> float:
    """A number in [0, 1) with 53 random bits, for one purpose of one episode."""
    one, two, _, _ = philox(
        number & _WORD, purpose & _WORD, episode & _WORD, (episode >> 32) & _WORD, seed & _WORD, (seed >> 32) & _WORD
    )
    return ((one >> 5) * 67108864.0 + (two >> 6)) / 9007199254740992.0


@kernel
def between(low: float, high: float, share: float) -> float:
    """Evenly on a logarithmic scale from low to high; a low of 0 is even on the plain one."""
    if low == high:
        return low
    return low * math.exp(share * math.log(high / low)) if low > 0.0 else low + share * (high - low)
