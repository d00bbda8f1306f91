"""The chain over the log: sealed in batches off the hot path, its heads also kept in a file outside the database.

The file also keeps six bytes of each row's leaf. They prove nothing (the head does that) but name the very row that was
altered, even when somebody rewrote the row, its digest and the database's own seals.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, and_, insert, select, type_coerce

from storage.accounts import lock_accounts
from storage.connection import Connection
from storage.database import Database
from storage.digests import GENESIS, LEAF_COLUMNS, chain_head, content_digest, row_leaf
from storage.seal_file import SealFile, SealLine
from storage.tables import ACCOUNT, CONTENT, MESSAGE, SEAL
from storage.tables.instant import Instant

#: Rows a seal covers at most: few enough that computing their leaves does not hold up the event loop for long.
_CHUNK = 1_000
#: The columns a leaf covers, instants as the integers that are stored.
_LEAF_SOURCE = tuple(
    type_coerce(MESSAGE.c[name], BigInteger).label(name)
    if isinstance(MESSAGE.c[name].type, Instant)
    else MESSAGE.c[name]
    for name in (*LEAF_COLUMNS, "digest")
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaw:
    """The first thing in an account's log that is not as it was written. `seq` is the row."""

    account: str
    seq: int
    sentence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountReport:
    """What a verification found in one account's log."""

    account: str
    rows: int
    sealed_to: int
    #: Rows whose content was destroyed; their digests still stand in the chain.
    contents_destroyed: int
    #: Seals that the outside file confirms.
    confirmed_outside: int
    flaw: Flaw | None


class Chain:
    """Seals and verifies the log of each account."""

    def __init__(self, database: Database, outside: SealFile) -> None:
        self._database = database
        self._outside = outside

    async def seal(self, *, now: datetime) -> int:
        """Seal what is new in every account; return how many rows. Run by one process at a time (the leader)."""
        async with self._database.read() as connection:
            accounts = (await connection.execute(select(ACCOUNT.c.id, ACCOUNT.c.name))).all()
        sealed = 0
        for account in accounts:
            await self._write_outside(account.id, account.name)
            while count := await self._seal_batch(account.id, account.name, now=now):
                sealed += count
        return sealed

    async def _seal_batch(self, account_id: int, name: str, *, now: datetime) -> int:
        async with self._database.read() as connection:
            last = await _last_seal(connection, account_id)
            to_seq, head = (last.to_seq, last.head) if last else (0, GENESIS)
            rows = await _rows(connection, account_id, after=to_seq)
        if not rows:
            return 0
        leaves = [row_leaf(row) for row in rows]
        line = SealLine(
            account=name,
            from_seq=rows[0]["seq"],
            to_seq=rows[-1]["seq"],
            head=chain_head(head, leaves),
            marks=tuple(leaf[: SealFile.MARK_BYTES] for leaf in leaves),
            sealed_at=now,
        )
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
        self._outside.append(line)
        return len(rows)

    async def _write_outside(self, account_id: int, name: str) -> None:
        """Append the heads the file lacks, which a kill between database and file leaves behind."""
        known = self._outside.last_seq(name)
        query = select(SEAL).where(SEAL.c.account_id == account_id, SEAL.c.to_seq > known).order_by(SEAL.c.to_seq)
        async with self._database.read() as connection:
            for seal in (await connection.execute(query)).all():
                rows = await _rows(connection, account_id, after=seal.from_seq - 1, up_to=seal.to_seq)
                self._outside.append(
                    SealLine(
                        account=name,
                        from_seq=seal.from_seq,
                        to_seq=seal.to_seq,
                        head=seal.head,
                        marks=tuple(row_leaf(row)[: SealFile.MARK_BYTES] for row in rows),
                        sealed_at=seal.sealed_at,
                    )
                )

    async def verify(self) -> list[AccountReport]:
        """Check every account's log from its first row; each report names the first flaw, if there is one."""
        async with self._database.read() as connection:
            accounts = (await connection.execute(select(ACCOUNT).order_by(ACCOUNT.c.id))).all()
            return [await self._verify_account(connection, account) for account in accounts]

    async def _verify_account(self, connection: Connection, account: Any) -> AccountReport:
        query = select(SEAL).where(SEAL.c.account_id == account.id).order_by(SEAL.c.to_seq)
        seals = list((await connection.execute(query)).all())
        check = _AccountCheck(account.name, seals, self._outside.lines(account.name))
        after = 0
        while check.flaw is None:
            rows = await _rows(connection, account.id, after=after, contents=True)
            if not rows:
                break
            for row in rows:
                check.row(row)
                if check.flaw is not None:
                    break
            after = rows[-1]["seq"]
        check.end(last_seq=account.last_seq)
        return check.report()


class _AccountCheck:
    """Walks one account's rows in order against its seals, inside and outside."""

    def __init__(self, account: str, seals: Sequence[Any], outside: Sequence[SealLine]) -> None:
        self._account = account
        self._seals = {seal.to_seq: seal.head for seal in seals}
        self._sealed_to = max(self._seals, default=0)
        self._outside = {line.to_seq: line.head for line in outside}
        self._marks = {line.from_seq + i: mark for line in outside for i, mark in enumerate(line.marks)}
        self._ends = set(self._seals) | set(self._outside)
        self._head = GENESIS
        self._leaves: list[bytes] = []
        self._seq = 0
        self._destroyed = 0
        self._confirmed = 0
        self.flaw: Flaw | None = None

    def row(self, row: dict[str, Any]) -> None:
        expected = self._seq + 1
        if row["seq"] != expected:
            self._note(expected, f"row {expected} is missing: after {self._seq} comes {row['seq']}")
            return
        self._seq = expected
        if row["fields"] is None:
            self._destroyed += 1
        elif content_digest(row["salt"], row["fields"]) != row["digest"]:
            self._note(expected, f"the content of row {expected} is not what was recorded")
            return
        leaf = row_leaf(row)
        mark = self._marks.get(expected)
        if mark is not None and not leaf.startswith(mark):
            self._note(expected, f"row {expected} is not what was sealed outside the database")
            return
        self._leaves.append(leaf)
        if expected in self._ends:
            self._close_seal(expected)

    def _close_seal(self, seq: int) -> None:
        first = seq - len(self._leaves) + 1
        self._head, self._leaves = chain_head(self._head, self._leaves), []
        for where, heads in (("in the database", self._seals), ("outside the database", self._outside)):
            if seq in heads and heads[seq] != self._head:
                self._note(first, f"the head sealed {where} over rows {first} to {seq} does not match these rows")
                return
        if seq in self._outside:
            self._confirmed += 1
            if seq not in self._seals:
                self._note(seq, f"the seal of row {seq} is missing in the database")
        elif self._outside and seq < max(self._outside):
            self._note(first, f"the seal of rows {first} to {seq} is missing outside the database")

    def end(self, *, last_seq: int) -> None:
        known = max(last_seq, self._sealed_to, max(self._outside, default=0))
        if self.flaw is None and self._seq < known:
            self._note(self._seq + 1, f"row {self._seq + 1} is missing: the log reached {known}")

    def _note(self, seq: int, sentence: str) -> None:
        self.flaw = self.flaw or Flaw(account=self._account, seq=seq, sentence=sentence)

    def report(self) -> AccountReport:
        return AccountReport(
            account=self._account,
            rows=self._seq,
            sealed_to=self._sealed_to,
            contents_destroyed=self._destroyed,
            confirmed_outside=self._confirmed,
            flaw=self.flaw,
        )


async def _last_seal(connection: Connection, account_id: int) -> Any:
    query = select(SEAL).where(SEAL.c.account_id == account_id).order_by(SEAL.c.to_seq.desc()).limit(1)
    return (await connection.execute(query)).one_or_none()


async def _rows(
    connection: Connection, account_id: int, *, after: int, up_to: int | None = None, contents: bool = False
) -> list[dict[str, Any]]:
    """Return a chunk of immutable rows in order, instants as microseconds as the leaf covers them."""
    query = select(*_LEAF_SOURCE).where(MESSAGE.c.account_id == account_id, MESSAGE.c.seq > after)
    if contents:
        joined = and_(CONTENT.c.account_id == MESSAGE.c.account_id, CONTENT.c.seq == MESSAGE.c.seq)
        query = query.add_columns(CONTENT.c.salt, CONTENT.c.fields).outerjoin(CONTENT, joined)
    query = query.limit(_CHUNK) if up_to is None else query.where(MESSAGE.c.seq <= up_to)
    found = (await connection.execute(query.order_by(MESSAGE.c.seq))).mappings()
    return [dict(row) for row in found]
