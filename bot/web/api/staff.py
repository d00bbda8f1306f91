"""The staff over the API."""

from __future__ import annotations

from typing import Annotated, Final

from pydantic import BaseModel, Field, StringConstraints

from bot.web.api.cursor import CursorForm
from bot.web.api.route import AnyRoute, Call, Listing, NoBody, Page, Route, cursor_field
from content.rights import Permission
from handlers.people.office import OfficeReading
from storage.staff_list import StaffCard

#: Ids of staff are 32-bit on PostgreSQL.
_LIST: Final = CursorForm(letter="s", digits=8)


class StaffQuery(Listing):
    """Which members of staff."""

    cursor: Annotated[str, StringConstraints(pattern=_LIST.pattern)] | None = cursor_field()


class ShownStaff(BaseModel):
    """One active member of staff."""

    id: int
    realm: str = Field(description="The corpid.")
    userid: str = Field(description="In lower case, as WeCom answers it.")
    name: str
    role: str
    scope: str | None = Field(description="Null: as the role usually has.")
    branch: str | None
    team: str | None


class StaffPage(Page):
    """Active staff in the order of their ids."""

    staff: list[ShownStaff]


class StaffRoutes:
    """Reads the organisation, with a trace."""

    def __init__(self, office: OfficeReading) -> None:
        self._office = office

    def routes(self) -> tuple[AnyRoute, ...]:
        """Return the routes."""
        return (
            Route(
                method="GET",
                path="/staff",
                name="listStaff",
                summary="Active members of staff of the scope",
                permission=Permission.ORGANISATION_READ,
                parameters=StaffQuery,
                body=NoBody,
                answer=StaffPage,
                handle=self._list,
            ),
        )

    async def _list(self, call: Call[StaffQuery, NoBody]) -> StaffPage:
        asked = call.parameters
        after = None if asked.cursor is None else _LIST.decode(asked.cursor)[0]
        cards = await self._office.staff(call.viewer, limit=asked.limit, after=after)
        return StaffPage(
            staff=[shown_staff(card) for card in cards],
            next=_LIST.encode(cards[-1].id) if len(cards) == asked.limit else None,
        )


def shown_staff(card: StaffCard) -> ShownStaff:
    """Return a member of staff as the API shows them."""
    return ShownStaff(
        id=card.id,
        realm=card.realm,
        userid=card.userid,
        name=card.name,
        role=card.role,
        scope=card.scope,
        branch=card.branch,
        team=card.team,
    )
