"""Giving a customer to a member of staff over the API."""

from __future__ import annotations

from pydantic import BaseModel, Field

from bot.web.api.customers import CustomerPath, no_customer
from bot.web.api.problem import NOT_FOUND, invalid
from bot.web.api.route import AnyRoute, Body, Call, PlatformId, Route
from bot.web.api.staff import ShownStaff, shown_staff
from content.rights import Permission
from handlers.clock import Clock
from storage.errors import OutOfScope
from storage.owners import Owners
from storage.staff_list import StaffCard, StaffList
from storage.viewer import Viewer


class NewOwner(Body):
    """Who gets the customer."""

    userid: PlatformId = Field(
        description="The WeCom userid of an active member of staff of the scope.", examples=["zhang"]
    )
    realm: PlatformId | None = Field(default=None, description="The corpid, when several have the userid.")


class Ownership(BaseModel):
    """Whose customer somebody is now."""

    customer_id: int
    owner: ShownStaff


class OwnerRoutes:
    """Changes owners, with a row in the audit."""

    def __init__(self, *, owners: Owners, staff: StaffList, clock: Clock) -> None:
        self._owners = owners
        self._staff = staff
        self._clock = clock

    def routes(self) -> tuple[AnyRoute, ...]:
        """Return the routes."""
        return (
            Route(
                method="PUT",
                path="/customers/{customer_id}/owner",
                name="putOwner",
                summary="Give a customer of the scope to a member of staff of it",
                permission=Permission.CUSTOMERS_ASSIGN,
                parameters=CustomerPath,
                body=NewOwner,
                answer=Ownership,
                problems=(NOT_FOUND,),
                handle=self._put,
            ),
        )

    async def _put(self, call: Call[CustomerPath, NewOwner]) -> Ownership:
        customer_id = call.parameters.customer_id
        owner = await self._named(call.body, call.viewer)
        try:
            await self._owners.assign(
                customer_id, owner.id, viewer=call.viewer, now=self._clock.now(), cause="assigned"
            )
        except OutOfScope:
            # The owner was found in the scope just now, so it is the customer who is not there.
            raise no_customer(customer_id) from None
        return Ownership(customer_id=customer_id, owner=shown_staff(owner))

    async def _named(self, wanted: NewOwner, viewer: Viewer) -> StaffCard:
        found = await self._staff.named(wanted.userid, viewer=viewer, realm=wanted.realm)
        if not found:
            raise invalid(("body", "userid", "nobody active in your scope has it"))
        if len(found) > 1:
            raise invalid(("body", "realm", "the userid is in use in several realms; name one"))
        return found[0]
