"""Serving handovers over the API: take, reply, pass on, close, in the name of a member of staff."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from bot.web.api.handovers import HandoverPath, no_handover
from bot.web.api.problem import (
    CLOSED,
    NOT_FOUND,
    NOT_ON_DUTY,
    NOT_YOURS,
    REPLY_REFUSED,
    Kind,
    Refused,
    invalid,
)
from bot.web.api.route import AnyRoute, Body, Call, PlatformId, Route
from content.rights import Permission
from handlers.handover.key_desk import KeyDesk, NobodyServes
from handlers.handover.reply import LONGEST_REPLY, as_typed
from handlers.handover.serving import Serving, ServingDesk, Told
from storage.handover_rows import HandoverRow
from storage.handovers import Accepted
from storage.tables.handover import HandoverState
from storage.viewer import Viewer


class ServedBy(Body):
    """In whose name a key serves."""

    userid: PlatformId = Field(
        description="The WeCom userid of the member of staff who serves; active, of the scope, agent or supervisor.",
        examples=["zhang"],
    )
    realm: PlatformId | None = Field(default=None, description="The corpid, when several have the userid.")


class HandoverReply(ServedBy):
    """What is said to the customer."""

    words: Annotated[str, StringConstraints(min_length=1, max_length=LONGEST_REPLY)] = Field(
        description="What the customer reads, as plain text. Characters of control but the line's end are left out.",
        examples=["您好，材料收到了。"],
    )


class HandoverPass(ServedBy):
    """To whom a handover goes."""

    userid: PlatformId = Field(description="The userid of who has it, served or offered.", examples=["li"])
    to: PlatformId | None = Field(
        default=None,
        description="The userid of a colleague of the scope who is on duty; they are offered it. Without one an offer "
        "goes back into the line, and the next one is asked.",
        examples=["zhang"],
    )
    to_realm: PlatformId | None = Field(default=None, description="Their corpid, when several have the userid.")


class HandoverStanding(BaseModel):
    """How a handover stands now; it holds no words of anybody."""

    id: int
    state: HandoverState
    staff_id: int | None = Field(description="Who is offered it, serves, or served last.")
    staff: str | None
    accepted_at: datetime | None
    closed_at: datetime | None


class ReplySent(BaseModel):
    """The reply is in the outbox; the sending loop asks the rules once more before it leaves."""

    id: int = Field(description="The handover's number.")
    left: int = Field(description="How many more replies the customer's last message allows.")


class HandoverChangeRoutes:
    """Serves through the desk that chat and console use; each step leaves its row in its transaction."""

    def __init__(self, desk: ServingDesk, *, holder: KeyDesk) -> None:
        self._desk = desk
        self._holder = holder

    def routes(self) -> tuple[AnyRoute, ...]:
        """Return the routes."""
        serve = Permission.HANDOVERS_SERVE
        refusals: tuple[Kind, ...] = (NOT_FOUND, NOT_YOURS, CLOSED)
        return (
            Route(
                method="POST",
                path="/handovers/{handover_id}/take",
                name="takeHandover",
                summary="Let a member of staff serve what waits or is offered to them",
                permission=serve,
                parameters=HandoverPath,
                body=ServedBy,
                answer=HandoverStanding,
                problems=(*refusals, NOT_ON_DUTY),
                handle=self._take,
            ),
            Route(
                method="POST",
                path="/handovers/{handover_id}/reply",
                name="replyInHandover",
                summary="Send a member of staff's words to the customer they serve, once an idempotency key",
                permission=serve,
                parameters=HandoverPath,
                body=HandoverReply,
                answer=ReplySent,
                problems=(*refusals, REPLY_REFUSED),
                handle=self._reply,
            ),
            Route(
                method="POST",
                path="/handovers/{handover_id}/pass",
                name="passHandover",
                summary="Offer what a member of staff has to a colleague, or put their offer back into the line",
                permission=serve,
                parameters=HandoverPath,
                body=HandoverPass,
                answer=HandoverStanding,
                problems=refusals,
                handle=self._pass,
            ),
            Route(
                method="POST",
                path="/handovers/{handover_id}/close",
                name="closeHandover",
                summary="End what a member of staff serves; the customer is asked how it was",
                permission=serve,
                parameters=HandoverPath,
                body=ServedBy,
                answer=HandoverStanding,
                problems=refusals,
                handle=self._close,
            ),
        )

    async def _take(self, call: Call[HandoverPath, ServedBy]) -> HandoverStanding:
        who, row = await self._begun(call)
        accepted, _ = await self._desk.accept(who, row.id)
        if accepted is Accepted.NOT_ON_DUTY:
            raise Refused(NOT_ON_DUTY, f"{who.userid} is not on duty; begin it with PUT /duty")
        if accepted is Accepted.GONE:
            raise await self._refusal(call.viewer, who, row.id)
        return await self._standing(row)

    async def _reply(self, call: Call[HandoverPath, HandoverReply]) -> ReplySent:
        words = as_typed(call.body.words)
        if not words:
            raise invalid(("body", "words", "nothing in it can be read"))
        who, row = await self._begun(call)
        replied = await self._desk.reply(who, row, words, key=_reply_key(call, words))
        if replied.told is Told.SENT:
            return ReplySent(id=row.id, left=replied.left)
        if replied.told is Told.REFUSED:
            raise Refused(REPLY_REFUSED, replied.reason, reason=replied.rule or None)
        raise await self._refusal(call.viewer, who, row.id)

    async def _pass(self, call: Call[HandoverPath, HandoverPass]) -> HandoverStanding:
        who, row = await self._begun(call)
        if call.body.to is None:
            done, _ = await self._desk.decline(who.viewer, row.id)
        else:
            try:
                to = await self._holder.colleague(call.viewer, who, call.body.to, realm=call.body.to_realm)
            except NobodyServes:
                message = "no one colleague in your scope who has it is on duty; several: then name to_realm, too"
                raise invalid(("body", "to", message)) from None
            done, _ = await self._desk.transfer(who.viewer, row.id, to=to.staff_id, realm=to.realm, userid=to.userid)
        if not done:
            raise await self._refusal(call.viewer, who, row.id)
        return await self._standing(row)

    async def _close(self, call: Call[HandoverPath, ServedBy]) -> HandoverStanding:
        who, row = await self._begun(call)
        done, _ = await self._desk.close(who.viewer, row.id)
        if not done:
            raise await self._refusal(call.viewer, who, row.id)
        return await self._standing(row)

    async def _begun(self, call: Call[HandoverPath, Any]) -> tuple[Serving, HandoverRow]:
        """Return who acts and on what. Raises Refused when either is not in reach."""
        who = await acting(self._holder, call.viewer, call.body)
        row = await self._holder.seen(call.viewer, who, call.parameters.handover_id)
        if row is None:
            raise no_handover(call.parameters.handover_id)
        return who, row

    async def _refusal(self, key: Viewer, who: Serving, number: int) -> Refused:
        """Return why nothing came of it, as it stands now; who has it meanwhile is not said."""
        row = await self._holder.seen(key, who, number)
        if row is not None and row.state is HandoverState.CLOSED:
            return Refused(CLOSED, f"handover {number} is closed")
        state = "out of sight" if row is None else row.state
        return Refused(NOT_YOURS, f"handover {number} is {state}, and {who.userid} cannot do this with it")

    async def _standing(self, row: HandoverRow) -> HandoverStanding:
        # Whoever changed it is told, even when it went out of their sight by that.
        now = await self._desk.standing(row)
        return HandoverStanding(**{name: getattr(now, name) for name in HandoverStanding.model_fields})


async def acting(holder: KeyDesk, key: Viewer, named: ServedBy) -> Serving:
    """Return the member of staff in whose name the key acts. Raises Refused."""
    try:
        return await holder.acting(key, named.userid, realm=named.realm)
    except NobodyServes:
        message = "nobody active in your scope who serves has it, or several have: then name the realm, too"
        raise invalid(("body", "userid", message)) from None


def _reply_key(call: Call[HandoverPath, HandoverReply], words: str) -> str:
    """Return what makes a reply one: asked for again after a crash it is the same; other words are another one."""
    said = "\n".join((call.key, call.body.userid.lower(), words))
    return f"api:{call.viewer.api_key_id}:{hashlib.sha256(said.encode()).hexdigest()[:32]}"
