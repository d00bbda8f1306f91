"""Handovers over the API: the list and one of them. They hold no words; the customer's timeline does."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, Field, StringConstraints

from bot.web.api.cursor import CursorForm
from bot.web.api.problem import NOT_FOUND, Refused
from bot.web.api.route import AnyRoute, Call, Id, Listing, NoBody, Page, Parameters, Route, cursor_field
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

    handover_id: Id = Field(description="The handover's number, as staff write it: #12.", examples=[1])


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
                summary="One handover to a person",
                permission=Permission.HANDOVERS_READ,
                parameters=HandoverPath,
                body=NoBody,
                answer=ShownHandover,
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
            handovers=[_shown(row) for row in rows],
            next=_LIST.encode(rows[-1].id) if len(rows) == asked.limit else None,
        )

    async def _one(self, call: Call[HandoverPath, NoBody]) -> ShownHandover:
        number = call.parameters.handover_id
        row = await self._reading.one(call.viewer, number)
        if row is None:
            raise Refused(NOT_FOUND, f"there is no handover {number} in your scope")
        return _shown(row)


def _shown(row: HandoverRow) -> ShownHandover:
    return ShownHandover(
        id=row.id,
        account=row.account,
        customer_id=row.customer_id,
        state=row.state,
        opened_at=row.opened_at,
        waiting_since=row.waiting_since,
        staff_id=row.staff_id,
        staff=row.staff,
        accepted_at=row.accepted_at,
        first_reply_at=row.first_reply_at,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        session=row.session,
        satisfaction=row.satisfaction,
    )
