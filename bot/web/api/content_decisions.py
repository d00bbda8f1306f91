"""Deciding about content over the API: approve, return, withdraw, stop; in the name of a member of staff."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

from pydantic import BaseModel, Field, StringConstraints

from bot.web.api.content_acting import ActingBody, ContentActing, told
from bot.web.api.content_changes import NoParameters, Number, OfRevision, Revision
from bot.web.api.contents import ContentPath, ShownContent, no_content
from bot.web.api.problem import BLOCKED, LATE, NOT_FOUND, OWN_WORK, Refused, invalid
from bot.web.api.route import AnyRoute, Call, PlatformId, Route
from content.rights import Permission
from handlers.contents.desk import LONGEST_REASON, ContentDesk
from handlers.contents.review import ReviewDesk
from handlers.contents.stopping import ReasonNeeded, StopDesk
from storage.content_stops import Stopped

_REVIEW: Final = Permission.CONTENTS_REVIEW
_STOP: Final = Permission.CONTENTS_STOP
Reason = Annotated[str, StringConstraints(max_length=LONGEST_REASON)]


class Decided(ActingBody):
    """What is approved."""

    userid: PlatformId = Field(
        description="The WeCom userid of an active member of staff of the key's scope who reviews.", examples=["zhou"]
    )

    number: Number
    revision: Revision


class Returned(Decided):
    """What is returned, and why."""

    reason: Reason = Field(description="What the author should mend.", examples=["请写明犹豫期"])


class WantedStop(ActingBody):
    """Whether it is to be stopped."""

    stopped: bool = Field(examples=[True])
    reason: Reason = Field(default="", description="Why; needed for a stop.", examples=["条款有误"])


class WantedProductStop(WantedStop):
    """Whether everything that names a product is to be stopped."""

    userid: PlatformId = Field(
        description="The WeCom userid of an active member of staff who sees all and may stop content.", examples=["wu"]
    )

    product: Annotated[str, StringConstraints(max_length=60)] = Field(examples=["安心医疗"])


class HeldMessage(BaseModel):
    """One message that a stop holds back."""

    delivery: int
    account: str
    content: str
    version: int
    due_at: datetime


class StopStanding(BaseModel):
    """Whether a stop stands, and what it holds back: the first two hundred messages, and how many in all."""

    stopped: bool
    waiting: int
    messages: list[HeldMessage]


class ContentDecisionRoutes:
    """What reviewers do, and whoever must stop something at once."""

    def __init__(self, review: ReviewDesk, desk: ContentDesk, stopping: StopDesk, *, acting: ContentActing) -> None:
        self._review = review
        self._desk = desk
        self._stopping = stopping
        self._acting = acting

    def routes(self) -> tuple[AnyRoute, ...]:
        """Return the routes."""
        one = "/contents/{content_id}"
        return (
            Route(
                method="POST",
                path=f"{one}/approve",
                name="approveContent",
                summary="Approve a version that others wrote; it is frozen, and replaces the one approved before",
                permission=_REVIEW,
                parameters=ContentPath,
                body=Decided,
                answer=ShownContent,
                problems=(NOT_FOUND, LATE, OWN_WORK, BLOCKED),
                handle=self._approve,
            ),
            Route(
                method="POST",
                path=f"{one}/return",
                name="returnContent",
                summary="Return a version that others wrote, with the reason",
                permission=_REVIEW,
                parameters=ContentPath,
                body=Returned,
                answer=ShownContent,
                problems=(NOT_FOUND, LATE, OWN_WORK),
                handle=self._give_back,
            ),
            Route(
                method="POST",
                path=f"{one}/withdraw",
                name="withdrawContent",
                summary="Take the approved version out of use for good",
                permission=_STOP,
                parameters=ContentPath,
                body=OfRevision,
                answer=ShownContent,
                problems=(NOT_FOUND, LATE),
                handle=self._withdraw,
            ),
            Route(
                method="PUT",
                path=f"{one}/stop",
                name="putContentStop",
                summary="Stop a content item of the scope at once, or lift its stop",
                permission=_STOP,
                parameters=ContentPath,
                body=WantedStop,
                answer=StopStanding,
                problems=(NOT_FOUND, LATE),
                handle=self._stop,
            ),
            Route(
                method="PUT",
                path="/product-stop",
                name="putProductStop",
                summary="Stop everything that names a product at once, in all branches, or lift that stop",
                permission=_STOP,
                is_whole=True,
                parameters=NoParameters,
                body=WantedProductStop,
                answer=StopStanding,
                handle=self._stop_product,
            ),
        )

    async def _approve(self, call: Call[ContentPath, Decided]) -> ShownContent:
        who, item = await self._acting.item(call, call.parameters.content_id, _REVIEW)
        asked = await self._review.approve(who, item.id, number=call.body.number, revision=call.body.revision)
        told(asked.moved, asked.findings)
        return await self._acting.shown(who, item.id)

    async def _give_back(self, call: Call[ContentPath, Returned]) -> ShownContent:
        who, item = await self._acting.item(call, call.parameters.content_id, _REVIEW)
        body = call.body
        told(await self._review.give_back(who, item.id, body.reason, number=body.number, revision=body.revision))
        return await self._acting.shown(who, item.id)

    async def _withdraw(self, call: Call[ContentPath, OfRevision]) -> ShownContent:
        who, item = await self._acting.item(call, call.parameters.content_id, _STOP)
        told(await self._desk.withdraw(who, item, revision=call.body.revision))
        return await self._acting.shown(who, item.id)

    async def _stop(self, call: Call[ContentPath, WantedStop]) -> StopStanding:
        number = call.parameters.content_id
        who, item = await self._acting.item(call, number, _STOP)
        if not call.body.stopped:
            if not await self._stopping.lift_item(who, number) and item.stopped is not None:
                raise Refused(LATE, "no stop of the content stands that this member of staff may lift")
            return _lifted()
        try:
            stopped = await self._stopping.stop_item(who, number, call.body.reason)
        except ReasonNeeded:
            raise invalid(("body", "reason", "write the reason")) from None
        if stopped is None:
            raise no_content(number)
        return _standing(stopped)

    async def _stop_product(self, call: Call[NoParameters, WantedProductStop]) -> StopStanding:
        who = await self._acting.viewer_of_all(call, _STOP)
        body = call.body
        if not body.stopped:
            await self._stopping.lift_product(who, body.product)
            return _lifted()
        try:
            return _standing(await self._stopping.stop_product(who, body.product, body.reason))
        except ReasonNeeded:
            raise invalid(("body", "reason", "write product and reason")) from None


def _standing(stopped: Stopped) -> StopStanding:
    return StopStanding(
        stopped=True,
        waiting=stopped.waiting,
        messages=[
            HeldMessage(
                delivery=row.delivery, account=row.account, content=row.item, version=row.version, due_at=row.due_at
            )
            for row in stopped.rows
        ],
    )


def _lifted() -> StopStanding:
    return StopStanding(stopped=False, waiting=0, messages=[])
