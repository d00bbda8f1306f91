"""The review queue in the console: what waits, and one version with what changed, what was found, and the decision."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from bot.contents import ContentRooms
from bot.web.console.content_preview import Previews
from bot.web.console.forgery import form_field
from bot.web.console.pages import ROOT, Page
from bot.web.console.visit import Visit
from content.finding import Finding
from content.rights import Permission
from storage.content_drafts import Moved

_MOST: Final = 100
_DONE: Final = frozenset({"approved", "returned"})


class ReviewPages:
    """Shows what waits and takes decisions."""

    def __init__(self, rooms: ContentRooms, *, previews: Previews) -> None:
        self._rooms = rooms
        self._previews = previews

    def pages(self) -> list[Page]:
        """Return them."""
        review, one = Permission.CONTENTS_REVIEW, "/reviews/{content}"
        return [
            Page(path="/reviews", permission=review, handler=self._queue, title="reviews.title", icon="check"),
            Page(path=one, permission=review, handler=self._one, title="reviews.one"),
            Page(
                path=f"{one}/approve", permission=review, handler=self._approve, title="reviews.approve", method="POST"
            ),
            Page(path=f"{one}/return", permission=review, handler=self._return, title="reviews.return", method="POST"),
        ]

    async def _queue(self, visit: Visit, *, status: int = 200, problem: str | None = None) -> web.StreamResponse:
        told = visit.query("told")
        return visit.page(
            "reviews.html",
            status=status,
            waiting=await self._rooms.review.queue(visit.viewer, limit=_MOST),
            told=visit.words(f"reviews.told_{told}") if told in _DONE else None,
            problem=problem,
        )

    async def _one(
        self,
        visit: Visit,
        *,
        status: int = 200,
        problem: str | None = None,
        findings: tuple[Finding, ...] | None = None,
        reason: str = "",
    ) -> web.StreamResponse:
        opened = await self._rooms.review.opened(visit.viewer, visit.path_number("content"))
        if opened is None:
            raise web.HTTPNotFound
        return visit.page(
            "review.html",
            status=status,
            item=opened.item,
            version=opened.version,
            changes=opened.changes,
            findings=opened.findings if findings is None else findings,
            answers=opened.version.answers,
            is_own=opened.is_own,
            shown=self._previews.of(opened.version.piece),
            problem=problem,
            reason=reason,
        )

    async def _approve(self, visit: Visit) -> web.StreamResponse:
        number, revision = await _version(visit)
        item_id = visit.path_number("content")
        asked = await self._rooms.review.approve(visit.viewer, item_id, number=number, revision=revision)
        if asked.moved is Moved.DONE:
            return visit.redirect(f"{ROOT}/reviews?told=approved")
        return await self._refused(visit, asked.moved, findings=asked.findings or None)

    async def _return(self, visit: Visit) -> web.StreamResponse:
        number, revision = await _version(visit)
        item_id, reason = visit.path_number("content"), await form_field(visit.request, "reason")
        moved = await self._rooms.review.give_back(visit.viewer, item_id, reason, number=number, revision=revision)
        if moved is Moved.DONE:
            return visit.redirect(f"{ROOT}/reviews?told=returned")
        return await self._refused(visit, moved, reason=reason)

    async def _refused(
        self, visit: Visit, moved: Moved, *, findings: tuple[Finding, ...] | None = None, reason: str = ""
    ) -> web.StreamResponse:
        """Show the version as it waits now, or the queue when it waits no more, and why nothing came of it."""
        if moved is Moved.NOT_THERE:
            raise web.HTTPNotFound
        problem = visit.words(f"contents.moved_{moved}")
        status = 422 if moved is Moved.NO_REASON else 409
        still = await self._rooms.review.opened(visit.viewer, visit.path_number("content"))
        if still is None:
            return await self._queue(visit, status=status, problem=problem)
        return await self._one(visit, status=status, problem=problem, findings=findings, reason=reason)


async def _version(visit: Visit) -> tuple[int, int]:
    number, revision = await form_field(visit.request, "number"), await form_field(visit.request, "revision")
    return _read(number), _read(revision)


def _read(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
