"""Every rule of the sandbox stands in docs/platform.md as the way to make it differ, and none that is not there."""

from __future__ import annotations

import re

from bot.sandbox.config import Rules
from tests.docs.pages import read


def test_the_conventions_name_every_rule_of_the_sandbox() -> None:
    rows = re.findall(r"^\|.*\|$", read("docs/platform.md").partition("\n## Conventions\n")[2], re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`rules\.(\w+)`", row.split("|")[3])]
    assert sorted(named) == sorted(Rules.model_fields)
