"""Reading the log back: what was last said in a conversation, and the whole log as a stream for export."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import and_, select

from storage.database import Database
from storage.records import StoredReply
from storage.tables import ACCOUNT, ATTRIBUTION, CONTENT, CONVERSATION, IDENTITY, MESSAGE, REACH
from storage.viewer import Viewer, visible

_CHUNK = 2_000


class History:
    """Reads messages."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def last_outgoing(self, account_id: int, conversation_id: int) -> StoredReply | None:
        """Return what went out last in a conversation; None when nothing did, or when its content was destroyed.

        What went out before it is never returned in its place: a choice refers to what was said last.
        """
        query = (
            select(MESSAGE.c.kind, CONTENT.c.fields)
            .outerjoin(CONTENT, and_(CONTENT.c.account_id == MESSAGE.c.account_id, CONTENT.c.seq == MESSAGE.c.seq))
            .where(
                MESSAGE.c.conversation_id == conversation_id,
                MESSAGE.c.account_id == account_id,
                MESSAGE.c.direction == "out",
            )
            .order_by(MESSAGE.c.seq.desc())
            .limit(1)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None or row.fields is None:
            return None
        return StoredReply(kind=row.kind, fields=json.loads(row.fields))

    async def said_lately(
        self, account: str, identity_id: int, *, limit: int, ever: bool = False, before: int | None = None
    ) -> list[StoredReply]:
        """Return what went out last to a person on an account, the newest first, destroyed ones not.

        `ever`: also before the conversation that goes on now. `before`: only what stands before that place in the log.
        """
        talks = select(CONVERSATION.c.id).where(
            CONVERSATION.c.identity_id == identity_id, CONVERSATION.c.account_id == ACCOUNT.c.id
        )
        query = (
            select(MESSAGE.c.kind, CONTENT.c.fields)
            .join(CONTENT, and_(CONTENT.c.account_id == MESSAGE.c.account_id, CONTENT.c.seq == MESSAGE.c.seq))
            .join(REACH, and_(REACH.c.account_id == MESSAGE.c.account_id, REACH.c.identity_id == MESSAGE.c.identity_id))
            .join(ACCOUNT, ACCOUNT.c.id == MESSAGE.c.account_id)
            .where(
                ACCOUNT.c.name == account,
                REACH.c.identity_id == identity_id,
                MESSAGE.c.conversation_id.in_(talks) if ever else MESSAGE.c.conversation_id == REACH.c.conversation_id,
                MESSAGE.c.direction == "out",
            )
            .order_by(MESSAGE.c.seq.desc())
            .limit(limit)
        )
        if before is not None:
            query = query.where(MESSAGE.c.seq < before)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [StoredReply(kind=row.kind, fields=json.loads(row.fields)) for row in rows]

    async def accounts(self) -> list[str]:
        """Return the name of every account that was ever served, whether or not the settings still have it."""
        async with self._database.read() as connection:
            return list((await connection.execute(select(ACCOUNT.c.name).order_by(ACCOUNT.c.id))).scalars())

    async def export(self, *, viewer: Viewer, account: str | None = None) -> AsyncIterator[dict[str, Any]]:
        """Yield every message of the log that `viewer` may see, in order of account and seq, as JSON-able values.

        With its content, and with the source of the contact where the message is what shows it.
        """
        place = (0, 0)
        while True:
            rows = await self._chunk(place, account=account, viewer=viewer)
            if not rows:
                return
            for row in rows:
                yield _exported(row)
            place = (rows[-1].account_id, rows[-1].seq)

    async def _chunk(self, place: tuple[int, int], *, account: str | None, viewer: Viewer) -> list[Any]:
        account_id, seq = place
        after = (MESSAGE.c.account_id > account_id) | ((MESSAGE.c.account_id == account_id) & (MESSAGE.c.seq > seq))
        query = (
            select(
                MESSAGE,
                ACCOUNT.c.name,
                IDENTITY.c.external_id,
                IDENTITY.c.customer_id,
                CONTENT.c.fields,
                ATTRIBUTION.c.scene,
                ATTRIBUTION.c.campaign,
                ATTRIBUTION.c.agent,
            )
            .join(ACCOUNT, ACCOUNT.c.id == MESSAGE.c.account_id)
            .join(IDENTITY, IDENTITY.c.id == MESSAGE.c.identity_id)
            .outerjoin(CONTENT, and_(CONTENT.c.account_id == MESSAGE.c.account_id, CONTENT.c.seq == MESSAGE.c.seq))
            .outerjoin(
                ATTRIBUTION,
                and_(ATTRIBUTION.c.account_id == MESSAGE.c.account_id, ATTRIBUTION.c.seq == MESSAGE.c.seq),
            )
            .where(after)
            .order_by(MESSAGE.c.account_id, MESSAGE.c.seq)
            .limit(_CHUNK)
        )
        if account is not None:
            query = query.where(ACCOUNT.c.name == account)
        async with self._database.read() as connection:
            return list((await connection.execute(visible(query, viewer))).all())


def _exported(row: Any) -> dict[str, Any]:
    return {
        "account": row.name,
        "seq": row.seq,
        "direction": row.direction,
        "kind": row.kind,
        "person": row.external_id,
        "customer": row.customer_id,
        "conversation": row.conversation_id,
        "sent_at": row.sent_at.isoformat(),
        "recorded_at": row.recorded_at.isoformat(),
        "purpose": row.purpose,
        "content_version": row.content_version,
        "content": None if row.fields is None else json.loads(row.fields),
        "attribution": (
            None if row.scene is None else {"scene": row.scene, "campaign": row.campaign, "agent": row.agent}
        ),
        "digest": row.digest.hex(),
    }
