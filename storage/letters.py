"""Messages that nobody's turn answers, written to the log and the outbox within a transaction, once a key."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVar

from sqlalchemy import func, insert, select

from content.value import value
from storage.accounts import lock_accounts, write_last_seq
from storage.connection import Connection
from storage.database import Database
from storage.outgoing import OutgoingRows
from storage.people import find_or_make_identities, upsert
from storage.records import AccountRow, ReplyDraft
from storage.tables import CONVERSATION, DELIVERY, HANDOVER_COPY, IDENTITY, REACH


@value
class Letter:
    """One message to one person (openid or userid) on one account; `key` makes it one."""

    account: AccountRow
    person: str
    draft: ReplyDraft
    key: str
    author: str = "bot"
    #: The handovers whose customers' words it repeats to staff.
    repeats: tuple[int, ...] = ()


class Letters:
    """Writes letters in a transaction that has locked their accounts (`storage.accounts.lock_accounts`)."""

    def __init__(self, connection: Connection, seqs: dict[int, int], now: datetime) -> None:
        """`seqs`: by locked account its last seq, as the lock returned it."""
        self._connection = connection
        self._seqs = seqs
        self._now = now

    async def put(self, letter: Letter) -> bool:
        """Write one; False when one with this key was written before.

        Somebody who was never met on the account gets an identity and a conversation.
        """
        connection, account, now = self._connection, letter.account, self._now
        known = select(DELIVERY.c.id).where(DELIVERY.c.idempotency_key == letter.key)
        if (await connection.execute(known)).first() is not None:
            return False
        identity_id, conversation_id = await _conversation(connection, account, letter.person, now=now)
        rows = OutgoingRows(account.id, self._seqs[account.id], now)
        seq = rows.add(
            letter.draft, identity_id=identity_id, conversation_id=conversation_id, idempotency_key=letter.key
        )
        rows.plan(
            letter.draft,
            out_seq=seq,
            identity_id=identity_id,
            author=letter.author,
            idempotency_key=letter.key,
        )
        await rows.write(connection)
        await write_last_seq(connection, account.id, rows.seq)
        self._seqs[account.id] = rows.seq
        for handover_id in letter.repeats:
            await note_copy(connection, account.id, seq, handover_id=handover_id)
        return True


T = TypeVar("T")


async def write_with(
    database: Database,
    account_id: int,
    letters: Sequence[Letter],
    work: Callable[[Connection], Awaitable[T]],
    *,
    now: datetime,
    wrote: Callable[[T], bool] = bool,
) -> T:
    """Run `work` under the locks of its account and of the letters' accounts; write the letters if it did something.

    One transaction: killed anywhere, there are both or neither.
    """

    async def apply(connection: Connection) -> T:
        locked = await lock_accounts(connection, {account_id, *(letter.account.id for letter in letters)})
        found = await work(connection)
        if wrote(found):
            post = Letters(connection, locked, now)
            for letter in letters:
                await post.put(letter)
        return found

    return await database.write(apply)


async def note_copy(connection: Connection, account_id: int, seq: int, *, handover_id: int) -> None:
    """Note that a message of staff's log repeats what was said in a handover: erasure finds it by that."""
    statement = upsert(connection.dialect)(HANDOVER_COPY)
    values = {"account_id": account_id, "seq": seq, "handover_id": handover_id}
    await connection.execute(statement.values(**values).on_conflict_do_nothing())


async def _conversation(connection: Connection, account: AccountRow, person: str, *, now: datetime) -> tuple[int, int]:
    known = await _as_known(connection, account, person)
    found = await find_or_make_identities(
        connection, account_id=account.id, realm=account.realm, external_ids=[known], now=now
    )
    identity = found[known]
    if identity.conversation_id is not None:
        return identity.person_id, identity.conversation_id
    opened = insert(CONVERSATION).values(account_id=account.id, identity_id=identity.person_id, opened_at=now)
    conversation_id = (await connection.execute(opened.returning(CONVERSATION.c.id))).scalar()
    assert conversation_id is not None
    await connection.execute(
        insert(REACH).values(
            account_id=account.id,
            identity_id=identity.person_id,
            conversation_id=conversation_id,
            last_at=now,
            quota_left=0,
            epoch=0,
        )
    )
    return identity.person_id, int(conversation_id)


async def _as_known(connection: Connection, account: AccountRow, person: str) -> str:
    """Return a member's userid as they were met under: WeCom does not tell userids apart by case, identities do."""
    if account.channel != "wecom":
        return person
    met = select(IDENTITY.c.external_id).where(
        IDENTITY.c.realm == account.realm, func.lower(IDENTITY.c.external_id) == person.lower()
    )
    return (await connection.execute(met.order_by(IDENTITY.c.id).limit(1))).scalar() or person
