"""Strategies: what says a signal per slot and row. `base` holds the contract, each other file one rule."""
