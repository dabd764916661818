"""Measures, results, saved runs, and how they are shown."""
