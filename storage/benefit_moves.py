"""What becomes of a granted unit: redeemed, reversed, expired or exchanged, each once and with its audit row.

`granted → redeemed → reversed`, `granted → expired`. Each is an update of a row that is locked in the state it leaves;
what was done before is told, not done again.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import and_, select, update

from content.value import value
from storage.audit import Deed, note_deed
from storage.benefit_claims import Granted, grant_unit, has_ended
from storage.benefit_reserving import Refusal, Wanted, hold_customer
from storage.benefit_rows import BenefitRow, UnitRow, benefit_with, digest_of, unit_with
from storage.benefits import sees_benefit
from storage.connection import Connection
from storage.database import Database
from storage.tables import BENEFIT, BENEFIT_UNIT
from storage.tables.benefits import UnitState
from storage.viewer import Viewer

EXCHANGED: Final = "exchanged"


class Turned(StrEnum):
    """Why nothing was done."""

    #: No such code in the scope, or nobody has it yet: nothing tells which.
    UNKNOWN = "unknown"
    REDEEMED = "redeemed"
    REVERSED = "reversed"
    EXPIRED = "expired"
    #: It was not redeemed, so there is nothing to reverse.
    NOT_REDEEMED = "not_redeemed"


@value
class Moved:
    """How a unit stands now, and why it did not move; None: it did, or had done so by the same word."""

    benefit: BenefitRow
    unit: UnitRow
    turned: Turned | None = None


@value
class Exchanged:
    """The unit that ended, and the one in its place."""

    old: Moved
    new: Granted


class BenefitMoves:
    """Moves units by their codes. `viewer`: whose doing it is, and how far they see."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, code: str, *, viewer: Viewer) -> Moved | None:
        """Return the unit of a code that somebody has or had, of a benefit of the scope."""
        async with self._database.read() as connection:
            return await _find(connection, code, viewer)

    async def redeem(self, code: str, *, place: str, key: str, viewer: Viewer, now: datetime) -> Moved | None:
        """Redeem a code at a place: granted → redeemed. The same `key` again has done it; another is told who did.

        One whose time is over expires instead.
        """

        async def apply(connection: Connection) -> Moved | None:
            found = await _find(connection, code, viewer, lock=True)
            if found is None:
                await _note(connection, viewer, "missed", None, now=now)
                return None
            unit = found.unit
            if unit.state is UnitState.REDEEMED:
                return found if key and unit.redeem_key == key else _turned(found, Turned.REDEEMED)
            if unit.state is not UnitState.GRANTED:
                return _turned(found, Turned(unit.state.value))
            if has_ended(unit, now):
                await _change(connection, unit, state=UnitState.EXPIRED, expired_at=now)
                return await _again(connection, found, Turned.EXPIRED)
            by = {"redeemed_by": viewer.name, "redeemed_place": place, "redeem_key": key or None}
            await _change(connection, unit, state=UnitState.REDEEMED, redeemed_at=now, **by)
            await _note(connection, viewer, "redeemed", unit, now=now)
            return await _again(connection, found)

        return await self._database.write(apply)

    async def reverse(self, code: str, *, reason: str, viewer: Viewer, now: datetime) -> Moved | None:
        """Take a redemption back: redeemed → reversed. The code is of no use any more; the person may claim again.

        One that is reversed already with the same reason has been done.
        """

        async def apply(connection: Connection) -> Moved | None:
            found = await _find(connection, code, viewer, lock=True)
            if found is None:
                await _note(connection, viewer, "missed", None, now=now)
                return None
            if found.unit.state is UnitState.REVERSED:
                return found if found.unit.reason == reason else _turned(found, Turned.REVERSED)
            if found.unit.state is not UnitState.REDEEMED:
                is_over = found.unit.state is UnitState.EXPIRED
                return _turned(found, Turned.EXPIRED if is_over else Turned.NOT_REDEEMED)
            await _change(connection, found.unit, state=UnitState.REVERSED, reversed_at=now, reason=reason)
            await _note(connection, viewer, "reversed", found.unit, now=now)
            return await _again(connection, found)

        return await self._database.write(apply)

    async def expire(self, code: str, *, reason: str, viewer: Viewer, now: datetime) -> Moved | None:
        """End a granted unit before its time: granted → expired. One that has expired already has been done."""

        async def apply(connection: Connection) -> Moved | None:
            found = await _find(connection, code, viewer, lock=True)
            if found is None:
                await _note(connection, viewer, "missed", None, now=now)
                return None
            if found.unit.state is UnitState.EXPIRED:
                return found
            if found.unit.state is not UnitState.GRANTED:
                return _turned(found, Turned(found.unit.state.value))
            await _change(connection, found.unit, state=UnitState.EXPIRED, expired_at=now, reason=reason)
            await _note(connection, viewer, "expired", found.unit, now=now)
            return await _again(connection, found)

        return await self._database.write(apply)

    async def exchange(
        self, code: str, benefit_id: int, *, viewer: Viewer, now: datetime
    ) -> Exchanged | Moved | Refusal | None:
        """Give the person another unit in the place of one that they have not used, in one transaction.

        The old one goes granted → redeemed → reversed, so that it counts against no limit and costs nothing; the new
        one is granted by the rules of its benefit. A refusal leaves the old one as it was. The same again is done
        already.
        """

        async def apply(connection: Connection) -> Exchanged | Moved | Refusal | None:
            # The customer before the unit, as a claim and an erasure take them.
            whose = await _find(connection, code, viewer)
            if whose is not None and whose.unit.identity_id is not None:
                await hold_customer(connection, whose.unit.identity_id)
            found = await _find(connection, code, viewer, lock=True)
            wanted = await benefit_with(connection, BENEFIT.c.id == benefit_id, sees_benefit(viewer))
            if found is None or wanted is None:
                await _note(connection, viewer, "missed", None, now=now)
                return None
            unit, key = found.unit, f"unit:{found.unit.id}"
            done = await unit_with(connection, BENEFIT_UNIT.c.claim_key == key)
            if done is not None and done.benefit_id == benefit_id:
                return Exchanged(old=found, new=Granted(benefit=wanted, unit=done))
            if unit.state is not UnitState.GRANTED:
                return _turned(found, Turned(unit.state.value))
            if has_ended(unit, now):
                await _change(connection, unit, state=UnitState.EXPIRED, expired_at=now)
                return await _again(connection, found, Turned.EXPIRED)
            assert unit.identity_id is not None  # what is granted is somebody's
            by = {"redeemed_by": viewer.name, "redeemed_place": EXCHANGED}
            await _change(connection, unit, state=UnitState.REDEEMED, redeemed_at=now, **by)
            await _change(connection, unit, state=UnitState.REVERSED, reversed_at=now, reason=EXCHANGED)
            target = Wanted(benefit_id=benefit_id, identity_id=unit.identity_id)
            new = await grant_unit(connection, target, key=key, now=now)
            if isinstance(new, Refusal):
                raise _Undone(new)
            await _note(connection, viewer, EXCHANGED, unit, now=now)
            return Exchanged(old=await _again(connection, found), new=new)

        try:
            return await self._database.write(apply)
        except _Undone as undone:
            return undone.refusal


class _Undone(Exception):
    """Takes the transaction back."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal)
        self.refusal = refusal


async def _find(connection: Connection, code: str, viewer: Viewer, *, lock: bool = False) -> Moved | None:
    seen = and_(BENEFIT.c.id == BENEFIT_UNIT.c.benefit_id, sees_benefit(viewer))
    mine = (
        BENEFIT_UNIT.c.digest == digest_of(code),
        BENEFIT_UNIT.c.state.not_in((UnitState.AVAILABLE, UnitState.RESERVED)),
        BENEFIT_UNIT.c.benefit_id.in_(select(BENEFIT.c.id).where(seen).correlate(BENEFIT_UNIT)),
    )
    unit = await unit_with(connection, *mine, lock=lock)
    benefit = None if unit is None else await benefit_with(connection, BENEFIT.c.id == unit.benefit_id)
    return None if unit is None or benefit is None else Moved(benefit=benefit, unit=unit)


def _turned(found: Moved, turned: Turned) -> Moved:
    return Moved(benefit=found.benefit, unit=found.unit, turned=turned)


async def _change(connection: Connection, unit: UnitRow, **values: Any) -> None:
    """Write the step of a unit that is locked in a state which allows it."""
    await connection.execute(update(BENEFIT_UNIT).where(BENEFIT_UNIT.c.id == unit.id).values(**values))


async def _again(connection: Connection, found: Moved, turned: Turned | None = None) -> Moved:
    unit = await unit_with(connection, BENEFIT_UNIT.c.id == found.unit.id)
    assert unit is not None
    return Moved(benefit=found.benefit, unit=unit, turned=turned)


async def _note(connection: Connection, viewer: Viewer, action: str, unit: UnitRow | None, *, now: datetime) -> None:
    deed = Deed(action=action, subject="benefit_unit", subject_id=None if unit is None else unit.id)
    await note_deed(connection, viewer, deed, now=now)
