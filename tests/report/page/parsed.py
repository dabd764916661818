"""Pages taken apart for tests."""

from __future__ import annotations

import base64
import gzip
import json
import re
from html.parser import HTMLParser
from typing import Any

VOID = {"meta", "link", "br", "img", "input", "hr"}


class Outline(HTMLParser):
    """Tags with their attributes and text; `open` holds what was not closed."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open[-1] == tag, f"</{tag}> closes <{self.open[-1]}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] not in ("script", "style"):
            self.words.append(data)


def outline(text: str) -> Outline:
    """A page's outline; every tag is closed."""
    found = Outline()
    found.feed(text)
    found.close()
    assert not found.open
    return found


def ids(text: str) -> list[str]:
    """Every id of a page in order."""
    return [str(attributes["id"]) for _, attributes in outline(text).tags if "id" in attributes]


def cells(text: str, name: str) -> list[list[str]]:
    """Words of a table's rows, heading first; those that are packed are not among them."""
    table = re.search(rf'<table class="[a-z ]*" id="{re.escape(name)}"[^>]*>(.*?)</table>', text, re.DOTALL)
    assert table is not None, name
    rows = re.findall(r"<tr>(.*?)</tr>", table[1])
    return [[re.sub(r"<[^>]+>", "", cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows]


def packed(text: str, name: str) -> str:
    """A packed script of a page, unpacked."""
    found = re.search(rf'<script type="application/octet-stream" id="{re.escape(name)}">([^<]*)</script>', text)
    assert found is not None, name
    return gzip.decompress(base64.b64decode(found[1])).decode("utf-8")


def figures(text: str) -> dict[str, Any]:
    """What the page's script draws."""
    found: dict[str, Any] = json.loads(packed(text, "figures"))
    return found
