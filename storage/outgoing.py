"""Writing what goes out: the log's row and content of an outgoing message, and its outbox row."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert

from storage.connection import Connection
from storage.digests import platform_month
from storage.log_rows import LogRows
from storage.records import ReplyDraft
from storage.tables import DELIVERY
from storage.tables.delivery import DeliveryState
from storage.tables.instant import to_micros


class OutgoingRows:
    """Gathers the rows of one account's outgoing messages; the account's row lock is held."""

    def __init__(self, account_id: int, seq: int, now: datetime) -> None:
        self.account_id = account_id
        self.seq = seq
        self.now = now
        self._log = LogRows(account_id)
        self._deliveries: list[dict[str, Any]] = []

    def add(self, draft: ReplyDraft, *, identity_id: int, conversation_id: int, idempotency_key: str) -> int:
        """Add one message to the log's rows and return its seq."""
        self.seq += 1
        now = to_micros(self.now)
        self._log.add(
            self.seq,
            draft.fields,
            month=platform_month(self.now),
            direction="out",
            kind=draft.kind,
            identity_id=identity_id,
            conversation_id=conversation_id,
            sent_at=now,
            recorded_at=now,
            purpose=draft.purpose,
            idempotency_key=idempotency_key,
            content_version=draft.content_version,
        )
        return self.seq

    def plan(self, draft: ReplyDraft, *, out_seq: int, identity_id: int, author: str, idempotency_key: str) -> None:
        """Add an outbox row, due now, for a message of the log."""
        row = delivery_row(self.account_id, out_seq, identity_id=identity_id, purpose=draft.purpose, now=self.now)
        self._deliveries.append(
            row
            | {
                "topic": draft.topic,
                "content_version_id": draft.content_version_id,
                "author": author,
                "idempotency_key": idempotency_key,
            }
        )

    async def write(self, connection: Connection) -> None:
        """Insert what was gathered."""
        await self._log.write(connection)
        await plan_deliveries(connection, self._deliveries)


def delivery_row(account_id: int, out_seq: int, *, identity_id: int, purpose: str, now: datetime) -> dict[str, Any]:
    """Return an outbox row of the bot's that is due now."""
    return {
        "account_id": account_id,
        "out_seq": out_seq,
        "identity_id": identity_id,
        "purpose": purpose,
        "author": "bot",
        "state": DeliveryState.DUE,
        "due_at": now,
        "attempts": 0,
    }


def reply_key(account_id: int, in_seq: int, n: int) -> str:
    """Return the idempotency key of the n-th reply to a message."""
    return f"reply:{account_id}:{in_seq}:{n}"


async def plan_deliveries(connection: Connection, rows: Sequence[dict[str, Any]]) -> None:
    """Insert outbox rows."""
    if rows:
        await connection.execute(insert(DELIVERY), list(rows))
