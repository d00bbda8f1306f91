"""docs/requirements.md: every row of the research once, and nothing claimed that no test shows."""

from __future__ import annotations

import re
from typing import Final, NamedTuple

import pytest

from tests.docs.pages import ROOT, code_words, read

RESEARCH: Final = ROOT.parent / "shared" / "reference" / "insight.md"
#: How many rows each family has.
FAMILIES: Final = {"T": 15, "B": 12, "P": 15, "A": 12, "I": 12, "Q": 20}
IDS: Final = [f"{family}{number:02}" for family, count in FAMILIES.items() for number in range(1, count + 1)]
STATUSES: Final = {"met", "partly", "open"}
#: The issues that bring what is missing.
ISSUES: Final = {"3", "4", "5", "6"}
_ROW: Final = re.compile(r"^\| ([A-Z]\d{2}) \| (.+) \| (.+) \| (.+) \| `(\w+)`(?: \(([^)]+)\))? \|$", re.MULTILINE)
_NOTHING: Final = "–"


class Row(NamedTuple):
    """One requirement."""

    id: str
    need: str
    became: str
    shown_by: str
    status: str
    missing: str


PAGE: Final = read("docs/requirements.md")
ROWS: Final = [Row(*found) for found in _ROW.findall(PAGE)]


def _paths(cell: str) -> set[str]:
    return {word for word in code_words(cell) if "/" in word}


def test_every_row_stands_there_once_and_in_order() -> None:
    assert [row.id for row in ROWS] == IDS
    assert re.findall(r"^\| ([A-Z]\d{2}) ", PAGE, re.MULTILINE) == IDS


@pytest.mark.skipif(not RESEARCH.is_file(), reason="the research does not lie beside this checkout (../shared)")
def test_the_rows_are_those_of_the_research_in_our_own_words() -> None:
    section = RESEARCH.read_text("utf-8").partition("## 1. Requirements table")[2].partition("\n## 2.")[0]
    theirs = dict(re.findall(r"^\| ([A-Z]\d{2}) \| [^|]+ \| ([^|]+) \|", section, re.MULTILINE))
    assert list(theirs) == IDS
    assert [row.id for row in ROWS if row.need == theirs[row.id]] == []


def test_a_status_is_one_of_three_words_and_says_which_issue_brings_the_rest() -> None:
    assert {row.status for row in ROWS} == STATUSES
    for row in ROWS:
        named = re.fullmatch(r"issues? ([\d, ]+)", row.missing)
        if row.status == "met":
            assert row.missing == "", row
        elif named is not None:
            assert set(named[1].split(", ")) <= ISSUES, row
        else:
            assert (row.status, row.missing) == ("open", "no issue yet"), row


def test_what_is_built_names_its_modules_and_tests_and_what_is_open_claims_nothing() -> None:
    for row in ROWS:
        if row.status == "open":
            assert (row.became, row.shown_by) == (_NOTHING, _NOTHING), row
        else:
            assert _paths(row.became), row
            assert _paths(row.shown_by), row
            assert ("Missing: " in row.became) is (row.status == "partly"), row


def test_every_module_and_test_that_is_named_exists() -> None:
    modules = {path for row in ROWS for path in _paths(row.became)}
    tests = {path for row in ROWS for path in _paths(row.shown_by)}
    assert [path for path in modules | tests if not (ROOT / path).is_file()] == []
    assert [path for path in tests if not re.fullmatch(r"tests/(\w+/)+test_\w+\.py", path)] == []
