"""The outbox: due rows claimed in groups with a lease, attempts written before a byte leaves, results in sets."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, exists, func, insert, or_, select, update

from content.messages import Outgoing, decode_outgoing
from storage.accounts import lock_accounts
from storage.connection import Connection
from storage.database import Database
from storage.people import load_persons
from storage.probe import Probe, no_probe
from storage.records import Person
from storage.tables import CONTENT, DELIVERY, DELIVERY_ATTEMPT, MESSAGE, REACH
from storage.tables.delivery import OPEN, OPEN_WORDS, DeliveryState

#: Reasons of attempts after which nobody knows whether the message arrived.
DOUBTFUL = ("outcome_unknown", "unexpected")


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """One outbox row this process holds."""

    id: int
    account_id: int
    out_seq: int
    identity_id: int
    idempotency_key: str
    purpose: str
    author: str
    #: Attempts begun before this claim; with `api` the one that was under way when its process died.
    attempts: int
    api: str | None
    #: When the first attempt began of which nobody knows whether it arrived; None when all are known not to have.
    doubtful_since: datetime | None
    content: Outgoing | None
    person: Person


@dataclass(frozen=True, slots=True, kw_only=True)
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
    #: Quota to give back: the attempt that took it at `began_at` had no effect.
    refund: int = 0
    began_at: datetime | None = None


class Outbox:
    """The rows between `due` and their end states."""

    def __init__(self, database: Database, *, probe: Probe = no_probe) -> None:
        self._database = database
        self._probe = probe

    async def claim(self, *, holder: str, now: datetime, until: datetime, limit: int) -> list[Claimed]:
        """Claim due rows, oldest first, at most one a person and account: a person's messages keep their order."""

        async def apply(connection: Connection) -> list[Claimed]:
            ids = await _claim_ids(connection, holder=holder, now=now, until=until, limit=limit)
            return await _load(connection, ids) if ids else []

        claimed = await self._database.write(apply)
        self._probe("claimed")
        return claimed

    async def begin(
        self,
        claimed: Claimed,
        *,
        holder: str,
        now: datetime,
        decide: Callable[[Person, Sequence[datetime]], str | Settlement],
        costs: Callable[[str], int],
        look_back: timedelta,
    ) -> str | Settlement:
        """Ask `decide` once more under the account's lock and return what it decided.

        `decide` also gets when the person was last written to, the newest first, within `look_back` (zero: not needed).
        An API's name commits `attempting` and takes the API's cost from the person's quota; a settlement is written.
        """

        async def apply(connection: Connection) -> str | Settlement:
            await lock_accounts(connection, [claimed.account_id])
            persons = await load_persons(connection, account_id=claimed.account_id, identity_ids=[claimed.identity_id])
            recent = await _recent_attempts(connection, claimed, since=now - look_back) if look_back else ()
            decided = decide(persons[claimed.identity_id], recent)
            if isinstance(decided, Settlement):
                await _settle(connection, [decided], holder=holder, now=now)
                return decided
            if not await _mark_attempting(connection, claimed, decided, holder=holder, now=now):
                return Settlement(claimed=claimed, state=DeliveryState.CLAIMED, reason="lease_lost", attempted=False)
            await _spend(connection, claimed, costs(decided))
            return decided

        begun = await self._database.write(apply)
        self._probe("attempting")
        return begun

    async def settle(self, settlements: Sequence[Settlement], *, holder: str, now: datetime) -> None:
        """Write what rows became. A row that another holder took over stays theirs, unless it is `unknown`."""
        self._probe("answered")

        async def apply(connection: Connection) -> None:
            await lock_accounts(connection, [settlement.claimed.account_id for settlement in settlements])
            await _settle(connection, settlements, holder=holder, now=now)

        await self._database.write(apply)
        self._probe("settled_delivery")

    async def release_all(self) -> int:
        """End every lease at once. Only for the one process that serves on a SQLite file: whoever held them is dead."""

        async def apply(connection: Connection) -> int:
            ended = await connection.execute(
                update(DELIVERY)
                .where(DELIVERY.c.state.in_((DeliveryState.CLAIMED, DeliveryState.ATTEMPTING)))
                .values(lease_until=None)
            )
            return int(ended.rowcount)

        return await self._database.write(apply)

    async def counts(self) -> dict[str, int]:
        """Return how many rows are in each unsettled state, 0 included (a partial index keeps this cheap)."""
        query = select(DELIVERY.c.state, func.count()).where(DELIVERY.c.state.in_(OPEN)).group_by(DELIVERY.c.state)
        async with self._database.read() as connection:
            found = {row[0]: row[1] for row in await connection.execute(query)}
        return dict.fromkeys(OPEN_WORDS, 0) | found


async def _claim_ids(connection: Connection, *, holder: str, now: datetime, until: datetime, limit: int) -> list[int]:
    earlier = DELIVERY.alias("earlier")
    free = or_(
        and_(DELIVERY.c.state.in_((DeliveryState.DUE, DeliveryState.RETRY)), DELIVERY.c.due_at <= now),
        and_(
            DELIVERY.c.state.in_((DeliveryState.CLAIMED, DeliveryState.ATTEMPTING)),
            or_(DELIVERY.c.lease_until.is_(None), DELIVERY.c.lease_until <= now),
        ),
    )
    first_of_person = ~exists().where(
        earlier.c.account_id == DELIVERY.c.account_id,
        earlier.c.identity_id == DELIVERY.c.identity_id,
        earlier.c.id < DELIVERY.c.id,
        earlier.c.state.in_(OPEN),
    )
    query = (
        select(DELIVERY.c.id)
        .where(free, first_of_person, DELIVERY.c.state.in_(OPEN))
        .order_by(DELIVERY.c.due_at, DELIVERY.c.id)
        .limit(limit)
        .with_for_update(skip_locked=True, of=DELIVERY)
    )
    ids = [int(found) for found in (await connection.execute(query)).scalars()]
    if ids:
        # An attempt that a dead process left stays visible in `delivery_attempt`; the row itself is claimed again.
        await connection.execute(
            update(DELIVERY)
            .where(DELIVERY.c.id.in_(ids))
            .values(state=DeliveryState.CLAIMED, holder=holder, lease_until=until)
        )
    return ids


async def _load(connection: Connection, ids: Sequence[int]) -> list[Claimed]:
    doubtful_since = (
        select(func.min(DELIVERY_ATTEMPT.c.started_at))
        .where(
            DELIVERY_ATTEMPT.c.delivery_id == DELIVERY.c.id,
            or_(DELIVERY_ATTEMPT.c.outcome.is_(None), DELIVERY_ATTEMPT.c.detail.in_(DOUBTFUL)),
        )
        .scalar_subquery()
        .label("doubtful_since")
    )
    query = (
        select(DELIVERY, MESSAGE.c.kind, CONTENT.c.fields, doubtful_since)
        .join(MESSAGE, and_(MESSAGE.c.account_id == DELIVERY.c.account_id, MESSAGE.c.seq == DELIVERY.c.out_seq))
        .outerjoin(CONTENT, and_(CONTENT.c.account_id == DELIVERY.c.account_id, CONTENT.c.seq == DELIVERY.c.out_seq))
        .where(DELIVERY.c.id.in_(ids))
        .order_by(DELIVERY.c.due_at, DELIVERY.c.id)
    )
    rows = (await connection.execute(query)).all()
    by_account: dict[int, list[int]] = {}
    for row in rows:
        by_account.setdefault(row.account_id, []).append(row.identity_id)
    persons = {
        (account_id, identity_id): person
        for account_id, identity_ids in by_account.items()
        for identity_id, person in (
            await load_persons(connection, account_id=account_id, identity_ids=identity_ids)
        ).items()
    }
    return [_claimed(row, persons[(row.account_id, row.identity_id)]) for row in rows]


def _claimed(row: Any, person: Person) -> Claimed:
    return Claimed(
        id=row.id,
        account_id=row.account_id,
        out_seq=row.out_seq,
        identity_id=row.identity_id,
        idempotency_key=row.idempotency_key,
        purpose=row.purpose,
        author=row.author,
        attempts=row.attempts,
        api=row.api,
        doubtful_since=row.doubtful_since,
        content=None if row.fields is None else decode_outgoing(row.kind, json.loads(row.fields)),
        person=person,
    )


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


async def _spend(connection: Connection, claimed: Claimed, cost: int) -> None:
    if cost:
        await connection.execute(
            update(REACH)
            .where(REACH.c.account_id == claimed.account_id, REACH.c.identity_id == claimed.identity_id)
            .values(quota_left=REACH.c.quota_left - cost)
        )


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


async def _settle(connection: Connection, settlements: Sequence[Settlement], *, holder: str, now: datetime) -> None:
    for settlement in settlements:
        values: dict[str, Any] = {
            "state": settlement.state,
            "reason": settlement.reason,
            "platform_id": settlement.platform_id,
            "holder": None,
            "lease_until": None,
        }
        if settlement.due_at is not None:
            values["due_at"] = settlement.due_at
        else:
            values["settled_at"] = now
        await connection.execute(
            update(DELIVERY)
            .where(
                DELIVERY.c.id == settlement.claimed.id,
                or_(DELIVERY.c.holder == holder, DELIVERY.c.state == DeliveryState.UNKNOWN),
            )
            .values(**values)
        )
        await _note_on_reach(connection, settlement)
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


async def _note_on_reach(connection: Connection, settlement: Settlement) -> None:
    """Keep what the attempt taught about the person: unreachable, or quota that was not used after all."""
    where = (
        REACH.c.account_id == settlement.claimed.account_id,
        REACH.c.identity_id == settlement.claimed.identity_id,
    )
    if settlement.unreachable is not None:
        await connection.execute(update(REACH).where(*where).values(unreachable=settlement.unreachable))
    if settlement.refund and settlement.began_at is not None:
        # After a new act of the person the quota was set anew and nothing is owed.
        untouched = REACH.c.last_at <= settlement.began_at
        await connection.execute(
            update(REACH).where(*where, untouched).values(quota_left=REACH.c.quota_left + settlement.refund)
        )
