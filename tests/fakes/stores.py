"""All repositories over one database, opened as a process opens them, and a way past them to the bare rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import text

from storage.accounts import Accounts
from storage.connection import Connection
from storage.customers import Customers
from storage.database import Database, open_database
from storage.group_commit import GroupCommitWriter
from storage.handling import Handling
from storage.history import History
from storage.leaders import Leaders
from storage.log import Log
from storage.outbox import Outbox
from storage.probe import Probe, no_probe
from storage.replies import Replies
from storage.tokens import AccessTokens


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenStores:
    """What one process has open on a database; two of them are two processes."""

    database: Database
    writer: GroupCommitWriter
    accounts: Accounts
    log: Log
    handling: Handling
    replies: Replies
    outbox: Outbox
    tokens: AccessTokens
    leaders: Leaders
    customers: Customers
    history: History

    async def rows(self, query: str, **values: Any) -> list[dict[str, Any]]:
        """Return what a SELECT in plain SQL finds."""
        async with self.database.read() as connection:
            return [dict(row) for row in (await connection.execute(text(query), values)).mappings()]

    async def one(self, query: str, **values: Any) -> dict[str, Any]:
        """Return the only row that a SELECT finds."""
        [row] = await self.rows(query, **values)
        return row

    async def count(self, table: str) -> int:
        """Return how many rows a table has."""
        return int((await self.one(f"SELECT count(*) AS n FROM {table}"))["n"])

    async def change(self, statement: str, **values: Any) -> int:
        """Run a statement as somebody with the database's password would; return how many rows it changed."""

        async def apply(connection: Connection) -> int:
            return int((await connection.execute(text(statement), values)).rowcount)

        return await self.database.write(apply)

    async def close(self) -> None:
        """Finish what was accepted and close the connections."""
        await self.writer.close()
        await self.database.close()


def open_stores(url: str, *, home: Path, max_batch: int = 256, probe: Probe = no_probe) -> OpenStores:
    """Return the repositories over the database at `url`; nothing is connected yet."""
    database = open_database(url, home=home)
    writer = GroupCommitWriter(database, max_batch=max_batch)
    return OpenStores(
        database=database,
        writer=writer,
        accounts=Accounts(database),
        log=Log(writer, probe=probe),
        handling=Handling(database, writer, probe=probe),
        replies=Replies(database, writer),
        outbox=Outbox(database, probe=probe),
        tokens=AccessTokens(database),
        leaders=Leaders(database),
        customers=Customers(database),
        history=History(database),
    )
