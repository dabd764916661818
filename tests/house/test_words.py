"""The repository speaks of itself alone: no paths of a machine, no registry hosts, no unpublished papers."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.house.sources import ROOT, tracked_files

# Written so that this file does not match itself.
EVERYWHERE = {
    "a path of one machine": r"(?<![A-Za-z0-9.~$}*])/(?:w[o]rk|f[a]rm|r[o]ot|h[o]me|o[p]t|U[s]ers)/",
    "a host of a package registry": r"py[p]i\.org|python[h]osted\.org|anaconda\.[o]rg|download\.py[t]orch\.org",
    "an internal number": r"\b[i]ssue #?\d",
}
OUTSIDE_TESTS = {
    "a folder beside the repository": r"\.\./s[h]ared",
    "an unpublished paper": (
        r"\b[Ss]eed [A-E]\b|"
        r"\b(?:DESIGN|KERNELS|KEYS|ORACLES|PITFALLS|GUARANTEES|FEATURES|DEPENDENCIES|STYLE)\.md"
    ),
}
WORDS_OF_PRAISE = r"\b(?:p[o]werful|compr[e]hensive|s[e]amless|cutting[-]edge|state[-]of[-]the[-]art|bl[a]zing)\b"
BINARY = {".parquet", ".npz", ".npy", ".png", ".gz", ".zip", ".bin"}


def text_of(path: Path) -> str:
    """The text of a file; empty for data in a binary format."""
    return "" if path.suffix in BINARY else path.read_text(encoding="utf-8")


def hits(text: str, patterns: dict[str, str]) -> list[str]:
    """Line number and meaning of each match."""
    return [
        f"{number}: {what}: {line.strip()[:100]}"
        for number, line in enumerate(text.splitlines(), 1)
        for what, pattern in patterns.items()
        if re.search(pattern, line)
    ]


def test_no_tracked_file_names_a_machine_or_an_unpublished_paper() -> None:
    found = []
    for path in tracked_files():
        name = path.relative_to(ROOT).as_posix()
        patterns = EVERYWHERE if name.startswith("tests/") else EVERYWHERE | OUTSIDE_TESTS
        found += [f"{name}:{hit}" for hit in hits(text_of(path), patterns)]
    assert not found, "\n".join(found)


def test_the_documents_do_without_praise() -> None:
    found = [
        f"{path.relative_to(ROOT).as_posix()}:{hit}"
        for path in tracked_files()
        if path.suffix in (".md", ".py")
        for hit in hits(text_of(path), {"praise": WORDS_OF_PRAISE})
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize(
    "line",
    [
        "see /ho" + "me/me/x",
        "url = 'https://py" + "pi.org/simple'",
        "as is" + "sue 2 says",
        "in ORA" + "CLES.md",
        "see" + "d B asks",
    ],
)
def test_each_kind_is_found(line: str) -> None:
    assert hits(line, EVERYWHERE | OUTSIDE_TESTS)


@pytest.mark.parametrize("line", ["issues/12", "~/" + "opt/x", "https://example.org/home/", "seed = 5", "network/"])
def test_harmless_lines_pass(line: str) -> None:
    assert not hits(line, EVERYWHERE | OUTSIDE_TESTS)
