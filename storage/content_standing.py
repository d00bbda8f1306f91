"""How versions of reviewed content stand now, as the governor's gate asks it: at the claim and before each attempt."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import and_, exists, or_, select

from content.value import value
from storage.connection import Connection
from storage.tables import CONTENT_STOP, CONTENT_VERSION
from storage.tables.contents import VersionState


@value
class ContentStanding:
    """One version."""

    is_approved: bool
    #: When its approval ends; None: it has none.
    expires_at: datetime | None
    #: A stop of the item or of the product it names stands.
    is_stopped: bool


_STOPPED = (
    exists()
    .where(
        CONTENT_STOP.c.lifted_at.is_(None),
        or_(
            CONTENT_STOP.c.item_id == CONTENT_VERSION.c.item_id,
            and_(CONTENT_VERSION.c.product_key != "", CONTENT_STOP.c.product_key == CONTENT_VERSION.c.product_key),
        ),
    )
    .correlate(CONTENT_VERSION)
)


async def content_standings(connection: Connection, ids: Collection[int]) -> dict[int, ContentStanding]:
    """Return how versions stand, by id; one that is not there is absent."""
    query = select(
        CONTENT_VERSION.c.id, CONTENT_VERSION.c.state, CONTENT_VERSION.c.expires_at, _STOPPED.label("stopped")
    ).where(CONTENT_VERSION.c.id.in_(sorted(ids)))
    return {
        row.id: ContentStanding(
            is_approved=row.state == VersionState.APPROVED, expires_at=row.expires_at, is_stopped=bool(row.stopped)
        )
        for row in await connection.execute(query)
    }
