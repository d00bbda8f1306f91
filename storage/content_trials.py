"""Trying content out: messages to test followers, the audit's row in their transaction, and what became of them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Select, select, text

from content.value import value
from storage.accounts import lock_accounts
from storage.audit import Deed, note_deed
from storage.connection import Connection
from storage.database import Database
from storage.letters import Letter, Letters
from storage.tables import ACCOUNT, DELIVERY
from storage.tables.delivery import IS_TRIAL
from storage.viewer import Viewer


@value
class TrialRow:
    """One message that tried a version out."""

    account: str
    state: str
    reason: str | None
    due_at: datetime


class ContentTrials:
    """Plans them; the sending loop and its governor do the rest."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def post(self, letters: Sequence[Letter], deed: Deed, *, viewer: Viewer, now: datetime) -> int:
        """Write messages; return how many are new: one of a known key was written before."""

        async def apply(connection: Connection) -> int:
            seqs = await lock_accounts(connection, {letter.account.id for letter in letters})
            post = Letters(connection, seqs, now)
            written = sum([await post.put(letter) for letter in letters])
            if written:
                await note_deed(connection, viewer, deed, now=now)
            return written

        return await self._database.write(apply)

    async def of_version(self, version_id: int, *, limit: int = 10) -> list[TrialRow]:
        """Return the newest messages that tried a version out."""
        query = trials_of(version_id, limit=limit)
        async with self._database.read() as connection:
            return [
                TrialRow(account=row.name, state=row.state, reason=row.reason, due_at=row.due_at)
                for row in await connection.execute(query)
            ]


def trials_of(version_id: int, *, limit: int) -> Select[Any]:
    """Return the query of the newest messages that tried a version out; it reads no other message of the version."""
    return (
        select(ACCOUNT.c.name, DELIVERY.c.state, DELIVERY.c.reason, DELIVERY.c.due_at)
        .join(ACCOUNT, ACCOUNT.c.id == DELIVERY.c.account_id)
        .where(DELIVERY.c.content_version_id == version_id, text(IS_TRIAL))
        .order_by(DELIVERY.c.id.desc())
        .limit(limit)
    )
