"""Features: columns of numbers computed from a tape, alike in batch and row by row."""
