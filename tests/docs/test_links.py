"""Links lead somewhere, and the files that pages speak of exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.docs.pages import ROOT, anchors, code_words, links, pages, prose

_OURS = re.compile(r"(?:bot|handlers|storage|content|tests|docs|requirements|\.ci)/[\w./-]+")
PAGES = [str(page.relative_to(ROOT)) for page in pages()]


@pytest.mark.parametrize("name", PAGES)
def test_every_link_leads_somewhere(name: str) -> None:
    page = ROOT / name
    assert [link for link in links(page) if not _leads(page, link)] == []


def _leads(page: Path, link: str) -> bool:
    if re.match(r"[a-z]+://", link):
        return True
    path, _, anchor = link.partition("#")
    target = (page.parent / path).resolve() if path else page
    if not target.is_relative_to(ROOT) or not target.exists():
        return False
    return not anchor or anchor in anchors(target)


@pytest.mark.parametrize("name", PAGES)
def test_every_file_that_is_named_exists(name: str) -> None:
    named = {word for word in code_words(prose(ROOT / name)) if _OURS.fullmatch(word)}
    # `content/menu.yaml` and its like lie in the data folder; the built-in ones stand in content/zh.
    missing = {word for word in named if not (ROOT / word).exists() and not _authored(word)}
    assert missing == set()


def _authored(word: str) -> bool:
    return word.startswith("content/") and (ROOT / "content" / "zh" / word.removeprefix("content/")).exists()


def test_the_readme_in_each_language_links_to_the_other() -> None:
    assert "README.zh-CN.md" in set(links(ROOT / "README.md"))
    assert "README.md" in set(links(ROOT / "README.zh-CN.md"))


def test_every_page_below_docs_is_linked_from_another() -> None:
    linked = {
        (page.parent / link.partition("#")[0]).resolve()
        for page in pages()
        for link in links(page)
        if not re.match(r"[a-z]+://", link)
    }
    lonely = [page.name for page in pages() if page.is_relative_to(ROOT / "docs") and page.resolve() not in linked]
    assert lonely == []


def test_every_module_that_names_a_page_names_one_that_exists() -> None:
    missing = {
        (path.name, named)
        for package in ("bot", "handlers", "storage", "content")
        for path in (ROOT / package).rglob("*.py")
        for named in re.findall(r"docs/[\w./-]+\.md", path.read_text(encoding="utf-8"))
        if not (ROOT / named).exists()
    }
    assert missing == set()
