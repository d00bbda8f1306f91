"""What a platform's attempt gets: the stored reply, nothing, or a little more patience; chosen once."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, Integer, and_, bindparam, literal_column, select, type_coerce, update

from content.value import value
from storage.accounts import Transaction, lock_accounts
from storage.connection import Connection
from storage.database import Database
from storage.group_commit import GroupCommitWriter
from storage.outgoing import delivery_row, plan_deliveries, reply_key
from storage.probe import Probe, no_probe
from storage.records import StoredReply
from storage.statements import Lookup, Prepared
from storage.tables import CONTENT, MESSAGE, REPLY, WORK
from storage.tables.instant import from_micros, to_micros
from storage.tables.work import OPEN_REPLIES, READY, ReplyState, WorkState


def _move(before: ReplyState, after: ReplyState) -> Lookup:
    """Return the statement that moves the first replies to messages from one state to the next, and no others."""
    return Lookup(
        lambda seqs: (
            update(REPLY)
            .where(
                REPLY.c.account_id == bindparam("account", type_=Integer()),
                REPLY.c.in_seq.in_(seqs),
                REPLY.c.n == literal_column("0"),
                REPLY.c.state == literal_column(f"'{before}'"),
            )
            .values(state=literal_column(f"'{after}'"))
        ),
        of=REPLY.c.in_seq,
    )


_HAND_OVER = _move(ReplyState.READY, ReplyState.HANDED)
_MARK_SENT = _move(ReplyState.HANDED, ReplyState.SENT)
#: Asked every second, nearly always for nothing.
_FIND_OVER = Prepared(
    lambda _dialect: (
        select(REPLY.c.account_id)
        .where(
            REPLY.c.state.in_(OPEN_REPLIES),
            type_coerce(REPLY.c.at, BigInteger) <= bindparam("before", type_=BigInteger()),
        )
        .distinct()
    )
)


@value
class Attempt:
    """One attempt of the platform at a message that is in the log already. `last_word`: wait no longer, decide now."""

    account_id: int
    seq: int
    last_word: bool
    #: At the last word, leave unhandled work its way to the outbox (the account may send actively).
    may_use_outbox: bool


@value
class Verdict:
    """`wait`: not handled yet. Otherwise answer `reply`, or accept without words when there is none."""

    wait: bool
    reply: StoredReply | None = None
    #: When the message was recorded: the platform's first attempt.
    recorded_at: datetime


class Replies:
    """Settles attempts, and what became of replies that were handed over."""

    def __init__(self, database: Database, writer: GroupCommitWriter, *, probe: Probe = no_probe) -> None:
        self._database = database
        self._writer = writer
        self._probe = probe

    async def settle(self, attempt: Attempt) -> Verdict:
        """Decide what this attempt is answered: the stored reply again, nothing, or wait."""
        verdict = await self._writer.write(_settle_attempts, attempt, account_id=attempt.account_id)
        self._probe("settled")
        return verdict

    async def settled(self, account_id: int, seqs: Sequence[int]) -> set[int]:
        """Return which of the messages need be waited for no longer: handled, or given to the outbox. Takes no lock."""
        async with self._database.read() as connection:
            rows = await _FIND_WORK.run(connection, seqs, account=account_id)
        return {row.seq for row in rows if row.state == WorkState.DONE or row.via == "outbox"}

    async def mark_sent(self, account_id: int, seqs: Sequence[int]) -> None:
        """Note that the handed replies of these messages were written to the platform's connection."""
        self._probe("written")
        await self._writer.write(_mark_sent, (account_id, seqs), account_id=account_id)

    async def sweep(self, *, before: datetime, now: datetime, active: frozenset[int]) -> tuple[int, int, int]:
        """Settle replies whose message's attempts are over (first attempt before `before`).

        Handed and not known to be written: `unknown`. Never handed: to the outbox for accounts in `active`, `lost` for
        the others. Returns the three counts (unknown, outbox, lost).
        """
        async with self._database.read() as connection:
            account_ids = {row.account_id for row in await _FIND_OVER.run(connection, before=to_micros(before))}
        if not account_ids:
            return 0, 0, 0

        async def apply(connection: Connection) -> tuple[int, int, int]:
            await lock_accounts(connection, account_ids)
            over = select(REPLY).where(REPLY.c.state.in_(OPEN_REPLIES), REPLY.c.at <= before)
            rows = (await connection.execute(over.where(REPLY.c.account_id.in_(account_ids)))).all()
            return await _sweep_rows(connection, rows, now=now, active=active)

        return await self._database.write(apply)

    async def oldest_waiting(self) -> datetime | None:
        """Return when the oldest unhandled message was recorded, None when nothing waits."""
        query = select(WORK.c.recorded_at).where(WORK.c.state == READY).order_by(WORK.c.recorded_at).limit(1)
        async with self._database.read() as connection:
            found: datetime | None = (await connection.execute(query)).scalar()
            return found


_FIND_WORK = Lookup(
    lambda seqs: select(WORK.c.seq, WORK.c.state, WORK.c.via, WORK.c.recorded_at).where(
        WORK.c.account_id == bindparam("account", type_=Integer()), WORK.c.seq.in_(seqs)
    ),
    of=WORK.c.seq,
)
_TO_OUTBOX = Lookup(
    lambda seqs: (
        update(WORK)
        .where(WORK.c.account_id == bindparam("account", type_=Integer()), WORK.c.seq.in_(seqs))
        .values(via=literal_column("'outbox'"))
    ),
    of=WORK.c.seq,
)
#: The replies an attempt may carry; one that went to the outbox is not said twice.
_FIND_REPLIES = Lookup(
    lambda seqs: (
        select(REPLY.c.in_seq, REPLY.c.state, MESSAGE.c.kind, CONTENT.c.fields)
        .join(MESSAGE, and_(MESSAGE.c.account_id == REPLY.c.account_id, MESSAGE.c.seq == REPLY.c.out_seq))
        .join(CONTENT, and_(CONTENT.c.account_id == REPLY.c.account_id, CONTENT.c.seq == REPLY.c.out_seq))
        .where(
            REPLY.c.account_id == bindparam("account", type_=Integer()),
            REPLY.c.in_seq.in_(seqs),
            REPLY.c.n == literal_column("0"),
            REPLY.c.state.in_([literal_column(f"'{word}'") for word in ("ready", "handed", "sent")]),
        )
    ),
    of=REPLY.c.in_seq,
)


async def _settle_attempts(transaction: Transaction, attempts: Sequence[Attempt]) -> list[Verdict]:
    """Settle a batch; the accounts' rows are locked. A handful of statements an account, however many attempts."""
    verdicts: dict[tuple[int, int, bool], Verdict] = {}
    for account_id in sorted({attempt.account_id for attempt in attempts}):
        mine = [attempt for attempt in attempts if attempt.account_id == account_id]
        for attempt, verdict in (await _settle_account(transaction.connection, account_id, mine)).items():
            verdicts[(account_id, attempt.seq, attempt.last_word)] = verdict
    return [verdicts[(attempt.account_id, attempt.seq, attempt.last_word)] for attempt in attempts]


async def _settle_account(
    connection: Connection, account_id: int, attempts: Sequence[Attempt]
) -> dict[Attempt, Verdict]:
    seqs = sorted({attempt.seq for attempt in attempts})
    work = {row.seq: row for row in await _FIND_WORK.run(connection, seqs, account=account_id)}
    given_up = {
        attempt.seq
        for attempt in attempts
        if attempt.last_word and attempt.may_use_outbox and work[attempt.seq].state == WorkState.READY
    }
    await _TO_OUTBOX.run(connection, sorted(given_up), account=account_id)
    done = [seq for seq in seqs if work[seq].state == WorkState.DONE]
    replies = {row.in_seq: row for row in await _FIND_REPLIES.run(connection, done, account=account_id)}
    ready = [seq for seq, row in replies.items() if row.state == ReplyState.READY]
    await _HAND_OVER.run(connection, ready, account=account_id)
    return {attempt: _verdict(attempt, work[attempt.seq], replies.get(attempt.seq)) for attempt in attempts}


def _verdict(attempt: Attempt, work: Any, reply: Any) -> Verdict:
    waits = work.state == WorkState.READY and work.via != "outbox" and not attempt.last_word
    stored = None if reply is None else StoredReply(kind=reply.kind, fields=json.loads(reply.fields))
    return Verdict(wait=waits, reply=stored, recorded_at=from_micros(work.recorded_at))


async def _mark_sent(transaction: Transaction, written: Sequence[tuple[int, Sequence[int]]]) -> list[None]:
    for account_id, seqs in written:
        await _MARK_SENT.run(transaction.connection, seqs, account=account_id)
    return [None] * len(written)


async def _sweep_rows(
    connection: Connection, rows: Sequence[Any], *, now: datetime, active: frozenset[int]
) -> tuple[int, int, int]:
    counts = dict.fromkeys((ReplyState.UNKNOWN, ReplyState.OUTBOX, ReplyState.LOST), 0)
    for row in rows:
        if row.state == ReplyState.HANDED:
            state = ReplyState.UNKNOWN
        else:
            state = ReplyState.OUTBOX if row.account_id in active else ReplyState.LOST
        counts[state] += 1
        await connection.execute(
            update(REPLY)
            .where(
                REPLY.c.account_id == row.account_id,
                REPLY.c.in_seq == row.in_seq,
                REPLY.c.n == row.n,
                REPLY.c.state == row.state,
            )
            .values(state=state)
        )
        if state is ReplyState.OUTBOX:
            await _plan_late(connection, row, now=now)
    return counts[ReplyState.UNKNOWN], counts[ReplyState.OUTBOX], counts[ReplyState.LOST]


async def _plan_late(connection: Connection, row: Any, *, now: datetime) -> None:
    query = select(MESSAGE.c.identity_id, MESSAGE.c.purpose).where(
        MESSAGE.c.account_id == row.account_id, MESSAGE.c.seq == row.out_seq
    )
    message = (await connection.execute(query)).one()
    planned = delivery_row(
        row.account_id, row.out_seq, identity_id=message.identity_id, purpose=message.purpose, now=now
    )
    key = reply_key(row.account_id, row.in_seq, row.n)
    await plan_deliveries(connection, [planned | {"idempotency_key": key}])


#: How long after the first attempt the platform's attempts are over (0, 5 and 10 s, five seconds each).
ATTEMPTS_OVER = timedelta(seconds=15)
