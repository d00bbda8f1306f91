"""Handovers over the API: the list, and one of them with what was said last."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal

from pydantic import BaseModel, Field, StringConstraints

from bot.web.api.cursor import CursorForm
from bot.web.api.problem import NOT_FOUND, Refused
from bot.web.api.route import AnyRoute, Call, Id, Listing, NoBody, Page, Parameters, Route, cursor_field
from bot.web.api.timeline import ShownMessage, shown_message
from content.rights import Permission
from handlers.handover.reading import HandoverReading
from storage.handover_rows import HandoverRow
from storage.tables.handover import HandoverState

_LIST: Final = CursorForm(letter="h")


class HandoverQuery(Listing):
    """Which handovers."""

    cursor: Annotated[str, StringConstraints(pattern=_LIST.pattern)] | None = cursor_field()
    state: Literal["left_message", "waiting", "offered", "running", "closed"] | None = Field(
        default=None, description="Only those in this state."
    )


class HandoverPath(Parameters):
    """Which handover."""

    handover_id: Id = Field(description="The handover's number, as staff write it: #12.", examples=[1, 2])


class ShownHandover(BaseModel):
    """One customer who asked for a person."""

    id: int
    account: str
    customer_id: int
    state: HandoverState
    opened_at: datetime
    waiting_since: datetime | None = Field(description="Null while a message left at night waits for the opening.")
    staff_id: int | None = Field(description="Who is offered it, serves, or served last.")
    staff: str | None
    accepted_at: datetime | None
    first_reply_at: datetime | None
    closed_at: datetime | None
    closed_by: str | None = Field(description="`staff`, `customer`, `silence`, `unfollowed` or `platform`.")
    session: str | None = Field(
        description="Where it stands with the platform's own session; null where there is none."
    )
    satisfaction: int | None = Field(description="1 to 5, as the customer answered the closing question.")


class HandoverWithTalk(ShownHandover):
    """One handover, with the talk that staff serve by."""

    talk: list[ShownMessage] | None = Field(
        description="The last twenty messages with the customer on the account, those of the bot among them, until it "
        "was closed, the oldest first, numbers of people masked. Null without `conversations.read` and for a customer "
        "beyond the scope."
    )


class HandoverPage(Page):
    """Handovers, the newest first."""

    handovers: list[ShownHandover]


class HandoverRoutes:
    """Reads handovers through the one way that leaves a trace."""

    def __init__(self, reading: HandoverReading) -> None:
        self._reading = reading

    def routes(self) -> tuple[AnyRoute, ...]:
        """Return the routes."""
        return (
            Route(
                method="GET",
                path="/handovers",
                name="listHandovers",
                summary="Handovers to a person of the scope, the newest first",
                permission=Permission.HANDOVERS_READ,
                parameters=HandoverQuery,
                body=NoBody,
                answer=HandoverPage,
                handle=self._list,
            ),
            Route(
                method="GET",
                path="/handovers/{handover_id}",
                name="getHandover",
                summary="One handover to a person with what was said last",
                permission=Permission.HANDOVERS_READ,
                parameters=HandoverPath,
                body=NoBody,
                answer=HandoverWithTalk,
                problems=(NOT_FOUND,),
                handle=self._one,
            ),
        )

    async def _list(self, call: Call[HandoverQuery, NoBody]) -> HandoverPage:
        asked = call.parameters
        before = None if asked.cursor is None else _LIST.decode(asked.cursor)[0]
        state = None if asked.state is None else HandoverState(asked.state)
        rows = await self._reading.page(call.viewer, limit=asked.limit, before=before, state=state)
        return HandoverPage(
            handovers=[ShownHandover(**_shown(row)) for row in rows],
            next=_LIST.encode(rows[-1].id) if len(rows) == asked.limit else None,
        )

    async def _one(self, call: Call[HandoverPath, NoBody]) -> HandoverWithTalk:
        number = call.parameters.handover_id
        row = await self._reading.one(call.viewer, number)
        if row is None:
            raise no_handover(number)
        talk = await self._reading.talk(call.viewer, row)
        return HandoverWithTalk(**_shown(row), talk=None if talk is None else [shown_message(said) for said in talk])


def no_handover(number: int) -> Refused:
    """Return the problem of a handover that is not there, or beyond the scope: nothing tells which."""
    return Refused(NOT_FOUND, f"there is no handover {number} in your scope")


def _shown(row: HandoverRow) -> dict[str, Any]:
    return {name: getattr(row, name) for name in ShownHandover.model_fields}
