"""Synthetic markets: models fitted to a tape that make new tapes, and how these compare with the original."""
