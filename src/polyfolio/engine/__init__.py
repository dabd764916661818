"""The engine: a plan and a tape, walked row by row."""
