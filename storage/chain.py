"""The chain over the log: sealed in batches off the hot path, its heads also kept in a file outside the database.

The file also keeps six bytes of each row's leaf. They prove nothing (the head does that) but name the very row that was
altered, even when somebody rewrote the row, its digest and the database's own seals. Accounts stand in the file under
their number, so that a renamed account does not lose its seals; the name is there for people.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select, union

from content.value import value
from storage.accounts import lock_accounts
from storage.chain_check import AccountCheck, AccountReport, Flaw, missing_account
from storage.connection import Connection
from storage.database import Database
from storage.digests import GENESIS, chain_head
from storage.leaves import Leaves, read_leaves, read_rows
from storage.seal_file import SealFile, SealLine
from storage.tables import ACCOUNT, MESSAGE, SEAL

#: Rows a seal covers at most; also what a kill between database and file can leave without a line outside.
_BATCH = 1_000
#: Seals that are compared with the file at once.
_PAGE = 64


@value
class Sealing:
    """What a call of `Chain.seal` did."""

    rows: int
    #: The accounts that were not sealed, since what stands outside does not fit the database.
    refused: tuple[Flaw, ...] = ()


class Chain:
    """Seals and verifies the log of each account."""

    def __init__(self, database: Database, outside: SealFile) -> None:
        self._database = database
        self._outside = outside

    async def seal(self, *, now: datetime) -> Sealing:
        """Seal what is new in every account. Run by one process at a time (the leader).

        What arrives meanwhile is left to the next call: under load a seal of every few rows, each with its two fsyncs,
        would cost more than the messages themselves.
        """
        # In a thread, as all that touches the file: an fsync would hold up the event loop.
        await asyncio.to_thread(self._outside.refresh)
        async with self._database.read() as connection:
            accounts = (await connection.execute(select(ACCOUNT.c.id, ACCOUNT.c.name, ACCOUNT.c.last_seq))).all()
        sealed, refused = 0, []
        for account in accounts:
            if (flaw := await self._catch_up(account.id, account.name)) is not None:
                refused.append(flaw)
                continue
            while count := await self._seal_batch(account.id, account.name, up_to=account.last_seq, now=now):
                sealed += count
        return Sealing(rows=sealed, refused=tuple(refused))

    async def _seal_batch(self, account_id: int, name: str, *, up_to: int, now: datetime) -> int:
        async with self._database.read() as connection:
            last = await _last_seal(connection, account_id)
            to_seq, head = (last.to_seq, last.head) if last else (0, GENESIS)
            batch = await read_leaves(connection, account_id, after=to_seq, limit=_BATCH, up_to=up_to)
        if batch is None:
            return 0
        line = _line(account_id, name, batch, head=chain_head(head, batch.leaves), sealed_at=now)
        statement = insert(SEAL).values(
            account_id=account_id, from_seq=line.from_seq, to_seq=line.to_seq, head=line.head, sealed_at=now
        )

        async def apply(connection: Connection) -> bool:
            await lock_accounts(connection, [account_id])
            now_last = await _last_seal(connection, account_id)
            if (now_last.to_seq if now_last else 0) != to_seq:
                return False  # another process has sealed these rows meanwhile
            await connection.execute(statement)
            return True

        if not await self._database.write(apply):
            return 0
        await asyncio.to_thread(self._outside.append, line)
        return len(batch.leaves)

    async def _catch_up(self, account_id: int, name: str) -> Flaw | None:
        """Append the seals the file lacks, each computed anew from its rows; return what forbids it.

        A kill between database and file leaves one batch behind, another leader with a file of its own leaves more.
        """
        to_seq, head = self._outside.last(account_id, name) or (0, GENESIS)
        while True:
            async with self._database.read() as connection:
                query = select(SEAL).where(SEAL.c.account_id == account_id, SEAL.c.to_seq >= to_seq)
                seals = (await connection.execute(query.order_by(SEAL.c.to_seq).limit(_PAGE))).all()
                if to_seq:
                    if not seals or (seals[0].to_seq, seals[0].head) != (to_seq, head):
                        return _flaw(name, to_seq, f"row {to_seq} is sealed outside and not so in the database")
                    seals = seals[1:]
                elif _is_lost(seals) and not self._outside.begins_anew(name):
                    return _flaw(name, 1, "the seals of this account are in the database, and none of them outside")
                lines = []
                for seal in seals:
                    line = await self._line_of(connection, seal, name, after=to_seq, before=head)
                    if line is None:
                        return _flaw(name, to_seq + 1, f"rows {to_seq + 1} to {seal.to_seq} do not match their seal")
                    lines.append(line)
                    to_seq, head = line.to_seq, line.head
            if not lines:
                return None
            for line in lines:
                await asyncio.to_thread(self._outside.append, line)

    async def _line_of(
        self, connection: Connection, seal: Any, name: str, *, after: int, before: bytes
    ) -> SealLine | None:
        """Return the line of a seal that follows `after`, None when its rows say something else."""
        rows = seal.to_seq - after
        batch = await read_leaves(connection, seal.account_id, after=after, limit=rows, up_to=seal.to_seq)
        if batch is None or len(batch.leaves) != rows or chain_head(before, batch.leaves) != seal.head:
            return None
        return _line(seal.account_id, name, batch, head=seal.head, sealed_at=seal.sealed_at)

    async def verify(self) -> list[AccountReport]:
        """Check every account's log from its first row; each report names the first flaw, if there is one."""
        # The file first: the bot may seal meanwhile, and what stands in the file is in the database already.
        outside = await asyncio.to_thread(self._outside.read)
        reports = []
        async with self._database.read() as connection:
            accounts = (await connection.execute(select(ACCOUNT).order_by(ACCOUNT.c.id))).all()
            used = union(select(SEAL.c.account_id), select(MESSAGE.c.account_id))
            numbers = set((await connection.execute(used)).scalars())
            for account in accounts:
                lines = [line for key in (account.id, account.name) for line in outside.pop(key, ())]
                reports.append(await self._verify_account(connection, account, lines))
        for lost in sorted(numbers - {account.id for account in accounts}):
            outside.setdefault(lost, [])
        for key, lines in outside.items():
            name = lines[-1].account if lines else f"account {key}"
            reports.append(missing_account(key, name, sealed_to=max((line.to_seq for line in lines), default=0)))
        return reports

    async def _verify_account(self, connection: Connection, account: Any, outside: Sequence[SealLine]) -> AccountReport:
        query = select(SEAL).where(SEAL.c.account_id == account.id).order_by(SEAL.c.to_seq)
        check = AccountCheck(account.name, (await connection.execute(query)).all(), outside)
        after = 0
        while check.flaw is None and (rows := await read_rows(connection, account.id, after=after)):
            for row in rows:
                check.row(row)
                if check.flaw is not None:
                    break
            after = rows[-1].seq
        # The very first seal may have been written between the two readings: look again.
        lost = check.lacks_outside and not await self._stands_outside(account)
        check.end(last_seq=account.last_seq, lost_outside=lost)
        return check.report()

    async def _stands_outside(self, account: Any) -> bool:
        found = await asyncio.to_thread(self._outside.read)
        return account.id in found or account.name in found


def _is_lost(seals: Sequence[Any]) -> bool:
    """Return whether these are more seals than a kill can leave without a line outside."""
    return len(seals) > 1 or any(seal.to_seq > _BATCH for seal in seals)


def _flaw(account: str, seq: int, sentence: str) -> Flaw:
    return Flaw(account=account, seq=seq, sentence=sentence)


def _line(account_id: int, name: str, batch: Leaves, *, head: bytes, sealed_at: datetime) -> SealLine:
    return SealLine(
        account_id=account_id,
        account=name,
        from_seq=batch.first,
        to_seq=batch.last,
        head=head,
        marks=tuple([leaf[: SealFile.MARK_BYTES] for leaf in batch.leaves]),
        sealed_at=sealed_at,
    )


async def _last_seal(connection: Connection, account_id: int) -> Any:
    query = select(SEAL).where(SEAL.c.account_id == account_id).order_by(SEAL.c.to_seq.desc()).limit(1)
    return (await connection.execute(query)).one_or_none()
