"""The audit over the API: who read and changed what."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

from pydantic import BaseModel, Field, StringConstraints

from bot.web.api.cursor import CursorForm
from bot.web.api.route import AnyRoute, Call, Id, Listing, NoBody, Page, Route, cursor_field
from content.rights import Permission
from handlers.people.office import OfficeReading

_LIST: Final = CursorForm(letter="a")


class AuditQuery(Listing):
    """Which entries."""

    cursor: Annotated[str, StringConstraints(pattern=_LIST.pattern)] | None = cursor_field()
    subject: Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,64}$")] | None = Field(
        default=None, description="Only what was done to this sort of thing: `customer`, `conversation`, `console` …"
    )
    subject_id: Id | None = Field(default=None, description="Only what was done to the thing of this id.")


class ShownEntry(BaseModel):
    """One thing that somebody read or changed."""

    id: int
    at: datetime
    viewer: str = Field(description="Who it was, as they were called then.")
    role: str
    staff_id: int | None
    api_key_id: int | None
    action: str
    subject: str
    subject_id: int | None
    detail: str


class AuditPage(Page):
    """Entries, the newest first."""

    entries: list[ShownEntry]


class AuditRoutes:
    """Reads the audit, with a trace in it."""

    def __init__(self, office: OfficeReading) -> None:
        self._office = office

    def routes(self) -> tuple[AnyRoute, ...]:
        """Return the routes."""
        return (
            Route(
                method="GET",
                path="/audit",
                name="listAudit",
                summary="Who read and changed what, the newest first; for keys that see all",
                permission=Permission.AUDIT_READ,
                is_whole=True,
                parameters=AuditQuery,
                body=NoBody,
                answer=AuditPage,
                handle=self._list,
            ),
        )

    async def _list(self, call: Call[AuditQuery, NoBody]) -> AuditPage:
        asked = call.parameters
        before = None if asked.cursor is None else _LIST.decode(asked.cursor)[0]
        rows = await self._office.entries(
            call.viewer, before=before, limit=asked.limit, subject=asked.subject, subject_id=asked.subject_id
        )
        return AuditPage(
            entries=[ShownEntry(**row) for row in rows],
            next=_LIST.encode(rows[-1]["id"]) if len(rows) == asked.limit else None,
        )
