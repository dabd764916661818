"""One tree of errors, sorted by what the caller must do: fix the config, fix the data, retry, or stop trading.

Every message has three parts: which field, what it was and what it must be, what to do.
"""

from __future__ import annotations


class PolyfolioError(Exception):
    """Root of every error this package raises on purpose.

    Args:
        field: the key, column or argument at fault.
        value: what was found.
        bound: what it must be.
        remedy: what to do about it.
    """

    def __init__(self, field: str, value: object, bound: str, remedy: str) -> None:
        self.field, self.value, self.bound, self.remedy = field, value, bound, remedy
        super().__init__(f"{field}: got {value!r}, must be {bound}. {remedy}")

    def __reduce__(self) -> tuple[type[PolyfolioError], tuple[str, object, str, str]]:
        return type(self), (self.field, self.value, self.bound, self.remedy)


class ConfigError(PolyfolioError):
    """The configuration is wrong: correct the named key."""


class DataError(PolyfolioError):
    """The data are wrong: correct the named column, row or symbol."""


class RetryError(PolyfolioError):
    """Something outside failed and may work later: disk, network, a busy resource."""


class StopTrading(PolyfolioError):
    """The books or the limits do not hold: stop and look."""
