"""What a column depends on, as digests."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from polyfolio.core.tape import Tape
from polyfolio.features import library
from polyfolio.features.base import Feature
from polyfolio.features.learned import Learned
from polyfolio.features.talib import Talib

_FOLDER = Path(__file__).resolve().parent


@cache
def package_digest() -> str:
    """Digest of the sources of this package's features."""
    digest = hashlib.sha256()
    for path in sorted(_FOLDER.rglob("*.py")):
        digest.update(path.relative_to(_FOLDER).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()


def key_of(feature: Feature, dtype: str) -> str:
    """Digest of a feature: class, arguments, what was learned, sources, TA-Lib's version, number type."""
    parts = parts_of(feature)
    kinds = {type(part) for part in parts}
    sources = sorted(source_of(kind) for kind in kinds)
    calls = library.version() if any(issubclass(kind, Talib) for kind in kinds) else ""
    names = sorted(f"{kind.__module__}.{kind.__qualname__}" for kind in kinds)
    learned = [part.digest() for part in parts if isinstance(part, Learned)]
    text = repr((names, repr(feature), learned, sources, calls, dtype))
    return hashlib.sha256(text.encode()).hexdigest()


def joined(tape: Tape, keys: Sequence[str]) -> str:
    """Digest of columns: the tape and each feature's."""
    return hashlib.sha256("\n".join([tape.digest(), *keys]).encode()).hexdigest()


def parts_of(feature: Feature | Learned) -> list[Feature | Learned]:
    """The feature, and the features and estimators it is made of."""
    inner = [value for value in feature.params().values() if isinstance(value, Feature | Learned)]
    return [feature, *(part for one in inner for part in parts_of(one))]


def source_of(kind: type[Any]) -> str:
    """Digest of what a class does: this package's sources, or the file that holds it."""
    if kind.__module__.startswith("polyfolio.features."):
        return package_digest()
    try:
        file = inspect.getsourcefile(kind)
    except TypeError:
        file = None
    return hashlib.sha256(Path(file).read_bytes()).hexdigest() if file and Path(file).is_file() else kind.__module__
