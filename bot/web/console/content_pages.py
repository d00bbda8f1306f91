"""Content in the console: the list, one item with its versions, and what is done with it."""

from __future__ import annotations

import re
import secrets
from typing import Any, Final

from aiohttp import web

from bot.contents import ContentRooms
from bot.web.console.content_form import read_form
from bot.web.console.content_preview import Previews
from bot.web.console.forgery import form_field
from bot.web.console.pages import ROOT, Page
from bot.web.console.visit import Visit
from content.finding import Finding
from content.piece import Kind
from content.rights import Permission, Scope
from handlers.contents.reading import SeenItem
from handlers.contents.stopping import ReasonNeeded
from handlers.contents.trial import Tried
from storage.content_drafts import Moved
from storage.content_rows import ItemRow
from storage.tables.contents import VersionState

_ON_A_PAGE: Final = 30
_ANSWER: Final = re.compile(r"answer\.([0-9a-f]{12})")
_KEY: Final = re.compile(r"[0-9a-f]{32}", re.ASCII)
#: What a form may have done, as the page that follows says it.
_DONE: Final = frozenset({"submitted", "taken_back", "withdrawn", "stopped", "lifted", "planned"})


class ContentPages:
    """Shows content and takes what authors and those who must stop something do with it."""

    def __init__(self, rooms: ContentRooms, *, previews: Previews) -> None:
        self._rooms = rooms
        self._previews = previews

    def pages(self) -> list[Page]:
        """Return them."""
        read, write, stop = Permission.CONTENTS_READ, Permission.CONTENTS_WRITE, Permission.CONTENTS_STOP
        one = "/contents/{content}"
        acts = {
            "submit": (write, self._submit),
            "take-back": (write, self._take_back),
            "try": (write, self._try),
            "withdraw": (stop, self._withdraw),
            "stop": (stop, self._stop),
            "lift": (stop, self._lift),
        }
        return [
            Page(path="/contents", permission=read, handler=self._list, title="contents.title", icon="page"),
            Page(
                path="/contents/product-stop",
                permission=stop,
                handler=self._stop_product,
                title="contents.stop_product",
                method="POST",
            ),
            Page(path=one, permission=read, handler=self._one, title="contents.one"),
            *(
                Page(path=f"{one}/{act}", permission=needed, handler=handler, title=f"contents.{act}", method="POST")
                for act, (needed, handler) in acts.items()
            ),
        ]

    async def _list(self, visit: Visit, *, status: int = 200, problem: str | None = None) -> web.StreamResponse:
        kind, state = visit.query("kind"), visit.query("state")
        before = visit.query_number("before")
        found = await self._rooms.reading.page(
            visit.viewer,
            limit=_ON_A_PAGE + 1,
            before=before,
            kind=kind if kind in set(Kind) else None,
            state=state if state in set(VersionState) else None,
        )
        shown = found[:_ON_A_PAGE]
        return visit.page(
            "contents.html",
            status=status,
            items=shown,
            now=self._rooms.reading.now,
            kinds=list(Kind),
            states=[VersionState.DRAFT, VersionState.IN_REVIEW, VersionState.RETURNED, VersionState.APPROVED],
            kind=kind,
            state=state,
            stops=[stop for stop in await self._rooms.stopping.standing(visit.viewer) if stop.product],
            may_write=visit.viewer.may(Permission.CONTENTS_WRITE),
            may_stop=visit.viewer.may(Permission.CONTENTS_STOP) and visit.viewer.scope is Scope.ALL,
            is_first=before is None,
            following=shown[-1].id if len(found) > _ON_A_PAGE else None,
            told=_told(visit),
            problem=problem,
        )

    async def _one(self, visit: Visit) -> web.StreamResponse:
        return await self._page(visit, await self._seen(visit))

    async def _submit(self, visit: Visit) -> web.StreamResponse:
        item, fields = await self._item(visit), await read_form(visit.request)
        answers = {found[1]: text for name, text in fields.items() if (found := _ANSWER.fullmatch(name))}
        asked = await self._rooms.desk.submit(
            visit.viewer, item, revision=_revision(fields.get("revision", "")), answers=answers
        )
        if asked.moved is Moved.DONE:
            return visit.redirect(_address(item, "submitted"))
        return await self._refused(visit, asked.moved, findings=asked.findings, answers=answers)

    async def _take_back(self, visit: Visit) -> web.StreamResponse:
        item = await self._item(visit)
        moved = await self._rooms.desk.take_back(visit.viewer, item, revision=await self._given(visit))
        return (
            visit.redirect(_address(item, "taken_back")) if moved is Moved.DONE else await self._refused(visit, moved)
        )

    async def _withdraw(self, visit: Visit) -> web.StreamResponse:
        item = await self._item(visit)
        moved = await self._rooms.desk.withdraw(visit.viewer, item, revision=await self._given(visit))
        if moved is Moved.DONE:
            return visit.redirect(_address(item, "withdrawn"))
        return await self._refused(visit, moved)

    async def _stop(self, visit: Visit) -> web.StreamResponse:
        item = await self._item(visit)
        try:
            await self._rooms.stopping.stop_item(visit.viewer, item.id, await form_field(visit.request, "reason"))
        except ReasonNeeded:
            return await self._refused(visit, Moved.NO_REASON)
        return visit.redirect(_address(item, "stopped"))

    async def _lift(self, visit: Visit) -> web.StreamResponse:
        item = await self._item(visit)
        if not await self._rooms.stopping.lift_item(visit.viewer, item.id):
            problem = visit.words("contents.not_lifted")
            return await self._page(visit, await self._seen(visit), status=409, problem=problem)
        return visit.redirect(_address(item, "lifted"))

    async def _stop_product(self, visit: Visit) -> web.StreamResponse:
        product, reason = await form_field(visit.request, "product"), await form_field(visit.request, "reason")
        if visit.viewer.scope is not Scope.ALL:
            return await self._list(visit, status=409, problem=visit.words("contents.product_needs_all"))
        try:
            if await form_field(visit.request, "lift"):
                await self._rooms.stopping.lift_product(visit.viewer, product)
                return visit.redirect(f"{ROOT}/contents?told=lifted")
            await self._rooms.stopping.stop_product(visit.viewer, product, reason)
        except ReasonNeeded:
            return await self._list(visit, status=422, problem=visit.words("contents.moved_no_reason"))
        return visit.redirect(f"{ROOT}/contents?told=stopped")

    async def _try(self, visit: Visit) -> web.StreamResponse:
        item = await self._item(visit)
        letter, key = await form_field(visit.request, "variant"), await form_field(visit.request, "key")
        tried = Tried.NO_VARIANT
        if _KEY.fullmatch(key):
            tried = await self._rooms.trial.send(visit.viewer, item, letter, key=key)
        if tried is Tried.PLANNED:
            return visit.redirect(_address(item, "planned"))
        return await self._page(
            visit, await self._seen(visit), status=409, problem=visit.words(f"contents.tried_{tried}")
        )

    async def _item(self, visit: Visit) -> ItemRow:
        item = await self._rooms.reading.to_write(visit.viewer, visit.path_number("content"))
        if item is None:
            raise web.HTTPNotFound
        return item

    async def _seen(self, visit: Visit) -> SeenItem:
        seen = await self._rooms.reading.one(visit.viewer, visit.path_number("content"))
        if seen is None:
            raise web.HTTPNotFound
        return seen

    async def _given(self, visit: Visit) -> int:
        return _revision(await form_field(visit.request, "revision"))

    async def _refused(
        self,
        visit: Visit,
        moved: Moved,
        *,
        findings: tuple[Finding, ...] | None = None,
        answers: dict[str, str] | None = None,
    ) -> web.StreamResponse:
        """Show the item as it stands now, and why nothing came of it."""
        problem = visit.words(f"contents.moved_{moved}")
        status = 422 if moved is Moved.NO_REASON else 409
        return await self._page(
            visit, await self._seen(visit), status=status, problem=problem, findings=findings, answers=answers
        )

    async def _page(
        self,
        visit: Visit,
        seen: SeenItem,
        *,
        status: int = 200,
        problem: str | None = None,
        findings: tuple[Finding, ...] | None = None,
        answers: dict[str, str] | None = None,
    ) -> web.StreamResponse:
        item, newest = seen.item, seen.item.newest
        writable = await self._rooms.reading.to_write(visit.viewer, item.id) is not None
        return visit.page(
            "content.html",
            status=status,
            seen=seen,
            item=item,
            newest=newest,
            now=self._rooms.reading.now,
            shown=self._previews.of(newest.piece),
            findings=newest.findings if findings is None else findings,
            answers=newest.answers if answers is None else answers,
            form_key=secrets.token_hex(16),
            trials=await self._rooms.trial.made(item),
            **self._may(visit, item, writable=writable),
            told=_told(visit),
            problem=problem,
        )

    def _may(self, visit: Visit, item: ItemRow, *, writable: bool) -> dict[str, Any]:
        write = writable and visit.viewer.may(Permission.CONTENTS_WRITE)
        working = item.working
        return {
            "may_write": write and (working is None or working.state is not VersionState.IN_REVIEW),
            "may_submit": write and working is not None and working.state is not VersionState.IN_REVIEW,
            "may_take_back": write and working is not None and working.state is VersionState.IN_REVIEW,
            "may_try": write and item.approved is not None,
            "may_stop": writable and visit.viewer.may(Permission.CONTENTS_STOP),
            "may_review": visit.viewer.may(Permission.CONTENTS_REVIEW),
        }


def _told(visit: Visit) -> str | None:
    told = visit.query("told")
    return visit.words(f"contents.told_{told}") if told in _DONE else None


def _address(item: ItemRow, told: str) -> str:
    return f"{ROOT}/contents/{item.id}?told={told}"


def _revision(text: str) -> int:
    """Return the revision of a form; what is no number is that of nothing."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
