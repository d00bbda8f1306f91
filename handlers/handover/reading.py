"""Looking at handovers: the one way for console, API and commands, within the scope and with a trace."""

from __future__ import annotations

from datetime import datetime

from content.rights import Permission
from handlers.clock import Clock
from handlers.handover.serving import CONTEXT
from handlers.people.reading import masked
from handlers.people.rights import require
from storage.audit import Audit, Deed
from storage.handover_list import HandoverList, ReportLine
from storage.handover_rows import HandoverRow
from storage.handover_talk import HandoverTalk
from storage.tables.handover import HandoverState
from storage.timeline import Said
from storage.viewer import Viewer


class HandoverReading:
    """What is shown of handovers was noted in the audit before; only `talk` shows words of customers."""

    def __init__(self, *, handovers: HandoverList, talk: HandoverTalk, audit: Audit, clock: Clock) -> None:
        self._handovers = handovers
        self._talk = talk
        self._audit = audit
        self._clock = clock

    async def page(
        self,
        viewer: Viewer,
        *,
        limit: int,
        before: int | None = None,
        state: HandoverState | None = None,
        open_only: bool = False,
    ) -> list[HandoverRow]:
        """Return handovers of the scope, the newest first. Raises Forbidden."""
        require(viewer, Permission.HANDOVERS_READ)
        found = await self._handovers.page(viewer=viewer, limit=limit, before=before, state=state, open_only=open_only)
        await self._note(viewer, Deed(action="listed", subject="handovers"))
        return found

    async def one(self, viewer: Viewer, handover_id: int) -> HandoverRow | None:
        """Return one of the scope, None when there is none. Raises Forbidden."""
        require(viewer, Permission.HANDOVERS_READ)
        found = await self._handovers.one(handover_id, viewer=viewer)
        if found is not None:
            await self._note(viewer, Deed(action="read", subject="handover", subject_id=found.id))
        return found

    async def talk(self, viewer: Viewer, row: HandoverRow) -> list[Said] | None:
        """Return what was said last until it was closed, the oldest first, numbers masked.

        None without the right to read conversations, and for a customer beyond the scope. Raises StorageError.
        """
        if not viewer.may(Permission.CONVERSATIONS_READ):
            return None
        if row.id not in await self._handovers.of_scope([row.id], viewer=viewer):
            return None
        detail = f"handover {row.id}"
        await self._note(viewer, Deed(action="read", subject="conversation", subject_id=row.customer_id, detail=detail))
        said = await self._talk.last_said(row, limit=CONTEXT, until=row.closed_at)
        return [masked(message) for message in said]

    async def report(
        self, viewer: Viewer, *, since: datetime, until: datetime, by_team: bool = False
    ) -> list[ReportLine]:
        """Return how handovers of the scope went that were asked for in a time. Raises Forbidden."""
        require(viewer, Permission.HANDOVERS_READ)
        found = await self._handovers.report(viewer=viewer, since=since, until=until, by_team=by_team)
        await self._note(viewer, Deed(action="reported", subject="handovers"))
        return found

    async def _note(self, viewer: Viewer, deed: Deed) -> None:
        await self._audit.note(viewer, deed, now=self._clock.now())
