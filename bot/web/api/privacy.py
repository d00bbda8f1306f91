"""Erasures, legal holds and customers' data over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from bot.web.api.cursor import CursorForm
from bot.web.api.customers import CustomerPath, no_customer
from bot.web.api.problem import NOT_FOUND, Refused, invalid
from bot.web.api.route import AnyRoute, Body, Call, Id, Listing, NoBody, Page, Parameters, Route, cursor_field
from content.rights import Permission
from handlers.privacy.wishes import ReasonMissing, Wishes
from storage.erasures import ErasureRow
from storage.errors import OutOfScope

_LIST = CursorForm(letter="e")


class ErasureQuery(Listing):
    """Which erasures."""

    cursor: Annotated[str, StringConstraints(pattern=_LIST.pattern)] | None = cursor_field()


class ErasurePath(Parameters):
    """Which erasure."""

    erasure_id: Id = Field(description="The erasure's number.", examples=[1])


class Reason(Body):
    """Why."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=500)] = Field(
        description="Why; report and audit keep it, so name no person.", examples=["written request of the customer"]
    )


class HoldChange(Body):
    """Whether a customer is to be held, and why."""

    held: bool = Field(description="True: nothing of the customer is destroyed; false: the hold ends.")
    reason: Annotated[str, StringConstraints(min_length=1, max_length=500)] = Field(
        description="Why; the audit keeps it.", examples=["court file 12"]
    )


class ShownErasure(BaseModel):
    """One erasure; it names a number and nobody."""

    id: int
    customer_id: int
    state: str = Field(description="requested, locked, destroyed or confirmed.")
    origin: str = Field(description="chat, staff or restore.")
    requested_by: str
    reason: str
    requested_at: datetime
    due_at: datetime
    confirmed_at: datetime | None
    report: dict[str, Any] = Field(
        description="What went, by table, and what is kept and why; empty before it is done."
    )


class ErasurePage(Page):
    """Erasures, the newest first."""

    erasures: list[ShownErasure]


class Hold(BaseModel):
    """Whether a customer is held now."""

    customer_id: int
    held: bool


class CustomerExport(BaseModel):
    """All that is kept of a customer, whole, as it is handed out to them."""

    data: dict[str, Any]


class PrivacyRoutes:
    """What compliance does over the API."""

    def __init__(self, wishes: Wishes) -> None:
        self._wishes = wishes

    def routes(self) -> tuple[AnyRoute, ...]:
        """Return the routes."""
        read, write = Permission.PRIVACY_READ, Permission.PRIVACY_WRITE
        return (
            Route(
                method="GET",
                path="/erasures",
                name="listErasures",
                summary="Erasures with their reports, the newest first",
                permission=read,
                is_whole=True,
                parameters=ErasureQuery,
                body=NoBody,
                answer=ErasurePage,
                handle=self._list,
            ),
            Route(
                method="GET",
                path="/erasures/{erasure_id}",
                name="getErasure",
                summary="One erasure with its report",
                permission=read,
                is_whole=True,
                parameters=ErasurePath,
                body=NoBody,
                answer=ShownErasure,
                problems=(NOT_FOUND,),
                handle=self._one,
            ),
            Route(
                method="GET",
                path="/customers/{customer_id}/export",
                name="exportCustomer",
                summary="All that is kept of a customer of the scope, whole, to be handed out to them",
                permission=write,
                parameters=CustomerPath,
                body=NoBody,
                answer=CustomerExport,
                problems=(NOT_FOUND,),
                handle=self._export,
            ),
            Route(
                method="PUT",
                path="/customers/{customer_id}/erasure",
                name="putErasure",
                summary="Erase a customer of the scope; asked for twice it is the same erasure",
                permission=write,
                parameters=CustomerPath,
                body=Reason,
                answer=ShownErasure,
                problems=(NOT_FOUND,),
                handle=self._erase,
            ),
            Route(
                method="PUT",
                path="/customers/{customer_id}/hold",
                name="putHold",
                summary="Hold what there is of a customer of the scope, or end the hold",
                permission=write,
                parameters=CustomerPath,
                body=HoldChange,
                answer=Hold,
                problems=(NOT_FOUND,),
                handle=self._hold,
            ),
        )

    async def _list(self, call: Call[ErasureQuery, NoBody]) -> ErasurePage:
        asked = call.parameters
        before = None if asked.cursor is None else _LIST.decode(asked.cursor)[0]
        found = await self._wishes.erasures(call.viewer, limit=asked.limit, before=before)
        is_full = len(found) == asked.limit
        return ErasurePage(
            erasures=[_shown(row) for row in found], next=_LIST.encode(found[-1].id) if is_full else None
        )

    async def _one(self, call: Call[ErasurePath, NoBody]) -> ShownErasure:
        found = await self._wishes.erasure(call.viewer, call.parameters.erasure_id)
        if found is None:
            raise Refused(NOT_FOUND, f"there is no erasure {call.parameters.erasure_id}")
        return _shown(found)

    async def _export(self, call: Call[CustomerPath, NoBody]) -> CustomerExport:
        found = await self._wishes.export(call.viewer, call.parameters.customer_id)
        if found is None:
            raise no_customer(call.parameters.customer_id)
        return CustomerExport(data=found)

    async def _erase(self, call: Call[CustomerPath, Reason]) -> ShownErasure:
        customer_id = call.parameters.customer_id
        try:
            number = await self._wishes.erase(call.viewer, customer_id, call.body.reason)
        except OutOfScope:
            raise no_customer(customer_id) from None
        except ReasonMissing as missing:
            raise invalid(("body", "reason", str(missing))) from None
        found = await self._wishes.told(number)
        return _shown(found)

    async def _hold(self, call: Call[CustomerPath, HoldChange]) -> Hold:
        customer_id, body = call.parameters.customer_id, call.body
        try:
            if body.held:
                await self._wishes.hold(call.viewer, customer_id, body.reason)
            else:
                await self._wishes.release(call.viewer, customer_id, body.reason)
        except OutOfScope:
            raise no_customer(customer_id) from None
        except ReasonMissing as missing:
            raise invalid(("body", "reason", str(missing))) from None
        return Hold(customer_id=customer_id, held=body.held)


def _shown(row: ErasureRow) -> ShownErasure:
    return ShownErasure(
        id=row.id,
        customer_id=row.customer_id,
        state=row.state,
        origin=row.origin,
        requested_by=row.requested_by,
        reason=row.reason,
        requested_at=row.requested_at,
        due_at=row.due_at,
        confirmed_at=row.confirmed_at,
        report=row.report,
    )
