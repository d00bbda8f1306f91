"""The runs that reconcile with the platforms, over the API."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Final

from pydantic import BaseModel, Field, StringConstraints

from bot.web.api.cursor import CursorForm
from bot.web.api.route import AnyRoute, Call, Listing, NoBody, Page, Route, cursor_field
from content.rights import Permission
from storage.sync_runs import SyncRow, SyncRuns

#: Ids of runs are 32-bit on PostgreSQL.
_LIST: Final = CursorForm(letter="y", digits=8)


class SyncQuery(Listing):
    """Which runs."""

    cursor: Annotated[str, StringConstraints(pattern=_LIST.pattern)] | None = cursor_field()


class ShownSync(BaseModel):
    """One run: what it reconciled, how far it is, what it counted."""

    id: int
    what: str = Field(description="`departments` (with members) or `followers` (with tags).")
    account: str
    state: str = Field(description="`running`, `waiting`, `finished`, `stopped`, `failed` or `abandoned`.")
    dry_run: bool
    started_at: datetime
    started_by: str
    ended_at: datetime | None
    resume_at: datetime | None = Field(description="Until when it waits for a quota of the platform.")
    detail: str = Field(description="Why it waits, stopped or failed; empty otherwise.")
    seen: int
    new: int
    changed: int
    gone: int
    unmapped: int = Field(description="Members of departments that stand for nothing here.")
    refused: int = Field(description="What the settings contradict.")
    tagged: int
    untagged: int


class SyncPage(Page):
    """Runs, the newest first."""

    syncs: list[ShownSync]


class SyncRoutes:
    """Reads the runs."""

    def __init__(self, runs: SyncRuns) -> None:
        self._runs = runs

    def routes(self) -> tuple[AnyRoute, ...]:
        """Return the routes."""
        return (
            Route(
                method="GET",
                path="/syncs",
                name="listSyncs",
                summary="How followers and staff were reconciled with the platforms; for keys that see all",
                permission=Permission.OPERATIONS_READ,
                is_whole=True,
                parameters=SyncQuery,
                body=NoBody,
                answer=SyncPage,
                handle=self._list,
            ),
        )

    async def _list(self, call: Call[SyncQuery, NoBody]) -> SyncPage:
        asked = call.parameters
        before = None if asked.cursor is None else _LIST.decode(asked.cursor)[0]
        runs = await self._runs.page(limit=asked.limit, before=before)
        return SyncPage(
            syncs=[_shown(run) for run in runs],
            next=_LIST.encode(runs[-1].id) if len(runs) == asked.limit else None,
        )


def _shown(run: SyncRow) -> ShownSync:
    return ShownSync(
        id=run.id,
        what=run.what,
        account=run.account,
        state=run.state,
        dry_run=run.is_dry_run,
        started_at=run.started_at,
        started_by=run.started_by,
        ended_at=run.ended_at,
        resume_at=run.resume_at,
        detail=run.detail,
        seen=run.seen,
        new=run.new,
        changed=run.changed,
        gone=run.gone,
        unmapped=run.unmapped,
        refused=run.refused,
        tagged=run.tagged,
        untagged=run.untagged,
    )
