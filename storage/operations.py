"""How the service runs, as those see it who run it: accounts, tokens, seals, who leads, how far processors have read.

Every query reads a row an account, a role or a processor; none counts a large table.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path

from sqlalchemy import func, select, text

from content.value import value
from storage.database import Database
from storage.tables import ACCESS_TOKEN, ACCOUNT, CURSOR, LEADER, SEAL


@value
class AccountState:
    """One account, how long its log is, how far that is sealed, and until when its access token lives."""

    name: str
    title: str
    channel: str
    realm: str
    last_seq: int
    sealed_to: int
    #: None when no token was fetched yet, or the settings do not name the account any more.
    token_until: datetime | None

    @property
    def unsealed(self) -> int:
        """Rows of the log that no seal covers yet."""
        return self.last_seq - self.sealed_to


@value
class ProcessorState:
    """How many rows one processor has not read, over all accounts."""

    name: str
    behind: int


@value
class LeaderState:
    """Who runs the ticks of a role, and until when without renewing it."""

    role: str
    holder: str
    lease_until: datetime
    #: How often the role changed hands, from 1 on.
    epoch: int


@value
class StorageState:
    """The database: "sqlite" or "postgresql", and its bytes on the disk."""

    kind: str
    size: int


class Operations:
    """Reads the state. Each method raises StorageError."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def accounts(self, *, token_keys: Mapping[str, str]) -> list[AccountState]:
        """Return all accounts in the order they came; `token_keys`: by an account's name the key of its token."""
        # The largest of a key's last part is one step down the index, however long the log is.
        sealed = select(func.max(SEAL.c.to_seq)).where(SEAL.c.account_id == ACCOUNT.c.id).scalar_subquery()
        tokens = select(ACCESS_TOKEN.c.key, ACCESS_TOKEN.c.expires_at).where(
            ACCESS_TOKEN.c.key.in_(sorted(token_keys.values())), ACCESS_TOKEN.c.value.is_not(None)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(select(ACCOUNT, sealed.label("sealed_to")).order_by(ACCOUNT.c.id))).all()
            until = {row.key: row.expires_at for row in await connection.execute(tokens)}
        return [
            AccountState(
                name=row.name,
                title=row.title,
                channel=row.channel,
                realm=row.realm,
                last_seq=row.last_seq,
                sealed_to=row.sealed_to or 0,
                token_until=until.get(token_keys.get(row.name, "")),
            )
            for row in rows
        ]

    async def processors(self, names: Sequence[str]) -> list[ProcessorState]:
        """Return those processors by the names of their cursors; one that never ran has read nothing."""
        cursors = select(CURSOR.c.processor, CURSOR.c.account_id, CURSOR.c.seq).where(CURSOR.c.processor.in_(names))
        async with self._database.read() as connection:
            # The cursors first: what is logged in between only makes a processor seem further behind.
            read = {(row.processor, row.account_id): row.seq for row in await connection.execute(cursors)}
            logs = (await connection.execute(select(ACCOUNT.c.id, ACCOUNT.c.last_seq))).all()
        return [
            ProcessorState(name=name, behind=sum(log.last_seq - read.get((name, log.id), 0) for log in logs))
            for name in names
        ]

    async def leaders(self) -> list[LeaderState]:
        """Return who leads, by role; whose lease has ended leads no more."""
        async with self._database.read() as connection:
            rows = (await connection.execute(select(LEADER).order_by(LEADER.c.role))).all()
        return [
            LeaderState(role=row.role, holder=row.holder, lease_until=row.lease_until, epoch=row.epoch) for row in rows
        ]

    async def storage(self) -> StorageState:
        """Return kind and size: of SQLite the file with its write-ahead log."""
        if self._database.is_sqlite:
            size = await asyncio.to_thread(_size, Path(str(self._database.url.database)))
            return StorageState(kind="sqlite", size=size)
        async with self._database.read() as connection:
            query = text("SELECT pg_database_size(current_database())")
            return StorageState(kind="postgresql", size=int((await connection.execute(query)).scalar_one()))


def _size(file: Path) -> int:
    log = file.with_name(f"{file.name}-wal")
    return sum(path.stat().st_size for path in (file, log) if path.exists())
