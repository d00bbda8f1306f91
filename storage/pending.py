"""Reading the recorded messages that wait to be handled."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import and_, select

from content.messages import Inbound, decode_inbound
from storage.connection import Connection
from storage.records import Pending
from storage.tables import ACCOUNT, CONTENT, IDENTITY, MESSAGE, WORK, waits_in
from storage.tables.work import READY


async def read_pending(connection: Connection, account_id: int, identity_ids: Sequence[int]) -> list[Pending]:
    """Return the unhandled messages of identities, in seq order."""
    query = (
        select(
            WORK.c.account_id,
            WORK.c.seq,
            WORK.c.identity_id,
            WORK.c.via,
            WORK.c.recorded_at,
            MESSAGE.c.kind,
            MESSAGE.c.sent_at,
            CONTENT.c.fields,
            IDENTITY.c.external_id,
            ACCOUNT.c.name,
        )
        .join(MESSAGE, and_(MESSAGE.c.account_id == WORK.c.account_id, MESSAGE.c.seq == WORK.c.seq))
        .outerjoin(CONTENT, and_(CONTENT.c.account_id == WORK.c.account_id, CONTENT.c.seq == WORK.c.seq))
        .join(IDENTITY, IDENTITY.c.id == WORK.c.identity_id)
        .join(ACCOUNT, ACCOUNT.c.id == WORK.c.account_id)
        .where(WORK.c.state == READY, waits_in(account_id), WORK.c.identity_id.in_(identity_ids))
        .order_by(WORK.c.seq)
    )
    return [
        Pending(
            account_id=row.account_id,
            seq=row.seq,
            identity_id=row.identity_id,
            via=row.via,
            recorded_at=row.recorded_at,
            inbound=Inbound(
                account=row.name,
                sender=row.external_id,
                key=f"log:{row.account_id}:{row.seq}",
                sent_at=row.sent_at,
                body=decode_inbound(row.kind, _fields(row.fields)),
            ),
        )
        for row in await connection.execute(query)
    ]


def _fields(stored: str | None) -> dict[str, Any]:
    """Return the fields of a content, none when it was destroyed or is unreadable: one bad row must not hold others."""
    try:
        found = json.loads(stored or "{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
