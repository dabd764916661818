"""What other libraries expect of an environment, each in a module of its own."""
