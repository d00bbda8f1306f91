"""Customers with several identities: joined when a unionid says so, or by somebody's explicit word."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Update, exists, insert, or_, select, text, update

from storage.accounts import lock_accounts
from storage.audit import Deed, note_deed
from storage.connection import Connection
from storage.database import Database
from storage.elder_mode import share_elder_mode
from storage.erasures import inherit_erasure, is_being_erased
from storage.errors import StorageError
from storage.fact_rows import hold_living, refold
from storage.holds import inherit_hold
from storage.owners import inherit_owner
from storage.people import latest_consent_rows
from storage.preferences import join_preferences
from storage.tables import ACCOUNT, CONSENT_ENTRY, CUSTOMER, CUSTOMER_MERGE, IDENTITY, REACH
from storage.viewer import COMMAND_LINE, Viewer

#: Serialises merges of several processes on PostgreSQL (an arbitrary number, next to that of `storage.migrate`).
_ADVISORY_LOCK = 7_310_266
#: From the most to the least restrictive: a merge keeps the most restrictive state that either customer has. Whoever
#: was never asked has said nothing, which changes nothing (docs/states.md).
_RESTRICTIVENESS = ("withdrawn", "refused", "asked", "granted")
#: Who has no unionid may get one: by following, or when the account joins an Open Platform.
_ASK_AGAIN = timedelta(days=7)
#: Looking for them reads all identities of a realm, so it is done rarely, and so many at most are asked for again.
_LOOK_AGAIN = timedelta(minutes=5)
_MOST_AGAIN = 500


class Customers:
    """Joins identities into customers, by unionid or by somebody's explicit word."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._looked_at: dict[str, datetime] = {}

    async def unasked_unions(self, *, realm: str, limit: int, now: datetime | None = None) -> list[tuple[int, str]]:
        """Return (identity, external id) of people of a realm whose unionid is to be asked for, oldest first.

        With `now`, also of those who had none: after they followed, or seven days later.
        """
        looked_at = self._looked_at.get(realm)
        if now is not None and (looked_at is None or now >= looked_at + _LOOK_AGAIN):
            self._looked_at[realm] = now
            await self._ask_again(realm, now=now)
        query = (
            select(IDENTITY.c.id, IDENTITY.c.external_id)
            .where(IDENTITY.c.realm == realm, IDENTITY.c.union_checked_at.is_(None))
            .order_by(IDENTITY.c.id)
            .limit(limit)
        )
        async with self._database.read() as connection:
            return [(row.id, row.external_id) for row in await connection.execute(query)]

    async def _ask_again(self, realm: str, *, now: datetime) -> None:
        """Forget that those were asked for who had no unionid and may have one now."""
        followed_since = exists().where(
            REACH.c.identity_id == IDENTITY.c.id,
            REACH.c.account_id.in_(select(ACCOUNT.c.id).where(ACCOUNT.c.realm == realm)),
            REACH.c.followed,
            REACH.c.followed_at > IDENTITY.c.union_checked_at,
        )
        query = (
            select(IDENTITY.c.id)
            .where(IDENTITY.c.realm == realm, IDENTITY.c.union_id.is_(None), IDENTITY.c.union_checked_at.is_not(None))
            .where(or_(IDENTITY.c.union_checked_at <= now - _ASK_AGAIN, followed_since))
            .limit(_MOST_AGAIN)
        )
        async with self._database.read() as connection:
            found = list((await connection.execute(query)).scalars())
        if found:
            forget = update(IDENTITY).where(IDENTITY.c.id.in_(found), IDENTITY.c.union_id.is_(None))
            await self._database.write(lambda connection: _run(connection, forget.values(union_checked_at=None)))

    async def note_union_id(self, *, identity_id: int, union_id: str | None, now: datetime) -> int:
        """Keep what the platform said of an identity's unionid, None for none; merge the customers that bear one id.

        Returns the identity's customer.
        """

        async def apply(connection: Connection) -> int:
            await one_merge_at_a_time(connection)
            same = IDENTITY.c.id == identity_id
            if union_id is not None:
                same = or_(same, IDENTITY.c.union_id == union_id)
            query = select(IDENTITY.c.customer_id).where(same).distinct()
            customers = sorted((await connection.execute(query)).scalars())
            if len(customers) > 1:
                await hold_customers(connection, customers)
                await hold_living(connection, customers)
            mine = update(IDENTITY).where(IDENTITY.c.id == identity_id)
            await connection.execute(mine.values(union_id=union_id, union_checked_at=now))
            for other in customers[1:]:
                await _merge(connection, kept=customers[0], gone=other, cause="unionid", now=now)
            return int(customers[0])

        return await self._database.write(apply)

    async def merge(self, *, kept: int, gone: int, cause: str, now: datetime, viewer: Viewer = COMMAND_LINE) -> None:
        """Move all identities of `gone` to `kept`, and note that `viewer` did.

        Raises StorageError when they are one, one does not exist, or one is about to be erased.
        """

        async def apply(connection: Connection) -> None:
            await one_merge_at_a_time(connection)
            query = select(CUSTOMER.c.id).where(
                CUSTOMER.c.id.in_([kept, gone]), CUSTOMER.c.merged_into.is_(None), CUSTOMER.c.erased_at.is_(None)
            )
            if len(set((await connection.execute(query)).scalars())) != 2:
                raise StorageError(
                    f"customers {kept} and {gone} are not two living customers; look them up and try again"
                )
            if await is_being_erased(connection, [kept, gone]):
                raise StorageError(f"customer {kept} or {gone} asked to be erased; merge them after it, if at all")
            await hold_customers(connection, [kept, gone])
            await _merge(connection, kept=kept, gone=gone, cause=cause, now=now)
            deed = Deed(action="merged", subject="customer", subject_id=kept, detail=f"{gone}: {cause}")
            await note_deed(connection, viewer, deed, now=now)

        await self._database.write(apply)


async def one_merge_at_a_time(connection: Connection) -> None:
    """Let two processes that learn the same unionid see each other's identity; SQLite writes one at a time anyway."""
    if connection.dialect.name == "postgresql":
        await connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})


async def hold_customers(connection: Connection, customers: Sequence[int]) -> None:
    """Keep the customers from saying anything until the transaction ends.

    Turns write consents under the lock of their account, for the customer that the identity has at that moment. All
    accounts of the realms, not only those that know the identities already: they may write to another one meanwhile.
    """
    realms = select(IDENTITY.c.realm).where(IDENTITY.c.customer_id.in_(customers))
    query = select(ACCOUNT.c.id).where(ACCOUNT.c.realm.in_(realms))
    await lock_accounts(connection, list((await connection.execute(query)).scalars()))


async def _run(connection: Connection, statement: Update) -> None:
    await connection.execute(statement)


async def _merge(connection: Connection, *, kept: int, gone: int, cause: str, now: datetime) -> None:
    await hold_living(connection, [kept, gone])
    query = select(IDENTITY.c.id).where(IDENTITY.c.customer_id == gone)
    moved = [
        {"identity_id": identity_id, "from_customer": gone, "to_customer": kept, "cause": cause, "at": now}
        for identity_id in (await connection.execute(query)).scalars()
    ]
    if moved:
        await connection.execute(insert(CUSTOMER_MERGE), moved)
    await connection.execute(update(IDENTITY).where(IDENTITY.c.customer_id == gone).values(customer_id=kept))
    await connection.execute(update(CUSTOMER).where(CUSTOMER.c.id == gone).values(merged_into=kept))
    await inherit_owner(connection, kept=kept, gone=gone, now=now)
    await share_elder_mode(connection, kept)
    await join_preferences(connection, kept=kept, gone=gone, now=now)
    await inherit_hold(connection, kept=kept, gone=gone)
    await inherit_erasure(connection, kept=kept, gone=gone)
    await refold(connection, [kept, gone], now=now)
    rows = await latest_consent_rows(connection, [kept, gone])
    mine, theirs = ({name: row.state for name, row in rows.get(each, {}).items()} for each in (kept, gone))
    changed = [
        {
            "customer_id": kept,
            "consent": consent,
            "state": state,
            # The words that the other one saw or said: when they change, the question is asked anew.
            "text_version": rows[gone][consent].text_version,
            "account_id": None,
            "seq": None,
            "at": now,
        }
        for consent in sorted(mine.keys() | theirs.keys())
        if (state := _most_restrictive(mine.get(consent), theirs.get(consent))) not in (None, mine.get(consent))
    ]
    if changed:
        await connection.execute(insert(CONSENT_ENTRY), changed)


def _most_restrictive(*states: str | None) -> str | None:
    said = [state for state in states if state in _RESTRICTIVENESS]
    return min(said, key=_RESTRICTIVENESS.index, default=None)
