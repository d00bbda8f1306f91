"""Coming on duty and going off it over the API, in the name of a member of staff."""

from __future__ import annotations

from pydantic import BaseModel, Field

from bot.web.api.handover_changes import ServedBy, acting
from bot.web.api.problem import NOT_OPEN, Refused
from bot.web.api.route import AnyRoute, Call, Parameters, Route
from content.rights import Permission
from handlers.handover.duty_desk import Begun, DutyDesk
from handlers.handover.key_desk import KeyDesk


class DutyPath(Parameters):
    """There is nothing to say."""


class WantedDuty(ServedBy):
    """Whether somebody is to be on duty."""

    on: bool = Field(
        description="True: customers are offered to them. False: whom they have goes back into the line.",
        examples=[True],
    )


class DutyStanding(BaseModel):
    """Whether somebody is on duty now."""

    userid: str
    name: str
    on: bool
    returned: int = Field(description="How many customers went back into the line.")


class DutyRoutes:
    """Begins and ends duty through the desk that chat and console use."""

    def __init__(self, duty: DutyDesk, *, holder: KeyDesk) -> None:
        self._duty = duty
        self._holder = holder

    def routes(self) -> tuple[AnyRoute, ...]:
        """Return the routes."""
        return (
            Route(
                method="PUT",
                path="/duty",
                name="putDuty",
                summary="Put a member of staff of the scope on duty, or take them off it",
                permission=Permission.HANDOVERS_SERVE,
                parameters=DutyPath,
                body=WantedDuty,
                answer=DutyStanding,
                problems=(NOT_OPEN,),
                handle=self._put,
            ),
        )

    async def _put(self, call: Call[DutyPath, WantedDuty]) -> DutyStanding:
        who = await acting(self._holder, call.viewer, call.body)
        returned = 0
        if not call.body.on:
            returned = await self._duty.end(who.viewer) or 0
        elif await self._duty.begin(who.viewer) is Begun.NOT_OPEN:
            raise Refused(NOT_OPEN, "duty begins in the hours of handover.yaml only")
        return DutyStanding(userid=who.userid, name=who.viewer.name, on=call.body.on, returned=returned)
