"""Writing content: an item with its first draft, and words that change, each with its audit row beside it.

A change names the revision it was made of. Who comes second finds another revision, changes nothing and is told; killed
before the commit nothing happened, after it everything did.
"""

from __future__ import annotations

import json
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, func, select, update

from content.finding import Finding, encode_findings
from content.normal_form import normalise
from content.piece import Piece, digest_of_piece, written
from content.value import value
from storage.audit import Deed, note_deed
from storage.connection import Connection
from storage.content_scope import writes
from storage.database import Database
from storage.people import upsert
from storage.tables import CONTENT_ITEM, CONTENT_VERSION, STAFF
from storage.tables.contents import EDITABLE, WORKING, VersionState
from storage.viewer import Viewer


class Moved(StrEnum):
    """What came of a change."""

    DONE = "done"
    #: Nothing of that id is in the scope.
    NOT_THERE = "not_there"
    #: Another change came first, or the version is in another state by now.
    LATE = "late"
    #: Who wrote at a version does not approve it.
    OWN_WORK = "own_work"
    #: The key is another item's.
    KEY_TAKEN = "key_taken"
    #: Something critical was found: nobody may be asked to approve it, nobody may approve it.
    BLOCKED = "blocked"
    #: Something was found that the author has given no reason for.
    UNANSWERED = "unanswered"
    #: A reason was wanted and none was given.
    NO_REASON = "no_reason"


@value
class Drafted:
    """A draft as it is kept: what was found in it, and by which rules."""

    piece: Piece
    findings: tuple[Finding, ...]
    rules: str


class ContentDrafts:
    """Writes words for viewers who may; whether a viewer may at all is asked before (`handlers.contents`)."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def create(self, draft: Drafted, *, viewer: Viewer, now: datetime) -> tuple[Moved, int]:
        """Make an item with its first draft; return its id. It belongs to the branch of who makes it."""
        staff_id = person_of(viewer)

        async def apply(connection: Connection) -> tuple[Moved, int]:
            branch = select(STAFF.c.branch_id).where(STAFF.c.id == staff_id)
            statement = upsert(connection.dialect)(CONTENT_ITEM).values(
                key=draft.piece.key,
                kind=draft.piece.kind,
                branch_id=(await connection.execute(branch)).scalar(),
                created_by=staff_id,
                created_at=now,
            )
            made = await connection.execute(
                statement.on_conflict_do_nothing(index_elements=["key"]).returning(CONTENT_ITEM.c.id)
            )
            item_id = made.scalar()
            if item_id is None:
                return Moved.KEY_TAKEN, 0
            await _insert_draft(connection, int(item_id), 1, draft, viewer=viewer, now=now)
            await note_deed(connection, viewer, deed_of("content_created", int(item_id), 1), now=now)
            return Moved.DONE, int(item_id)

        return await self._database.write(apply)

    async def save(
        self, item_id: int, draft: Drafted, *, based_on: tuple[int, int], viewer: Viewer, now: datetime
    ) -> Moved:
        """Write words; `based_on`: number and revision of the version that they were made of.

        A draft or a returned version is changed; what is approved or over gets a new draft beside it.
        """
        staff_id, (number, revision) = person_of(viewer), based_on

        async def apply(connection: Connection) -> Moved:
            row = await find_version(
                connection, writes(viewer), CONTENT_ITEM.c.id == item_id, CONTENT_VERSION.c.number == number
            )
            if row is None:
                return Moved.NOT_THERE
            if row.revision != revision:
                return Moved.LATE
            if row.state in EDITABLE:
                hands = sorted({*json.loads(row.hands), *marks_of(viewer)})
                changes = _words(draft, now=now) | {"editor_id": staff_id, "hands": json.dumps(hands)}
                state = {"state": VersionState.DRAFT, "revision": revision + 1}
                if not await change_version(connection, row, EDITABLE, state | changes):
                    return Moved.LATE
            elif not await _draft_anew(connection, item_id, draft, after=row, viewer=viewer, now=now):
                return Moved.LATE
            await note_deed(connection, viewer, deed_of("content_edited", item_id, number), now=now)
            return Moved.DONE

        return await self._database.write(apply)


async def find_version(connection: Connection, *conditions: ColumnElement[bool]) -> Any:
    """Return a version of the scope, its row locked where the database locks rows."""
    query = (
        select(CONTENT_VERSION)
        .join(CONTENT_ITEM, CONTENT_ITEM.c.id == CONTENT_VERSION.c.item_id)
        .where(*conditions)
        .with_for_update(of=CONTENT_VERSION)
    )
    return (await connection.execute(query)).one_or_none()


async def change_version(
    connection: Connection, row: Any, before: tuple[VersionState, ...], values: dict[str, Any]
) -> bool:
    changed = await connection.execute(
        update(CONTENT_VERSION)
        .where(
            CONTENT_VERSION.c.id == row.id,
            CONTENT_VERSION.c.revision == row.revision,
            CONTENT_VERSION.c.state.in_(before),
        )
        .values(**values)
    )
    return bool(changed.rowcount == 1)


async def _draft_anew(
    connection: Connection, item_id: int, draft: Drafted, *, after: Any, viewer: Viewer, now: datetime
) -> bool:
    """Begin a draft of an item that nobody works on; False when somebody does, or a newer version is there."""
    newest = select(func.max(CONTENT_VERSION.c.number)).where(CONTENT_VERSION.c.item_id == item_id)
    working = select(CONTENT_VERSION.c.id).where(
        CONTENT_VERSION.c.item_id == item_id, CONTENT_VERSION.c.state.in_(WORKING)
    )
    if (await connection.execute(working)).first() is not None:
        return False
    number = int((await connection.execute(newest)).scalar() or after.number) + 1
    return await _insert_draft(connection, item_id, number, draft, viewer=viewer, now=now)


async def _insert_draft(
    connection: Connection, item_id: int, number: int, draft: Drafted, *, viewer: Viewer, now: datetime
) -> bool:
    staff_id = person_of(viewer)
    values = _words(draft, now=now) | {
        "item_id": item_id,
        "number": number,
        "state": VersionState.DRAFT,
        "revision": 1,
        "author_id": staff_id,
        "editor_id": staff_id,
        "hands": json.dumps(sorted(marks_of(viewer))),
        "created_at": now,
        "answers": "{}",
    }
    # Two who begin at once: the unique keys let one of them.
    statement = upsert(connection.dialect)(CONTENT_VERSION).values(**values).on_conflict_do_nothing()
    made = await connection.execute(statement.returning(CONTENT_VERSION.c.id))
    return made.scalar() is not None


def _words(draft: Drafted, *, now: datetime) -> dict[str, Any]:
    spec = written(draft.piece)
    return {
        "spec": spec,
        "digest": digest_of_piece(spec),
        "product_key": product_key(draft.piece.product),
        "findings": encode_findings(draft.findings),
        "rules": draft.rules,
        "edited_at": now,
    }


def product_key(product: str) -> str:
    """Return a product's name as stops compare it: width, case, spaces and marks do not count."""
    return normalise(product)


def person_of(viewer: Viewer) -> int:
    """Return who acts; every change of content is a person's, so that no one approves their own."""
    if viewer.staff_id is None:
        raise ValueError("content is changed by a member of staff; name one")
    return viewer.staff_id


def marks_of(viewer: Viewer) -> frozenset[int]:
    """Return what stands among a version's hands for who writes: the person, and below zero the key that acts for them.

    A key that names one person to write and another to approve would be both.
    """
    key = () if viewer.api_key_id is None else (-viewer.api_key_id,)
    return frozenset({person_of(viewer), *key})


def deed_of(action: str, item_id: int, number: int) -> Deed:
    """Return the audit's row about a version."""
    return Deed(action=action, subject="content", subject_id=item_id, detail=f"version {number}")
