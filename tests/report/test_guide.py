"""The guide to reports runs as it stands."""

from __future__ import annotations

import re

from tests.house.sources import ROOT


def test_the_python_blocks_of_the_guide_run_in_their_order() -> None:
    text = (ROOT / "docs" / "how-to" / "read-a-report.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 3
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, "read-a-report.md", "exec"), names)
    assert "Checked by hand" in str(names["text"])
