"""The metrics of a stored series under a convention."""

from __future__ import annotations

from polyfolio.report.metrics import Benchmark, Convention, Metrics, metrics_from_returns
from tests.kernels.measures.tools import series


def reference(convention="polyfolio", n_year=252.0, name="f1", **settings) -> Metrics:
    returns, benchmark, times = series(name)
    return metrics_from_returns(
        returns, times, Convention(convention, n_year, **settings), Benchmark(benchmark, times[1:])
    )
