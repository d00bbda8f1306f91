"""Searching what customers said and were told: the one way for console, API and chat, with a trace."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Final

from content.normal_form import normalise
from content.rights import Permission
from handlers.clock import Clock
from handlers.people.reading import masked
from handlers.people.rights import require
from storage.audit import Audit, Deed
from storage.search import Found, MessageSearch, SearchPlace
from storage.search_account import Criteria
from storage.search_opened import Span
from storage.search_text import Words
from storage.viewer import Viewer

MOST_WORDS: Final = 8
LONGEST: Final = 100
MOST_ON_A_PAGE: Final = 100


class BadWords(Exception):
    """Words that cannot be looked for; the sentence says why. `problem`: "empty", "too_long" or "too_many"."""

    def __init__(self, problem: str, sentence: str) -> None:
        super().__init__(sentence)
        self.problem = problem


class Search:
    """What is shown of a search was noted in the audit before."""

    def __init__(self, *, search: MessageSearch, audit: Audit, clock: Clock) -> None:
        self._search = search
        self._audit = audit
        self._clock = clock

    async def page(
        self,
        words: str,
        *,
        viewer: Viewer,
        limit: int,
        before: SearchPlace | None = None,
        account: str | None = None,
        direction: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
    ) -> Found:
        """Return messages of the scope that have every word, the newest first, masked. Raises Forbidden, BadWords.

        `before`: where the page before ended; `since`, `until`: of the messages' own times.
        """
        require(viewer, Permission.CONVERSATIONS_READ)
        criteria = Criteria(
            words=read_words(words), account=account, direction=direction, span=Span(since=since, until=until)
        )
        found = await self._search.page(
            criteria, viewer=viewer, limit=max(1, min(limit, MOST_ON_A_PAGE)), before=before
        )
        await self._audit.note(viewer, _deed(criteria.words, found), now=self._clock.now())
        return replace(found, messages=tuple([masked(message) for message in found.messages]))


def read_words(text: str) -> Words:
    """Return what somebody typed as the words to look for, which stand apart by spaces. Raises BadWords."""
    if len(text) > LONGEST:
        raise BadWords("too_long", f"搜索的内容最多 {LONGEST} 个字。")
    forms = tuple(dict.fromkeys(form for word in text.split() if (form := normalise(word))))
    if not forms:
        raise BadWords("empty", "请输入要搜索的文字或数字。")
    if len(forms) > MOST_WORDS:
        raise BadWords("too_many", f"一次最多搜索 {MOST_WORDS} 个词。")
    return Words(forms=forms)


def _deed(words: Words, found: Found) -> Deed:
    """Return what the audit keeps: of each word its first character and its length, and whose messages were shown.

    The words may be a name or a number of a policy; the audit is kept longer than what a customer has erased.
    """
    masked = " ".join(form[0] + "*" * (len(form) - 1) for form in words.forms)
    customers = ",".join(str(number) for number in sorted({said.customer_id for said in found.messages}))
    return Deed(action="searched", subject="conversations", detail=f"{masked}; customers {customers or '-'}")
