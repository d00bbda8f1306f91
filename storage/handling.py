"""The handling of recorded messages: one holder a conversation, leases that end, what a dead process left."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Integer, and_, bindparam, literal_column, or_, select, type_coerce, update

from storage.accounts import lock_accounts
from storage.connection import Connection
from storage.database import Database
from storage.group_commit import GroupCommitWriter
from storage.pending import read_pending
from storage.people import load_persons
from storage.probe import Probe, no_probe
from storage.records import Handled, Lease, Pending, Person, Written
from storage.statements import Lookup
from storage.tables import REACH, WORK, waits_in, waits_in_any
from storage.tables.instant import to_micros
from storage.tables.work import READY
from storage.turns import finish_turns

_FIND_ABANDONED = Lookup(
    lambda accounts: (
        select(WORK.c.account_id, WORK.c.identity_id)
        .join(REACH, and_(REACH.c.account_id == WORK.c.account_id, REACH.c.identity_id == WORK.c.identity_id))
        .where(
            WORK.c.state == READY,
            waits_in_any(accounts),
            or_(
                REACH.c.holder.is_(None),
                type_coerce(REACH.c.lease_until, BigInteger) <= bindparam("now", type_=BigInteger()),
            ),
        )
        .distinct()
        .limit(bindparam("limit", type_=Integer()))
        .offset(literal_column("0"))  # SQLAlchemy would add a parameter of its own
    ),
    of=WORK.c.account_id,
)


class Handling:
    """Writes turns, renews leases, takes over what a dead process left."""

    def __init__(self, database: Database, writer: GroupCommitWriter, *, probe: Probe = no_probe) -> None:
        self._database = database
        self._writer = writer
        self._probe = probe

    async def finish(self, handled: Handled) -> Written:
        """Write a turn: replies, effects and done work items together. Raises LeaseLost when another took over."""
        self._probe("handling")
        written = await self._writer.write(finish_turns, handled, account_id=handled.lease.account_id)
        self._probe("handled")
        return written

    async def person(self, lease: Lease) -> Person:
        """Return who the conversation is with."""
        async with self._database.read() as connection:
            found = await load_persons(connection, account_id=lease.account_id, identity_ids=[lease.identity_id])
        return found[lease.identity_id]

    async def renew(self, lease: Lease, *, now: datetime, until: datetime) -> bool:
        """Hold the conversation until `until`; False when the lease is lost."""

        async def apply(connection: Connection) -> bool:
            await lock_accounts(connection, [lease.account_id])
            changed = await connection.execute(update(REACH).where(*_is_mine(lease)).values(lease_until=until))
            return bool(changed.rowcount == 1)

        return await self._database.write(apply)

    async def pending(self, lease: Lease) -> list[Pending]:
        """Return what waits in a leased conversation, in order."""
        async with self._database.read() as connection:
            return await read_pending(connection, lease.account_id, [lease.identity_id])

    async def claim_abandoned(
        self, *, accounts: Iterable[int], holder: str, now: datetime, until: datetime, limit: int
    ) -> list[tuple[Lease, list[Pending]]]:
        """Lease conversations of `accounts` that have work and no living holder; return each with its work."""
        async with self._database.read() as connection:
            rows = await _FIND_ABANDONED.run(connection, sorted(accounts), now=to_micros(now), limit=limit)
        found = [(row.account_id, row.identity_id) for row in rows]
        if not found:
            return []

        async def apply(connection: Connection) -> list[Lease]:
            await lock_accounts(connection, [account_id for account_id, _ in found])
            return [
                claimed
                for account_id, identity_id in found
                if (claimed := await _claim(connection, account_id, identity_id, holder=holder, now=now, until=until))
            ]

        leases = await self._database.write(apply)
        # Read after the account is free again: contents are many, and recording must not wait for them.
        return [(lease, await self.pending(lease)) for lease in leases]

    async def release(self, holder: str, *, accounts: Iterable[int]) -> int:
        """Let go of every conversation that `holder` holds, so that others need not wait; return how many.

        Nothing that comes late under such a lease changes anything: the holder is gone from the row.
        """
        chosen = sorted(accounts)

        async def apply(connection: Connection) -> int:
            await lock_accounts(connection, chosen)
            mine = update(REACH).where(REACH.c.account_id.in_(chosen), REACH.c.holder == holder)
            return int((await connection.execute(mine.values(holder=None, lease_until=None))).rowcount)

        return await self._database.write(apply)

    async def release_all(self, *, now: datetime) -> int:
        """End every lease. Only for the one process that serves on a SQLite file: whoever held them is dead."""

        async def apply(connection: Connection) -> int:
            ended = await connection.execute(update(REACH).where(REACH.c.holder.is_not(None)).values(lease_until=now))
            return int(ended.rowcount)

        return await self._database.write(apply)


def _is_mine(lease: Lease) -> tuple[Any, ...]:
    return (
        REACH.c.account_id == lease.account_id,
        REACH.c.identity_id == lease.identity_id,
        REACH.c.holder == lease.holder,
        REACH.c.epoch == lease.epoch,
    )


async def _claim(
    connection: Connection, account_id: int, identity_id: int, *, holder: str, now: datetime, until: datetime
) -> Lease | None:
    waits = select(WORK.c.seq).where(WORK.c.state == READY, waits_in(account_id), WORK.c.identity_id == identity_id)
    if (await connection.execute(waits.limit(1))).first() is None:
        return None  # somebody finished it since it was found
    statement = (
        update(REACH)
        .where(
            REACH.c.account_id == account_id,
            REACH.c.identity_id == identity_id,
            or_(REACH.c.holder.is_(None), REACH.c.lease_until <= now),
        )
        .values(holder=holder, lease_until=until, epoch=REACH.c.epoch + 1)
        .returning(REACH.c.epoch)
    )
    epoch = (await connection.execute(statement)).scalar()
    if epoch is None:
        return None
    return Lease(account_id=account_id, identity_id=identity_id, holder=holder, epoch=epoch)
