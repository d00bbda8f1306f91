"""docs/rights.md shows the table of `content.rights`."""

from __future__ import annotations

import re

from content.rights import PERMITTED, USUAL_SCOPE, Role, Scope
from tests.docs.pages import read

PAGE = read("docs/rights.md")


def test_the_page_shows_what_each_role_may_and_how_far_it_sees() -> None:
    rows = re.findall(r"^\| `(\w+)` \| ((?:`[\w.]+` ?)+)\| `(\w+)` \|$", PAGE, re.MULTILINE)
    shown = {role: (set(re.findall(r"`([\w.]+)`", words)), scope) for role, words, scope in rows}
    assert shown == {str(role): ({str(p) for p in PERMITTED[role]}, str(USUAL_SCOPE[role])) for role in Role}


def test_the_page_says_what_each_scope_sees() -> None:
    section = PAGE.partition("| scope | sees |")[2]
    assert re.findall(r"^\| `(\w+)` \|", section, re.MULTILINE) == [str(scope) for scope in Scope]
