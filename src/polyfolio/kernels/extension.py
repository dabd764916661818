"""Where third parties' compiled stages enter: a generated copy of this file calls them by their codes.

The copy is written beside the compiled kernels, so that Numba's disk cache works as for our own stages; closures
over stages would defeat it.
"""

from __future__ import annotations

from typing import Any

from polyfolio.kernels.compile import kernel


@kernel
def extension_stage(code: int, want: Any, lane: Any, bar: Any, risk: Any) -> None:
    """Run the third-party stage with this code on `want`; none is installed here."""
