"""Environments: Gymnasium's single and vector interface, several agents, adapters. Importing it registers the ids."""

from __future__ import annotations

import warnings

# Gymnasium changes the filters of warnings when it is imported; they are the user's.
with warnings.catch_warnings():
    from polyfolio.envs.registration import register_ids

register_ids()
