"""The page of one lane of a run, a file for each question."""
