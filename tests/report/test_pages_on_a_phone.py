"""Pages on a narrow screen: nothing covers a plot, no long word widens the page, no link leads to a library's maker."""

from __future__ import annotations

import json
import re

from polyfolio.envs.render import record_episode
from polyfolio.envs.single import MultiTickerRLEnvironment
from polyfolio.market.synthetic.teaching import TeachingTask
from polyfolio.report.episode_page import page
from polyfolio.testing.audit_report import AuditReport


def test_no_toolbar_covers_the_plots_of_an_episode() -> None:
    config = {"name": "phone", "lanes": [{"name": "agent"}], "environment": {"observation": {"technical": None}}}
    env = MultiTickerRLEnvironment(config, tape=TeachingTask().sample(60))
    text = page(record_episode(env, seed=0, steps=5))
    settings = [json.loads(found) for found in re.findall(r'(\{"responsive"[^}]*\})', text)]
    assert "h1, p { overflow-wrap: anywhere }" in text
    assert len(settings) == 6
    assert all(one["displayModeBar"] is False for one in settings)


def test_the_page_of_an_audit_breaks_long_words() -> None:
    text = AuditReport("a_module_with_a_long_name.and_another:subject", 0, (), {}).page()
    assert "h1, p, td + td + td { overflow-wrap: anywhere; }" in text
