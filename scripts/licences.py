"""Check the licences of what is installed beside this interpreter: MIT, BSD, Apache-2.0 and their equals.

    python scripts/licences.py

Reads the metadata of each distribution. Anything else fails unless it is named below with its reason.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable
from importlib.metadata import Distribution, distributions

# Licences that ask for attribution at most, as SPDX names, classifiers and free text write them.
ALLOWED = re.compile(
    r"(the )?("
    r"0bsd|apache([- ]software)?[- ]?(licen[sc]e)?,?( version)?[- ]?v?(2(\.0)?)?|apache-2\.0 with llvm-exception"
    r"|(new |modified )?bsd([- ][23][- ]clause|-3)?( licen[sc]e)?|[23][- ]clause bsd( licen[sc]e)?|bsl-1\.0"
    r"|cc0-1\.0|hpnd|simplified bsd|isc( licen[sc]e)?( \(iscl\))?|mit(-0|-cmu)?( licen[sc]e)?|ncsa"
    r"|university of illinois/ncsa open source licen[sc]e"
    r"|psf-2\.0|python-2\.0|python software foundation licen[sc]e|unlicense( \(unlicense\))?|zlib(/libpng licen[sc]e)?"
    r")",
    re.IGNORECASE,
)
# Accepted by name, each with the reason. The names are normalised: lower case, dashes.
INDIRECT = "MPL-2.0: file-level copyleft, unmodified, reached through other packages only"
EXCEPTIONS = {
    "psycopg": "LGPL-3.0: `live` only, when a PostgreSQL address is configured; unmodified, one module",
    "psycopg-binary": "LGPL-3.0: as psycopg",
    "psycopg-pool": "LGPL-3.0: as psycopg",
    "certifi": INDIRECT,
    "tqdm": INDIRECT,
    "orjson": INDIRECT,
    "hypothesis": "MPL-2.0: tests only, not shipped",
    "pathspec": "MPL-2.0: development only, not shipped",
    "ta-lib": "BSD by its licence file; the metadata names no licence",
    "peewee": "MIT by its licence file; the metadata names no licence",
    "huey": "MIT by its licence file; the metadata names no licence",
    "skops": "MIT by its licence file; the metadata is vague",
}


def normalised(name: str) -> str:
    """The form in which names of distributions are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def expression_is_allowed(expression: str) -> bool:
    """Whether every part of an SPDX expression, or one side of each OR, is allowed."""
    return all(
        any(ALLOWED.fullmatch(choice.strip(" ()")) for choice in re.split(r"\s+OR\s+", part))
        for part in re.split(r"\s+AND\s+", expression)
    )


def licence_of(distribution: Distribution) -> tuple[str, bool]:
    """What the metadata calls the licence, and whether that is allowed."""
    metadata = distribution.metadata
    expression = metadata.get("License-Expression")
    if expression:
        return expression, expression_is_allowed(expression)
    classifiers = [
        text.split(" :: ")[-1]
        for text in metadata.get_all("Classifier") or []
        if text.startswith("License ::") and not text.lower().endswith(" approved")
    ]
    if classifiers:
        return ", ".join(classifiers), all(ALLOWED.fullmatch(text) for text in classifiers)
    text = (metadata.get("License") or "").strip()
    first = text.splitlines()[0] if text else ""
    return first or "none named", bool(first) and expression_is_allowed(first)


def refused(found: Iterable[Distribution]) -> list[str]:
    """One line for each distribution whose licence is neither allowed nor named."""
    lines = set()
    for distribution in found:
        name = normalised(distribution.metadata["Name"] or "")
        text, allowed = licence_of(distribution)
        if name and not allowed and name not in EXCEPTIONS:
            lines.add(f"{name}: {text}")
    return sorted(lines)


def main() -> int:
    """Print what is refused; exit code 1 if anything is."""
    lines = refused(distributions())
    for line in lines:
        print(f"licence neither allowed nor named in scripts/licences.py: {line}")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
