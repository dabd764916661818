"""Checkers for what users write: the proofs that run over our own features, strategies and sources."""

from polyfolio.testing.leaks import check_leaks, find_leaks
from polyfolio.testing.report import Leak, Report

__all__ = ["Leak", "Report", "check_leaks", "find_leaks"]
