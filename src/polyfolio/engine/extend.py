"""Third parties' stages: compiled ones through a generated dispatch, plain Python ones bar by bar."""

from __future__ import annotations

from typing import Any

from polyfolio.kernels.walk import walk


def walk_for(names: tuple[str, ...]) -> tuple[Any, tuple[int, ...]]:
    return walk, ()


def decide_in_python(engine: Any, row: int) -> None:
    raise NotImplementedError
