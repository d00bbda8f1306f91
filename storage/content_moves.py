"""The moves of a version through review, each one conditional update with its audit row beside it.

As in `storage.content_drafts` a move names the revision it was made of: of two reviewers at once one wins.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Coroutine
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, update

from content.finding import encode_findings
from content.piece import Piece, digest_of_piece, written
from content.value import value
from storage.audit import note_deed
from storage.connection import Connection
from storage.content_drafts import Drafted, Moved, change_version, deed_of, find_version, marks_of, person_of
from storage.content_rows import hands_of
from storage.content_scope import reviews, writes
from storage.database import Database
from storage.tables import CONTENT_VERSION
from storage.tables.contents import EDITABLE, VersionState
from storage.viewer import Viewer


@value
class _Step:
    """One arrow of the state machine: from where to where, who may, and the audit's word for it."""

    before: tuple[VersionState, ...]
    after: VersionState
    scope: Callable[[Viewer], ColumnElement[bool]]
    action: str


_SUBMIT = _Step(before=EDITABLE, after=VersionState.IN_REVIEW, scope=writes, action="content_submitted")
_TAKE_BACK = _Step(
    before=(VersionState.IN_REVIEW,), after=VersionState.DRAFT, scope=writes, action="content_taken_back"
)
_APPROVE = _Step(
    before=(VersionState.IN_REVIEW,), after=VersionState.APPROVED, scope=reviews, action="content_approved"
)
_GIVE_BACK = _Step(
    before=(VersionState.IN_REVIEW,), after=VersionState.RETURNED, scope=reviews, action="content_returned"
)
_WITHDRAW = _Step(
    before=(VersionState.APPROVED,), after=VersionState.WITHDRAWN, scope=writes, action="content_withdrawn"
)
#: What a move writes beside the state, found in its transaction; or why it is none.
_Making = Callable[[Connection, Any], Coroutine[Any, Any, "dict[str, Any] | Moved"]]


class _Late(Exception):
    """Something that was done in this transaction must not stand."""


class ContentMoves:
    """Moves versions for viewers who may; whether a viewer may at all is asked before (`handlers.contents`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def submit(
        self, version_id: int, *, revision: int, draft: Drafted, answers: dict[str, str], viewer: Viewer, now: datetime
    ) -> Moved:
        """Ask for the review of a draft, with what was found in it and the author's reasons; draft → in_review."""
        staff_id = person_of(viewer)
        values = {
            "findings": encode_findings(draft.findings),
            "rules": draft.rules,
            "answers": json.dumps(answers, ensure_ascii=False),
            "submitted_by": staff_id,
            "submitted_at": now,
            "reason": None,
            "reviewer_id": None,
            "reviewed_at": None,
        }
        digest = digest_of_piece(written(draft.piece))

        async def move(connection: Connection, row: Any) -> dict[str, Any] | Moved:
            # What was checked is what is asked about.
            if row.digest != digest:
                return Moved.LATE
            keys = {mark for mark in marks_of(viewer) if mark < 0}
            return values | {"hands": json.dumps(sorted({*json.loads(row.hands), *keys}))}

        return await self._move(_SUBMIT, version_id, revision, move, viewer=viewer, now=now)

    async def take_back(self, version_id: int, *, revision: int, viewer: Viewer, now: datetime) -> Moved:
        """Take a version out of review, to write on; in_review → draft."""

        async def move(_connection: Connection, _row: Any) -> dict[str, Any] | Moved:
            return {"submitted_at": None, "submitted_by": None}

        return await self._move(_TAKE_BACK, version_id, revision, move, viewer=viewer, now=now)

    async def approve(self, version_id: int, *, revision: int, viewer: Viewer, now: datetime) -> Moved:
        """Approve a version that others wrote; in_review → approved. The one approved before becomes `replaced`."""
        staff_id = person_of(viewer)

        async def move(connection: Connection, row: Any) -> dict[str, Any] | Moved:
            if marks_of(viewer) & hands_of(row):
                return Moved.OWN_WORK
            former = update(CONTENT_VERSION).where(
                CONTENT_VERSION.c.item_id == row.item_id, CONTENT_VERSION.c.state == VersionState.APPROVED
            )
            await connection.execute(
                former.values(
                    state=VersionState.REPLACED,
                    ended_at=now,
                    ended_by=staff_id,
                    revision=CONTENT_VERSION.c.revision + 1,
                )
            )
            days = Piece.model_validate_json(row.spec).valid_days
            return {"reviewer_id": staff_id, "reviewed_at": now, "expires_at": now + timedelta(days=days)}

        return await self._move(_APPROVE, version_id, revision, move, viewer=viewer, now=now)

    async def give_back(self, version_id: int, reason: str, *, revision: int, viewer: Viewer, now: datetime) -> Moved:
        """Return a version that others wrote, with the reason; in_review → returned."""
        staff_id = person_of(viewer)

        async def move(_connection: Connection, row: Any) -> dict[str, Any] | Moved:
            if marks_of(viewer) & hands_of(row):
                return Moved.OWN_WORK
            return {"reviewer_id": staff_id, "reviewed_at": now, "reason": reason}

        return await self._move(_GIVE_BACK, version_id, revision, move, viewer=viewer, now=now)

    async def withdraw(self, version_id: int, *, revision: int, viewer: Viewer, now: datetime) -> Moved:
        """Take an approved version out of use for good; approved → withdrawn."""
        staff_id = person_of(viewer)

        async def move(_connection: Connection, _row: Any) -> dict[str, Any] | Moved:
            return {"ended_at": now, "ended_by": staff_id}

        return await self._move(_WITHDRAW, version_id, revision, move, viewer=viewer, now=now)

    async def _move(
        self, step: _Step, version_id: int, revision: int, making: _Making, *, viewer: Viewer, now: datetime
    ) -> Moved:
        async def apply(connection: Connection) -> Moved:
            row = await find_version(connection, step.scope(viewer), CONTENT_VERSION.c.id == version_id)
            if row is None:
                return Moved.NOT_THERE
            if row.revision != revision or row.state not in step.before:
                return Moved.LATE
            values = await making(connection, row)
            if isinstance(values, Moved):
                return values
            if not await change_version(
                connection, row, step.before, values | {"state": step.after, "revision": revision + 1}
            ):
                raise _Late  # so that what `making` did beside it is undone
            await note_deed(connection, viewer, deed_of(step.action, row.item_id, row.number), now=now)
            return Moved.DONE

        try:
            return await self._database.write(apply)
        except _Late:
            return Moved.LATE
