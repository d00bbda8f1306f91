"""The served accounts: brought in from the settings at start, and the account's row as the log's lock."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import BigInteger, Integer, bindparam, select, update

from storage.connection import Connection
from storage.database import Database
from storage.errors import StorageError
from storage.people import upsert
from storage.records import AccountRow
from storage.statements import Lookup, Prepared
from storage.tables import ACCOUNT

_LOCK = Lookup(
    lambda ids: (
        select(ACCOUNT.c.id, ACCOUNT.c.last_seq).where(ACCOUNT.c.id.in_(ids)).order_by(ACCOUNT.c.id).with_for_update()
    ),
    of=ACCOUNT.c.id,
)
_WRITE_LAST_SEQ = Prepared(
    lambda _dialect: (
        update(ACCOUNT)
        .where(ACCOUNT.c.id == bindparam("account", type_=Integer()))
        .values(last_seq=bindparam("seq", type_=BigInteger()))
    )
)


@dataclass(frozen=True, slots=True)
class Transaction:
    """A write transaction that holds the rows of accounts, and the last seq given out in each of them."""

    connection: Connection
    last_seqs: dict[int, int]


async def lock_accounts(connection: Connection, account_ids: Iterable[int]) -> dict[int, int]:
    """Lock the accounts' rows until the transaction ends; return their last seq, in the order of their ids.

    Whoever writes log rows or `reach` of an account holds this lock; taking several in one order cannot deadlock.
    """
    return {row.id: row.last_seq for row in await _LOCK.run(connection, sorted(set(account_ids)))}


async def write_last_seq(connection: Connection, account_id: int, seq: int) -> None:
    """Note the highest seq given out."""
    await _WRITE_LAST_SEQ.run(connection, account=account_id, seq=seq)


class Accounts:
    """The accounts that the settings name."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def bring_in(self, accounts: Sequence[tuple[str, str, str, str]]) -> dict[str, AccountRow]:
        """Make or refresh the accounts (name, channel, realm, title); return their rows by name.

        Raises StorageError when an account's channel or realm differs from the one its log was written under.
        """

        async def apply(connection: Connection) -> dict[str, Any]:
            for name, channel, realm, title in accounts:
                values = {"name": name, "channel": channel, "realm": realm, "title": title, "last_seq": 0}
                statement = upsert(connection.dialect)(ACCOUNT).values(**values)
                await connection.execute(
                    statement.on_conflict_do_update(index_elements=["name"], set_={"title": title})
                )
            found = {row.name: row for row in await connection.execute(select(ACCOUNT))}
            for name, channel, realm, _ in accounts:
                _refuse_another(found[name], channel=channel, realm=realm)
            return found

        rows = await self._database.write(apply)
        return {
            row.name: AccountRow(id=row.id, name=row.name, channel=row.channel, realm=row.realm, title=row.title)
            for row in rows.values()
        }


def _refuse_another(row: Any, *, channel: str, realm: str) -> None:
    if (row.channel, row.realm) != (channel, realm):
        raise StorageError(
            f"account {row.name!r} was {row.channel} {row.realm} until now and is {channel} {realm} in zhike.toml; "
            "give the new account a name of its own"
        )
