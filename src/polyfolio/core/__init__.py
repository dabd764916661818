"""Codes, records, the tape, the book and the journal: the shapes every other package speaks of."""
