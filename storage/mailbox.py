"""Messages that nobody asked for: written to the log and the outbox in one transaction, once a key."""

from __future__ import annotations

from datetime import datetime

from storage.accounts import lock_accounts
from storage.connection import Connection
from storage.database import Database
from storage.letters import Letter, Letters
from storage.records import AccountRow, ReplyDraft


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
        letter = Letter(account=account, person=person, draft=draft, key=key, author=author)

        async def apply(connection: Connection) -> bool:
            seqs = await lock_accounts(connection, [account.id])
            return await Letters(connection, seqs, now).put(letter)

        return await self._database.write(apply)
