"""Aggregators: several strategies' signals become one. `base` holds the contract, each other file one rule."""
