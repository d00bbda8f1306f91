"""Conversations: what was said, found by its words, the newest first."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, time, timedelta
from typing import Final

from aiohttp import web
from markupsafe import Markup

from bot.web.console.marks import marked
from bot.web.console.moments import ZONE
from bot.web.console.pages import Page
from bot.web.console.sayings import Sayings
from bot.web.console.visit import Visit
from content.rights import Permission
from content.value import value
from handlers.people.search import LONGEST, MOST_WORDS, BadWords, Search, read_words
from storage.account_list import AccountList
from storage.search import Found, SearchPlace
from storage.timeline import Said

_ON_A_PAGE: Final = 20
#: Characters of a message that are shown of it.
_SHOWN: Final = 260
DIRECTIONS: Final = ("in", "out")
#: Days that both databases and the browser's calendar know; no conversation lies outside.
_FIRST_DAY: Final = date(2000, 1, 1)
_LAST_DAY: Final = date(2199, 12, 31)


@value
class FoundSaying:
    """One message that was found, its words marked."""

    customer_id: int
    #: "in", "out", or "done" for what was done and not said.
    side: str
    label: str
    text: Markup
    details: tuple[Markup, ...]
    account: str
    at: datetime


class SearchPages:
    """Shows the search; `Search` notes each in the audit."""

    def __init__(self, search: Search, *, accounts: AccountList, sayings: Sayings) -> None:
        self._search = search
        self._accounts = accounts
        self._sayings = sayings

    def pages(self) -> list[Page]:
        """Return the one page."""
        return [
            Page(
                path="/conversations",
                permission=Permission.CONVERSATIONS_READ,
                handler=self._show,
                title="search.title",
                icon="inbox",
            )
        ]

    async def _show(self, visit: Visit) -> web.StreamResponse:
        asked = {name: visit.query(name) for name in ("words", "account", "direction", "since", "until")}
        before, before_this = _place(visit.query("before")), min(visit.query_number("shown") or 0, _ON_A_PAGE)
        found, problem = None, None
        if asked["words"]:
            try:
                found = await self._found(visit, asked, before=before, limit=_ON_A_PAGE - before_this)
            except BadWords as bad:
                problem = visit.words(f"search.bad_{bad.problem}", longest=LONGEST, most=MOST_WORDS)
            except _BadDay:
                problem = visit.words("search.bad_day")
        forms = read_words(asked["words"]).forms if found is not None else ()
        sayings = [] if found is None else [self._marked(said, forms, visit) for said in found.messages]
        following = None if found is None or found.next is None else str(found.next)
        # A look ends when much was looked at: the browser goes on by itself, and fetches the rest of this page.
        is_rest = visit.is_partial and found is not None
        shown = before_this + len(sayings)
        return visit.page(
            "found.html" if is_rest else "conversations.html",
            status=200 if problem is None else 422,
            accounts=await self._accounts.of(visit.viewer),
            directions=DIRECTIONS,
            asked=asked,
            chosen={name: text for name, text in asked.items() if text},
            problem=problem,
            was_searched=found is not None,
            sayings=sayings,
            following=following,
            shown=shown,
            goes_on=following is not None and shown < _ON_A_PAGE,
            # Whether the page began behind another; what goes on knows it from where it goes on.
            later="1" if (visit.query("later") if is_rest else before is not None) else "",
        )

    async def _found(self, visit: Visit, asked: dict[str, str], *, before: SearchPlace | None, limit: int) -> Found:
        """Search. Raises BadWords, _BadDay; HTTPBadRequest for a direction that the page does not offer."""
        if asked["direction"] and asked["direction"] not in DIRECTIONS:
            raise web.HTTPBadRequest
        until = _day(asked["until"])
        return await self._search.page(
            asked["words"],
            viewer=visit.viewer,
            limit=limit,
            before=before,
            account=asked["account"] or None,
            direction=asked["direction"] or None,
            since=_day(asked["since"]),
            # The day itself belongs to it.
            until=None if until is None else until + timedelta(days=1),
        )

    def _marked(self, said: Said, forms: Sequence[str], visit: Visit) -> FoundSaying:
        saying = self._sayings.of(said, visit.words)
        return FoundSaying(
            customer_id=said.customer_id,
            side=saying.side,
            label=saying.label,
            text=marked(saying.text, forms, most=_SHOWN),
            details=tuple(marked(detail, forms, most=_SHOWN) for detail in saying.details),
            account=saying.account,
            at=saying.at,
        )


class _BadDay(Exception):
    pass


def _day(text: str) -> datetime | None:
    """Return the beginning of a day on the wall clock of China. Raises _BadDay when the text is none."""
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise _BadDay from None
    if not _FIRST_DAY <= day <= _LAST_DAY:
        raise _BadDay
    return datetime.combine(day, time.min, tzinfo=ZONE)


def _place(text: str) -> SearchPlace | None:
    """Return where to go on. Raises HTTPBadRequest when the text is no place."""
    if not text:
        return None
    try:
        return SearchPlace.read(text)
    except ValueError:
        raise web.HTTPBadRequest from None
