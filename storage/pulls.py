"""Fetching an account's messages: told that some wait, one fetcher at a time, the place kept last."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update

from content.value import value
from storage.connection import Connection
from storage.database import Database
from storage.errors import LeaseLost
from storage.people import upsert
from storage.probe import Probe, no_probe
from storage.tables import PULL


@value
class Pull:
    """The right to fetch one account's messages, and from where."""

    account_id: int
    #: None: nothing was fetched yet.
    cursor: str | None
    #: What the newest ring brought to fetch with, and when it came.
    token: str | None
    rung_at: datetime | None
    #: How often the platform had rung when this began.
    rings: int
    #: When the account stood first in our books.
    began_at: datetime
    holder: str
    epoch: int


class Pulls:
    """The places of all accounts that are fetched."""

    def __init__(self, database: Database, *, probe: Probe = no_probe) -> None:
        self._database = database
        self._probe = probe

    async def bring_in(self, account_ids: Iterable[int], *, now: datetime) -> None:
        """Make the places of accounts that have none; their messages count from now on."""
        rows = [
            {"account_id": account_id, "rings": 0, "heard": 0, "began_at": now, "epoch": 0}
            for account_id in account_ids
        ]

        async def apply(connection: Connection) -> None:
            await connection.execute(upsert(connection.dialect)(PULL).on_conflict_do_nothing(), rows)

        if rows:
            await self._database.write(apply)

    async def ring(self, account_id: int, *, token: str | None, now: datetime) -> None:
        """Note that messages wait. Once this returns a fetch is due, whoever dies."""

        async def apply(connection: Connection) -> None:
            await connection.execute(
                update(PULL)
                .where(PULL.c.account_id == account_id)
                .values(rings=PULL.c.rings + 1, token=token, rung_at=now)
            )

        await self._database.write(apply)
        self._probe("rung")

    async def claim(
        self, account_ids: Iterable[int], *, holder: str, now: datetime, until: datetime, pulled_before: datetime
    ) -> list[Pull]:
        """Take the accounts that are due: rung since the last complete fetch, or fetched before `pulled_before`."""
        due = (_is_due(pulled_before), or_(PULL.c.lease_until.is_(None), PULL.c.lease_until <= now))
        query = select(PULL.c.account_id).where(PULL.c.account_id.in_(sorted(account_ids)), *due)
        async with self._database.read() as connection:
            found = list((await connection.execute(query.order_by(PULL.c.account_id))).scalars())
        if not found:
            return []

        async def apply(connection: Connection) -> list[Any]:
            taken = await connection.execute(
                update(PULL)
                .where(PULL.c.account_id.in_(found), *due)
                .values(holder=holder, lease_until=until, epoch=PULL.c.epoch + 1)
                .returning(*PULL.columns)
            )
            return list(taken.all())

        return [_pull(row) for row in await self._database.write(apply)]

    async def advance(self, pull: Pull, *, cursor: str, until: datetime) -> None:
        """Keep the place behind messages that are in the log, and the lease until then. Raises LeaseLost."""
        self._probe("pulled")
        await self._change(pull, cursor=cursor, lease_until=until)
        self._probe("cursor_kept")

    async def finish(self, pull: Pull, *, now: datetime) -> None:
        """End a complete fetch: what rang before it began is answered. Raises LeaseLost."""
        await self._change(pull, heard=pull.rings, pulled_at=now, holder=None, lease_until=None)

    async def postpone(self, pull: Pull, *, until: datetime) -> None:
        """Let nobody fetch before `until`; the account stays due. Raises LeaseLost."""
        await self._change(pull, lease_until=until)

    async def release_all(self) -> None:
        """End every lease at once. Only for the one process that serves on a SQLite file: whoever held them is dead."""

        async def apply(connection: Connection) -> None:
            await connection.execute(update(PULL).where(PULL.c.lease_until.is_not(None)).values(lease_until=None))

        await self._database.write(apply)

    async def _change(self, pull: Pull, **values: Any) -> None:
        mine = (PULL.c.account_id == pull.account_id, PULL.c.holder == pull.holder, PULL.c.epoch == pull.epoch)

        async def apply(connection: Connection) -> bool:
            changed = await connection.execute(update(PULL).where(*mine).values(**values))
            return bool(changed.rowcount == 1)

        if not await self._database.write(apply):
            raise LeaseLost(f"fetching the messages of account {pull.account_id}: another process took over")


def _is_due(pulled_before: datetime) -> ColumnElement[bool]:
    return or_(PULL.c.rings > PULL.c.heard, PULL.c.pulled_at.is_(None), PULL.c.pulled_at <= pulled_before)


def _pull(row: Any) -> Pull:
    return Pull(
        account_id=row.account_id,
        cursor=row.cursor,
        token=row.token,
        rung_at=row.rung_at,
        rings=row.rings,
        began_at=row.began_at,
        holder=row.holder,
        epoch=row.epoch,
    )
