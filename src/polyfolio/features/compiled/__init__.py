"""Compiled parts of features. Each file stands alone: Numba keeps what it compiled until the file itself changes."""
