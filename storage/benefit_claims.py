"""Benefits as customers have them: what can be claimed, a claim in chat, and what is theirs."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from sqlalchemy import select

from content.local_time import local
from content.value import value
from storage.benefit_reserving import Refusal, Wanted, mark, take_unit
from storage.benefit_rows import BENEFITS, BenefitRow, UnitRow, benefit_of, unit_of, unit_with
from storage.connection import Connection
from storage.database import Database
from storage.tables import BENEFIT, BENEFIT_UNIT, IDENTITY
from storage.tables.benefits import UnitState

#: Units of one customer that are looked at, the newest.
_MOST: Final = 100


@value
class Granted:
    """A unit that is somebody's, with what it is one of."""

    benefit: BenefitRow
    unit: UnitRow


class BenefitClaims:
    """Reads the catalogue for customers and takes their claims."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def claimable(self, account: str, *, now: datetime) -> list[BenefitRow]:
        """Return what can be claimed on an account today, in the order in which it came into the catalogue."""
        async with self._database.read() as connection:
            rows = await connection.execute(BENEFITS.where(BENEFIT.c.is_open).order_by(BENEFIT.c.id))
            found = [benefit_of(row) for row in rows]
        today = local(now).date()
        return [
            each
            for each in found
            if each.is_claimable(today) and (not each.eligibility.accounts or account in each.eligibility.accounts)
        ]

    async def named(self, name: str) -> BenefitRow | None:
        """Return the benefit of a title in its normal form, a closed one, too."""
        return await self._one(BENEFIT.c.name == name)

    async def get(self, benefit_id: int) -> BenefitRow | None:
        """Return a benefit by its number."""
        return await self._one(BENEFIT.c.id == benefit_id)

    async def claim(self, wanted: Wanted, *, key: str, now: datetime) -> Granted | Refusal:
        """Grant somebody a unit, or say why not; the same `key` again gets the unit that it got.

        available → reserved → granted in one transaction: whoever asked sees it among what is theirs, whether or not
        the answer arrives.
        """

        async def apply(connection: Connection) -> Granted | Refusal:
            return await grant_unit(connection, wanted, key=key, now=now)

        return await self._database.write(apply)

    async def of(self, identity_id: int, *, now: datetime) -> list[Granted]:
        """Return what is a customer's, wherever they claimed it: what they can use now, then what they used."""
        whose = select(IDENTITY.c.customer_id).where(IDENTITY.c.id == identity_id).scalar_subquery()
        mine = select(IDENTITY.c.id).where(IDENTITY.c.customer_id == whose)
        states = (UnitState.GRANTED, UnitState.REDEEMED)
        query = (
            select(BENEFIT_UNIT)
            .where(BENEFIT_UNIT.c.identity_id.in_(mine), BENEFIT_UNIT.c.state.in_(states))
            .order_by(BENEFIT_UNIT.c.id.desc())
            .limit(_MOST)
        )
        async with self._database.read() as connection:
            units = [unit_of(row) for row in await connection.execute(query)]
            wanted = BENEFITS.where(BENEFIT.c.id.in_(sorted({unit.benefit_id for unit in units})))
            benefits = {row.id: benefit_of(row) for row in await connection.execute(wanted)}
        # What has ended counts as ended, also before the tick has said so.
        usable = [each for each in units if each.state is UnitState.GRANTED and not has_ended(each, now)]
        usable.sort(key=lambda unit: (unit.expires_at is None, unit.expires_at, unit.granted_at))
        used = [each for each in units if each.state is UnitState.REDEEMED]
        return [Granted(benefit=benefits[unit.benefit_id], unit=unit) for unit in (*usable, *used)]

    async def _one(self, condition: object) -> BenefitRow | None:
        async with self._database.read() as connection:
            row = (await connection.execute(BENEFITS.where(condition))).one_or_none()
        return None if row is None else benefit_of(row)


async def grant_unit(connection: Connection, wanted: Wanted, *, key: str, now: datetime) -> Granted | Refusal:
    """Grant a unit within a transaction; `key` makes it one."""
    known = await _claimed(connection, key)
    if known is not None:
        return known
    taken = await take_unit(connection, wanted, now=now, waits=True)
    if isinstance(taken, Refusal):
        # The same claim may have been made beside this one, and be what fills the limit.
        return await _claimed(connection, key) or taken
    until = taken.benefit.expires_at(now)
    values = {"state": UnitState.GRANTED, "reserved_at": now, "granted_at": now, "expires_at": until}
    await mark(connection, taken, wanted, claim_key=key, **values)
    unit = await unit_with(connection, BENEFIT_UNIT.c.id == taken.unit_id)
    assert unit is not None
    return Granted(benefit=taken.benefit, unit=unit)


def has_ended(unit: UnitRow, now: datetime) -> bool:
    """Tell whether the time of a granted unit is over."""
    return unit.expires_at is not None and unit.expires_at <= now


async def _claimed(connection: Connection, key: str) -> Granted | None:
    unit = await unit_with(connection, BENEFIT_UNIT.c.claim_key == key)
    if unit is None:
        return None
    row = (await connection.execute(BENEFITS.where(BENEFIT.c.id == unit.benefit_id))).one()
    return Granted(benefit=benefit_of(row), unit=unit)
