"""Handovers beside the platform's own sessions (kf): what is to be called, and what calls and events made of them.

Each method is a conditional update under the account's lock, with `reach` and the letters in its transaction. Nothing
is noted before a call: whoever calls asks the platform first how the session stands, so a kill after it costs nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import and_, exists, func, literal, or_, select, update

from content.value import value
from storage.audit import Deed, note_deed
from storage.connection import Connection
from storage.database import Database
from storage.handover_moves import begin_offer, end_offers, move, stepped
from storage.handover_rows import HandoverRow, find_handover, handover_rows
from storage.letters import Letter, write_with
from storage.tables import HANDOVER, HANDOVER_OFFER, IDENTITY, REACH, STAFF
from storage.tables.handover import MOVING_SESSIONS, OPEN_HANDOVER, HandoverState, SessionStep
from storage.viewer import Viewer

_S = HandoverState
_MET: Final = IDENTITY.alias("met")
_OLDER: Final = HANDOVER.alias("older")
_OLDER_IS_ENDING: Final = (
    exists()
    .where(
        _OLDER.c.account_id == HANDOVER.c.account_id,
        _OLDER.c.identity_id == HANDOVER.c.identity_id,
        _OLDER.c.id < HANDOVER.c.id,
        _OLDER.c.session == SessionStep.ENDING,
    )
    .correlate(HANDOVER)
)


@value
class Moving:
    """A handover whose session is to be moved."""

    handover: HandoverRow
    #: The userid of whoever is to have it, as WeCom writes it where they were met.
    servicer: str
    #: Who has it at the platform, as far as we know.
    served_by: str | None
    #: The customer has asked for a person again since this one was closed: the session is the new handover's.
    is_followed: bool = False


class HandoverSessions:
    """Keeps them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def moving(self, *, now: datetime, limit: int = 20) -> list[Moving]:
        """Return what is due to be called, the longest due at the front.

        A session is given to who has accepted, and to nobody who is only asked. While the end of an earlier handover is
        still to be made of it, nothing else is.
        """
        mine = and_(REACH.c.account_id == HANDOVER.c.account_id, REACH.c.identity_id == HANDOVER.c.identity_id)
        query = handover_rows().add_columns(REACH.c.served_by).join(REACH, mine)
        query = query.where(
            HANDOVER.c.session.in_(MOVING_SESSIONS),
            HANDOVER.c.session_due <= now,
            or_(HANDOVER.c.session != SessionStep.GIVING, HANDOVER.c.state == _S.RUNNING),
            or_(HANDOVER.c.session == SessionStep.ENDING, ~_OLDER_IS_ENDING),
        )
        async with self._database.read() as connection:
            rows = (await connection.execute(query.order_by(HANDOVER.c.session_due).limit(limit))).all()
            return [await _moving(connection, row) for row in rows]

    async def put_off(self, handover: HandoverRow, *, until: datetime) -> None:
        """Call again at `until`: the platform could not be asked."""

        async def apply(connection: Connection) -> None:
            values = {"session_due": until, "session_tries": handover.session_tries + 1}
            await connection.execute(update(HANDOVER).where(*_at_step(handover)).values(**values))

        await self._database.write(apply)

    async def held(
        self, handover: HandoverRow, *, by: str, until: datetime, letters: Sequence[Letter] = (), now: datetime
    ) -> bool:
        """Note that the session is that of whoever accepted; False when it is not to be theirs any more."""
        mine = (*_at_step(handover), HANDOVER.c.state == _S.RUNNING, HANDOVER.c.staff_id == handover.staff_id)

        async def work(connection: Connection) -> bool:
            step = stepped(SessionStep.HELD, now=now)
            changed = await connection.execute(update(HANDOVER).where(*mine).values(**step, last_at=now))
            if changed.rowcount != 1:
                return False
            await _serve(connection, handover, by=by, until=until)
            return True

        return await write_with(self._database, handover.account_id, letters, work, now=now)

    async def refused(
        self, handover: HandoverRow, *, back_to: SessionStep | None, letters: Sequence[Letter] = (), now: datetime
    ) -> bool:
        """Put it back into the line: the platform does not take whoever accepted. `back_to`: where the session is."""

        async def work(connection: Connection) -> bool:
            values = {
                "staff_id": None,
                "until": None,
                "team_id": handover.owner_team,
                "branch_id": handover.owner_branch,
            }
            values |= _settled(back_to, now=now)
            if back_to is None:
                values["accepted_at"] = None  # nobody has served: the customer waits still
            if not await move(connection, handover, _S.RUNNING, _S.WAITING, *_at_step(handover), **values):
                return False
            await _mark_refused(connection, handover)
            return True

        return await write_with(self._database, handover.account_id, letters, work, now=now)

    async def pooled(self, handover: HandoverRow, *, letters: Sequence[Letter] = (), now: datetime) -> bool:
        """Note that it waits in the platform's own queue."""
        return await self._settle(handover, SessionStep.POOLED, _S.WAITING, letters=letters, now=now)

    async def to_line(
        self, handover: HandoverRow, *, place: int, letters: Sequence[Letter] = (), now: datetime
    ) -> bool:
        """Let it wait in the bot's own line: the platform's queue does not take it."""
        return await self._settle(
            handover, None, _S.WAITING, letters=letters, now=now, place_told=place, place_told_at=now
        )

    async def ended(self, handover: HandoverRow, *, freed: bool, letters: Sequence[Letter] = (), now: datetime) -> bool:
        """Note that nothing is left to end; `freed`: no servicer has the customer any more."""
        return await self._settle(handover, SessionStep.OVER, _S.CLOSED, letters=letters, now=now, freed=freed)

    async def taken(
        self,
        handover: HandoverRow,
        by: str,
        *,
        viewer: Viewer | None,
        at: datetime,
        until: datetime,
        letters: Sequence[Letter] = (),
        now: datetime,
    ) -> bool:
        """Let a handover follow the platform, where somebody took the customer; `viewer`: who they are here.

        `at`: when they did; what the platform tells later is about what came then. False when it is closed, or theirs
        already.
        """

        async def work(connection: Connection) -> bool:
            row = await find_handover(connection, handover.id)
            if row is None or row.state is _S.CLOSED:
                return False
            await _serve(connection, row, by=by, until=until)
            staff = await _of_staff(connection, None if viewer is None else viewer.staff_id)
            step = stepped(SessionStep.HELD, now=at)
            if row.state is _S.RUNNING and row.staff_id == staff["staff_id"]:
                await connection.execute(update(HANDOVER).where(HANDOVER.c.id == row.id).values(**step))
                return False
            await _bring_to_offered(connection, row, staff, now=now)
            running = {**staff, **step, "accepted_at": row.accepted_at or now, "last_at": now, "until": None}
            await move(connection, row, _S.OFFERED, _S.RUNNING, **running)
            await end_offers(connection, row.id, "accepted", now=now)
            if viewer is not None:
                deed = Deed(action="accepted", subject="handover", subject_id=row.id, detail="at the platform")
                await note_deed(connection, viewer, deed, now=now)
            return True

        return await write_with(self._database, handover.account_id, letters, work, now=now)

    async def spoken(self, handover: HandoverRow, *, first_reply: datetime, now: datetime) -> None:
        """Note that a servicer said something; it is the first reply when there was none."""

        async def apply(connection: Connection) -> None:
            said = {
                "last_at": now,
                "first_reply_at": func.coalesce(
                    HANDOVER.c.first_reply_at, literal(first_reply, HANDOVER.c.first_reply_at.type)
                ),
            }
            running = (HANDOVER.c.id == handover.id, HANDOVER.c.state == _S.RUNNING)
            await connection.execute(update(HANDOVER).where(*running).values(**said))

        await self._database.write(apply)

    async def _settle(
        self,
        handover: HandoverRow,
        step: SessionStep | None,
        state: HandoverState,
        *,
        letters: Sequence[Letter],
        now: datetime,
        freed: bool = False,
        **values: Any,
    ) -> bool:
        async def work(connection: Connection) -> bool:
            mine = (*_at_step(handover), HANDOVER.c.state == state)
            settled = _settled(step, now=now) | values
            changed = await connection.execute(update(HANDOVER).where(*mine).values(**settled))
            if changed.rowcount == 1 and freed:
                await _serve(connection, handover, by=None, until=None)
            return bool(changed.rowcount == 1)

        return await write_with(self._database, handover.account_id, letters, work, now=now)


async def _moving(connection: Connection, row: Any) -> Moving:
    """Return a row with how WeCom writes the userid of whoever is to have the session."""
    values = {name: part for name, part in row._mapping.items() if name != "served_by"}
    handover = HandoverRow(**{**values, "state": HandoverState(values["state"])})
    met = select(_MET.c.external_id).where(_MET.c.realm == handover.staff_realm).order_by(_MET.c.id).limit(1)
    known = None
    # Written alike it is found by an index; only otherwise everybody of the realm is looked at.
    userid = handover.userid or ""
    for same in (_MET.c.external_id == userid, func.lower(_MET.c.external_id) == userid.lower()):
        known = known or (await connection.execute(met.where(same))).scalar()
    is_followed = False
    if handover.session == SessionStep.ENDING:
        newer = select(HANDOVER.c.id).where(
            HANDOVER.c.account_id == handover.account_id,
            HANDOVER.c.identity_id == handover.identity_id,
            HANDOVER.c.state.in_(OPEN_HANDOVER),
            HANDOVER.c.state != _S.LEFT_MESSAGE,
        )
        is_followed = (await connection.execute(newer.limit(1))).first() is not None
    return Moving(handover=handover, servicer=known or userid, served_by=row.served_by, is_followed=is_followed)


async def _of_staff(connection: Connection, staff_id: int | None) -> dict[str, Any]:
    """Return what a handover keeps of whoever serves; nobody, when the servicer is none of our staff."""
    if staff_id is None:
        return {"staff_id": None}
    query = select(STAFF.c.id.label("staff_id"), STAFF.c.team_id, STAFF.c.branch_id).where(STAFF.c.id == staff_id)
    return dict((await connection.execute(query)).one()._mapping)


async def _bring_to_offered(connection: Connection, row: HandoverRow, staff: dict[str, Any], *, now: datetime) -> None:
    """Move an open handover to where somebody can accept it."""
    if row.state is _S.LEFT_MESSAGE:
        await move(connection, row, _S.LEFT_MESSAGE, _S.WAITING, waiting_since=now)
    before = _S.WAITING if row.state is _S.LEFT_MESSAGE else row.state
    if before is not _S.OFFERED or row.staff_id != staff["staff_id"]:
        await move(connection, row, before, _S.OFFERED, **staff)
        await end_offers(connection, row.id, "passed", now=now)
        if staff["staff_id"] is not None:
            await begin_offer(connection, row.id, staff["staff_id"], now=now)


async def _mark_refused(connection: Connection, handover: HandoverRow) -> None:
    last = select(func.max(HANDOVER_OFFER.c.id)).where(
        HANDOVER_OFFER.c.handover_id == handover.id, HANDOVER_OFFER.c.staff_id == handover.staff_id
    )
    await connection.execute(
        update(HANDOVER_OFFER).where(HANDOVER_OFFER.c.id == last.scalar_subquery()).values(outcome="refused")
    )


async def _serve(connection: Connection, handover: HandoverRow, *, by: str | None, until: datetime | None) -> None:
    """Note on `reach` who serves the customer at the platform: the bot is silent as long."""
    mine = (REACH.c.account_id == handover.account_id, REACH.c.identity_id == handover.identity_id)
    await connection.execute(update(REACH).where(*mine).values(served_by=by, served_until=until))


def _at_step(handover: HandoverRow) -> tuple[Any, ...]:
    return (HANDOVER.c.id == handover.id, HANDOVER.c.session == handover.session)


def _settled(step: SessionStep | None, *, now: datetime) -> dict[str, Any]:
    """Return the columns of a session that needs no further call."""
    return {"session": step, "session_at": now, "session_due": None, "session_tries": 0}
