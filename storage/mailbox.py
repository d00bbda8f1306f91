"""Messages that nobody asked for: written to the log and the outbox in one transaction, once a key."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, insert, select

from storage.accounts import lock_accounts, write_last_seq
from storage.connection import Connection
from storage.database import Database
from storage.outgoing import OutgoingRows
from storage.people import find_or_make_identities
from storage.records import AccountRow, ReplyDraft
from storage.tables import CONVERSATION, DELIVERY, IDENTITY, REACH


class Mailbox:
    """Posts to one person on one account; the sending loop does the rest."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def post(
        self,
        account: AccountRow,
        person: str,
        draft: ReplyDraft,
        *,
        key: str,
        now: datetime,
        author: str = "bot",
    ) -> bool:
        """Write a message to `person` (openid or userid); False when one with this idempotency key was written before.

        Somebody who was never met on the account gets an identity and a conversation.
        """

        async def apply(connection: Connection) -> bool:
            seqs = await lock_accounts(connection, [account.id])
            known = select(DELIVERY.c.id).where(DELIVERY.c.idempotency_key == key)
            if (await connection.execute(known)).first() is not None:
                return False
            identity_id, conversation_id = await _conversation(connection, account, person, now=now)
            rows = OutgoingRows(account.id, seqs[account.id], now)
            seq = rows.add(draft, identity_id=identity_id, conversation_id=conversation_id, idempotency_key=key)
            rows.plan(out_seq=seq, identity_id=identity_id, purpose=draft.purpose, author=author, idempotency_key=key)
            await rows.write(connection)
            await write_last_seq(connection, account.id, rows.seq)
            return True

        return await self._database.write(apply)


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
