"""The line of handovers as the leader's tick sees it: who waits, who could serve, what has run out, what has ended."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import and_, exists, func, or_, select, update

from content.value import value
from storage.connection import Connection
from storage.database import Database
from storage.duty import OnDuty, hold_duty, read_roster
from storage.handover_moves import begin_offer, end_offers, move, no_longer_follows, stepped
from storage.handover_rows import HandoverRow, handover_row, handover_rows
from storage.letters import Letter, write_with
from storage.tables import DELIVERY, DEPUTY, DUTY, HANDOVER, HANDOVER_OFFER, HANDOVER_REPLY, STAFF
from storage.tables.delivery import OPEN
from storage.tables.handover import OPEN_HANDOVER, HandoverState, SessionStep

_S = HandoverState
_THERE = STAFF.alias("there")
_ON_DUTY = and_(
    DUTY.c.staff_id == HANDOVER.c.staff_id,
    DUTY.c.ended_at.is_(None),
    _THERE.c.id == HANDOVER.c.staff_id,
    _THERE.c.active,
)
_IS_ABSENT = ~exists().where(_ON_DUTY).correlate(HANDOVER)


@value
class Line:
    """Everything that an offer is chosen from, as it stood at one moment."""

    #: In order of asking.
    waiting: tuple[HandoverRow, ...]
    #: Who serves fewest at the front.
    roster: tuple[OnDuty, ...]
    #: By handover whom it was offered to since it began to wait, and when last.
    asked: dict[int, dict[int, datetime]]
    #: By deputy on whose behalf they act now.
    stands_in: dict[int, frozenset[int]]
    #: Supervisors by id with their team and branch, whether or not they are on duty.
    supervisors: dict[int, tuple[int | None, int | None]]


@value
class Ended:
    """A reply of staff whose delivery has ended."""

    key: str
    handover: HandoverRow
    staff_id: int
    realm: str
    userid: str
    state: str
    reason: str | None


class HandoverQueue:
    """Moves the line on; every step may be done twice, and by two processes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def has_work(self) -> bool:
        """Tell whether a round has anything to look at: an open handover, somebody on duty, a reply under way."""
        work = (
            select(HANDOVER.c.id).where(HANDOVER.c.state.in_(OPEN_HANDOVER)),
            select(DUTY.c.id).where(DUTY.c.ended_at.is_(None)),
            select(HANDOVER_REPLY.c.key).where(HANDOVER_REPLY.c.settled_at.is_(None)),
        )
        async with self._database.read() as connection:
            found = await connection.execute(select(or_(*(rows.exists() for rows in work))))
            return bool(found.scalar())

    async def in_state(self, state: HandoverState) -> list[HandoverRow]:
        """Return the open handovers in a state in the order of asking."""
        query = handover_rows().where(HANDOVER.c.state.in_(OPEN_HANDOVER), HANDOVER.c.state == state)
        async with self._database.read() as connection:
            rows = await connection.execute(query.order_by(HANDOVER.c.opened_at, HANDOVER.c.id))
            return [handover_row(row) for row in rows]

    async def of_unfollowers(self) -> list[HandoverRow]:
        """Return the open handovers of people who no longer follow the account."""
        query = handover_rows().where(HANDOVER.c.state.in_(OPEN_HANDOVER), no_longer_follows())
        async with self._database.read() as connection:
            return [handover_row(row) for row in await connection.execute(query.order_by(HANDOVER.c.id))]

    async def line(self, *, now: datetime) -> Line:
        """Return who waits and who is there."""
        waiting = await self.in_state(_S.WAITING)
        if not waiting:
            return Line(waiting=(), roster=(), asked={}, stands_in={}, supervisors={})
        async with self._database.read() as connection:
            roster = await read_roster(connection)
            offers = select(HANDOVER_OFFER.c.handover_id, HANDOVER_OFFER.c.staff_id, HANDOVER_OFFER.c.offered_at).where(
                HANDOVER_OFFER.c.handover_id.in_([row.id for row in waiting])
            )
            asked: dict[int, dict[int, datetime]] = {}
            for row in await connection.execute(offers.order_by(HANDOVER_OFFER.c.id)):
                asked.setdefault(row.handover_id, {})[row.staff_id] = row.offered_at
            deputies = select(DEPUTY.c.deputy_id, DEPUTY.c.staff_id).where(DEPUTY.c.since <= now, DEPUTY.c.until > now)
            stands_in = _gathered((await connection.execute(deputies)).all())
            led = select(STAFF.c.id, STAFF.c.team_id, STAFF.c.branch_id).where(
                STAFF.c.role == "supervisor", STAFF.c.active
            )
            supervisors = {row.id: (row.team_id, row.branch_id) for row in await connection.execute(led)}
        return Line(
            waiting=tuple(waiting), roster=tuple(roster), asked=asked, stands_in=stands_in, supervisors=supervisors
        )

    async def offer(
        self,
        handover: HandoverRow,
        staff_id: int,
        *,
        until: datetime,
        most: int,
        letters: Sequence[Letter] = (),
        now: datetime,
    ) -> bool:
        """Offer what waits to somebody on duty who has fewer than `most`; False when any of that is not so any more."""

        async def work(connection: Connection) -> bool:
            member = await hold_duty(connection, staff_id)
            if member is None or await _busy(connection, staff_id) >= most:
                return False
            given = {"staff_id": member.id, "team_id": member.team_id, "branch_id": member.branch_id, "until": until}
            if not await move(connection, handover, _S.WAITING, _S.OFFERED, **given):
                return False
            await begin_offer(connection, handover.id, staff_id, now=now)
            return True

        return await write_with(self._database, handover.account_id, letters, work, now=now)

    async def expire(self, handover: HandoverRow, *, letters: Sequence[Letter] = (), now: datetime) -> bool:
        """Put an offer that nobody took in time back into the line."""
        guards = (HANDOVER.c.until <= now, HANDOVER.c.staff_id == handover.staff_id)
        return await self._back(handover, _S.OFFERED, guards, outcome="timeout", letters=letters, now=now)

    async def absent(self) -> list[HandoverRow]:
        """Return what is offered to, or served by, somebody who is not on duty any more."""
        query = handover_rows().where(
            HANDOVER.c.state.in_(OPEN_HANDOVER),
            # Whom a servicer has at the platform they have there, on duty here or not.
            or_(HANDOVER.c.state == _S.OFFERED, and_(HANDOVER.c.state == _S.RUNNING, HANDOVER.c.session.is_(None))),
            _IS_ABSENT,
        )
        async with self._database.read() as connection:
            return [handover_row(row) for row in await connection.execute(query.order_by(HANDOVER.c.id))]

    async def return_absent(self, handover: HandoverRow, *, letters: Sequence[Letter] = (), now: datetime) -> bool:
        """Put what nobody serves any more back into the line, at its old place."""
        guards = (HANDOVER.c.staff_id == handover.staff_id, _IS_ABSENT)
        return await self._back(handover, handover.state, guards, outcome="absent", letters=letters, now=now)

    async def shelve(self, handover: HandoverRow, *, letters: Sequence[Letter] = (), now: datetime) -> bool:
        """Keep what waits until the next opening: the hours are over."""

        async def work(connection: Connection) -> bool:
            return await move(connection, handover, _S.WAITING, _S.LEFT_MESSAGE)

        return await write_with(self._database, handover.account_id, letters, work, now=now)

    async def unshelve(
        self,
        handover: HandoverRow,
        *,
        place: int,
        session: SessionStep | None = None,
        letters: Sequence[Letter] = (),
        now: datetime,
    ) -> bool:
        """Put a message that was left into the line, or the platform's (`session`): the hours have begun."""

        async def work(connection: Connection) -> bool:
            since = {"waiting_since": now, "place_told": place, "place_told_at": now, "last_at": now}
            return await move(connection, handover, _S.LEFT_MESSAGE, _S.WAITING, **since, **stepped(session, now=now))

        return await write_with(self._database, handover.account_id, letters, work, now=now)

    async def tell_place(
        self, handover: HandoverRow, place: int, *, letters: Sequence[Letter] = (), now: datetime
    ) -> bool:
        """Note that the customer hears a place, with what they hear; False when they heard another one meanwhile."""

        async def work(connection: Connection) -> bool:
            told = HANDOVER.c.notices == handover.notices
            changed = await connection.execute(
                update(HANDOVER)
                .where(HANDOVER.c.id == handover.id, HANDOVER.c.state.in_((_S.WAITING, _S.OFFERED)), told)
                .values(place_told=place, place_told_at=now, notices=handover.notices + 1)
            )
            return bool(changed.rowcount == 1)

        return await write_with(self._database, handover.account_id, letters, work, now=now)

    async def ended_replies(self, *, limit: int = 200) -> list[Ended]:
        """Return replies of staff whose delivery has ended and was not looked at yet."""
        query = (
            handover_rows()
            .add_columns(
                HANDOVER_REPLY.c.key,
                HANDOVER_REPLY.c.staff_id.label("by"),
                DELIVERY.c.state.label("became"),
                DELIVERY.c.reason,
            )
            .join(HANDOVER_REPLY, HANDOVER_REPLY.c.handover_id == HANDOVER.c.id)
            .join(DELIVERY, DELIVERY.c.idempotency_key == HANDOVER_REPLY.c.key)
            .where(HANDOVER_REPLY.c.settled_at.is_(None), DELIVERY.c.state.not_in(OPEN))
            .order_by(HANDOVER_REPLY.c.at)
            .limit(limit)
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query)).all()
            staff = select(STAFF.c.id, STAFF.c.realm, STAFF.c.userid).where(STAFF.c.id.in_({row.by for row in rows}))
            people = {row.id: row for row in await connection.execute(staff)} if rows else {}
        return [_ended(row, people[row.by]) for row in rows if row.by in people]

    async def settle_reply(self, ended: Ended, *, letters: Sequence[Letter] = (), now: datetime) -> bool:
        """Note that a reply's end was looked at, with what its author is told."""

        async def work(connection: Connection) -> bool:
            changed = await connection.execute(
                update(HANDOVER_REPLY)
                .where(HANDOVER_REPLY.c.key == ended.key, HANDOVER_REPLY.c.settled_at.is_(None))
                .values(settled_at=now)
            )
            return bool(changed.rowcount == 1)

        return await write_with(self._database, ended.handover.account_id, letters, work, now=now)

    async def _back(
        self,
        handover: HandoverRow,
        before: HandoverState,
        guards: Collection[Any],
        *,
        outcome: str,
        letters: Sequence[Letter],
        now: datetime,
    ) -> bool:
        async def work(connection: Connection) -> bool:
            nobody = {
                "staff_id": None,
                "until": None,
                "team_id": handover.owner_team,
                "branch_id": handover.owner_branch,
            }
            if not await move(connection, handover, before, _S.WAITING, *guards, **nobody):
                return False
            await end_offers(connection, handover.id, outcome, now=now)
            return True

        return await write_with(self._database, handover.account_id, letters, work, now=now)


async def _busy(connection: Connection, staff_id: int) -> int:
    count = (
        select(func.count())
        .select_from(HANDOVER)
        .where(
            HANDOVER.c.staff_id == staff_id,
            HANDOVER.c.state.in_(OPEN_HANDOVER),
            HANDOVER.c.state.in_((_S.OFFERED, _S.RUNNING)),
        )
    )
    return int((await connection.execute(count)).scalar() or 0)


def _gathered(pairs: Sequence[Any]) -> dict[int, frozenset[int]]:
    found: dict[int, set[int]] = {}
    for first, second in pairs:
        found.setdefault(first, set()).add(second)
    return {first: frozenset(seconds) for first, seconds in found.items()}


def _ended(row: Any, staff: Any) -> Ended:
    names = ("key", "by", "became", "reason")
    values = {name: item for name, item in row._mapping.items() if name not in names}
    handover = HandoverRow(**{**values, "state": HandoverState(values["state"])})
    return Ended(
        key=row.key,
        handover=handover,
        staff_id=row.by,
        realm=staff.realm,
        userid=staff.userid,
        state=row.became,
        reason=row.reason,
    )
