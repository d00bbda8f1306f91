"""Attempts to send outbox rows: written before a byte leaves, settled in sets, with the quota that they take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import bindparam, case, insert, or_, select, update

from content.messages import Purpose
from content.value import value
from storage.accounts import lock_accounts
from storage.benefit_reserving import follow_deliveries
from storage.claims import Claimed
from storage.connection import Connection
from storage.content_standing import content_standings
from storage.people import load_persons
from storage.preferences import one_marketing_at_a_time, with_preferences
from storage.records import Person
from storage.tables import DELIVERY, DELIVERY_ATTEMPT, REACH
from storage.tables.delivery import DeliveryState


class Charge(StrEnum):
    """What becomes of the quota that an attempt took."""

    KEPT = "kept"
    #: The attempt had no effect: what it took is given back.
    RETURNED = "returned"
    #: The platform says that nothing is left until the person acts: our count was too high.
    EMPTIED = "emptied"


@value
class Begun:
    """An attempt that is committed and may leave now, and how the person's quota stood before it took its cost."""

    api: str
    at: datetime
    cost: int
    quota_left: int
    quota_until: datetime | None


@value
class Settlement:
    """What a row becomes, and what its attempt (if one was made) came to."""

    claimed: Claimed
    state: DeliveryState
    reason: str | None = None
    #: When to try again, for `retry`.
    due_at: datetime | None = None
    platform_id: str | None = None
    attempted: bool = True
    code: int | None = None
    #: The platform says that this person cannot be reached, why.
    unreachable: str | None = None
    #: The attempt it settles, for what becomes of the quota.
    begun: Begun | None = None
    charge: Charge = Charge.KEPT


async def begin_attempt(
    connection: Connection,
    claimed: Claimed,
    *,
    holder: str,
    now: datetime,
    decide: Callable[[Person, Sequence[datetime]], str | Settlement],
    costs: Callable[[str], int],
    look_back: timedelta,
) -> Begun | Settlement:
    """Ask `decide` under the account's lock and write what it decided; see `Outbox.begin`."""
    await lock_accounts(connection, [claimed.account_id])
    persons = await load_persons(connection, account_id=claimed.account_id, identity_ids=[claimed.identity_id])
    person = persons[claimed.identity_id]
    if claimed.purpose == Purpose.MARKETING:
        # The account's lock keeps the identity with its customer; the customer's is for workers of other accounts.
        await one_marketing_at_a_time(connection, person.customer_id)
        person = await with_preferences(connection, person, apart_from=claimed.id, now=now)
    if claimed.content_version_id is not None:
        # Read in this transaction: a stop that was committed before it counts.
        standings = await content_standings(connection, [claimed.content_version_id])
        person = replace(person, reviewed=standings.get(claimed.content_version_id))
    recent = await _recent_attempts(connection, claimed, since=now - look_back) if look_back else ()
    decided = decide(person, recent)
    if isinstance(decided, Settlement):
        await settle_attempts(connection, [decided], holder=holder, now=now)
        return decided
    if not await _mark_attempting(connection, claimed, decided, holder=holder, now=now):
        return Settlement(claimed=claimed, state=DeliveryState.CLAIMED, reason="lease_lost", attempted=False)
    cost = costs(decided)
    if cost:
        await connection.execute(update(REACH).where(*_person_of(claimed)).values(quota_left=REACH.c.quota_left - cost))
    return Begun(api=decided, at=now, cost=cost, quota_left=person.quota_left, quota_until=person.quota_until)


async def settle_attempts(
    connection: Connection, settlements: Sequence[Settlement], *, holder: str, now: datetime
) -> None:
    """Write what rows became; their accounts are locked. See `Outbox.settle`."""
    for settlement in settlements:
        await connection.execute(
            update(DELIVERY)
            .where(
                DELIVERY.c.id == settlement.claimed.id,
                or_(DELIVERY.c.holder == holder, DELIVERY.c.state == DeliveryState.UNKNOWN),
            )
            .values(**_row_values(settlement, now))
        )
        await _note_on_reach(connection, settlement)
    await follow_deliveries(connection, [s.claimed.id for s in settlements if s.claimed.has_unit], now=now)
    attempts = [
        {
            "delivery": s.claimed.id,
            "attempt": s.claimed.attempts + 1,
            "at": now,
            "state": s.state,
            "code": s.code,
            "why": s.reason,
        }
        for s in settlements
        if s.attempted
    ]
    if attempts:
        await connection.execute(_CLOSE_ATTEMPT, attempts)


def _row_values(settlement: Settlement, now: datetime) -> dict[str, Any]:
    when = {"settled_at": now} if settlement.due_at is None else {"due_at": settlement.due_at}
    return when | {
        "state": settlement.state,
        "reason": settlement.reason,
        "platform_id": settlement.platform_id,
        "holder": None,
        "lease_until": None,
    }


async def _mark_attempting(connection: Connection, claimed: Claimed, api: str, *, holder: str, now: datetime) -> bool:
    """Move a claimed row to `attempting` with its attempt's row; False when the claim was lost."""
    changed = await connection.execute(
        update(DELIVERY)
        .where(DELIVERY.c.id == claimed.id, DELIVERY.c.holder == holder, DELIVERY.c.state == DeliveryState.CLAIMED)
        .values(state=DeliveryState.ATTEMPTING, api=api, attempts=DELIVERY.c.attempts + 1)
    )
    if changed.rowcount != 1:
        return False
    attempt = {"delivery_id": claimed.id, "n": claimed.attempts + 1, "api": api, "started_at": now}
    await connection.execute(insert(DELIVERY_ATTEMPT).values(**attempt))
    return True


async def _recent_attempts(connection: Connection, claimed: Claimed, *, since: datetime) -> list[datetime]:
    query = (
        select(DELIVERY_ATTEMPT.c.started_at)
        .join(DELIVERY, DELIVERY.c.id == DELIVERY_ATTEMPT.c.delivery_id)
        .where(
            DELIVERY.c.account_id == claimed.account_id,
            DELIVERY.c.identity_id == claimed.identity_id,
            DELIVERY_ATTEMPT.c.started_at > since,
        )
        .order_by(DELIVERY_ATTEMPT.c.started_at.desc())
    )
    return list((await connection.execute(query)).scalars())


_CLOSE_ATTEMPT = (
    update(DELIVERY_ATTEMPT)
    .where(
        DELIVERY_ATTEMPT.c.delivery_id == bindparam("delivery"),
        # Only the claim's own: one that a dead process left, or that another has under way, stays in doubt.
        DELIVERY_ATTEMPT.c.n == bindparam("attempt"),
        DELIVERY_ATTEMPT.c.outcome.is_(None),
    )
    .values(finished_at=bindparam("at"), outcome=bindparam("state"), code=bindparam("code"), detail=bindparam("why"))
)


async def _note_on_reach(connection: Connection, settlement: Settlement) -> None:
    """Keep what the attempt taught about the person: unreachable, or that their quota stands otherwise."""
    person = _person_of(settlement.claimed)
    if settlement.unreachable is not None:
        await connection.execute(update(REACH).where(*person).values(unreachable=settlement.unreachable))
    begun = settlement.begun
    if begun is None or settlement.charge is Charge.KEPT:
        return
    # After a new act of the person the quota was set anew, and what an older attempt says of it is over. The times
    # are two processes' and an act may be committed after an attempt that is younger: then its end tells it, or, when
    # that stayed the same, the cap.
    untouched = (REACH.c.last_at <= begun.at, REACH.c.quota_until == begun.quota_until)
    left = _returned(begun) if settlement.charge is Charge.RETURNED else 0
    await connection.execute(update(REACH).where(*person, *untouched).values(quota_left=left))


def _returned(begun: Begun) -> Any:
    """Return the quota with the cost given back: never more than stood there before the attempt, nor less than now."""
    now_left = REACH.c.quota_left
    return case(
        (now_left >= begun.quota_left, now_left),
        (now_left + begun.cost > begun.quota_left, begun.quota_left),
        else_=now_left + begun.cost,
    )


def _person_of(claimed: Claimed) -> tuple[Any, ...]:
    return (REACH.c.account_id == claimed.account_id, REACH.c.identity_id == claimed.identity_id)
