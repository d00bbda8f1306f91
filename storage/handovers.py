"""Handovers changed by people: asked for, accepted, passed on, closed, judged. Every step is a move along the table.

Letters that a step brings are written in its transaction: killed anywhere, there are both or neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import Enum
from typing import Any

from sqlalchemy import case, insert, select, update

from storage.accounts import lock_accounts
from storage.audit import Deed, note_deed
from storage.connection import Connection
from storage.database import Database
from storage.duty import hold_duty
from storage.handover_moves import begin_offer, end_offers, mark_reach, move, no_longer_follows, stepped
from storage.handover_rows import HandoverRow, find_handover, handover_row, handover_rows, place_of
from storage.letters import Letter, write_with
from storage.tables import CUSTOMER_OWNER, HANDOVER, IDENTITY
from storage.tables.handover import OPEN_HANDOVER, HandoverState, SessionStep
from storage.viewer import Viewer

_S = HandoverState


class Accepted(Enum):
    """What came of somebody's wish to serve."""

    DONE = "done"
    #: It is theirs already.
    AGAIN = "again"
    #: Somebody else has it, or it is closed.
    GONE = "gone"
    NOT_ON_DUTY = "not on duty"


class Handovers:
    """Opens, gives, closes."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def open(
        self,
        *,
        account_id: int,
        identity_id: int,
        seq: int,
        state: HandoverState,
        now: datetime,
        name: str | None = None,
        session: SessionStep | None = None,
    ) -> tuple[HandoverRow, int]:
        """Let somebody wait (or leave a message at night) because of their message `seq`; return it and its place.

        The one that is open already is returned as it is; so is what the same message opened before. `session`: what
        is to be done with the platform's session at once.
        """

        async def apply(connection: Connection) -> tuple[HandoverRow, int]:
            await lock_accounts(connection, [account_id])
            known = handover_rows().where(HANDOVER.c.account_id == account_id, HANDOVER.c.identity_id == identity_id)
            for condition in (HANDOVER.c.state.in_(OPEN_HANDOVER), HANDOVER.c.asked_seq == seq):
                row = (await connection.execute(known.where(condition))).one_or_none()
                if row is not None:
                    return handover_row(row), await place_of(connection, handover_row(row))
            made = await _insert(
                connection,
                account_id,
                identity_id,
                asked_seq=seq,
                state=state,
                name=name,
                opened_at=now,
                last_at=now,
                **stepped(session, now=now),
            )
            place = await place_of(connection, made)
            told = {"place_told": place, "place_told_at": now} if state is _S.WAITING else {}
            if told:
                await connection.execute(update(HANDOVER).where(HANDOVER.c.id == made.id).values(**told))
            return made, place

        return await self._database.write(apply)

    async def get(self, handover_id: int) -> HandoverRow | None:
        """Return one handover."""
        async with self._database.read() as connection:
            return await find_handover(connection, handover_id)

    async def open_with(self, account_id: int, identity_id: int) -> HandoverRow | None:
        """Return the handover that is open with somebody on an account."""
        mine = handover_rows().where(HANDOVER.c.account_id == account_id, HANDOVER.c.identity_id == identity_id)
        async with self._database.read() as connection:
            row = (await connection.execute(mine.where(HANDOVER.c.state.in_(OPEN_HANDOVER)))).one_or_none()
        return None if row is None else handover_row(row)

    async def place(self, handover: HandoverRow) -> int:
        """Return the place in line, from 1."""
        async with self._database.read() as connection:
            return await place_of(connection, handover)

    async def served_by(self, staff_id: int) -> list[HandoverRow]:
        """Return what somebody serves or is offered now, what they have longest at the front."""
        mine = handover_rows().where(HANDOVER.c.staff_id == staff_id, HANDOVER.c.state.in_(OPEN_HANDOVER))
        chosen = mine.where(HANDOVER.c.state.in_((_S.OFFERED, _S.RUNNING))).order_by(HANDOVER.c.id)
        async with self._database.read() as connection:
            return [handover_row(row) for row in await connection.execute(chosen)]

    async def accept(
        self,
        handover: HandoverRow,
        *,
        viewer: Viewer,
        session: SessionStep | None = None,
        letters: Sequence[Letter] = (),
        now: datetime,
    ) -> Accepted:
        """Let the viewer serve what they are offered, or what waits while they are on duty; doing it twice is fine.

        `session`: what is to be done with the platform's session.
        """
        staff_id = viewer.staff_id

        async def work(connection: Connection) -> Accepted:
            row = await find_handover(connection, handover.id)
            if row is None or staff_id is None or row.state in (_S.CLOSED, _S.LEFT_MESSAGE):
                return Accepted.GONE
            if row.state is _S.RUNNING:
                return Accepted.AGAIN if row.staff_id == staff_id else Accepted.GONE
            if row.state is _S.OFFERED and row.staff_id != staff_id:
                return Accepted.GONE
            if row.state is _S.WAITING:
                member = await hold_duty(connection, staff_id)
                if member is None:
                    return Accepted.NOT_ON_DUTY
                await move(connection, row, _S.WAITING, _S.OFFERED, **_of(member), until=now)
                await begin_offer(connection, row.id, staff_id, now=now)
            values = {"accepted_at": row.accepted_at or now, "last_at": now, "until": None}
            values |= stepped(session, now=now)
            await move(connection, row, _S.OFFERED, _S.RUNNING, HANDOVER.c.staff_id == staff_id, **values)
            await end_offers(connection, row.id, "accepted", now=now)
            await _note(connection, viewer, "accepted", row.id, now=now)
            # What was said before is shown to whoever accepts.
            read = Deed(action="read", subject="conversation", subject_id=row.customer_id, detail=f"handover {row.id}")
            await note_deed(connection, viewer, read, now=now)
            return Accepted.DONE

        return await write_with(
            self._database, handover.account_id, letters, work, now=now, wrote=lambda found: found is Accepted.DONE
        )

    async def decline(
        self, handover: HandoverRow, *, viewer: Viewer, letters: Sequence[Letter] = (), now: datetime
    ) -> bool:
        """Put an offer of the viewer's back into the line; the next one is asked. False when it is not theirs."""

        async def work(connection: Connection) -> bool:
            mine = HANDOVER.c.staff_id == viewer.staff_id
            place = await _place_of_owner(connection, handover.identity_id)
            if not await move(connection, handover, _S.OFFERED, _S.WAITING, mine, staff_id=None, until=None, **place):
                return False
            await end_offers(connection, handover.id, "passed", now=now)
            await _note(connection, viewer, "passed_on", handover.id, now=now)
            return True

        return await write_with(self._database, handover.account_id, letters, work, now=now)

    async def transfer(
        self,
        handover: HandoverRow,
        to: int,
        *,
        viewer: Viewer,
        until: datetime,
        letters: Sequence[Letter] = (),
        now: datetime,
    ) -> bool:
        """Offer what the viewer has to a colleague on duty; False when it is not theirs, or nobody is there."""

        async def work(connection: Connection) -> bool:
            member = await hold_duty(connection, to)
            if member is None or to == viewer.staff_id:
                return False
            mine = HANDOVER.c.staff_id == viewer.staff_id
            given = _of(member) | {"until": until}
            for before in (_S.RUNNING, _S.OFFERED):
                if await move(connection, handover, before, _S.OFFERED, mine, **given):
                    await end_offers(connection, handover.id, "passed", now=now)
                    await begin_offer(connection, handover.id, to, now=now)
                    await _note(connection, viewer, "passed_on", handover.id, now=now, detail=member.userid)
                    return True
            return False

        return await write_with(self._database, handover.account_id, letters, work, now=now)

    async def close(
        self,
        handover: HandoverRow,
        *,
        by: str,
        viewer: Viewer | None = None,
        quiet_since: datetime | None = None,
        unfollowed: bool = False,
        session_over: bool = False,
        letters: Sequence[Letter] = (),
        now: datetime,
    ) -> bool:
        """Close one; `viewer`: only what is theirs. `quiet_since`: only a running one that said nothing since then.
        `unfollowed`: only of somebody who does not follow the account.

        What the platform's session still needs is left to be done, unless `session_over` says that it has ended there.
        False when it is closed already, or a guard does not hold.
        """

        async def work(connection: Connection) -> bool:
            guards: list[Any] = [] if viewer is None else [HANDOVER.c.staff_id == viewer.staff_id]
            states: tuple[HandoverState, ...] = (_S.RUNNING, _S.OFFERED, _S.WAITING, _S.LEFT_MESSAGE)
            if unfollowed:
                guards.append(no_longer_follows())
            if quiet_since is not None:
                guards, states = [*guards, HANDOVER.c.last_at <= quiet_since], (_S.RUNNING,)
            closed = {"closed_at": now, "closed_by": by, "until": None, **_ending(over=session_over, now=now)}
            for before in states if viewer is None else (_S.RUNNING,):
                if await move(connection, handover, before, _S.CLOSED, *guards, **closed):
                    await end_offers(connection, handover.id, "closed", now=now)
                    if viewer is not None:
                        await _note(connection, viewer, "closed", handover.id, now=now)
                    return True
            return False

        return await write_with(self._database, handover.account_id, letters, work, now=now)

    async def rate(self, handover_id: int, *, identity_id: int, score: int, now: datetime) -> bool:
        """Keep how the customer judged a closed handover of theirs; the first answer counts, False for others."""
        mine = (HANDOVER.c.id == handover_id, HANDOVER.c.identity_id == identity_id, HANDOVER.c.state == _S.CLOSED)

        async def apply(connection: Connection) -> bool:
            changed = await connection.execute(
                update(HANDOVER)
                .where(*mine, HANDOVER.c.satisfaction.is_(None))
                .values(satisfaction=score, rated_at=now)
            )
            return bool(changed.rowcount == 1)

        return await self._database.write(apply)


def _ending(*, over: bool, now: datetime) -> dict[str, Any]:
    """Return the same of one that is closed, whatever stood there; nothing where the platform has no part in it."""
    after = SessionStep.OVER if over else SessionStep.ENDING
    return stepped(after, now=now) | {"session": case((HANDOVER.c.session.is_not(None), after.value))}


async def _insert(connection: Connection, account_id: int, identity_id: int, **values: Any) -> HandoverRow:
    place = await _place_of_owner(connection, identity_id)
    state: HandoverState = values["state"]
    row = {"account_id": account_id, "identity_id": identity_id, "notices": 0, **values, **place}
    row["waiting_since"] = values["opened_at"] if state is _S.WAITING else None
    made = insert(HANDOVER).values(**row).returning(HANDOVER.c.id)
    found = await find_handover(connection, int((await connection.execute(made)).scalar() or 0))
    assert found is not None
    await mark_reach(connection, found, state)
    return found


async def _place_of_owner(connection: Connection, identity_id: int) -> dict[str, int | None]:
    """Return team and branch of whose customer it is: what a handover without staff is seen by."""
    query = (
        select(CUSTOMER_OWNER.c.team_id, CUSTOMER_OWNER.c.branch_id)
        .join(IDENTITY, IDENTITY.c.customer_id == CUSTOMER_OWNER.c.customer_id)
        .where(IDENTITY.c.id == identity_id)
    )
    row = (await connection.execute(query)).one_or_none()
    return {"team_id": None, "branch_id": None} if row is None else dict(row._mapping)


def _of(member: Any) -> dict[str, Any]:
    """Return what a handover keeps of whoever is offered it."""
    return {"staff_id": member.id, "team_id": member.team_id, "branch_id": member.branch_id}


async def _note(
    connection: Connection, viewer: Viewer, action: str, handover_id: int, *, now: datetime, detail: str = ""
) -> None:
    deed = Deed(action=action, subject="handover", subject_id=handover_id, detail=detail)
    await note_deed(connection, viewer, deed, now=now)
