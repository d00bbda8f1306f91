"""Handovers as people look at them: lists and single ones within a viewer's scope, and the report of how it went."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, and_, case, func, or_, select, type_coerce

from content.rights import Permission
from content.value import value
from storage.connection import Connection
from storage.database import Database
from storage.handover_rows import HandoverRow, handover_row, handover_rows
from storage.tables import HANDOVER, IDENTITY, STAFF, TEAM
from storage.tables.handover import OPEN_HANDOVER, HandoverState
from storage.viewer import Viewer

#: Nobody serves these yet.
_UNSERVED: Final = (HandoverState.WAITING, HandoverState.LEFT_MESSAGE)


@value
class ReportLine:
    """How the handovers of one member of staff, or of one team, went. Times are means; None without any."""

    #: The name of who it is about; None: nobody served them.
    name: str | None
    handovers: int
    #: From when somebody could have served until somebody accepted, and until the first reply.
    waiting: timedelta | None
    first_reply: timedelta | None
    by_staff: int
    by_customer: int
    by_silence: int
    #: The customer no longer followed the account.
    by_unfollowed: int
    #: Its session ended at the platform.
    by_platform: int
    rated: int
    satisfaction: float | None


@value
class Waiting:
    """How the line stands: open handovers by state, and the longest wait."""

    states: dict[str, int]
    longest_since: datetime | None
    #: Means over what was accepted, and first replied to, since the moment that was asked for.
    waiting: timedelta | None
    first_reply: timedelta | None


class HandoverList:
    """Reads handovers; whoever shows them to a person notes it in the audit."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(
        self,
        *,
        viewer: Viewer,
        limit: int,
        before: int | None = None,
        state: HandoverState | None = None,
        open_only: bool = False,
    ) -> list[HandoverRow]:
        """Return handovers of the scope, the newest first; `before`: below that id. Raises StorageError."""
        query = handover_rows().where(_seen(viewer)).order_by(HANDOVER.c.id.desc()).limit(limit)
        if before is not None:
            query = query.where(HANDOVER.c.id < before)
        if state is not None:
            query = query.where(HANDOVER.c.state == state)
        if open_only:
            query = query.where(HANDOVER.c.state.in_(OPEN_HANDOVER))
        async with self._database.read() as connection:
            return [handover_row(row) for row in await connection.execute(query)]

    async def one(self, handover_id: int, *, viewer: Viewer) -> HandoverRow | None:
        """Return one of the scope; None when there is none."""
        query = handover_rows().where(HANDOVER.c.id == handover_id, _seen(viewer))
        async with self._database.read() as connection:
            row = (await connection.execute(query)).one_or_none()
        return None if row is None else handover_row(row)

    async def open(self, *, viewer: Viewer, limit: int) -> list[HandoverRow]:
        """Return what is open in the scope, who asked first at the front. Raises StorageError."""
        query = handover_rows().where(_seen(viewer), HANDOVER.c.state.in_(OPEN_HANDOVER))
        async with self._database.read() as connection:
            rows = await connection.execute(query.order_by(HANDOVER.c.opened_at, HANDOVER.c.id).limit(limit))
            return [handover_row(row) for row in rows]

    async def line(self, *, limit: int) -> dict[int, int]:
        """Return the places in line, from 1, by id of those who wait or are offered; the first `limit` of them."""
        in_line = HANDOVER.c.state.in_((HandoverState.WAITING, HandoverState.OFFERED))
        query = (
            select(HANDOVER.c.id)
            .where(in_line, HANDOVER.c.state.in_(OPEN_HANDOVER))
            .order_by(HANDOVER.c.opened_at, HANDOVER.c.id)
            .limit(limit)
        )
        async with self._database.read() as connection:
            return {row.id: place for place, row in enumerate(await connection.execute(query), 1)}

    async def of_scope(self, handover_ids: Sequence[int], *, viewer: Viewer) -> frozenset[int]:
        """Return those of them whose customers the viewer sees, also apart from the handover."""
        query = (
            select(HANDOVER.c.id)
            .join(IDENTITY, IDENTITY.c.id == HANDOVER.c.identity_id)
            .where(HANDOVER.c.id.in_(handover_ids), viewer.sees_customer(IDENTITY.c.customer_id))
        )
        async with self._database.read() as connection:
            return frozenset(row.id for row in await connection.execute(query))

    async def report(
        self, *, viewer: Viewer, since: datetime, until: datetime, by_team: bool = False
    ) -> list[ReportLine]:
        """Return how handovers of the scope went that were asked for in a time, a line a member of staff or team."""
        name = TEAM.c.name if by_team else STAFF.c.name
        who = HANDOVER.c.team_id if by_team else HANDOVER.c.staff_id
        query = (
            select(
                name.label("name"),
                func.count().label("handovers"),
                _mean(HANDOVER.c.accepted_at).label("waiting"),
                _mean(HANDOVER.c.first_reply_at).label("first_reply"),
                *(func.sum(case((HANDOVER.c.closed_by == by, 1), else_=0)).label(f"by_{by}") for by in _ENDS),
                func.count(HANDOVER.c.satisfaction).label("rated"),
                func.avg(HANDOVER.c.satisfaction).label("satisfaction"),
            )
            .select_from(HANDOVER)
            .join(IDENTITY, IDENTITY.c.id == HANDOVER.c.identity_id)
            .outerjoin(STAFF, STAFF.c.id == HANDOVER.c.staff_id)
            .outerjoin(TEAM, TEAM.c.id == HANDOVER.c.team_id)
            .where(HANDOVER.c.opened_at >= since, HANDOVER.c.opened_at < until, _seen(viewer))
            .group_by(who, name)
            .order_by(func.count().desc(), who)
        )
        async with self._database.read() as connection:
            return [_line(row) for row in await connection.execute(query)]

    async def standing(self, *, since: datetime) -> Waiting:
        """Return how the line stands now, and the means since a moment; for the meters, which name nobody."""
        async with self._database.read() as connection:
            counted = select(HANDOVER.c.state, func.count()).where(HANDOVER.c.state.in_(OPEN_HANDOVER))
            states = {row[0]: row[1] for row in await connection.execute(counted.group_by(HANDOVER.c.state))}
            oldest = select(HANDOVER.c.waiting_since).where(
                HANDOVER.c.state.in_(OPEN_HANDOVER), HANDOVER.c.state == HandoverState.WAITING
            )
            first = (await connection.execute(oldest.order_by(HANDOVER.c.opened_at).limit(1))).scalar()
            means = [
                await _mean_since(connection, column, since=since)
                for column in (HANDOVER.c.accepted_at, HANDOVER.c.first_reply_at)
            ]
        known = {
            state.value: states.get(state.value, 0) for state in HandoverState if state is not HandoverState.CLOSED
        }
        return Waiting(states=known, longest_since=first, waiting=means[0], first_reply=means[1])


_ENDS: Final = ("staff", "customer", "silence", "unfollowed", "platform")


def _seen(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition that a viewer may see a handover: their customer's, theirs to serve, or waiting near them.

    What waits, or was left at night, is seen by everybody who serves in the customer's branch; who is nobody's customer
    by all who serve.
    """
    seen = [
        viewer.sees_customer(IDENTITY.c.customer_id),
        viewer.reaches(HANDOVER.c.staff_id, team=HANDOVER.c.team_id, branch=HANDOVER.c.branch_id),
    ]
    if viewer.staff_id is not None and viewer.may(Permission.HANDOVERS_SERVE):
        near = or_(HANDOVER.c.branch_id.is_(None), HANDOVER.c.branch_id.in_(sorted(viewer.branch_ids)))
        seen.append(and_(HANDOVER.c.state.in_(_UNSERVED), near))
    return or_(*seen)


def _mean(column: Any) -> Any:
    """Return the mean of what lies between the waiting and a moment, in microseconds."""
    return func.avg(type_coerce(column, BigInteger) - type_coerce(HANDOVER.c.waiting_since, BigInteger))


async def _mean_since(connection: Connection, column: Any, *, since: datetime) -> timedelta | None:
    query = select(_mean(column)).where(HANDOVER.c.opened_at >= since, column.is_not(None))
    return _span((await connection.execute(query)).scalar())


def _span(micros: Any) -> timedelta | None:
    return None if micros is None else timedelta(microseconds=round(float(micros)))


def _line(row: Any) -> ReportLine:
    return ReportLine(
        name=row.name,
        handovers=row.handovers,
        waiting=_span(row.waiting),
        first_reply=_span(row.first_reply),
        by_staff=int(row.by_staff),
        by_customer=int(row.by_customer),
        by_silence=int(row.by_silence),
        by_unfollowed=int(row.by_unfollowed),
        by_platform=int(row.by_platform),
        rated=row.rated,
        satisfaction=None if row.satisfaction is None else round(float(row.satisfaction), 2),
    )
