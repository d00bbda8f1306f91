"""Writing content over the API and asking for its review, in the name of a member of staff."""

from __future__ import annotations

import base64
import binascii
from typing import Annotated, Final

from pydantic import BaseModel, Field, StringConstraints

from bot.web.api.content_acting import ActingBody, ContentActing, told
from bot.web.api.contents import ContentPath, ShownContent, shown_content
from bot.web.api.problem import BLOCKED, KEY_TAKEN, LATE, NOT_FOUND, UNANSWERED, invalid
from bot.web.api.route import AnyRoute, Call, Parameters, Route
from content.picture_bytes import LARGEST, BadPicture
from content.piece import Piece
from content.rights import Permission
from handlers.contents.desk import LONGEST_REASON, ContentDesk
from storage.content_drafts import Moved

#: Bytes; an article has 20,000 characters a variant at most.
_LARGEST_PIECE: Final = 1024 * 1024
#: Bytes of JSON around a picture in Base64.
_LARGEST_PICTURE: Final = LARGEST * 4 // 3 + 4096
_WRITE: Final = Permission.CONTENTS_WRITE
Revision = Annotated[int, Field(ge=1, le=2**31 - 1, description="The revision that it was made of.", examples=[1])]
Number = Annotated[int, Field(ge=1, le=2**31 - 1, description="The version that it was made of.", examples=[1])]
#: A grey picture of one pixel.
_PIXEL: Final = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg=="
_EXAMPLE: Final = {
    "key": "birthday",
    "kind": "text",
    "name": "生日祝福",
    "purpose": "service",
    "variables": {"name": {"example": "王女士"}},
    "variants": {"A": {"text": "{{ name }}，祝您生日快乐！"}},
}


class NoParameters(Parameters):
    """The path says all."""


class NewContent(ActingBody):
    """The first draft of a content item."""

    piece: Piece = Field(examples=[_EXAMPLE])


class NewWords(ActingBody):
    """Other words; key and kind stay."""

    number: Number
    revision: Revision
    piece: Piece = Field(examples=[_EXAMPLE])


class Submission(ActingBody):
    """What is asked to be reviewed."""

    revision: Revision
    answers: dict[str, Annotated[str, StringConstraints(max_length=LONGEST_REASON)]] = Field(
        default_factory=dict, description="By a finding's `id` why it is right as it is.", examples=[{}]
    )


class OfRevision(ActingBody):
    """What is changed."""

    revision: Revision


class NewPicture(ActingBody):
    """A picture: PNG or JPEG, 2 MiB at most."""

    picture: str = Field(description="Its bytes in Base64.", examples=[_PIXEL])


class KeptPicture(BaseModel):
    """A picture that is kept; `picture` of a variant names it by its digest."""

    digest: str
    content_type: str
    width: int
    height: int


class ContentChangeRoutes:
    """What authors do."""

    def __init__(self, desk: ContentDesk, *, acting: ContentActing) -> None:
        self._desk = desk
        self._acting = acting

    def routes(self) -> tuple[AnyRoute, ...]:
        """Return the routes."""
        one = "/contents/{content_id}"
        return (
            Route(
                method="POST",
                path="/contents",
                name="createContent",
                summary="Make a content item with its first draft",
                permission=_WRITE,
                parameters=NoParameters,
                body=NewContent,
                answer=ShownContent,
                largest=_LARGEST_PIECE,
                problems=(KEY_TAKEN,),
                handle=self._create,
            ),
            Route(
                method="PUT",
                path=one,
                name="putContent",
                summary="Write the draft of a content item of the scope, or begin the next version",
                permission=_WRITE,
                parameters=ContentPath,
                body=NewWords,
                answer=ShownContent,
                largest=_LARGEST_PIECE,
                problems=(NOT_FOUND, LATE),
                handle=self._save,
            ),
            Route(
                method="POST",
                path=f"{one}/submit",
                name="submitContent",
                summary="Ask for the review of a draft, with reasons for what was found in it",
                permission=_WRITE,
                parameters=ContentPath,
                body=Submission,
                answer=ShownContent,
                problems=(NOT_FOUND, LATE, BLOCKED, UNANSWERED),
                handle=self._submit,
            ),
            Route(
                method="POST",
                path=f"{one}/take-back",
                name="takeContentBack",
                summary="Take a version out of review, to write on",
                permission=_WRITE,
                parameters=ContentPath,
                body=OfRevision,
                answer=ShownContent,
                problems=(NOT_FOUND, LATE),
                handle=self._take_back,
            ),
            Route(
                method="PUT",
                path="/content-pictures",
                name="putContentPicture",
                summary="Keep a picture for content",
                permission=_WRITE,
                parameters=NoParameters,
                body=NewPicture,
                answer=KeptPicture,
                largest=_LARGEST_PICTURE,
                handle=self._add_picture,
            ),
        )

    async def _create(self, call: Call[NoParameters, NewContent]) -> ShownContent:
        who = await self._acting.viewer(call, _WRITE)
        moved, item_id = await self._desk.create(who, call.body.piece)
        told(moved)
        return await self._acting.shown(who, item_id)

    async def _save(self, call: Call[ContentPath, NewWords]) -> ShownContent:
        who, item = await self._acting.item(call, call.parameters.content_id, _WRITE)
        body = call.body
        moved = await self._desk.save(who, item, body.piece, based_on=(body.number, body.revision))
        if moved is Moved.NOT_THERE and (body.piece.key, str(body.piece.kind)) != (item.key, item.kind):
            raise invalid(("body", "piece.key", f"key and kind stay {item.key} and {item.kind}"))
        # Asked for again after a crash: what says exactly this in the next revision is as it was wanted.
        if moved is Moved.LATE and item.newest.piece == body.piece and item.newest.editor_id == who.staff_id:
            return shown_content(item, self._acting.now)
        told(moved)
        return await self._acting.shown(who, item.id)

    async def _submit(self, call: Call[ContentPath, Submission]) -> ShownContent:
        who, item = await self._acting.item(call, call.parameters.content_id, _WRITE)
        asked = await self._desk.submit(who, item, revision=call.body.revision, answers=call.body.answers)
        told(asked.moved, asked.findings)
        return await self._acting.shown(who, item.id)

    async def _take_back(self, call: Call[ContentPath, OfRevision]) -> ShownContent:
        who, item = await self._acting.item(call, call.parameters.content_id, _WRITE)
        told(await self._desk.take_back(who, item, revision=call.body.revision))
        return await self._acting.shown(who, item.id)

    async def _add_picture(self, call: Call[NoParameters, NewPicture]) -> KeptPicture:
        who = await self._acting.viewer(call, _WRITE)
        try:
            picture = await self._desk.add_picture(who, base64.b64decode(call.body.picture, validate=True))
        except (binascii.Error, ValueError):
            raise invalid(("body", "picture", "not Base64 (RFC 4648, section 4)")) from None
        except BadPicture as bad:
            raise invalid(("body", "picture", str(bad))) from None
        return KeptPicture(
            digest=picture.digest, content_type=picture.content_type, width=picture.width, height=picture.height
        )
