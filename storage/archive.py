"""Archived chats written to the log beside what was said to the bot: the same rows, chain and timeline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert, select, update

from content.archive import ArchivedMessage
from content.consent import Consent, ConsentState, state_of
from content.value import value
from storage.accounts import lock_accounts, write_last_seq
from storage.connection import Connection
from storage.database import Database
from storage.digests import platform_key, platform_month
from storage.log_rows import LogRows
from storage.migrate import make_partitions
from storage.people import find_or_make_identities, latest_consents
from storage.records import AccountRow
from storage.tables import CONVERSATION, MESSAGE_KEY, REACH
from storage.tables.instant import from_micros, to_micros

#: Who refused or withdrew the archive of their talks is not in it.
_REFUSED = (ConsentState.REFUSED, ConsentState.WITHDRAWN)


@value
class Added:
    """What became of a batch."""

    new: int = 0
    #: In the log already.
    known: int = 0
    #: Of customers who do not want their talks archived.
    refused: int = 0

    def __add__(self, other: Added) -> Added:
        return Added(new=self.new + other.new, known=self.known + other.known, refused=self.refused + other.refused)


class Archive:
    """Adds archived messages to one account's log."""

    def __init__(self, database: Database, *, idle_close: timedelta) -> None:
        """Take the silence after which a further message begins another conversation."""
        self._database = database
        self._idle_close = idle_close

    async def prepare(self, *, now: datetime) -> None:
        """Make the log's room for the months that begin now; a bot that runs has done so."""
        await self._database.write(lambda connection: make_partitions(connection, now=now))

    async def add(self, account: AccountRow, messages: Sequence[ArchivedMessage], *, now: datetime) -> Added:
        """Write a batch in one transaction, in order of their times; what is known is passed over."""

        async def apply(connection: Connection) -> Added:
            seqs = await lock_accounts(connection, [account.id])
            keys = {message.id: platform_key(f"archive:{message.id}", message.at) for message in messages}
            known = await _known(connection, account.id, list(keys.values()))
            fresh = {message.id: message for message in messages if keys[message.id] not in known}
            people = await find_or_make_identities(
                connection,
                account_id=account.id,
                realm=account.realm,
                external_ids=[message.customer for message in fresh.values()],
                now=now,
            )
            unwanted = await _unwanted(connection, people)
            taken = sorted((m for m in fresh.values() if m.customer not in unwanted), key=lambda m: (m.at, m.id))
            rows = LogRows(account.id)
            seq = seqs[account.id]
            talks = _Talks(account.id, people, idle_close=self._idle_close)
            for message in taken:
                seq += 1
                await _add(connection, rows, message, seq=seq, talks=talks, now=now)
            if taken:
                await rows.write(connection)
                await talks.write(connection)
                written = [
                    {"account_id": account.id, "key": keys[message.id], "seq": seqs[account.id] + n}
                    for n, message in enumerate(taken, start=1)
                ]
                await connection.execute(insert(MESSAGE_KEY), written)
                await write_last_seq(connection, account.id, seq)
            return Added(new=len(taken), known=len(messages) - len(fresh), refused=len(fresh) - len(taken))

        return await self._database.write(apply)


class _Talks:
    """The conversations of the people of a batch: the open one goes on, unless too long a silence lies between."""

    def __init__(self, account_id: int, people: dict[str, Any], *, idle_close: timedelta) -> None:
        self._account_id = account_id
        self._idle_close = idle_close
        #: By person: identity, conversation and when it was last heard of, in microseconds.
        self._open = {who: (row.person_id, row.conversation_id, row.last_at) for who, row in people.items()}
        self._met = {who for who, row in people.items() if row.conversation_id is not None}
        self._touched: set[str] = set()

    async def of(self, connection: Connection, person: str, at: datetime) -> tuple[int, int]:
        """Return identity and conversation of a message at a time."""
        identity_id, conversation_id, last_at = self._open[person]
        moment = to_micros(at)
        idle = self._idle_close // timedelta(microseconds=1)
        if conversation_id is None or moment - last_at >= idle:
            opened = insert(CONVERSATION).values(account_id=self._account_id, identity_id=identity_id, opened_at=at)
            conversation_id = (await connection.execute(opened.returning(CONVERSATION.c.id))).scalar()
        self._open[person] = (identity_id, conversation_id, max(moment, last_at or moment))
        self._touched.add(person)
        return identity_id, conversation_id

    async def write(self, connection: Connection) -> None:
        """Remember where each talk stands."""
        for person in sorted(self._touched):
            identity_id, conversation_id, last_at = self._open[person]
            values = {"conversation_id": conversation_id, "last_at": from_micros(last_at)}
            if person in self._met:
                mine = (REACH.c.account_id == self._account_id, REACH.c.identity_id == identity_id)
                await connection.execute(update(REACH).where(*mine).values(**values))
            else:
                row = {"account_id": self._account_id, "identity_id": identity_id, "quota_left": 0, "epoch": 0}
                await connection.execute(insert(REACH).values(**row, **values))


async def _add(
    connection: Connection, rows: LogRows, message: ArchivedMessage, *, seq: int, talks: _Talks, now: datetime
) -> None:
    identity_id, conversation_id = await talks.of(connection, message.customer, message.at)
    kind, fields = message.logged()
    rows.add(
        seq,
        fields,
        month=platform_month(now),
        direction="in" if message.sender == "customer" else "out",
        kind=kind,
        identity_id=identity_id,
        conversation_id=conversation_id,
        sent_at=to_micros(message.at),
        recorded_at=to_micros(now),
    )


async def _known(connection: Connection, account_id: int, keys: list[bytes]) -> set[bytes]:
    query = select(MESSAGE_KEY.c.key).where(MESSAGE_KEY.c.account_id == account_id, MESSAGE_KEY.c.key.in_(keys))
    return {bytes(key) for key in (await connection.execute(query)).scalars()}


async def _unwanted(connection: Connection, people: dict[str, Any]) -> set[str]:
    consents = await latest_consents(connection, [row.customer_id for row in people.values()])
    return {
        who
        for who, row in people.items()
        if state_of(consents.get(row.customer_id, {}).get(Consent.ARCHIVE, ConsentState.UNASKED)) in _REFUSED
    }
