"""The pages and the code they speak of: texts, headings, links, and what the source says by its syntax."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ("bot", "handlers", "storage", "content")
_LINK: Final = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
_HEADING: Final = re.compile(r"^#{1,6} +(.+)$", re.MULTILINE)
_FENCE: Final = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
_CODE: Final = re.compile(r"`([^`\n]+)`")


def pages() -> list[Path]:
    """Return every page of the project: those at the top and those below docs."""
    return sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def read(name: str) -> str:
    """Return the text of a page, named from the top."""
    return (ROOT / name).read_text(encoding="utf-8")


def prose(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return _FENCE.sub("", page.read_text(encoding="utf-8"))


def links(page: Path) -> Iterator[str]:
    """Yield where a page's links lead."""
    yield from _LINK.findall(prose(page))


def code_words(text: str) -> set[str]:
    """Return everything that stands between backticks."""
    return set(_CODE.findall(text))


def anchors(page: Path) -> set[str]:
    """Return the names a link can have within a page, made of its headings as the usual renderers do."""
    headings = _HEADING.findall(prose(page))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


def table_keys(section: str) -> list[str]:
    """Return the first cells of the tables in a text that stand between backticks, in order."""
    return re.findall(r"^\| `([^`]+)`", section, re.MULTILINE)


def sources(*packages: str) -> list[Path]:
    """Return the modules of the packages (all of ours when none is named)."""
    return sorted(path for package in packages or PACKAGES for path in (ROOT / package).rglob("*.py"))


def calls(path: Path) -> Iterator[ast.Call]:
    """Yield every call in a module."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call):
            yield node


def called(call: ast.Call) -> str:
    """Return the last name of what is called: `info` of `log.info(…)`."""
    match call.func:
        case ast.Attribute(attr=name) | ast.Name(id=name):
            return name
    return ""


def words_in(node: ast.expr | None) -> set[str]:
    """Return every text constant within an expression."""
    if node is None:
        return set()
    return {n.value for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
