"""What was run, kept in a database beside the results."""
