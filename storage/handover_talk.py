"""What is said while a handover runs: customers' words to staff, staff's replies to exactly their customer, once."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import and_, func, insert, select, update

from content.value import value
from storage.accounts import lock_accounts
from storage.audit import Deed, note_deed
from storage.connection import Connection
from storage.database import Database
from storage.handover_rows import HandoverRow
from storage.letters import Letter, Letters, note_copy
from storage.people import load_persons, upsert
from storage.records import Person
from storage.tables import (
    ACCOUNT,
    CONTENT,
    CONVERSATION,
    DELIVERY,
    HANDOVER,
    HANDOVER_HOLD,
    HANDOVER_REPLY,
    IDENTITY,
    MESSAGE,
)
from storage.tables.delivery import OPEN, DeliveryState
from storage.tables.handover import HandoverState
from storage.timeline import SAID, Said, said
from storage.viewer import Viewer


class Sending(Enum):
    """What came of a reply of staff."""

    SENT = "sent"
    #: It is not running, or not theirs.
    NOT_THEIRS = "not theirs"
    #: The held words went to another customer before.
    ELSEWHERE = "elsewhere"


@value
class Place:
    """A message of staff in the log."""

    account_id: int
    seq: int


@value
class Hold:
    """A reply that named nobody, and where it went."""

    id: int
    staff_id: int
    account_id: int
    seq: int
    sent_to: int | None
    #: Kind and fields of the message; None when its content was destroyed.
    kind: str
    fields: dict[str, Any] | None


class HandoverTalk:
    """Carries words between the two sides of a running handover."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def relay(self, handover: HandoverRow, letters: Sequence[Letter], *, now: datetime) -> bool:
        """Give customers' words to whoever serves; False when that is nobody, or somebody else by now."""

        async def apply(connection: Connection) -> bool:
            accounts = {handover.account_id, *(letter.account.id for letter in letters)}
            post = Letters(connection, await lock_accounts(connection, accounts), now)
            changed = await connection.execute(update(HANDOVER).where(*_running(handover)).values(last_at=now))
            if changed.rowcount != 1:
                return False
            for letter in letters:
                await post.put(letter)
            return True

        return await self._database.write(apply)

    async def reply(
        self,
        handover: HandoverRow,
        letter: Letter,
        *,
        viewer: Viewer,
        of: Place | None = None,
        hold_id: int | None = None,
        now: datetime,
    ) -> Sending:
        """Put staff's words into the outbox for the customer of a handover that the viewer serves, once a key.

        `of`: the staff's own message, when it is one of a chat. `hold_id`: the words were held; they go to one customer
        and no other.
        """

        accounts = {handover.account_id} if of is None else {handover.account_id, of.account_id}

        async def apply(connection: Connection) -> Sending:
            post = Letters(connection, await lock_accounts(connection, accounts), now)
            if await _was_sent(connection, letter.key):
                return Sending.SENT  # by the turn that this one repeats
            mine = select(HANDOVER.c.id).where(*_running(handover), HANDOVER.c.staff_id == viewer.staff_id)
            if (await connection.execute(mine)).first() is None:
                return Sending.NOT_THEIRS
            if hold_id is not None and not await _take(connection, hold_id, handover.id):
                return Sending.ELSEWHERE
            await post.put(letter)
            if of is not None:
                await note_copy(connection, of.account_id, of.seq, handover_id=handover.id)
            sent = {"key": letter.key, "handover_id": handover.id, "staff_id": viewer.staff_id, "at": now}
            await connection.execute(insert(HANDOVER_REPLY).values(**sent))
            await connection.execute(
                update(HANDOVER)
                .where(HANDOVER.c.id == handover.id)
                .values(last_at=now, first_reply_at=handover.first_reply_at or now)
            )
            await note_deed(
                connection, viewer, Deed(action="replied", subject="handover", subject_id=handover.id), now=now
            )
            return Sending.SENT

        return await self._database.write(apply)

    async def was_sent(self, key: str) -> bool:
        """Tell whether a reply with this key is in the outbox, or was."""
        async with self._database.read() as connection:
            return await _was_sent(connection, key)

    async def hold(
        self,
        of: Place,
        *,
        staff_id: int,
        letters_of: Callable[[int], Sequence[Letter]],
        now: datetime,
        accounts: Sequence[int],
    ) -> int:
        """Keep a reply that named nobody and write what asks for its customer; return the number it is held under.

        `letters_of(hold id)` returns the letters, on `accounts`. The same message is held once.
        """

        async def apply(connection: Connection) -> int:
            post = Letters(connection, await lock_accounts(connection, {of.account_id, *accounts}), now)
            values = {"staff_id": staff_id, "account_id": of.account_id, "seq": of.seq, "at": now}
            made = upsert(connection.dialect)(HANDOVER_HOLD).values(**values).on_conflict_do_nothing()
            await connection.execute(made)
            query = select(HANDOVER_HOLD.c.id).where(
                HANDOVER_HOLD.c.account_id == of.account_id, HANDOVER_HOLD.c.seq == of.seq
            )
            hold_id = int((await connection.execute(query)).scalar() or 0)
            for letter in letters_of(hold_id):
                await post.put(letter)
            return hold_id

        return await self._database.write(apply)

    async def note_repeated(self, asked: Place, handovers: Sequence[int]) -> None:
        """Note, before it is given, that the answer to a message of staff repeats what customers said.

        Erasure finds the answer by the message (`storage.lock_away`).
        """

        async def apply(connection: Connection) -> None:
            for handover_id in handovers:
                await note_copy(connection, asked.account_id, asked.seq, handover_id=handover_id)

        if handovers:
            await self._database.write(apply)

    async def held(self, hold_id: int, *, staff_id: int) -> Hold | None:
        """Return a reply that somebody's message left waiting; None when it is not theirs."""
        query = (
            select(HANDOVER_HOLD, MESSAGE.c.kind, CONTENT.c.fields)
            .join(
                MESSAGE, and_(MESSAGE.c.account_id == HANDOVER_HOLD.c.account_id, MESSAGE.c.seq == HANDOVER_HOLD.c.seq)
            )
            .outerjoin(
                CONTENT,
                and_(CONTENT.c.account_id == HANDOVER_HOLD.c.account_id, CONTENT.c.seq == HANDOVER_HOLD.c.seq),
            )
            .where(HANDOVER_HOLD.c.id == hold_id, HANDOVER_HOLD.c.staff_id == staff_id)
        )
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        if row is None:
            return None
        return Hold(
            id=row.id,
            staff_id=row.staff_id,
            account_id=row.account_id,
            seq=row.seq,
            sent_to=row.sent_to,
            kind=row.kind,
            fields=None if row.fields is None else json.loads(row.fields),
        )

    async def reach(self, handover: HandoverRow) -> tuple[Person, int]:
        """Return the customer as they can be reached now, and how many messages to them wait to be sent.

        What is being sent has taken its share of the quota already.
        """
        waiting = (
            select(func.count())
            .select_from(DELIVERY)
            .where(
                DELIVERY.c.account_id == handover.account_id,
                DELIVERY.c.identity_id == handover.identity_id,
                DELIVERY.c.state.in_(OPEN),
                DELIVERY.c.state != DeliveryState.ATTEMPTING,
            )
        )
        async with self._database.read() as connection:
            found = await load_persons(connection, account_id=handover.account_id, identity_ids=[handover.identity_id])
            return found[handover.identity_id], int((await connection.execute(waiting)).scalar() or 0)

    async def last_said(
        self, handover: HandoverRow, *, limit: int, only_customer: bool = False, until: datetime | None = None
    ) -> list[Said]:
        """Return what was said last with the customer on the account, the oldest at the front; staff serve by it.

        `until`: nothing that was recorded later.
        """
        query = (
            select(*SAID)
            .join(ACCOUNT, ACCOUNT.c.id == MESSAGE.c.account_id)
            .join(IDENTITY, IDENTITY.c.id == MESSAGE.c.identity_id)
            .outerjoin(CONTENT, and_(CONTENT.c.account_id == MESSAGE.c.account_id, CONTENT.c.seq == MESSAGE.c.seq))
            .where(MESSAGE.c.conversation_id.in_(_conversations(handover)))
            .order_by(MESSAGE.c.seq.desc())
            .limit(limit)
        )
        if only_customer:
            query = query.where(MESSAGE.c.direction == "in")
        if until is not None:
            query = query.where(MESSAGE.c.recorded_at <= until)
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
        return [said(row) for row in reversed(rows)]

    async def deliveries(self, account_id: int, seqs: Collection[int]) -> dict[int, str]:
        """Return the state of what was to leave, by its place in the log."""
        query = select(DELIVERY.c.out_seq, DELIVERY.c.state).where(
            DELIVERY.c.account_id == account_id, DELIVERY.c.out_seq.in_(seqs)
        )
        async with self._database.read() as connection:
            return {row.out_seq: row.state for row in await connection.execute(query)}


def _running(handover: HandoverRow) -> tuple[Any, ...]:
    return (
        HANDOVER.c.id == handover.id,
        HANDOVER.c.state == HandoverState.RUNNING,
        HANDOVER.c.staff_id == handover.staff_id,
    )


def _conversations(handover: HandoverRow) -> Any:
    return select(CONVERSATION.c.id).where(
        CONVERSATION.c.identity_id == handover.identity_id, CONVERSATION.c.account_id == handover.account_id
    )


async def _was_sent(connection: Connection, key: str) -> bool:
    known = select(HANDOVER_REPLY.c.key).where(HANDOVER_REPLY.c.key == key)
    return (await connection.execute(known)).first() is not None


async def _take(connection: Connection, hold_id: int, handover_id: int) -> bool:
    """Give held words to one handover; True again for the same one."""
    await connection.execute(
        update(HANDOVER_HOLD)
        .where(HANDOVER_HOLD.c.id == hold_id, HANDOVER_HOLD.c.sent_to.is_(None))
        .values(sent_to=handover_id)
    )
    query = select(HANDOVER_HOLD.c.sent_to).where(HANDOVER_HOLD.c.id == hold_id)
    return bool((await connection.execute(query)).scalar() == handover_id)
