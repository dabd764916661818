"""Learning: algorithms, checkpoints, tracking, search, evaluation."""
