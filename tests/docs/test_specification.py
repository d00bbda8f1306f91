"""The project's copies of the specification, and its words."""

from __future__ import annotations

import re

import pytest

from storage.tables.delivery import DeliveryState
from storage.tables.work import ReplyState
from tests.docs.pages import ROOT, read

SHARED = ROOT.parent / "shared"
NOTES = "\n## Notes of this implementation\n"
#: The design's words; a row of its table may explain several.
# fmt: off
DESIGN_WORDS = (
    "account", "realm", "channel", "identity", "customer", "staff", "conversation", "message", "event",
    "fact", "article", "benefit", "segment", "campaign", "journey", "delivery", "governor", "clause",
    "document", "purpose", "consent", "task", "finding", "node", "process",
)
ADDED_WORDS = (
    "lane", "reach", "outlet", "turn", "seal", "probe", "seq", "lease", "epoch", "holder", "leader", "outbox",
    "sandbox", "route", "kit",
)
# fmt: on


@pytest.mark.skipif(not SHARED.is_dir(), reason="the specification does not lie beside this checkout (../shared)")
def test_the_copies_are_the_specification_word_for_word() -> None:
    states = read("docs/states.md").partition(NOTES)[0]
    assert states == (SHARED / "spec" / "states.md").read_text(encoding="utf-8")
    assert read("docs/sending.md") == (SHARED / "spec" / "sending.md").read_text(encoding="utf-8")


def test_what_the_code_adds_to_the_states_is_noted() -> None:
    page = read("docs/states.md")
    specification, found, notes = page.partition(NOTES)
    assert found
    added = {state.value for state in ReplyState if f"`{state.value}`" not in specification}
    assert added == {"lost"}
    assert "`lost`" in notes


def test_every_state_of_a_delivery_stands_on_the_page() -> None:
    page = read("docs/states.md")
    assert [state.value for state in DeliveryState if f"`{state.value}`" not in page] == []


def test_the_glossary_explains_every_word() -> None:
    rows = re.findall(r"^\| ([^|]+) \|", read("docs/glossary.md"), re.MULTILINE)
    explained = {word.strip(" `") for row in rows for word in re.split(r"[,/]", row)}
    assert [word for word in (*DESIGN_WORDS, *ADDED_WORDS) if word not in explained] == []


@pytest.mark.skipif(not SHARED.is_dir(), reason="the design does not lie beside this checkout (../shared)")
def test_the_list_of_words_is_that_of_the_design() -> None:
    table = (SHARED / "design.md").read_text(encoding="utf-8").partition("## Words")[2]
    rows = re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE)[2:]
    words = [word.strip() for row in rows for word in re.split(r"[,/]", row)]
    assert words == list(DESIGN_WORDS)
