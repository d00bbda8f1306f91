"""Writing content in the console: a new item, the form with the phone beside it, pictures."""

from __future__ import annotations

from typing import Any, Final

from aiohttp import BodyPartReader, hdrs, web

from bot.contents import ContentRooms
from bot.web.console.content_form import KINDS, FormFault, FormRefused, first_piece, piece_of, read_form, rows_of
from bot.web.console.content_preview import Previews
from bot.web.console.pages import ROOT, Page
from bot.web.console.visit import Visit
from bot.web.content_pictures import picture_response
from content.marketing import Marketing
from content.picture_bytes import LARGEST, BadPicture
from content.piece import REQUIRED, TEMPLATED, Piece, VariableType
from content.rights import Permission
from storage.content_drafts import Moved
from storage.content_rows import ItemRow

_CHANNELS: Final = ("wechat", "kf", "contact", "wecom")
#: Fields of one line; the others are boxes.
_BOXES: Final = ("text",)


class ContentEditor:
    """Takes words down; what is sent for review is on the item's page."""

    def __init__(self, rooms: ContentRooms, *, previews: Previews, marketing: Marketing | None) -> None:
        self._rooms = rooms
        self._previews = previews
        self._marketing = marketing

    def pages(self) -> list[Page]:
        """Return them."""
        read, write, one = Permission.CONTENTS_READ, Permission.CONTENTS_WRITE, "/contents/{content}"
        return [
            Page(path="/contents/new", permission=write, handler=self._new, title="contents.new"),
            Page(path="/contents/new", permission=write, handler=self._create, title="contents.new", method="POST"),
            Page(path="/contents/pictures/{picture}", permission=read, handler=self._picture, title="contents.picture"),
            Page(path=f"{one}/edit", permission=write, handler=self._edit, title="contents.edit"),
            Page(path=f"{one}/edit", permission=write, handler=self._save, title="contents.edit", method="POST"),
            Page(
                path=f"{one}/preview", permission=write, handler=self._preview, title="contents.preview", method="POST"
            ),
            Page(
                path=f"{one}/picture", permission=write, handler=self._upload, title="contents.picture", method="POST"
            ),
        ]

    async def _new(self, visit: Visit) -> web.StreamResponse:
        return _new_page(visit)

    async def _create(self, visit: Visit) -> web.StreamResponse:
        fields = await read_form(visit.request)
        try:
            moved, item_id = await self._rooms.desk.create(visit.viewer, first_piece(fields))
        except FormRefused as refused:
            return _new_page(visit, status=422, fields=dict(fields), faults=refused.faults)
        if moved is not Moved.DONE:
            problem = visit.words("contents.key_taken")
            return _new_page(visit, status=409, fields=dict(fields), problem=problem)
        return visit.redirect(f"{ROOT}/contents/{item_id}/edit")

    async def _edit(self, visit: Visit) -> web.StreamResponse:
        item = await self._item(visit)
        told = visit.words("contents.told_saved") if visit.query("told") == "saved" else None
        return await self._form(visit, item, item.newest.piece, told=told)

    async def _save(self, visit: Visit) -> web.StreamResponse:
        item, fields = await self._item(visit), await read_form(visit.request)
        try:
            piece = piece_of(fields, key=item.key, kind=item.kind)
        except FormRefused as refused:
            return await self._form(visit, item, item.newest.piece, status=422, faults=refused.faults)
        based_on = (_number(fields.get("number", "")), _number(fields.get("revision", "")))
        moved = await self._rooms.desk.save(visit.viewer, item, piece, based_on=based_on)
        if moved is not Moved.DONE:
            problem = visit.words("contents.late")
            return await self._form(visit, item, piece, status=409, problem=problem)
        return visit.redirect(f"{ROOT}/contents/{item.id}/edit?told=saved")

    async def _preview(self, visit: Visit) -> web.StreamResponse:
        item, fields = await self._item(visit), await read_form(visit.request)
        try:
            piece = piece_of(fields, key=item.key, kind=item.kind)
        except FormRefused as refused:
            return visit.page("content_preview.html", shown=[], findings=(), answers={}, faults=refused.faults)
        return visit.page("content_preview.html", faults=(), **await self._seen(piece))

    async def _upload(self, visit: Visit) -> web.StreamResponse:
        """Keep a picture and put it into the newest words of its variant."""
        item, letter = await self._item(visit), visit.query("variant")
        body = await _file(visit.request)
        try:
            if body is None or letter not in item.newest.piece.variants:
                raise BadPicture(visit.words("contents.no_file"))
            picture = await self._rooms.desk.add_picture(visit.viewer, body)
        except BadPicture as bad:
            return visit.page("content_picture.html", letter=letter, picture="", problem=str(bad))
        return visit.page("content_picture.html", letter=letter, picture=picture.digest, problem=None)

    async def _picture(self, visit: Visit) -> web.StreamResponse:
        picture = await self._rooms.reading.picture(visit.viewer, visit.request.match_info["picture"])
        if picture is None:
            raise web.HTTPNotFound
        return picture_response(picture, caching="private, max-age=3600")

    async def _item(self, visit: Visit) -> ItemRow:
        item = await self._rooms.reading.to_write(visit.viewer, visit.path_number("content"))
        if item is None:
            raise web.HTTPNotFound
        return item

    async def _seen(self, piece: Piece) -> dict[str, Any]:
        return {
            "shown": self._previews.of(piece),
            "findings": await self._rooms.desk.look(piece),
            "answers": {},
        }

    async def _form(
        self,
        visit: Visit,
        item: ItemRow,
        piece: Piece,
        *,
        status: int = 200,
        problem: str | None = None,
        told: str | None = None,
        faults: tuple[FormFault, ...] = (),
    ) -> web.StreamResponse:
        return visit.page(
            "content_edit.html",
            status=status,
            item=item,
            piece=piece,
            rows=rows_of(piece),
            fields=piece.fields,
            required=REQUIRED[piece.kind],
            templated=TEMPLATED,
            boxes=_BOXES,
            channels=_CHANNELS,
            types=[each.value for each in VariableType],
            topics=[] if self._marketing is None else [(each.id, each.title) for each in self._marketing.topics],
            problem=problem,
            told=told,
            faults=faults,
            **await self._seen(piece),
        )


def _new_page(
    visit: Visit,
    *,
    status: int = 200,
    fields: dict[str, str] | None = None,
    faults: tuple[FormFault, ...] = (),
    problem: str | None = None,
) -> web.Response:
    return visit.page(
        "content_new.html", status=status, kinds=KINDS, fields=fields or {}, faults=faults, problem=problem
    )


def _number(text: str) -> int:
    """Return a number of the form; what is none is the number of nothing."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0


async def _file(request: web.Request) -> bytes | None:
    """Return the one file of an upload, cut off behind what a picture may have; None when there is none."""
    if not request.headers.get(hdrs.CONTENT_TYPE, "").startswith("multipart/form-data"):
        return None
    try:
        reader = await request.clone(client_max_size=LARGEST * 2).multipart()
        while (part := await reader.next()) is not None:
            if isinstance(part, BodyPartReader) and part.filename:
                body = b""
                while chunk := await part.read_chunk():
                    body += chunk
                    if len(body) > LARGEST:
                        return body
                return body
    except (ValueError, AssertionError):
        raise web.HTTPBadRequest from None
    return None
