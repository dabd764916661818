"""Configuration: strict models, their compilation to a plan, and what can be named in them."""
