"""What the clock does to benefits: units expire, and whose unit expires soon is reminded once, when it can be."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, exists, or_, select, update

from content.value import value
from storage.accounts import lock_accounts
from storage.benefit_reserving import follow_deliveries
from storage.connection import Connection
from storage.database import Database
from storage.letters import Letter, Letters
from storage.tables import BENEFIT, BENEFIT_UNIT, DELIVERY, HANDOVER, IDENTITY, REACH
from storage.tables.benefits import IS_GRANTED, IS_RESERVED, UnitState
from storage.tables.delivery import OPEN_WORDS, DeliveryState
from storage.tables.handover import OPEN_HANDOVER

#: Units of one round.
_ROUND: Final = 200


@value
class Expiring:
    """A unit that expires soon, and where its person can be written to now."""

    unit_id: int
    title: str
    expires_at: datetime
    account_id: int
    external_id: str
    #: The customer wants the mode for the elderly.
    elder: bool


class BenefitTicks:
    """Finds what is due and writes it; every step may be done twice."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def expire(self, *, now: datetime) -> int:
        """Let granted units whose time is over expire; return how many did."""
        due = (
            select(BENEFIT_UNIT.c.id)
            .where(BENEFIT_UNIT.c.state == IS_GRANTED, BENEFIT_UNIT.c.expires_at <= now)
            .order_by(BENEFIT_UNIT.c.expires_at)
            .limit(_ROUND)
        )

        async def apply(connection: Connection) -> int:
            ids = list((await connection.execute(due.with_for_update(skip_locked=True))).scalars())
            mine = (BENEFIT_UNIT.c.id.in_(ids), BENEFIT_UNIT.c.state == UnitState.GRANTED)
            ended = update(BENEFIT_UNIT).where(*mine).values(state=UnitState.EXPIRED, expired_at=now)
            return int((await connection.execute(ended)).rowcount) if ids else 0

        async with self._database.read() as connection:
            if (await connection.execute(due.limit(1))).first() is None:
                return 0
        return await self._database.write(apply)

    async def follow(self, *, now: datetime) -> int:
        """Grant or give back units whose delivery ended where nobody looked after them; return how many there were.

        Every path that ends a delivery does so itself; a backup's rows and those of a newer program may not have.
        """
        ended = (DELIVERY.c.state.not_in(OPEN_WORDS), DELIVERY.c.state != DeliveryState.UNKNOWN)
        query = (
            select(DELIVERY.c.id)
            .join(BENEFIT_UNIT, BENEFIT_UNIT.c.delivery_id == DELIVERY.c.id)
            .where(BENEFIT_UNIT.c.state == IS_RESERVED, *ended)
            .limit(_ROUND)
        )
        async with self._database.read() as connection:
            ids = list((await connection.execute(query)).scalars())
        if ids:
            await self._database.write(lambda connection: follow_deliveries(connection, ids, now=now))
        return len(ids)

    async def expiring(
        self, accounts: Collection[int], *, least: int, before: datetime, now: datetime
    ) -> list[Expiring]:
        """Return units that expire before then, of people who can be written to on one of the accounts.

        Not of those who wait for a person or are served: then the bot is silent.

        `least`: so many messages the platform must still allow. Who can be reached on several accounts is told on the
        one where they were last heard.
        """
        query = (
            select(
                BENEFIT_UNIT.c.id.label("unit_id"),
                BENEFIT.c.title,
                BENEFIT_UNIT.c.expires_at,
                REACH.c.account_id,
                _THEIRS.c.external_id,
                _THEIRS.c.elder_since.is_not(None).label("elder"),
            )
            .join(BENEFIT, BENEFIT.c.id == BENEFIT_UNIT.c.benefit_id)
            .join(IDENTITY, IDENTITY.c.id == BENEFIT_UNIT.c.identity_id)
            .join(_THEIRS, _THEIRS.c.customer_id == IDENTITY.c.customer_id)
            .join(REACH, REACH.c.identity_id == _THEIRS.c.id)
            .where(
                BENEFIT_UNIT.c.state == IS_GRANTED,
                BENEFIT_UNIT.c.expires_at > now,
                BENEFIT_UNIT.c.expires_at <= before,
                BENEFIT_UNIT.c.reminded_at.is_(None),
                REACH.c.account_id.in_(sorted(accounts)),
                or_(REACH.c.followed.is_(None), REACH.c.followed),
                REACH.c.unreachable.is_(None),
                REACH.c.quota_left >= least,
                REACH.c.quota_until > now,
                ~_served(),
            )
            .order_by(BENEFIT_UNIT.c.id, REACH.c.last_at.desc())
            .limit(_ROUND)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).mappings().all()
        first: dict[int, Expiring] = {}
        for row in rows:
            first.setdefault(row["unit_id"], Expiring(**row))
        return list(first.values())

    async def remind(self, unit_id: int, letter: Letter, *, now: datetime) -> bool:
        """Put the reminder into the outbox and note it, in one transaction; False when that was done, or it is used."""

        async def apply(connection: Connection) -> bool:
            locked = await lock_accounts(connection, [letter.account.id])
            mine = (
                BENEFIT_UNIT.c.id == unit_id,
                BENEFIT_UNIT.c.state == UnitState.GRANTED,
                BENEFIT_UNIT.c.reminded_at.is_(None),
            )
            noted = await connection.execute(update(BENEFIT_UNIT).where(*mine).values(reminded_at=now))
            return bool(noted.rowcount) and await Letters(connection, locked, now).put(letter)

        return await self._database.write(apply)


_THEIRS = IDENTITY.alias("theirs")


def _served() -> ColumnElement[bool]:
    """Return the condition that a person of ours talks with them, or they wait for one, on any account."""
    also = IDENTITY.alias("also")
    return exists().where(
        also.c.customer_id == _THEIRS.c.customer_id,
        HANDOVER.c.identity_id == also.c.id,
        HANDOVER.c.state.in_(OPEN_HANDOVER),
    )


def reminder_key(unit_id: int) -> str:
    """Return the idempotency key of a reminder: once a unit."""
    return f"benefit_expiry:{unit_id}"
