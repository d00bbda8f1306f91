"""Looking at the staff and at the audit itself: the one way for console and API, with a trace of its own."""

from __future__ import annotations

from typing import Any

from content.rights import Permission
from handlers.clock import Clock
from handlers.people.rights import require
from storage.audit import Audit, Deed
from storage.staff_list import StaffCard, StaffList
from storage.viewer import Viewer


class OfficeReading:
    """What is shown of colleagues and of their deeds was noted in the audit before."""

    def __init__(self, *, staff: StaffList, audit: Audit, clock: Clock) -> None:
        self._staff = staff
        self._audit = audit
        self._clock = clock

    async def staff(self, viewer: Viewer, *, limit: int, after: int | None = None) -> list[StaffCard]:
        """Return active staff of the scope in the order of their ids; `after`: above that id. Raises Forbidden."""
        require(viewer, Permission.ORGANISATION_READ)
        await self._note(viewer, Deed(action="listed", subject="staff"))
        return await self._staff.page(viewer=viewer, limit=limit, after=after)

    async def entries(
        self,
        viewer: Viewer,
        *,
        limit: int,
        before: int | None = None,
        subject: str | None = None,
        subject_id: int | None = None,
    ) -> list[dict[str, Any]]:
        """Return who read and changed what, the newest first, of one subject when it is given. Raises Forbidden.

        The row of this look is there already, and is the newest of the audit's first page.
        """
        require(viewer, Permission.AUDIT_READ)
        asked = " ".join(str(part) for part in (subject, subject_id) if part is not None)
        await self._note(viewer, Deed(action="read", subject="audit", detail=asked))
        return await self._audit.entries(before=before, limit=limit, subject=subject, subject_id=subject_id)

    async def _note(self, viewer: Viewer, deed: Deed) -> None:
        await self._audit.note(viewer, deed, now=self._clock.now())
