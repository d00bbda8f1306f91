"""The log's insert statements, compiled once, and the tuples they take: shared by what comes in and what goes out."""

from __future__ import annotations

from typing import Any

from storage.connection import Connection
from storage.digests import content_digest, encode_fields, new_salt
from storage.statements import Bulk
from storage.tables import CONTENT, MESSAGE

_INSERT_MESSAGES = Bulk(MESSAGE)
_INSERT_CONTENTS = Bulk(CONTENT)


class LogRows:
    """Gathers the message and content rows of one account."""

    def __init__(self, account_id: int) -> None:
        self._account_id = account_id
        self._messages: list[tuple[Any, ...]] = []
        self._contents: list[tuple[Any, ...]] = []

    def __bool__(self) -> bool:
        return bool(self._messages)

    def add(
        self,
        seq: int,
        fields: dict[str, Any],
        *,
        month: int,
        direction: str,
        kind: str,
        identity_id: int,
        conversation_id: int,
        sent_at: int,
        recorded_at: int,
        purpose: str | None = None,
        idempotency_key: str | None = None,
        content_version: str | None = None,
    ) -> None:
        """Add one message with its content; instants in microseconds."""
        stored, salt = encode_fields(fields), new_salt()
        self._contents.append((self._account_id, seq, month, salt, stored))
        self._messages.append(
            (
                self._account_id,
                seq,
                month,
                direction,
                kind,
                identity_id,
                conversation_id,
                sent_at,
                recorded_at,
                purpose,
                idempotency_key,
                content_version,
                content_digest(salt, stored),
            )
        )

    async def write(self, connection: Connection) -> None:
        """Insert what was gathered."""
        await _INSERT_MESSAGES.run(connection, self._messages)
        await _INSERT_CONTENTS.run(connection, self._contents)
