"""Units of a benefit inside of somebody's transaction: reserved for a delivery, granted or given back as that ends.

`available → reserved → granted`, `reserved → available`. Whoever plans, claims or settles a delivery calls these in the
transaction that does so: killed anywhere, unit and delivery say the same. Locks are taken in one order: the delivery's
account (by the caller), the customer, the benefit, the unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import func, select, update

from content.local_time import local
from content.value import value
from storage.benefit_rows import BENEFITS, BenefitRow, benefit_of, benefit_with
from storage.connection import Connection
from storage.people import latest_consents
from storage.tables import BENEFIT, BENEFIT_UNIT, CUSTOMER, DELIVERY, IDENTITY, POLICY_BINDING
from storage.tables.benefits import IS_RESERVED, UnitState
from storage.tables.delivery import DeliveryState

#: What counts against the limit of a person or a holder. A reversed one does not: they may claim again.
_COUNTED: Final = (UnitState.RESERVED, UnitState.GRANTED, UnitState.REDEEMED, UnitState.EXPIRED)
#: What money is bound by. Suppliers are paid for what was used, so an expired one costs nothing.
BINDING: Final = (UnitState.RESERVED, UnitState.GRANTED, UnitState.REDEEMED)
_ARRIVED: Final = (DeliveryState.SENT,)
_NOT_ARRIVED: Final = (DeliveryState.REFUSED, DeliveryState.FAILED, DeliveryState.UNDELIVERED)
_FREED: Final[dict[str, Any]] = {
    "state": UnitState.AVAILABLE,
    "delivery_id": None,
    "identity_id": None,
    "holder": None,
    "claim_key": None,
    "reserved_at": None,
}


class Refusal(StrEnum):
    """Why somebody gets none."""

    NO_SUCH = "no_such"
    CLOSED = "closed"
    NOT_BEGUN = "not_begun"
    OVER = "over"
    ACCOUNT = "account"
    CONSENT = "consent"
    POLICY = "policy"
    PERSON_LIMIT = "person_limit"
    HOLDER_LIMIT = "holder_limit"
    SPEND_CAP = "spend_cap"
    SOLD_OUT = "sold_out"
    #: The person is about to be forgotten, or is.
    ERASED = "erased"


@value
class Wanted:
    """Which benefit for whom. `account`: where it is asked for, by its name in the settings; None: nowhere in chat."""

    benefit_id: int
    identity_id: int
    account: str | None = None


@value
class Taken:
    """A unit that is theirs to have, locked and still `available`."""

    unit_id: int
    benefit: BenefitRow
    holder: str | None


async def reserve_unit(connection: Connection, wanted: Wanted, *, delivery_id: int, now: datetime) -> int | Refusal:
    """Reserve a unit for a delivery, or say why there is none; `follow_deliveries` decides what becomes of it.

    A delivery holds one. Units that others are taking at this moment are passed over: none is waited for.
    """
    taken = await take_unit(connection, wanted, now=now, waits=False)
    if isinstance(taken, Refusal):
        return taken
    values = {"state": UnitState.RESERVED, "delivery_id": delivery_id, "reserved_at": now}
    await mark(connection, taken, wanted, **values)
    await connection.execute(update(DELIVERY).where(DELIVERY.c.id == delivery_id).values(has_unit=True))
    return taken.unit_id


async def follow_deliveries(connection: Connection, delivery_ids: Sequence[int], *, now: datetime) -> None:
    """Grant what is reserved for those of the deliveries that arrived, give back what is for those that did not.

    An `unknown` one keeps its unit until a person or a receipt settles it.
    """
    if not delivery_ids:
        return
    query = (
        select(BENEFIT_UNIT.c.id, BENEFIT_UNIT.c.benefit_id, DELIVERY.c.state.label("ended"))
        .join(DELIVERY, DELIVERY.c.id == BENEFIT_UNIT.c.delivery_id)
        .where(BENEFIT_UNIT.c.delivery_id.in_(delivery_ids), BENEFIT_UNIT.c.state == IS_RESERVED)
        .order_by(BENEFIT_UNIT.c.id)
        .with_for_update(of=BENEFIT_UNIT)
    )
    rows = (await connection.execute(query)).all()
    back = [row.id for row in rows if row.ended in _NOT_ARRIVED]
    if back:
        await connection.execute(update(BENEFIT_UNIT).where(BENEFIT_UNIT.c.id.in_(back)).values(**_FREED))
    granted = [row for row in rows if row.ended in _ARRIVED]
    wanted = BENEFITS.where(BENEFIT.c.id.in_(sorted({row.benefit_id for row in granted})))
    for benefit in [benefit_of(row) for row in await connection.execute(wanted)] if granted else ():
        mine = [row.id for row in granted if row.benefit_id == benefit.id]
        values = {"state": UnitState.GRANTED, "granted_at": now, "expires_at": benefit.expires_at(now)}
        await connection.execute(update(BENEFIT_UNIT).where(BENEFIT_UNIT.c.id.in_(mine)).values(**values))


async def take_unit(connection: Connection, wanted: Wanted, *, now: datetime, waits: bool) -> Taken | Refusal:
    """Judge whether somebody may have one, and lock an available unit for them.

    `waits`: when all that are left are being taken by others, wait whether they are. For a transaction that takes one.
    """
    customer_id = await hold_customer(connection, wanted.identity_id)
    if customer_id is None:
        return Refusal.ERASED
    benefit = await _hold_benefit(connection, wanted.benefit_id)
    if benefit is None:
        return Refusal.NO_SUCH
    holder = await _holder(connection, customer_id)
    refusal = (
        _when(benefit, now)
        or await _whether(connection, benefit, wanted, customer_id=customer_id, holder=holder)
        or await _how_many(connection, benefit, customer_id=customer_id, holder=holder)
    )
    if refusal is not None:
        return refusal
    unit_id = await _available(connection, benefit.id, skip_locked=True)
    if unit_id is None and waits:
        unit_id = await _available(connection, benefit.id, skip_locked=False)
    return Refusal.SOLD_OUT if unit_id is None else Taken(unit_id=unit_id, benefit=benefit, holder=holder)


async def mark(connection: Connection, taken: Taken, wanted: Wanted, **values: Any) -> None:
    """Write whose a unit is that was taken in this transaction."""
    mine = (BENEFIT_UNIT.c.id == taken.unit_id, BENEFIT_UNIT.c.state == UnitState.AVAILABLE)
    whose = {"identity_id": wanted.identity_id, "holder": taken.holder}
    changed = await connection.execute(update(BENEFIT_UNIT).where(*mine).values(**whose, **values))
    assert changed.rowcount == 1  # it is locked


async def release_of(connection: Connection, identity_ids: Sequence[int]) -> None:
    """Give back what is reserved for people; for when their messages will not leave any more."""
    mine = (BENEFIT_UNIT.c.identity_id.in_(identity_ids), BENEFIT_UNIT.c.state == UnitState.RESERVED)
    await connection.execute(update(BENEFIT_UNIT).where(*mine).values(**_FREED))


async def hold_customer(connection: Connection, identity_id: int) -> int | None:
    """Let what one customer takes, on whichever account, be one after another; None when they are erased."""
    whose = select(IDENTITY.c.customer_id).where(IDENTITY.c.id == identity_id)
    while (customer_id := (await connection.execute(whose)).scalar()) is not None:
        held = select(CUSTOMER.c.erased_at).where(CUSTOMER.c.id == customer_id).with_for_update()
        row = (await connection.execute(held)).one_or_none()
        # They may have become one with another customer while this waited.
        if (await connection.execute(whose)).scalar() == customer_id:
            return None if row is None or row.erased_at is not None else int(customer_id)
    return None


async def _hold_benefit(connection: Connection, benefit_id: int) -> BenefitRow | None:
    """Keep the benefit as it is. With limits over several customers whoever claims it is one after another."""
    benefit = await benefit_with(connection, BENEFIT.c.id == benefit_id)
    if benefit is None:
        return None
    shared = benefit.spend_cap is None and benefit.per_holder is None
    held = select(BENEFIT.c.id).where(BENEFIT.c.id == benefit_id).with_for_update(read=shared)
    await connection.execute(held)
    return await benefit_with(connection, BENEFIT.c.id == benefit_id)


async def _holder(connection: Connection, customer_id: int) -> str | None:
    mine = (POLICY_BINDING.c.customer_id == customer_id, POLICY_BINDING.c.unbound_at.is_(None))
    holder: str | None = (await connection.execute(select(POLICY_BINDING.c.holder).where(*mine))).scalar()
    return holder


def _when(benefit: BenefitRow, now: datetime) -> Refusal | None:
    today = local(now).date()
    if not benefit.is_open:
        return Refusal.CLOSED
    if benefit.valid_from is not None and today < benefit.valid_from:
        return Refusal.NOT_BEGUN
    return Refusal.OVER if benefit.valid_until is not None and today > benefit.valid_until else None


async def _whether(
    connection: Connection, benefit: BenefitRow, wanted: Wanted, *, customer_id: int, holder: str | None
) -> Refusal | None:
    asked = benefit.eligibility
    if asked.accounts and wanted.account is not None and wanted.account not in asked.accounts:
        return Refusal.ACCOUNT
    if asked.bound_policy and holder is None:
        return Refusal.POLICY
    if asked.consents:
        given = (await latest_consents(connection, [customer_id])).get(customer_id, {})
        if any(given.get(consent) != "granted" for consent in asked.consents):
            return Refusal.CONSENT
    return None


async def _how_many(
    connection: Connection, benefit: BenefitRow, *, customer_id: int, holder: str | None
) -> Refusal | None:
    of_it = (BENEFIT_UNIT.c.benefit_id == benefit.id, BENEFIT_UNIT.c.state.in_(_COUNTED))
    if benefit.per_person is not None:
        mine = BENEFIT_UNIT.c.identity_id.in_(select(IDENTITY.c.id).where(IDENTITY.c.customer_id == customer_id))
        if await _count(connection, *of_it, mine) >= benefit.per_person:
            return Refusal.PERSON_LIMIT
    if benefit.per_holder is not None:
        theirs = await _count(connection, *of_it, BENEFIT_UNIT.c.holder == holder)
        if theirs >= benefit.per_holder:
            return Refusal.HOLDER_LIMIT
    if benefit.spend_cap is not None and benefit.cost > 0:
        bound = (BENEFIT_UNIT.c.benefit_id == benefit.id, BENEFIT_UNIT.c.state.in_(BINDING))
        if (await _count(connection, *bound) + 1) * benefit.cost > benefit.spend_cap:
            return Refusal.SPEND_CAP
    return None


async def _count(connection: Connection, *conditions: Any) -> int:
    query = select(func.count()).select_from(BENEFIT_UNIT).where(*conditions)
    return int((await connection.execute(query)).scalar_one())


async def _available(connection: Connection, benefit_id: int, *, skip_locked: bool) -> int | None:
    query = (
        select(BENEFIT_UNIT.c.id)
        .where(BENEFIT_UNIT.c.benefit_id == benefit_id, BENEFIT_UNIT.c.state == UnitState.AVAILABLE)
        .order_by(BENEFIT_UNIT.c.id)
        .limit(1)
        .with_for_update(skip_locked=skip_locked)
    )
    found: int | None = (await connection.execute(query)).scalar()
    return found
