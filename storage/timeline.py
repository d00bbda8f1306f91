"""What was said and done with one customer over all their identities, the newest first."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select

from content.value import value
from storage.database import Database
from storage.tables import ACCOUNT, CONTENT, CONVERSATION, IDENTITY, MESSAGE
from storage.viewer import Viewer, visible


@value
class Place:
    """Where a page of the timeline ended: a conversation, and a row of the log in it."""

    conversation_id: int
    seq: int


@value
class Said:
    """One message or event as people read it."""

    account: str
    title: str
    channel: str
    seq: int
    conversation_id: int
    customer_id: int
    person: str
    #: "in" or "out".
    direction: str
    kind: str
    at: datetime
    #: None when the content was destroyed.
    fields: dict[str, Any] | None
    purpose: str | None

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(conversation_id=self.conversation_id, seq=self.seq)


class Timeline:
    """Reads a customer's messages within a viewer's scope."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, customer_id: int, *, viewer: Viewer, limit: int, before: Place | None = None) -> list[Said]:
        """Return messages by conversation, the newest conversation and within it the newest message first."""
        mine = select(IDENTITY.c.id).where(IDENTITY.c.customer_id == customer_id)
        # A conversation has at least one message, so so many of them fill a page.
        recent = select(CONVERSATION.c.id).where(CONVERSATION.c.identity_id.in_(mine))
        if before is not None:
            recent = recent.where(CONVERSATION.c.id <= before.conversation_id)
        recent = recent.order_by(CONVERSATION.c.id.desc()).limit(limit + 1)
        async with self._database.read() as connection:
            ids = list((await connection.execute(recent)).scalars())
            query = _messages().where(MESSAGE.c.conversation_id.in_(ids))
            if before is not None:
                query = query.where(
                    or_(
                        MESSAGE.c.conversation_id < before.conversation_id,
                        and_(MESSAGE.c.conversation_id == before.conversation_id, MESSAGE.c.seq < before.seq),
                    )
                )
            query = query.order_by(MESSAGE.c.conversation_id.desc(), MESSAGE.c.seq.desc()).limit(limit)
            rows = (await connection.execute(visible(query, viewer))).all()
        return [said(row) for row in rows]


def _messages() -> Any:
    """Return the query of messages with account, identity and content."""
    return (
        select(
            MESSAGE.c.seq,
            MESSAGE.c.conversation_id,
            MESSAGE.c.direction,
            MESSAGE.c.kind,
            MESSAGE.c.sent_at,
            MESSAGE.c.purpose,
            ACCOUNT.c.name,
            ACCOUNT.c.title,
            ACCOUNT.c.channel,
            IDENTITY.c.external_id,
            IDENTITY.c.customer_id,
            CONTENT.c.fields,
        )
        .join(ACCOUNT, ACCOUNT.c.id == MESSAGE.c.account_id)
        .join(IDENTITY, IDENTITY.c.id == MESSAGE.c.identity_id)
        .outerjoin(CONTENT, and_(CONTENT.c.account_id == MESSAGE.c.account_id, CONTENT.c.seq == MESSAGE.c.seq))
    )


def said(row: Any) -> Said:
    """Return a row of `_messages` as people read it."""
    return Said(
        account=row.name,
        title=row.title,
        channel=row.channel,
        seq=row.seq,
        conversation_id=row.conversation_id,
        customer_id=row.customer_id,
        person=row.external_id,
        direction=row.direction,
        kind=row.kind,
        at=row.sent_at,
        fields=None if row.fields is None else json.loads(row.fields),
        purpose=row.purpose,
    )
