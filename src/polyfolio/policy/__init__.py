"""Sealed policies: what a training leaves behind, in one file that runs without the library that learned it."""
