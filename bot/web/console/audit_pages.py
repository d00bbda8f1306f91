"""The audit: who read and changed what, the newest first."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from bot.web.console.pages import Page
from bot.web.console.visit import Visit
from content.rights import Permission
from handlers.people.office import OfficeReading

_ON_A_PAGE: Final = 50
#: What can be asked for by name; those that stand for a customer link to them.
SUBJECTS: Final = (
    "customers",
    "customer",
    "conversation",
    "conversations",
    "policies",
    "callbacks",
    "task",
    "benefit",
    "benefit_claims",
    "benefit_unit",
    "staff",
    "audit",
    "console",
)


class AuditPages:
    """Shows the rows; `OfficeReading` notes each look among them."""

    def __init__(self, office: OfficeReading) -> None:
        self._office = office

    def pages(self) -> list[Page]:
        """Return the one page."""
        return [
            Page(
                path="/audit",
                permission=Permission.AUDIT_READ,
                handler=self._list,
                title="audit.title",
                icon="trail",
            )
        ]

    async def _list(self, visit: Visit) -> web.StreamResponse:
        subject, number, before = visit.query("subject"), visit.query_number("number"), visit.query_number("before")
        if subject and subject not in SUBJECTS:
            raise web.HTTPBadRequest
        found = await self._office.entries(
            visit.viewer, before=before, limit=_ON_A_PAGE + 1, subject=subject or None, subject_id=number
        )
        shown = found[:_ON_A_PAGE]
        return visit.page(
            "audit.html",
            entries=shown,
            subjects=SUBJECTS,
            subject=subject,
            number=number,
            is_first=before is None,
            following=shown[-1]["id"] if len(found) > _ON_A_PAGE else None,
        )
