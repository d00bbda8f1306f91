"""The accounts as those see them who may see some of what is said there."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import select

from content.value import value
from storage.database import Database
from storage.records import AccountRow
from storage.tables import ACCOUNT
from storage.viewer import Viewer


@value
class AccountName:
    """One account by the name in the settings and by what people call it."""

    name: str
    title: str


class AccountList:
    """Reads accounts."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def of(self, viewer: Viewer) -> list[AccountName]:
        """Return the accounts whose conversations a viewer may see, in the order they came. Raises StorageError."""
        query = select(ACCOUNT.c.name, ACCOUNT.c.title).where(viewer.sees_account()).order_by(ACCOUNT.c.id)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [AccountName(name=row.name, title=row.title) for row in rows]

    async def named(self, names: Collection[str]) -> dict[str, AccountRow]:
        """Return the accounts of these names that the bot has served. Raises StorageError."""
        query = select(ACCOUNT).where(ACCOUNT.c.name.in_(sorted(names)))
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return {
            row.name: AccountRow(id=row.id, name=row.name, channel=row.channel, realm=row.realm, title=row.title)
            for row in rows
        }
