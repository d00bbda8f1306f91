"""Writes of the API under the client's own key: claimed before the work, the answer kept for who asks again."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import delete, select, update

from content.value import value
from storage.connection import Connection
from storage.database import Database
from storage.people import upsert
from storage.tables import IDEMPOTENCY

#: How long an answer is given again.
KEPT: Final = timedelta(hours=24)
#: A claim without an answer is taken over after so long: its process died between the two.
ABANDONED: Final = timedelta(minutes=1)


class Unclaimed(StrEnum):
    """Why a write may not begin."""

    #: Another request with the key is being worked on.
    IN_PROGRESS = "in_progress"
    #: The key stood for something else.
    REUSED = "reused"


@value
class Ask:
    """One write as it is asked for: whose key, the client's word, and a digest of what is wanted."""

    api_key_id: int
    key: str
    fingerprint: bytes


@value
class Claim:
    """The right to do a write; it is lost to who takes an abandoned one over."""

    ask: Ask
    claimed_at: datetime


@value
class Kept:
    """The answer that was given before."""

    status: int
    body: bytes


class Idempotency:
    """Claims writes and keeps their answers.

    A process that dies after the work and before the answer is written leaves a claim that another takes over after
    `ABANDONED`, and the work is done again: only what may be done twice is to be done under a claim.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claim(self, ask: Ask, *, now: datetime) -> Claim | Kept | Unclaimed:
        """Return the right to do a write, or the answer it had, or why it may not begin. Raises StorageError."""

        async def apply(connection: Connection) -> Claim | Kept | Unclaimed:
            await connection.execute(delete(IDEMPOTENCY).where(IDEMPOTENCY.c.claimed_at <= now - KEPT))
            fresh = upsert(connection.dialect)(IDEMPOTENCY).values(
                api_key_id=ask.api_key_id, key=ask.key, fingerprint=ask.fingerprint, claimed_at=now
            )
            inserted = await connection.execute(fresh.on_conflict_do_nothing(index_elements=["api_key_id", "key"]))
            if inserted.rowcount == 1:
                return Claim(ask=ask, claimed_at=now)
            return await _standing(connection, ask, now=now)

        return await self._database.write(apply)

    async def keep(self, claim: Claim, kept: Kept) -> bool:
        """Write the answer; False when the claim was taken over meanwhile. Raises StorageError."""
        return await self._settle(update(IDEMPOTENCY).where(*_held(claim)).values(status=kept.status, body=kept.body))

    async def release(self, claim: Claim) -> bool:
        """Give the claim back: nothing was done, the same key may ask again. Raises StorageError."""
        return await self._settle(delete(IDEMPOTENCY).where(*_held(claim)))

    async def _settle(self, statement: Any) -> bool:
        async def apply(connection: Connection) -> bool:
            return bool((await connection.execute(statement)).rowcount == 1)

        return await self._database.write(apply)


async def _standing(connection: Connection, ask: Ask, *, now: datetime) -> Claim | Kept | Unclaimed:
    """Return what the row that is there already says; an abandoned claim is taken over."""
    query = select(IDEMPOTENCY).where(IDEMPOTENCY.c.api_key_id == ask.api_key_id, IDEMPOTENCY.c.key == ask.key)
    row = (await connection.execute(query)).one_or_none()
    if row is None:  # given back between the two statements
        return Unclaimed.IN_PROGRESS
    if bytes(row.fingerprint) != ask.fingerprint:
        return Unclaimed.REUSED
    if row.status is not None:
        return Kept(status=row.status, body=bytes(row.body))
    if row.claimed_at > now - ABANDONED:
        return Unclaimed.IN_PROGRESS
    taken = await connection.execute(
        update(IDEMPOTENCY).where(*_held(Claim(ask=ask, claimed_at=row.claimed_at))).values(claimed_at=now)
    )
    return Claim(ask=ask, claimed_at=now) if taken.rowcount == 1 else Unclaimed.IN_PROGRESS


def _held(claim: Claim) -> tuple[Any, ...]:
    """Return the conditions under which a claim still is whose it was."""
    return (
        IDEMPOTENCY.c.api_key_id == claim.ask.api_key_id,
        IDEMPOTENCY.c.key == claim.ask.key,
        IDEMPOTENCY.c.claimed_at == claim.claimed_at,
        IDEMPOTENCY.c.status.is_(None),
    )
