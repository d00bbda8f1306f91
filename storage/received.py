"""What a person last received from us, and what it answered: read from the log, for who asks why it came."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import and_, or_, select

from content.value import value
from storage.connection import Connection
from storage.database import Database
from storage.tables import ACCOUNT, CONTENT, CONVERSATION, DELIVERY, MESSAGE, REPLY
from storage.tables.delivery import DeliveryState
from storage.tables.work import ReplyState

#: What may have reached the person: what is only `ready` or was refused did not.
_ARRIVED_REPLIES = (ReplyState.HANDED, ReplyState.SENT, ReplyState.UNKNOWN)
_ARRIVED_DELIVERIES = (DeliveryState.SENT, DeliveryState.UNKNOWN)
#: So many of the last messages are looked at for one that arrived.
_LOOK_BACK = 20


@value
class Cause:
    """The message or act that an outgoing message answered."""

    kind: str
    #: None when the content was destroyed.
    fields: Mapping[str, Any] | None


@value
class Received:
    """One message that reached a person, or may have."""

    purpose: str
    content_version: str
    at: datetime
    cause: Cause | None


class LastReceived:
    """Looks a person's last message up."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, account: str, identity_id: int) -> Received | None:
        """Return the last message that reached a person on an account, None when none did."""
        async with self._database.read() as connection:
            for row in await self._outgoing(connection, account, identity_id):
                reply = (await connection.execute(_reply_to(row))).first()
                if await self._arrived(connection, row, reply):
                    return Received(
                        purpose=row.purpose or "",
                        content_version=row.content_version or "",
                        at=row.sent_at,
                        cause=None if reply is None else _cause(reply),
                    )
        return None

    async def _outgoing(self, connection: Connection, account: str, identity_id: int) -> list[Any]:
        query = (
            select(MESSAGE)
            .join(CONVERSATION, CONVERSATION.c.id == MESSAGE.c.conversation_id)
            .join(ACCOUNT, ACCOUNT.c.id == MESSAGE.c.account_id)
            .where(
                CONVERSATION.c.identity_id == identity_id,
                ACCOUNT.c.name == account,
                MESSAGE.c.direction == "out",
            )
            .order_by(MESSAGE.c.seq.desc())
            .limit(_LOOK_BACK)
        )
        return list((await connection.execute(query)).all())

    async def _arrived(self, connection: Connection, row: Any, reply: Any) -> bool:
        if reply is not None and reply.state in _ARRIVED_REPLIES:
            return True
        query = select(DELIVERY.c.id).where(
            DELIVERY.c.account_id == row.account_id,
            DELIVERY.c.identity_id == row.identity_id,
            DELIVERY.c.out_seq == row.seq,
            or_(*(DELIVERY.c.state == state for state in _ARRIVED_DELIVERIES)),
        )
        return (await connection.execute(query.limit(1))).first() is not None


def _reply_to(row: Any) -> Any:
    """Return the query of the reply whose words `row` is, with the message it answers."""
    theirs = and_(REPLY.c.account_id == MESSAGE.c.account_id, REPLY.c.in_seq == MESSAGE.c.seq)
    words = and_(CONTENT.c.account_id == MESSAGE.c.account_id, CONTENT.c.seq == MESSAGE.c.seq)
    return (
        select(REPLY.c.state, MESSAGE.c.kind, CONTENT.c.fields)
        .select_from(MESSAGE.join(REPLY, theirs).outerjoin(CONTENT, words))
        .where(
            MESSAGE.c.conversation_id == row.conversation_id,
            MESSAGE.c.account_id == row.account_id,
            REPLY.c.out_seq == row.seq,
        )
    )


def _cause(reply: Any) -> Cause:
    return Cause(kind=reply.kind, fields=None if reply.fields is None else json.loads(reply.fields))
